"""Generator and scorer for the de-identification of report text; the product never imports them.

Values and sentences were composed for this purpose, from no list of the product. Every sentence and
every value belongs to one of two halves: `develop`, whose errors were looked at, and `held_out`.
"""
