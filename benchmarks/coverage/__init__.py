"""How often the 90 % intervals and sets hold the truth on rows that neither model nor calibration saw."""
