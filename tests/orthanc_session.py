"""A PACS, the gateway and a model server together in a network of their own; run by test_gateway_orthanc.

The last line of its output is a JSON object that the test looks at.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx

from services.gateway.send import send_study
from tests.dicom_files import dicom_bytes
from tests.gateway_parts import (
    ModelServer,
    free_port,
    model_server,
    running_gateway,
    settings_for,
    wait_until,
)
from tests.orthanc_process import orthanc

STUDY = "1.2.826.0.1.3680043.10.1.1"


def series_of(url: str) -> list[dict[str, Any]]:
    """Modality and description of each series in the PACS."""
    found = httpx.get(f"{url}/series?expand").json()
    return [
        {**each["MainDicomTags"], "study": httpx.get(f"{url}/studies/{each['ParentStudy']}").json()}
        for each in found
    ]


def session(folder: Path, server: ModelServer) -> dict[str, Any]:
    """One patient's picture: modality to PACS, PACS to gateway, report back into the PACS."""
    live = folder / "live.yaml"
    live.write_text(
        "- {task: fracture, model_version: fracture-1, site: chu-a, actor: dr-b, reason: validated,"
        " time_utc: '2026-06-01T09:00:00Z'}\n"
    )
    gateway_port, dicom_port = free_port(), free_port()
    pacs = orthanc(
        folder / "pacs",
        DicomPort=dicom_port,
        DicomAet="PACS",
        DicomCheckCalledAet=True,
        DicomAlwaysAllowStore=False,
        DicomAlwaysAllowEcho=False,
        DicomModalities={
            "osteon": ["OSTEON", "127.0.0.1", gateway_port],
            "modality": ["MODALITY1", "127.0.0.1", 1],
        },
    )
    with pacs as url:
        settings = settings_for(
            folder, server.url, dicom_port=gateway_port, live_models=live, pacs_host="127.0.0.1",
            pacs_port=dicom_port, calling_ae_titles={"PACS": "chu-a"},
        )  # fmt: skip
        picture = folder / "picture.dcm"
        picture.write_bytes(dicom_bytes(StudyDate="20260101", StudyID="1", AccessionNumber="A1"))
        with running_gateway(settings, folder / "log") as gateway:
            send_study([picture], "127.0.0.1", dicom_port, "MODALITY1", "PACS")
            stored = httpx.get(f"{url}/instances").json()
            httpx.post(f"{url}/modalities/osteon/store", json=stored, timeout=60).raise_for_status()
            wait_until(lambda: len(series_of(url)) == 2, 60)
            series = series_of(url)
            found = subprocess.run(
                ["findscu", "-S", "-aet", "OSTEON", "-aec", "PACS", "127.0.0.1", str(dicom_port),
                 "-k", "QueryRetrieveLevel=SERIES", "-k", f"StudyInstanceUID={STUDY}", "-k", "Modality=SR"],
                capture_output=True, text=True, timeout=60,
            )  # fmt: skip
            return {
                "modalities": sorted(each["Modality"] for each in series),
                "descriptions": [each.get("SeriesDescription", "") for each in series],
                "studies": len({each["study"]["ID"] for each in series}),
                "found_by_query": (found.stdout + found.stderr).count("Find Response"),
                "states": [each["state"] for each in gateway.studies()],
            }


if __name__ == "__main__":
    with model_server() as running:
        print(json.dumps(session(Path(sys.argv[1]), running)))
