"""A folder of studies: whole, resumable, without a trace of identity."""

import csv
import json
import os
import signal
import subprocess
import sys
import time

import pytest

from osteon.artefact import read_manifest
from osteon.deid import create_key
from osteon.deid.batch import deidentify_sample
from osteon.deid.shards import deidentify_shard, join_shards
from osteon.domain import RefusedError, UsageError
from tests.identified_instances import as_file, radiograph, set_pixels

STUDIES = 8
TRACES = (
    "quentrelec",
    "maëlys",
    "maelys",
    "vercautrin",
    "ormebeuve",
    "cigognes",
    "19570312",
    "12/03/1957",
    "k7712093",
)


def make_input(folder, studies=STUDIES):
    """The layout of the synthetic sample with text and HL7 reports, one hospital."""
    rows = []
    for place in ("dicom", "reports", "hl7"):
        (folder / "nord" / place).mkdir(parents=True)
    for number in range(studies):
        key = f"St{number}"
        (folder / "nord" / "dicom" / key).mkdir()
        patient = f"K7712093{number // 2}"
        file = folder / "nord" / "dicom" / key / "1.dcm"
        file.write_bytes(as_file(radiograph(seed=number, number=patient)))
        (folder / "nord" / "reports" / f"{key}.txt").write_text(
            f"Patiente : Quentrelec Maëlys née le 12/03/1957\nIPP {patient}\nRÉSULTAT : fracture de Colles.\n"
        )
        (folder / "nord" / "hl7" / f"{key}.hl7").write_text(
            f"MSH|^~\\&|R|H|||20240101||ORU^R01|1|P|2.5\rPID|1||{patient}^^^H^PI||QUENTRELEC^Maëlys||19570312"
            "|F|||14 rue des Cigognes^^Ormebeuve\rOBR|1||ACC20240098\r"
        )
        rows.append(
            {
                "file": str(file.relative_to(folder)),
                "patient": patient,
                "study_key": key,
                "fracture": number % 2,
                "region": "knee",
            }
        )
    with (folder / "truth.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return folder


@pytest.fixture(scope="module")
def key(tmp_path_factory):
    path = tmp_path_factory.mktemp("key") / "key"
    create_key(path)
    return path


@pytest.fixture(scope="module")
def done(tmp_path_factory, key):
    base = tmp_path_factory.mktemp("batch")
    source, output = make_input(base / "in"), base / "out"
    manifest = deidentify_sample(source, output, key, workers=1)
    return source, output, manifest


def everything(folder):
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()
    }


def test_every_study_comes_out_with_its_report_and_label(done):
    _, output, manifest = done
    assert (manifest.figures["studies"], manifest.figures["reports"], manifest.figures["labels"]) == (8, 8, 8)
    instances = list(csv.DictReader((output / "instances.csv").open()))
    labels = list(csv.DictReader((output / "labels.csv").open()))
    reports = [json.loads(line) for line in (output / "reports.jsonl").read_text().splitlines()]
    assert len({row["patient"] for row in instances}) == 4
    assert all((output / row["file"]).is_file() for row in instances)
    assert {row["study_key"] for row in labels} == {row["study"] for row in reports}
    assert {row["fracture"] for row in labels} == {"0", "1"}


def test_free_words_in_the_table_of_answers_stay_behind_and_are_counted(tmp_path, key):
    source = make_input(tmp_path / "in", studies=2)
    rows = list(csv.DictReader((source / "truth.csv").open()))
    for row in rows:
        row |= {"device": "Quentrelec", "split_hint": "Vercautrin", "kl_grade": "2", "region": "Ormebeuve"}
    with (source / "truth.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    manifest = deidentify_sample(source, tmp_path / "out", key, workers=1)
    labels = (tmp_path / "out" / "labels.csv").read_text().lower()
    assert not any(trace in labels for trace in TRACES)
    assert [row["kl_grade"] for row in csv.DictReader(labels.splitlines())] == ["2", "2"]
    assert manifest.figures["label_cells_left_out"] == 2


def test_reports_that_belong_to_no_study_are_counted(tmp_path, key):
    source = make_input(tmp_path / "in", studies=2)
    (source / "nord" / "reports" / "St99.txt").write_text("RÉSULTAT : sans particularité.\n")
    (source / "nord" / "hl7" / "St98.hl7").write_text("MSH|^~\\&|R|H|||20240101||ORU^R01|1|P|2.5\r")
    manifest = deidentify_sample(source, tmp_path / "out", key, workers=1)
    assert manifest.figures["reports_without_study"] == 2


def test_no_byte_of_the_output_tells_who_it_was(done):
    _, output, _ = done
    for name, content in everything(output).items():
        for trace in TRACES:
            assert trace.encode() not in content.lower(), (name, trace)
            assert trace not in name.lower()


def test_a_second_run_does_nothing_and_changes_nothing(done, key):
    source, output, _ = done
    before = {name: content for name, content in everything(output).items() if name != "manifest.json"}
    times = {p: p.stat().st_mtime_ns for p in output.rglob("*.dcm")}
    calls = []
    deidentify_sample(source, output, key, workers=1, progress=lambda d, n: calls.append((d, n)))
    assert calls == [(8, 8)]
    assert before == {
        name: content for name, content in everything(output).items() if name != "manifest.json"
    }
    assert times == {p: p.stat().st_mtime_ns for p in output.rglob("*.dcm")}


def test_another_folder_and_two_workers_give_the_same_bytes(done, key, tmp_path):
    source, output, manifest = done
    again = deidentify_sample(source, tmp_path / "out", key, workers=2)
    assert again.outputs == manifest.outputs
    assert read_manifest(tmp_path / "out").digest == read_manifest(output).digest


def test_shards_side_by_side_and_joined_give_the_same_bytes_as_one_run(done, key, tmp_path):
    source, output, manifest = done
    target = tmp_path / "out"
    assert deidentify_shard(source, target, key, 1, 3, workers=1) == 3
    with pytest.raises(RefusedError):
        join_shards(source, target, key)
    for shard in (0, 2):
        deidentify_shard(source, target, key, shard, 3, workers=1)
    assert join_shards(source, target, key).digest == manifest.digest
    assert {n: c for n, c in everything(target).items() if n != "manifest.json"} == {
        n: c for n, c in everything(output).items() if n != "manifest.json"
    }


def test_two_runs_into_one_folder_at_a_time_are_refused(key, tmp_path):
    import fcntl

    source = make_input(tmp_path / "in", studies=1)
    with (tmp_path / ".out.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(RefusedError):
            deidentify_sample(source, tmp_path / "out", key, workers=1)
    deidentify_sample(source, tmp_path / "out", key, workers=1)


def test_a_study_that_is_done_again_is_never_seen_half_written(key, tmp_path, monkeypatch):
    """Killed between the old study's leaving and the new one's coming: no study, then the whole one."""
    import shutil
    from pathlib import Path

    source = make_input(tmp_path / "in", studies=1)
    deidentify_sample(source, tmp_path / "out", key, workers=1)
    first = next((tmp_path / "out" / "nord" / "dicom").iterdir())
    (source / "nord/dicom/St0/1.dcm").write_bytes(
        as_file(radiograph(seed=0, number="K77120930", birth="19580312"))
    )
    rename, calls = Path.rename, []

    def killed(path, target):
        calls.append(path)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", killed)
    with pytest.raises(KeyboardInterrupt):
        deidentify_sample(source, tmp_path / "out", key, workers=1)
    monkeypatch.setattr(Path, "rename", rename)
    assert not first.exists()
    deidentify_sample(source, tmp_path / "out", key, workers=1)
    assert len(list(first.iterdir())) == 1
    assert not [path for path in first.parent.iterdir() if path.name.startswith(".")]
    shutil.rmtree(tmp_path / "out")


def test_a_killed_run_is_resumed_with_nothing_lost_doubled_or_half_written(done, key, tmp_path):
    source, output, _ = done
    program = (
        "import sys; from pathlib import Path; from osteon.deid.batch import deidentify_sample;"
        "deidentify_sample(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), workers=1)"
    )
    target = tmp_path / "out"
    process = subprocess.Popen([sys.executable, "-c", program, str(source), str(target), str(key)])
    deadline = time.monotonic() + 120
    while (
        len(list(target.glob("studies/*.json"))) < 2
        and time.monotonic() < deadline
        and process.poll() is None
    ):
        time.sleep(0.005)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    for path in target.glob("nord/dicom/S*/*.dcm"):
        assert path.read_bytes() == (output / path.relative_to(target)).read_bytes()
    deidentify_sample(source, target, key, workers=1)
    assert {n: c for n, c in everything(target).items() if n != "manifest.json"} == {
        n: c for n, c in everything(output).items() if n != "manifest.json"
    }


def test_doubtful_parts_are_left_out_with_a_reason_and_without_values(key, tmp_path):
    source = make_input(tmp_path / "in", studies=3)
    scan = radiograph(seed=0, number="K77120930")
    scan.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    (source / "nord/dicom/St0/2.dcm").write_bytes(as_file(scan))
    (source / "nord/dicom/St1/2.dcm").write_bytes(b"Quentrelec is no DICOM")
    other = (source / "nord/hl7/St2.hl7").read_text().replace("K77120931", "K999")
    (source / "nord/hl7/St2.hl7").write_text(other)
    manifest = deidentify_sample(source, tmp_path / "out", key, workers=1)
    assert (manifest.figures["images"], manifest.figures["quarantined"], manifest.figures["reports"]) == (
        3,
        3,
        2,
    )
    text = (tmp_path / "out" / "quarantine" / "quarantine.jsonl").read_text()
    assert {json.loads(line)["what"] for line in text.splitlines()} == {"image", "report"}
    assert "uentrelec" not in text


def test_two_patients_in_one_study_are_quarantined_as_a_whole(key, tmp_path):
    source = make_input(tmp_path / "in", studies=1)
    (source / "nord/dicom/St0/2.dcm").write_bytes(as_file(radiograph(seed=0, number="OTHER1")))
    manifest = deidentify_sample(source, tmp_path / "out", key, workers=1)
    assert (manifest.figures["images"], manifest.figures["quarantined"]) == (0, 1)


def test_any_folder_is_taken_with_reports_matched_by_accession_number(key, tmp_path):
    folder = tmp_path / "in" / "some" / "place"
    folder.mkdir(parents=True)
    (folder / "IM0001").write_bytes(as_file(radiograph(number="K77120930")))
    message = make_input(tmp_path / "layout", studies=1) / "nord" / "hl7" / "St0.hl7"
    (folder / "report-of-today.hl7").write_text(message.read_text() + "OBX|1|TX|||Pas de fracture.\r")
    manifest = deidentify_sample(tmp_path / "in", tmp_path / "out", key, workers=1)
    assert (manifest.figures["images"], manifest.figures["reports"]) == (1, 1)
    assert "Pas de fracture." in (tmp_path / "out" / "reports.jsonl").read_text()


def test_an_output_inside_the_input_and_an_empty_folder_are_refused(key, tmp_path):
    source = make_input(tmp_path / "in", studies=1)
    with pytest.raises(RefusedError):
        deidentify_sample(source, source / "out", key)
    (tmp_path / "empty").mkdir()
    with pytest.raises(RefusedError):
        deidentify_sample(tmp_path / "empty", tmp_path / "out", key)
    with pytest.raises(UsageError):
        deidentify_sample(tmp_path / "absent", tmp_path / "out", key)


def test_a_changed_study_is_done_again_and_a_removed_one_goes(key, tmp_path):
    source = make_input(tmp_path / "in", studies=2)
    deidentify_sample(source, tmp_path / "out", key, workers=1)
    changed = radiograph(seed=0, number="K77120930")
    import numpy as np

    set_pixels(changed, np.full((96, 80), 7, np.uint16))
    (source / "nord/dicom/St0/1.dcm").write_bytes(as_file(changed))
    for path in (source / "nord/dicom/St1").iterdir():
        path.unlink()
    manifest = deidentify_sample(source, tmp_path / "out", key, workers=1)
    assert manifest.figures["studies"] == 1
    assert len(list((tmp_path / "out" / "nord" / "dicom").iterdir())) == 1
