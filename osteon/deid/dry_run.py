"""What a run would do, study by study: attributes and what becomes of them, counts; never a value."""

from __future__ import annotations

import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pydicom.datadict import keyword_for_tag
from pydicom.dataset import Dataset

from osteon.deid.keys import load_key
from osteon.deid.policy import Policy
from osteon.deid.pseudonyms import Pseudonymiser
from osteon.deid.records import StudyRecord, source_mark
from osteon.deid.sources import StudySource, find_studies
from osteon.deid.study import deidentify_study
from osteon.dicom.dataset import MALFORMED, read_dataset

KEPT, CHANGED, EMPTIED, REMOVED, ADDED = "kept", "changed", "emptied", "removed", "added"
_PRIVATE = "(private)"


def dry_run(
    in_dir: Path,
    key_file: Path,
    policy: Policy | None = None,
    progress: Callable[[int, int], None] | None = None,
    *,
    project: str = "osteon",
) -> dict[str, Any]:
    """Runs every study for real into a folder that is deleted, and tells the difference; nothing is kept.

    Returns:
        `policy_hash`, `studies` (one row each, by pseudonym) and `totals` over them: for every attribute by
        its path the policy's action and how often it was kept, changed, emptied, removed or added.
    """
    policy = policy or Policy.load()
    key = load_key(key_file, project)
    studies = find_studies(in_dir)
    rows = []
    for number, study in enumerate(studies, 1):
        pseudonymiser = Pseudonymiser(key, study.hospital)
        with tempfile.TemporaryDirectory(prefix="osteon-dry-run-") as scratch:
            record = deidentify_study(study, in_dir, Path(scratch), policy, pseudonymiser, "dry run")
            rows.append(_row(study, record, in_dir, Path(scratch), policy, pseudonymiser))
        if progress:
            progress(number, len(studies))
    return {"policy_hash": policy.hash, "studies": rows, "totals": _totals(rows)}


def header_changes(before: Dataset, after: Dataset) -> dict[str, Counter[str]]:
    """Path of each attribute -> what became of it and how often; sequences by their items in order.

    >>> before, after = Dataset(), Dataset()
    >>> before.PatientName, before.Modality, after.Modality = "A^B", "CR", "CR"
    >>> {path: dict(count) for path, count in sorted(header_changes(before, after).items())}
    {'Modality': {'kept': 1}, 'PatientName': {'removed': 1}}
    """
    old, new = defaultdict(list), defaultdict(list)
    for path, value in _walk(before):
        old[path].append(value)
    for path, value in _walk(after):
        new[path].append(value)
    changes: dict[str, Counter[str]] = defaultdict(Counter)
    for path in {*old, *new}:
        shared = min(len(old[path]), len(new[path]))
        for one, other in zip(old[path], new[path], strict=False):
            changes[path][KEPT if one == other else CHANGED if other else EMPTIED] += 1
        changes[path][REMOVED] += len(old[path]) - shared
        changes[path][ADDED] += len(new[path]) - shared
    return {path: +count for path, count in changes.items()}


def _walk(dataset: Dataset, prefix: str = "") -> Iterator[tuple[str, str]]:
    for tag in dataset.keys():  # noqa: SIM118 - iterating a data set decodes every value, keys do not
        if tag.is_private:
            yield f"{prefix}{_PRIVATE}", "present"
            continue
        path = prefix + (keyword_for_tag(tag) or f"({tag.group:04X},{tag.element:04X})")
        try:
            element = dataset[tag]
            if element.VR == "SQ":
                yield path, "present"
                for item in element.value:
                    yield from _walk(item, f"{path}.")
            else:
                value = element.value
                yield path, value.hex() if isinstance(value, bytes) else str(value or "")
        except MALFORMED:
            yield path, "unreadable"


def _row(
    study: StudySource,
    record: StudyRecord,
    in_dir: Path,
    scratch: Path,
    policy: Policy,
    pseudonymiser: Pseudonymiser,
) -> dict[str, Any]:
    changes: dict[str, Counter[str]] = defaultdict(Counter)
    outputs = {image["source"]: image["file"] for image in record.images}
    for name in study.images:
        file = outputs.get(source_mark(name, pseudonymiser))
        if file is not None:
            for path, count in header_changes(
                read_dataset(in_dir / name), read_dataset(scratch / file)
            ).items():
                changes[path].update(count)
    return {
        "study": record.study,
        "images": len(record.images),
        "text_boxes": sum(image["text_boxes"] for image in record.images),
        "attributes": {
            path: {"action": _action(path, policy), **dict(sorted(count.items()))}
            for path, count in sorted(changes.items())
        },
        "report": record.report["replaced"] if record.report else None,
        "held": [{"what": row["what"], "reason": row["reason"]} for row in record.quarantined],
    }


def _action(path: str, policy: Policy) -> str:
    """The action of the policy's rule that names the attribute; empty where none does."""
    keyword = path.rpartition(".")[2]
    return next((rule.action.value for rule in policy.rules if keyword in rule.attributes), "")


def _totals(rows: list[dict[str, Any]]) -> dict[str, Any]:
    attributes: dict[str, Counter[str]] = defaultdict(Counter)
    actions: dict[str, str] = {}
    spans: Counter[str] = Counter()
    held: Counter[str] = Counter()
    for row in rows:
        for path, counts in row["attributes"].items():
            actions[path] = counts["action"]
            attributes[path].update({key: n for key, n in counts.items() if key != "action"})
        spans.update(row["report"] or {})
        held.update(f"{one['what']}: {one['reason']}" for one in row["held"])
    return {
        "studies": sum(1 for row in rows if row["images"]),
        "images": sum(row["images"] for row in rows),
        "text_boxes": sum(row["text_boxes"] for row in rows),
        "attributes": {
            path: {"action": actions[path], **dict(sorted(count.items()))}
            for path, count in sorted(attributes.items())
        },
        "report": dict(sorted(spans.items())),
        "held": dict(sorted(held.items())),
    }
