"""Fits the small network of `osteon.deid.text.recognisers.learned`; the product reads its weights only.

Its letters are those of the generator but for the sets that measure it; names, towns and terms are new.
"""
