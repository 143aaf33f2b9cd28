"""Notes as JSONL: read line by line, replaced over processes, written whole or not at all."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

from osteon.deid.identity import KnownIdentity, known_from_keywords
from osteon.deid.policy import Policy
from osteon.deid.pseudonyms import Pseudonymiser
from osteon.domain.errors import OsteonError, QuarantinedError, RefusedError, UsageError
from osteon.domain.identity import OriginalId

BATCH_NOTES = 64
MIN_NOTES_FOR_PROCESSES = 400
_MAX_LINE = 16 * 1024 * 1024


def read_notes(path: Path) -> Iterator[dict[str, Any]]:
    """The notes of a JSONL file, checked line by line.

    Raises:
        UsageError: no such file.
        RefusedError: a line is not a note; the text names the line's number and nothing of it.
    """
    if not path.is_file():
        raise UsageError("a JSONL file of notes", "no file at that path", "check the path")
    with path.open(encoding="utf-8", errors="strict") as stream:
        number = 0
        try:
            for number, line in enumerate(stream, 1):
                if line.strip():
                    yield _note(line, number)
        except UnicodeDecodeError:
            raise _refused(number + 1, "text in UTF-8") from None


def _note(line: str, number: int) -> dict[str, Any]:
    if len(line) > _MAX_LINE:
        raise _refused(number, f"at most {_MAX_LINE} characters")
    try:
        note = json.loads(line)
    except (ValueError, RecursionError):
        raise _refused(number, "a JSON object") from None
    if not isinstance(note, dict) or not isinstance(note.get("note_text"), str):
        raise _refused(number, "an object with the text `note_text`")
    if "patient" in note and not isinstance(note["patient"], dict | None):
        raise _refused(number, "an object of DICOM keywords under `patient`")
    return note


def _refused(number: int, need: str) -> RefusedError:
    return RefusedError(f"{need} in every line", f"another thing in line {number}", "correct that line")


def deidentify_notes(
    source: Path,
    output: Path,
    policy: Policy,
    pseudonymiser: Pseudonymiser,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, int]:
    """Writes each note with its text replaced; a note in doubt is left out and counted.

    Returns:
        Counts: notes written, quarantined, spans replaced.
    """
    total = sum(1 for _ in read_notes(source))
    counts = {"notes": 0, "quarantined": 0, "replaced": 0}
    output.parent.mkdir(parents=True, exist_ok=True)
    part = output.with_name(f".{output.name}.{os.getpid()}.part")
    try:
        with part.open("w", encoding="utf-8") as stream:
            for batch in _batches(source, policy, pseudonymiser, workers, total):
                for row in batch:
                    if row is None:
                        counts["quarantined"] += 1
                        continue
                    counts["notes"] += 1
                    counts["replaced"] += len(row["source_entities"])
                    stream.write(json.dumps(row, ensure_ascii=False) + "\n")
                if progress:
                    progress(counts["notes"] + counts["quarantined"], total)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(output)
    finally:
        part.unlink(missing_ok=True)
    return counts


def _batches(
    source: Path, policy: Policy, pseudonymiser: Pseudonymiser, workers: int | None, total: int
) -> Iterator[list[dict[str, Any] | None]]:
    notes = read_notes(source)
    batches = iter(lambda: list(islice(notes, BATCH_NOTES)), [])
    workers = workers or os.cpu_count() or 1
    if workers == 1 or total < MIN_NOTES_FOR_PROCESSES:
        for batch in batches:
            yield deidentify_batch(batch, policy, pseudonymiser)
        return
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["osteon.deid.warm"])
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_ignore_interrupt) as pool:
        pending = [
            pool.submit(deidentify_batch, b, policy, pseudonymiser) for b in islice(batches, workers * 3)
        ]
        while pending:
            yield pending.pop(0).result()
            pending += [pool.submit(deidentify_batch, b, policy, pseudonymiser) for b in islice(batches, 1)]


def _ignore_interrupt() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def deidentify_batch(
    notes: list[dict[str, Any]], policy: Policy, pseudonymiser: Pseudonymiser
) -> list[dict[str, Any] | None]:
    """Replaced notes in order; None for one that must be quarantined.

    A note stands by itself, without a header that keeps the age: `ages_in_notes` says what becomes of it.
    """
    from osteon.deid.text.report_text import deidentify_texts

    policy = policy.with_text(ages=policy.text.ages_in_notes)
    subjects = [_subject(note) for note in notes]
    made = deidentify_texts(
        [n["note_text"] for n in notes], subjects, policy=policy, pseudonymiser=pseudonymiser
    )
    rows: list[dict[str, Any] | None] = []
    for number, (note, result) in enumerate(zip(notes, made, strict=True)):
        if isinstance(result, OsteonError):
            rows.append(None)
            continue
        entities = [{"start": s.start, "end": s.end, "label": s.label} for s in result.source_entities]
        note_id = note.get("note_id", str(number))
        rows.append({"note_id": note_id, "note_text": result.text, "source_entities": entities})
    return rows


def _subject(note: dict[str, Any]) -> Any:
    from osteon.deid.text.report_text import Subject

    patient: dict[str, Any] | None = note.get("patient")
    known: KnownIdentity | None = known_from_keywords(patient) if patient else None
    number = patient.get("PatientID") if patient else None
    return Subject(
        known=known,
        patient_id=OriginalId(str(number)) if number else None,
        note_id=str(note.get("note_id", "")),
    )


__all__ = ["QuarantinedError", "deidentify_batch", "deidentify_notes", "read_notes"]
