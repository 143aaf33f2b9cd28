"""One study on its way through the services, as a hospital would send it."""

from __future__ import annotations

import csv
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from osteon.cli.home import Home
from osteon.cli.services import CALLED_AE, CALLING_AE, Addresses
from osteon.domain import FaultError, RefusedError

_WAIT_S = 60.0
_POLL_S = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstStudy:
    """A study of the sample: its files, and what was drawn into it."""

    files: tuple[Path, ...]
    description: str


def sites(sample: Path) -> tuple[str, ...]:
    """The hospitals of the sample; the held-out one last."""
    held_out: dict[str, bool] = {}
    for row in _truth(sample):
        held_out[row["hospital"]] = row["split_hint"] == "held_out"
    return tuple(sorted(held_out, key=lambda name: (held_out[name], name)))


def pick_study(sample: Path) -> FirstStudy:
    """The first hand of the hospital that no model learned from: two models answer for it."""
    rows = [row for row in _truth(sample) if row["split_hint"] == "held_out" and row["region"] == "hand"]
    if not rows:
        raise RefusedError(
            "a hand of the held-out hospital", "a sample without one", "make a larger sample: --studies 120"
        )
    study = rows[0]["study_key"]
    chosen = [row for row in rows if row["study_key"] == study]
    truth = f"hand, drawn with a bone age of {float(chosen[0]['bone_age_months']):.0f} months and " + (
        "a fracture" if chosen[0]["fracture"] == "1" else "no fracture"
    )
    return FirstStudy(files=tuple(sample / row["file"] for row in chosen), description=truth)


def _truth(sample: Path) -> list[dict[str, str]]:
    with (sample / "truth.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def send_and_wait(home: Home, addresses: Addresses, study: FirstStudy) -> dict[str, Any]:
    """The predictions for a study sent by C-STORE, as the gateway laid them into its shadow folder."""
    from services.gateway.send import send_study

    before = _answers(home)
    send_study(study.files, "127.0.0.1", addresses.dicom, CALLING_AE, CALLED_AE)
    deadline = time.monotonic() + _WAIT_S
    while len(new := _answers(home) - before) < len(study.files):
        if time.monotonic() > deadline:
            raise FaultError(
                "the study to be answered", "no answer in time", f"read {home.logs / 'gateway.log'}"
            )
        time.sleep(_POLL_S)
    answers = [json.loads(path.read_text(encoding="utf-8")) for path, _ in sorted(new)]
    return {
        "study": study.description,
        "predictions": [prediction for answer in answers for prediction in answer["predictions"]],
    }


def _answers(home: Home) -> set[tuple[Path, int]]:
    """Answer files with their times: an instance that is sent again replaces its own answer."""
    found = (home.clinical / "outbox").glob("*/shadow/prediction.json")
    return {(path, path.stat().st_mtime_ns) for path in found}
