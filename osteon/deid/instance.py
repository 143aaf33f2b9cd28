"""One DICOM instance in, one de-identified instance out, as bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydicom.dataset import Dataset

from osteon.deid.elements import Elements, text_in
from osteon.deid.header import HeaderRules
from osteon.deid.header_identity import known_from_dataset, patient_key
from osteon.deid.identity import KnownIdentity
from osteon.deid.part10 import as_bytes, as_file
from osteon.deid.pixel_data import NO_PIXELS, write_pixels
from osteon.deid.policy import Policy
from osteon.deid.pseudonyms import Pseudonymiser
from osteon.deid.reading import PixelElements, read_source
from osteon.deid.report_document import clean_report
from osteon.deid.source import Source
from osteon.deid.verification import searched_for, verify_instance
from osteon.dicom.dataset import MALFORMED, Attributes, read_bytes, read_dataset
from osteon.dicom.dataset import Source as Input
from osteon.dicom.limits import Limits
from osteon.domain.errors import QuarantinedError, RefusedError
from osteon.domain.identity import OriginalId, Pseudonym
from osteon.domain.instance import Instance, PseudonymousInstance


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
    source: Input, policy: Policy, pseudonymiser: Pseudonymiser, known: KnownIdentity | None = None
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
    most = policy.limits.instance_bytes
    limits = Limits(max_bytes=most, max_inflated_bytes=most, max_pixels=policy.limits.pixels)
    content = read_bytes(source, limits)
    read = read_source(content)
    if read is None:
        return deidentify_dataset(read_dataset(content, limits=limits), policy, pseudonymiser, known)
    return _deidentify(read, PixelElements(read), policy, pseudonymiser, known)


def deidentify_dataset(
    dataset: Dataset, policy: Policy, pseudonymiser: Pseudonymiser, known: KnownIdentity | None = None
) -> DeidentifiedInstance:
    """As `deidentify_dicom`, for a data set already read; the data set is not changed."""
    return _deidentify(Source.of(dataset), dataset, policy, pseudonymiser, known)


def _deidentify(
    source: Source,
    dataset: Attributes,
    policy: Policy,
    pseudonymiser: Pseudonymiser,
    known: KnownIdentity | None,
) -> DeidentifiedInstance:
    _require_allowed(source, policy)
    identity = _identity(source, known)
    searched = searched_for(identity, policy, source)
    rules = HeaderRules(policy, pseudonymiser, patient_key(source), searched)
    written = NO_PIXELS
    try:
        if source.text("SOPClassUID") in policy.report_classes:
            header = clean_report(source, rules)
            content = as_bytes(header)
        else:
            header = rules.apply(source)
    except MALFORMED as error:
        raise _unreadable(error) from None
    if source.text("SOPClassUID") not in policy.report_classes:
        written = write_pixels(dataset, header, policy, identity)
        content = as_file(header, written.syntax, encapsulated=written.encapsulated)
    verify_instance(content, searched, pseudonymiser, policy.closed_words)
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
        instance=_instance(header),
        study=pseudonymiser.study(OriginalId(source.text("StudyInstanceUID"))),
        facts={keyword: text_in(header, keyword) for keyword in FACTS},
        known=identity,
    )


def _identity(source: Source, known: KnownIdentity | None) -> KnownIdentity:
    try:
        found = known_from_dataset(source)
    except MALFORMED as error:
        raise _unreadable(error) from None
    return found.merged(known) if known else found


def _unreadable(error: Exception) -> RefusedError:
    kind = type(error).__name__
    return RefusedError("attributes that can be read", f"one that cannot ({kind})", "send the instance again")


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


def _require_allowed(source: Source, policy: Policy) -> None:
    sop_class = source.text("SOPClassUID")
    for keyword in ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"):
        if not source.text(keyword):
            raise RefusedError(f"the attribute {keyword}", "none", "send a whole DICOM instance")
    if sop_class in policy.report_classes:
        return
    if sop_class not in policy.sop_classes:
        raise QuarantinedError(
            "an image or report class that the policy admits",
            _CLASSES.get(sop_class, "another class (a scan or document may be identity as a whole)"),
            "review it, or admit its class under sop_classes",
        )
    if source.text("PhotometricInterpretation") not in {"MONOCHROME1", "MONOCHROME2"}:
        raise QuarantinedError("a monochrome radiograph", "a colour image", "review it: it may be a scan")


_CLASSES = {
    **dict.fromkeys(
        ("1.2.840.10008.5.1.4.1.1.88.67", "1.2.840.10008.5.1.4.1.1.88.68", "1.2.840.10008.5.1.4.1.1.88.73"),
        "a dose report (it names the patient, the devices and the staff throughout)",
    ),
    **dict.fromkeys(
        tuple(f"1.2.840.10008.5.1.4.1.1.104.{end}" for end in range(1, 6)),
        "an encapsulated document (identity as a whole)",
    ),
    **dict.fromkeys(
        ("1.2.840.10008.5.1.4.1.1.7", *(f"1.2.840.10008.5.1.4.1.1.7.{end}" for end in range(1, 5))),
        "a secondary capture (a scanned document or screen shot, identity as a whole)",
    ),
}


def _instance(header: Elements) -> PseudonymousInstance:
    return Instance(
        study_instance_uid=Pseudonym(text_in(header, "StudyInstanceUID")),
        series_instance_uid=Pseudonym(text_in(header, "SeriesInstanceUID")),
        sop_instance_uid=Pseudonym(text_in(header, "SOPInstanceUID")),
        accession_number=Pseudonym(text_in(header, "AccessionNumber"))
        if text_in(header, "AccessionNumber")
        else None,
        patient_id=Pseudonym(text_in(header, "PatientID")),
    )
