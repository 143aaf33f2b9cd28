"""The procedural hospital: radiographs, reports and identities that never belonged to anybody.

`make_sample` writes a sample; what it writes is frozen per `SYNTHETIC_VERSION`.
"""

from osteon.dicom.synthetic.batch import make_sample

SYNTHETIC_VERSION = "1.2.0"
"""Changes with any change of the output; stands in every manifest and in SoftwareVersions."""

__all__ = ["SYNTHETIC_VERSION", "make_sample"]
