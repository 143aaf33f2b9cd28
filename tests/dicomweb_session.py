"""A PACS with its DICOMweb plug-in, and studies taken from it under pseudonyms; run by test_deid_dicomweb.

The last line of its output is a JSON object that the test looks at.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import httpx

from osteon.deid import Policy
from osteon.deid.pacs import deidentify_pacs
from osteon.dicom.dicomweb import dicomweb
from tests.identified_instances import KEY, as_file, radiograph
from tests.orthanc_process import orthanc
from tests.structured_reports import DOSE_REPORT, report
from tests.structured_reports import as_file as report_file

PLUGINS = Path("/usr/share/orthanc/plugins")


def session(folder: Path) -> dict[str, Any]:
    """Three studies of two patients go in, one with a dose report; two are asked for, twice."""
    files = [as_file(radiograph(seed=seed)) for seed in (1, 2)]
    files.append(as_file(radiograph(name="AUTREPATIENT^Zoé", number="K99", seed=3)))
    dose = report(DOSE_REPORT)
    dose.StudyInstanceUID = "1.2.8.1.1"
    files.append(report_file(dose))
    plugins = [str(path) for path in PLUGINS.glob("libOrthancDicomWeb.so*")][:1]
    web = {"Enable": True, "Root": "/dicom-web/"}
    with orthanc(folder / "pacs", DicomServerEnabled=False, Plugins=plugins, DicomWeb=web) as url:
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
