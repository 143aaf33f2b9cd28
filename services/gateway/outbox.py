"""Results on the disk: what stays in shadow, and what goes out.

    outbox/<item>/shadow/prediction.json  report.dcm  report.hl7  report.json
    outbox/<item>/live/    the same, for models that a person has switched on at that site

The reports name the patient (they belong to the patient's own record), so the folder is 0700.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

from osteon.artefact import atomic_write
from osteon.domain import Prediction
from services.gateway.queue import Delivery, Item
from services.gateway.report_fhir import build_diagnostic_report
from services.gateway.report_hl7 import build_message
from services.gateway.report_sr import build_report
from services.gateway.shadow import LiveModels
from services.gateway.summary import RESEARCH_ONLY_ENGLISH


class Outbox:
    """A folder of results, one sub-folder per item."""

    def __init__(self, folder: Path, *, ae_title: str) -> None:
        self._folder = folder
        self._ae_title = ae_title
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def write(
        self, item: Item, instance: bytes, predictions: Sequence[Prediction], live: LiveModels
    ) -> list[Delivery]:
        """Write all results of an item; the deliveries that follow, none for what is in shadow.

        Raises:
            RefusedError: the image's header cannot carry a report.
        """
        groups = {
            "live": [each for each in predictions if live.allows(each, item.site)],
            "shadow": [each for each in predictions if not live.allows(each, item.site)],
        }
        for name, group in groups.items():
            if group:
                self._write_group(item, name, instance, group)
        if not groups["live"]:
            return []
        return [
            Delivery(item_id=item.item_id, kind=kind, site=item.site, file=f"{item.item_id}/live/{file}")
            for kind, file in (("sr", "report.dcm"), ("oru", "report.hl7"))
        ]

    def _write_group(self, item: Item, name: str, instance: bytes, predictions: Sequence[Prediction]) -> None:
        folder = self._folder / item.item_id / name
        folder.parent.mkdir(mode=0o700, exist_ok=True)  # with parents=True only the last has the mode
        folder.mkdir(mode=0o700, exist_ok=True)
        answer = {
            "shadow": name == "shadow",
            "research_use_only": True,
            "notice": RESEARCH_ONLY_ENGLISH,
            "predictions": [prediction.as_dict() for prediction in predictions],
        }
        _write(folder / "prediction.json", json.dumps(answer, ensure_ascii=False, indent=2).encode())
        _write(
            folder / "report.hl7",
            build_message(instance, predictions, control_id=item.item_id[:20], site=item.site),
        )
        report = build_diagnostic_report(instance, predictions, item_id=item.item_id)
        _write(folder / "report.json", json.dumps(report, ensure_ascii=False, indent=2).encode())
        _write(folder / "report.dcm", build_report(instance, predictions, ae_title=self._ae_title))

    def read(self, file: str) -> bytes:
        """The bytes of one result."""
        return (self._folder / file).read_bytes()


def _write(path: Path, content: bytes) -> None:
    atomic_write(path, content)
    os.chmod(path, 0o600)  # noqa: PTH101 (the outbox folder above is 0700 already)
