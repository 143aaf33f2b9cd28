"""A PACS with its DICOMweb plug-in, and studies taken from it under pseudonyms; run by test_deid_dicomweb.

Orthanc listens on every interface, so this runs in a network namespace that has the loopback alone.
The last line of its output is a JSON object that the test looks at.
"""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from osteon.deid import Policy
from osteon.deid.dicomweb import dicomweb
from osteon.deid.pacs import deidentify_pacs
from tests.gateway_parts import free_port, wait_until
from tests.identified_instances import KEY, as_file, radiograph
from tests.structured_reports import DOSE_REPORT, report
from tests.structured_reports import as_file as report_file

PLUGINS = Path("/usr/share/orthanc/plugins")


@contextmanager
def pacs(folder: Path) -> Any:
    """A running Orthanc that answers DICOMweb; yields its HTTP address."""
    http = free_port()
    folder.mkdir()
    configuration = {
        "Name": "PACS",
        "StorageDirectory": str(folder / "storage"),
        "IndexDirectory": str(folder / "storage"),
        "HttpPort": http,
        "DicomServerEnabled": False,
        "AuthenticationEnabled": False,
        "RemoteAccessAllowed": False,
        "Plugins": [str(path) for path in PLUGINS.glob("libOrthancDicomWeb.so*")][:1],
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
    }
    path = folder / "orthanc.json"
    path.write_text(json.dumps(configuration))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            ["Orthanc", str(path)],
            stdout=log,
            stderr=log,
            env={"TCP_NODELAY": "1", "PATH": "/usr/sbin:/usr/bin"},
        )
    url = f"http://127.0.0.1:{http}"
    try:
        wait_until(lambda: _answers(f"{url}/system"), 60)
        yield url
    finally:
        process.terminate()
        process.wait(20)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


def session(folder: Path) -> dict[str, Any]:
    """Three studies of two patients go in, one with a dose report; two are asked for, twice."""
    files = [as_file(radiograph(seed=seed)) for seed in (1, 2)]
    files.append(as_file(radiograph(name="AUTREPATIENT^Zoé", number="K99", seed=3)))
    dose = report(DOSE_REPORT)
    dose.StudyInstanceUID = "1.2.8.1.1"
    files.append(report_file(dose))
    with pacs(folder / "pacs") as url:
        for content in files:
            httpx.post(f"{url}/instances", content=content, timeout=60).raise_for_status()
        fetched: list[int] = []
        for _ in range(2):
            with dicomweb(f"{url}/dicom-web") as service:
                fetch, service.fetch = service.fetch, lambda place: (fetched.append(1), fetch(place))[1]  # noqa: B023
                made = deidentify_pacs(
                    service, {"PatientID": "K77120934"}, folder / "out", Policy.load(), KEY, "nord"
                )
    written = [path.read_bytes() for path in sorted((folder / "out").rglob("*")) if path.is_file()]
    return {
        "figures": made.figures,
        "fetched": len(fetched),
        "leaks": sum(b"QUENTRELEC" in content or b"K77120934" in content for content in written),
        "reasons": (folder / "out" / "quarantine" / "quarantine.jsonl").read_text("utf-8"),
    }


if __name__ == "__main__":
    print(json.dumps(session(Path(sys.argv[1]))))
