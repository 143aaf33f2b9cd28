"""The structure of the code: imports go one way, and looking at the help costs little."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_imports_go_one_way():
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=ROOT, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


def test_no_module_imports_a_heavy_library_only_to_show_help():
    code = (
        "import sys; sys.argv = ['osteon']; import osteon.cli\n"
        "heavy = {'torch', 'feast', 'mlflow', 'kfp', 'spacy', 'presidio_analyzer', 'bentoml', 'open_clip'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "[]", done.stderr


def test_no_tracked_python_file_can_load_a_pickle():
    words = ("import " + "pickle", "import " + "joblib", "import " + "dill", "import " + "cloudpickle")
    found = []
    for folder in ("osteon", "training", "monitoring", "services", "pipelines", "benchmarks"):
        for path in (ROOT / folder).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            found += [f"{path.name}: {word}" for word in words if word in text]
            found += [f"{path.name}: torch.load" for line in text.splitlines()
                      if "torch.load(" in line and "weights_only=True" not in line]  # fmt: skip
    assert found == []
