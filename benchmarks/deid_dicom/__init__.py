"""A MIDI-B style generator and scorer of de-identified DICOM instances; the product never imports it.

Written from DICOM PS3.15 annex E and PS3.3, not from the product's policy: `python -m benchmarks.deid_dicom`.
"""
