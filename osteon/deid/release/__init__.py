"""The release statement of one data set: what was done, what was measured, what may be left."""

from osteon.deid.release.evidence import Evidence, gather
from osteon.deid.release.reread import reread_sample, sample_sheet
from osteon.deid.release.statement import Statement, write_statement

__all__ = ["Evidence", "Statement", "gather", "reread_sample", "sample_sheet", "write_statement"]
