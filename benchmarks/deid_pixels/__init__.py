"""Identifying text drawn into radiographs, with the truth beside it, and a strict scorer.

Written from the task before the detector was tuned; the product never imports it.
"""
