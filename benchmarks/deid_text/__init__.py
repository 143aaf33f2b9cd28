"""Generator and scorer for the de-identification of report text; the product never imports them.

Values and sentences were composed for this purpose, from no list of the product. They come in sixteen sets:
`develop`, whose errors were looked at all along; `held_out`, the other half of the same lists, run once
before its errors were looked at; `fresh`, written last, whose errors were looked at after
its first run; `fresh2` to `fresh14`, whole letters in layouts of
their own (layouts.py), alike. First runs are what to expect of unseen letters
(docs/decisions/report-text.md).
"""
