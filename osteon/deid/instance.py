"""One DICOM instance in, one de-identified instance out, as bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO

import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID

from osteon.deid.header import HeaderRules
from osteon.deid.header_identity import known_from_dataset, patient_key
from osteon.deid.identity import KnownIdentity
from osteon.deid.pixel_data import write_pixels
from osteon.deid.policy import Policy
from osteon.deid.pseudonyms import Pseudonymiser
from osteon.deid.verification import verify_instance
from osteon.dicom.dataset import MALFORMED, Source, read_dataset, text_of
from osteon.dicom.limits import Limits
from osteon.domain.errors import QuarantinedError, RefusedError
from osteon.domain.identity import OriginalId, Pseudonym
from osteon.domain.instance import Instance, PseudonymousInstance

IMPLEMENTATION_CLASS_UID = "2.25.308473911470652903180244386521720519391"
IMPLEMENTATION_VERSION_NAME = "OSTEON_1"


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceReport:
    """What was done to one instance; keywords and counts only."""

    actions: Mapping[str, int]
    dropped: tuple[str, ...]
    private: int
    text_boxes: int  # lines of text removed from the pixels
    markers: int  # position markers read and kept
    lines_read: int  # how often the OCR was asked
    reencoded: bool
    read_again: bool  # the output's pixels were read again
    policy_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeidentifiedInstance:
    """The output's bytes, what was done, and the identity that was removed (memory only)."""

    content: bytes = field(repr=False)
    report: InstanceReport
    instance: PseudonymousInstance
    study: Pseudonym
    facts: Mapping[str, str]
    known: KnownIdentity = field(repr=False)


def deidentify_dicom(
    source: Source, policy: Policy, pseudonymiser: Pseudonymiser, known: KnownIdentity | None = None
) -> DeidentifiedInstance:
    """The instance under the project's pseudonyms, read again and searched before it is returned.

    Args:
        source: path or bytes of a DICOM file.
        policy: what may stay.
        pseudonymiser: the project's key and the site that issued the numbers.
        known: identity from elsewhere (HL7, sibling images), searched for in the output as well.
    Raises:
        RefusedError: not DICOM, malformed or beyond the limits.
        QuarantinedError: in doubt; nothing may leave.
    """
    dataset = read_dataset(
        source, limits=Limits(max_bytes=policy.limits.instance_bytes, max_pixels=policy.limits.pixels)
    )
    return deidentify_dataset(dataset, policy, pseudonymiser, known)


def deidentify_dataset(
    dataset: Dataset, policy: Policy, pseudonymiser: Pseudonymiser, known: KnownIdentity | None = None
) -> DeidentifiedInstance:
    """As `deidentify_dicom`, for a data set already read; the data set is not changed."""
    _require_allowed(dataset, policy)
    try:
        identity = known_from_dataset(dataset).merged(*([known] if known else []))
        rules = HeaderRules(policy, pseudonymiser, patient_key(dataset), identity)
        target = rules.apply(dataset)
    except MALFORMED as error:
        raise RefusedError(
            "attributes that can be read",
            f"one that cannot ({type(error).__name__})",
            "send the instance again",
        ) from None
    written = write_pixels(dataset, target, policy, identity)
    _set_syntax(target, written.syntax)
    content = _as_file(target)
    verify_instance(content, identity, pseudonymiser, policy.closed_words)
    return DeidentifiedInstance(
        content=content,
        report=InstanceReport(
            actions=dict(sorted(rules.record.actions.items())),
            dropped=tuple(sorted(rules.record.dropped)),
            private=rules.record.private,
            text_boxes=written.removed,
            markers=written.markers,
            lines_read=written.read,
            reencoded=written.reencoded,
            read_again=written.read_again,
            policy_hash=policy.hash,
        ),
        instance=_instance(target),
        study=pseudonymiser.study(OriginalId(text_of(dataset, "StudyInstanceUID"))),
        facts={keyword: text_of(target, keyword) for keyword in FACTS},
        known=identity,
    )


FACTS = (
    "Modality",
    "BodyPartExamined",
    "ViewPosition",
    "Laterality",
    "ImageLaterality",
    "PatientSex",
    "PatientAge",
    "StudyDate",
    "Manufacturer",
    "ManufacturerModelName",
)


def _require_allowed(dataset: Dataset, policy: Policy) -> None:
    sop_class = text_of(dataset, "SOPClassUID")
    for keyword in ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"):
        if not text_of(dataset, keyword):
            raise RefusedError(f"the attribute {keyword}", "none", "send a whole DICOM instance")
    if sop_class not in policy.sop_classes:
        raise QuarantinedError(
            "an image class that the policy admits",
            "another class (a scan or document may be identity as a whole)",
            "review it, or admit its class under sop_classes",
        )
    if text_of(dataset, "PhotometricInterpretation") not in {"MONOCHROME1", "MONOCHROME2"}:
        raise QuarantinedError("a monochrome radiograph", "a colour image", "review it: it may be a scan")


def _instance(target: Dataset) -> PseudonymousInstance:
    return Instance(
        study_instance_uid=Pseudonym(text_of(target, "StudyInstanceUID")),
        series_instance_uid=Pseudonym(text_of(target, "SeriesInstanceUID")),
        sop_instance_uid=Pseudonym(text_of(target, "SOPInstanceUID")),
        accession_number=Pseudonym(text_of(target, "AccessionNumber"))
        if text_of(target, "AccessionNumber")
        else None,
        patient_id=Pseudonym(text_of(target, "PatientID")),
    )


def _set_syntax(target: Dataset, uid: str) -> None:
    meta = FileMetaDataset()
    meta.FileMetaInformationVersion = b"\x00\x01"
    meta.MediaStorageSOPClassUID = target.SOPClassUID
    meta.MediaStorageSOPInstanceUID = target.SOPInstanceUID
    meta.TransferSyntaxUID = UID(uid)
    meta.ImplementationClassUID = UID(IMPLEMENTATION_CLASS_UID)
    meta.ImplementationVersionName = IMPLEMENTATION_VERSION_NAME
    target.file_meta = meta


def _as_file(target: Dataset) -> bytes:
    """A DICOM file with an empty preamble and our own group 0002 (PS3.10 7.1)."""
    buffer = BytesIO()
    target.preamble = b"\0" * 128
    try:
        pydicom.dcmwrite(buffer, target, enforce_file_format=True)
    except MALFORMED as error:
        raise RefusedError(
            "attributes that can be written",
            f"one that cannot ({type(error).__name__})",
            "send the instance again",
        ) from None
    return buffer.getvalue()
