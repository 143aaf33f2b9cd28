"""A model server beside a PACS with its DICOMweb plug-in; run by test_server_dicomweb.

The last line of its output is a JSON object that the test looks at.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pydicom

from osteon.client import ModelServer
from osteon.domain import OsteonError
from tests.dicomweb_session import PLUGINS
from tests.model_packages import make_model_package, promote_package
from tests.orthanc_process import orthanc
from tests.radiographs import cr_bytes
from tests.server_process import TOKEN, running_server, server_registry
from tests.server_requests import take_events


def session(folder: Path) -> dict[str, Any]:
    """Three instances of two studies in the PACS, asked for by their UIDs in every form."""
    promote_package(server_registry(folder), make_model_package(folder / "fracture", "fracture"), "fracture")
    files = [cr_bytes(seed) for seed in (1, 2, 3)]
    headers = [pydicom.dcmread(BytesIO(data), stop_before_pixels=True) for data in files]
    places = ["/".join((h.StudyInstanceUID, h.SeriesInstanceUID, h.SOPInstanceUID)) for h in headers]
    plugins = [str(path) for path in PLUGINS.glob("libOrthancDicomWeb.so*")][:1]
    web = {"Enable": True, "Root": "/dicom-web/"}
    seen: dict[str, Any] = {}
    with orthanc(folder / "pacs", DicomServerEnabled=False, Plugins=plugins, DicomWeb=web) as url:
        for data in files:
            httpx.post(f"{url}/instances", content=data, timeout=60).raise_for_status()
        settings = {"OSTEON_SERVER_DICOMWEB_URL": f"{url}/dicom-web", "OSTEON_SERVER_MAX_FILES": "2"}
        with running_server(folder, settings) as server, ModelServer(server.url, TOKEN, patience_s=0) as ask:
            seen["sent"] = [one.value for one in ask.predict(files[:2])]
            seen["named"] = [one.value for one in ask.predict(dicomweb=places[:2])]
            seen["both"] = [one.value for one in ask.predict([files[0]], dicomweb=[places[1]])]
            seen["study"] = sorted(
                one.value or 0 for one in ask.predict(dicomweb=[headers[0].StudyInstanceUID])
            )
            seen["vector"] = bool((ask.embed([files[0]]).vectors == _embedded(ask, places[0])).all())
            seen["unknown"] = _error(ask, ["1.2.3/1.2.4/1.2.5"])
            seen["too_many"] = _error(ask, places)
            seen["address"] = _error(ask, ["http://127.0.0.1/other"])
            seen["events"] = len(take_events(server))
            log = server.log
            seen["said"] = sum(uid in log for place in places for uid in place.split("/"))
    with running_server(folder, settings) as server, ModelServer(server.url, TOKEN, patience_s=0) as ask:
        seen["pacs_down"] = _error(ask, places[:1])
    with running_server(folder) as server, ModelServer(server.url, TOKEN, patience_s=0) as ask:
        seen["no_pacs"] = _error(ask, places[:1])
    return seen


def _embedded(ask: ModelServer, place: str) -> Any:
    return ask.embed(dicomweb=[place]).vectors


def _error(ask: ModelServer, references: Sequence[str]) -> list[str]:
    try:
        ask.predict(dicomweb=references)
    except OsteonError as error:
        return [type(error).__name__, str(error)]
    return []


if __name__ == "__main__":
    print(json.dumps(session(Path(sys.argv[1]))))
