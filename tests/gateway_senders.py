"""Studies on their way to the gateway, as a modality sends them."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from osteon.dicom import read_dataset
from services.gateway.send import send_study
from services.gateway.settings import Settings
from tests.dicom_files import dicom_bytes
from tests.gateway_parts import (
    CALLER,
    RunningGateway,
)


def instances(folder: Path, count: int, **attributes: Any) -> list[Path]:
    """Files of one study, each with a UID of its own."""
    paths = []
    for number in range(count):
        path = folder / f"{number}.dcm"
        path.write_bytes(
            dicom_bytes(
                SOPInstanceUID=f"1.2.826.0.1.3680043.10.1.3.{number}",
                AccessionNumber="PLANTEDACC",
                PatientBirthDate="19011231",
                StudyID="1",
                StudyDate="20260101",
                StudyTime="101010",
                ReferringPhysicianName="PLANTEDDOCTOR",
                **attributes,
            )
        )
        paths.append(path)
    return paths


def send(files: list[Path], settings: Settings, caller: str = CALLER) -> None:
    send_study(files, "127.0.0.1", settings.dicom_port, caller, settings.ae_title)


def send_until_cut(files: list[Path], settings: Settings, acknowledged: list[Path]) -> None:
    """Send file by file in one association; note each that was answered with success."""
    from pydicom import dcmread
    from pynetdicom import AE
    from pynetdicom.sop_class import DigitalXRayImageStorageForPresentation

    entity = AE(ae_title=CALLER)
    entity.add_requested_context(DigitalXRayImageStorageForPresentation, "1.2.840.10008.1.2.1")
    association = entity.associate("127.0.0.1", settings.dicom_port, ae_title=settings.ae_title)
    for path in files:
        if not association.is_established:
            return
        try:
            status = association.send_c_store(dcmread(path))
        except RuntimeError:  # the association was cut between the two lines
            return
        if status.get("Status") == 0:
            acknowledged.append(path)
        time.sleep(0.05)


def sop_instance_uid(data: bytes) -> str:
    return str(read_dataset(data, pixels=False).SOPInstanceUID)


def answered(gateway: RunningGateway, count: int) -> bool:
    return sum(each["states"].get("answered", 0) for each in gateway.studies()) == count
