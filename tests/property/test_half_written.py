"""Cut at any byte or killed at any moment: what can be seen is whole, and the next run makes the rest."""

import json
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import pydicom
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from osteon.deid import Policy, create_key, deidentify_dicom
from osteon.domain.errors import OsteonError
from tests.identified_instances import PSEUDONYMISER, as_file, radiograph

POLICY = Policy.load()
SOURCE = as_file(radiograph())
_PIXELS = SOURCE.rindex(b"\xe0\x7f\x10\x00")

#: One run undisturbed; then, for each kill, a run in a process of its own that dies there, and one more.
#: A process dies before its n-th step in the output folder (a file opened, a name made, changed or removed),
#: or while it writes the n-th byte of any file: that is the limit on its files' size.
_PROGRAM = """
import json, os, resource, signal, sys
from pathlib import Path
from osteon.deid.batch import deidentify_sample

source, base, key = (Path(argument) for argument in sys.argv[1:4])

def run(output):
    deidentify_sample(source, output, key, workers=1)

def seen(output, hidden=False):
    files = [p.relative_to(output) for p in sorted(output.rglob("*")) if p.is_file()]
    return {
        str(p): (output / p).read_bytes() for p in files
        if p.name != "manifest.json" and (hidden or not any(part.startswith(".") for part in p.parts))
    }

def die_at(kind, number, output):
    if kind == "byte":
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_FSIZE, (number, number))
        return
    steps = 0
    def step(event, arguments):
        nonlocal steps
        if event in {"open", "os.mkdir", "os.rename", "os.remove"} and str(output) in str(arguments[0]):
            if steps == number:
                os.kill(os.getpid(), signal.SIGKILL)
            steps += 1
    sys.addaudithook(step)

def child(work):
    number = os.fork()
    if number == 0:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    return os.waitpid(number, 0)[1]

run(base / "whole")
whole = seen(base / "whole", hidden=True)
for at, (kind, number) in enumerate(json.loads(sys.argv[4])):
    output = base / f"killed-{at}"
    status = child(lambda: (die_at(kind, number, output), run(output)))
    wrong = [name for name, content in seen(output).items() if whole.get(name) != content]
    manifest = output / "manifest.json"
    if manifest.exists():
        json.loads(manifest.read_text())
    again = child(lambda: run(output))
    print(json.dumps({
        "at": [kind, number], "killed": os.WIFSIGNALED(status), "ended": status == 0, "wrong": wrong,
        "equal": again == 0 and seen(output, hidden=True) == whole,
    }))
"""


@settings(max_examples=40, deadline=None)
@given(st.integers(0, len(SOURCE) - 1))
@example(len(SOURCE) - 1)
@example(_PIXELS)
def test_a_file_cut_at_any_byte_is_refused_or_comes_out_whole(cut):
    try:
        made = deidentify_dicom(SOURCE[:cut], POLICY, PSEUDONYMISER).content
    except OsteonError:
        return
    before, after = pydicom.dcmread(BytesIO(SOURCE)), pydicom.dcmread(BytesIO(made))
    assert after.pixel_array.shape == before.pixel_array.shape
    assert cut >= len(SOURCE) - 1  # nothing but a byte that fills up to an even number was lost


@pytest.fixture(scope="module")
def studies(tmp_path_factory):
    """Two studies of a picture and a report each."""
    folder = tmp_path_factory.mktemp("in")
    for number in range(2):
        for place, name, content in (
            ("dicom", f"St{number}/1.dcm", as_file(radiograph(seed=number, number=f"K771209{number}"))),
            ("reports", f"St{number}.txt", "RÉSULTAT : fracture de Colles.\n".encode()),
        ):
            path: Path = folder / "nord" / place / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    return folder


def test_a_run_killed_at_any_step_or_byte_shows_nothing_half_written_and_the_next_one_makes_it_whole(
    studies, tmp_path
):
    """Slow: each kill is a run and one that goes on, of programs that load once."""
    create_key(tmp_path / "key")
    moments = [("step", number) for number in range(1, 61, 6)] + [("byte", 4**power) for power in range(1, 7)]
    given = (studies, tmp_path, tmp_path / "key", json.dumps(moments))
    said = subprocess.run(
        [sys.executable, "-c", _PROGRAM, *map(str, given)], capture_output=True, text=True, check=True
    ).stdout
    runs = [json.loads(line) for line in said.splitlines()]
    assert len(runs) == len(moments)
    assert sum(one["killed"] for one in runs) > len(moments) // 2
    assert [one for one in runs if one["wrong"] or not one["equal"]] == []
