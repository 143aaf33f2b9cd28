"""Steps in parts and on several workers (real processes under torchrun) take the gradients of one batch."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from osteon.artefact import read_manifest
from osteon.models.package import read_tensors
from osteon.pairs import build_pairs
from tests.deid_folder import write_deid_folder
from tests.pretrain_workers import batch_norm_gradients, gradients, recipe_of
from tests.text_encoder_folder import write_text_encoder
from training.pretrain import pretrain
from training.pretrain_recipes import pretrain_recipe

ROOT = Path(__file__).resolve().parents[2]
LOSSES = ("clip", "sigmoid", "gloria")


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("workers")
    build_pairs(write_deid_folder(folder / "deid", 120), folder / "pairs", size=64, workers=1)
    return folder / "pairs"


def _torchrun(workers: int, *arguments: str, options: tuple[str, ...] = ()) -> list[str]:
    launch = [sys.executable, "-m", "torch.distributed.run", "--nnodes=1", f"--nproc-per-node={workers}"]
    return [*launch, "--rdzv-backend=c10d", "--rdzv-endpoint=127.0.0.1:0", *options, "-m", *arguments]


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"}


def _compare(
    found: dict[str, torch.Tensor], expected: dict[str, torch.Tensor], tolerance: float = 1e-5
) -> None:
    """Every tensor within the tolerance of its largest value."""
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        far = (found[name].double() - value.double()).abs().max()
        assert float(far) <= tolerance * max(1.0, float(value.double().abs().max())), name


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("micro_batch", [4, 5])
def test_a_step_in_parts_has_the_gradients_of_the_whole_batch(
    pairs: Path, loss: str, micro_batch: int
) -> None:
    whole = gradients(pairs, recipe_of(loss), train_mode=False)
    parts = gradients(pairs, recipe_of(loss, micro_batch=micro_batch), train_mode=False)
    _compare(parts, whole)


def test_dropout_repeats_itself_in_the_second_pass(pairs: Path, tmp_path: Path) -> None:
    folder = write_text_encoder(tmp_path / "hf", ["fracture du radius droit", "pas de fracture"])
    recipe = recipe_of("clip", text_model=str(folder), image_encoder="vit_tiny_patch16_224")
    found = []
    for micro_batch in (8, 8):
        torch.manual_seed(0)
        found.append(gradients(pairs, replace(recipe, micro_batch=micro_batch), train_mode=True))
    _compare(found[1], found[0])
    # A surrogate with other dropout than the embeddings' own would not descend: check against a difference.
    assert _directional_error(pairs, replace(recipe, micro_batch=8)) < 0.02


def _directional_error(data: Path, recipe: object) -> float:
    """Relative error of the gradient against a central difference of the loss along it, same dropout."""
    from osteon.models.preprocess import Preprocess
    from training.pair_batch import StepBatches
    from training.pair_data import load_pairs
    from training.pretrain_model import build_model, build_tokenizer
    from training.pretrain_recipes import PretrainRecipe
    from training.pretrain_step import backward, make_learner
    from training.team import Team

    assert isinstance(recipe, PretrainRecipe)
    train = load_pairs(data, "train", Preprocess(size=recipe.size))
    tokenizer = build_tokenizer(recipe, train)
    model = build_model(recipe, tokenizer, 0)
    learner = make_learner(model, recipe, Team())
    learner.forward.train()
    batch = StepBatches(train, recipe, tokenizer, 0, 16)[0].ready(recipe, torch.device("cpu"))

    def loss() -> float:
        torch.manual_seed(7)
        model.zero_grad(set_to_none=True)
        return backward(learner, batch)

    loss()
    direction = {
        name: value.grad.clone() for name, value in model.named_parameters() if value.grad is not None
    }
    squared = sum(float(value.square().sum()) for value in direction.values())
    step = 2e-3 / squared**0.5
    values = []
    for sign in (1, -2):
        with torch.no_grad():
            for name, value in model.named_parameters():
                if name in direction:
                    value.add_(direction[name], alpha=sign * step)
        values.append(loss())
    slope = (values[0] - values[1]) / (2 * step)
    return abs(slope / squared - 1)


@pytest.mark.slow  # each worker imports torch, timm and open_clip: ten seconds of processor time
@pytest.mark.parametrize(
    ("workers", "micro_batch", "shard"),
    [(2, None, False), (4, None, False), (2, 3, False), (2, None, True), (4, 3, True)],
)
def test_workers_have_the_gradients_and_statistics_of_the_whole_batch(
    pairs: Path, tmp_path: Path, workers: int, micro_batch: int | None, shard: bool
) -> None:
    arguments = ["--data", str(pairs), "--output", str(tmp_path), *(["--shard"] if shard else [])]
    if micro_batch is not None:
        arguments += ["--micro-batch", str(micro_batch)]
    command = _torchrun(workers, "tests.pretrain_workers", *arguments)
    subprocess.run(command, cwd=ROOT, env=_environment(), check=True, timeout=240)
    _compare(load_file(tmp_path / "norm" / "norm.safetensors"), batch_norm_gradients(), 1e-10)
    written = sorted(tmp_path.glob("*.safetensors"))
    assert len(written) == (6 if micro_batch is None else 3)
    for path in written:
        loss, mode = path.stem.split("-")
        # Batch statistics of 16 pictures magnify the rounding of float32; float64 shows the layer exact.
        tolerance = 3e-3 if mode == "train" else 1e-5
        expected = gradients(pairs, recipe_of(loss), train_mode=mode == "train")
        _compare(load_file(path), expected, tolerance)


@pytest.mark.slow  # as above
def test_two_workers_end_with_the_loss_of_one(pairs: Path, tmp_path: Path) -> None:
    pretrain(replace(pretrain_recipe("tiny"), epochs=3), pairs, tmp_path / "one", seed=3)
    command = [sys.executable, "-m", "osteon.cli", "pretrain", "--recipe", "tiny", "--seed", "3"]
    command += ["--data", str(pairs), "--output", str(tmp_path / "two"), "--workers", "2", "--epochs", "3"]
    subprocess.run(command, cwd=ROOT, env=_environment(), check=True, timeout=240)
    assert read_manifest(tmp_path / "two").settings["workers"] == 2
    assert _curve(tmp_path / "two") == pytest.approx(_curve(tmp_path / "one"), abs=1e-3)


@pytest.mark.slow  # as above
def test_a_divided_run_that_was_killed_goes_on_undivided_with_the_same_loss(
    pairs: Path, tmp_path: Path
) -> None:
    recipe = replace(pretrain_recipe("tiny"), shard_parameters=True)
    pretrain(recipe, pairs, tmp_path / "plain", seed=3)  # one worker divides nothing
    arguments = [
        "--recipe",
        "tiny",
        "--shard",
        "--data",
        str(pairs),
        "--seed",
        "3",
        "--checkpoint-every",
        "0",
    ]
    divided = _torchrun(2, "training.pretrain", *arguments, "--output", str(tmp_path / "cut"))
    checkpoint = tmp_path / ".cut.checkpoint.safetensors"
    run = subprocess.Popen(divided, cwd=ROOT, env=_environment(), start_new_session=True)
    try:
        deadline = time.monotonic() + 120
        while not checkpoint.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
    finally:
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
    assert checkpoint.exists()
    assert not (tmp_path / "cut").exists()
    pretrain(recipe, pairs, tmp_path / "cut", seed=3)
    # Adam steps by the rate however small a gradient is: early rounding shows, up to a hundredth.
    assert _curve(tmp_path / "cut") == pytest.approx(_curve(tmp_path / "plain"), abs=0.03)


@pytest.mark.slow  # as above
def test_a_divided_run_leaves_the_package_of_an_undivided_one(pairs: Path, tmp_path: Path) -> None:
    recipe = replace(pretrain_recipe("tiny"), shard_parameters=True)
    pretrain(recipe, pairs, tmp_path / "one", seed=3)
    command = [sys.executable, "-m", "osteon.cli", "pretrain", "--recipe", "tiny", "--seed", "3", "--shard"]
    command += ["--data", str(pairs), "--output", str(tmp_path / "two"), "--workers", "2"]
    subprocess.run(command, cwd=ROOT, env=_environment(), check=True, timeout=240)
    assert _curve(tmp_path / "two") == pytest.approx(_curve(tmp_path / "one"), abs=1e-3)
    one, two = (read_tensors(tmp_path / name) for name in ("one", "two"))
    assert {name: value.shape for name, value in one.items()} == {n: v.shape for n, v in two.items()}


def _curve(package: Path) -> list[float]:
    import json

    return [log["loss"] for log in json.loads((package / "metrics.json").read_text())["curve"]]


@pytest.mark.slow  # as above, twice
def test_a_run_that_lost_a_worker_starts_it_again_and_ends_as_it_would_have(
    pairs: Path, tmp_path: Path
) -> None:
    recipe = ["--recipe", "tiny", "--data", str(pairs), "--seed", "3", "--checkpoint-every", "0"]
    plain = _torchrun(2, "training.pretrain", *recipe, "--output", str(tmp_path / "plain"))
    subprocess.run(plain, cwd=ROOT, env=_environment(), check=True, timeout=240)
    hurt = _torchrun(
        2, "training.pretrain", *recipe, "--output", str(tmp_path / "hurt"), options=("--max-restarts=2",)
    )
    run = subprocess.Popen(hurt, cwd=ROOT, env=_environment())
    checkpoint = tmp_path / ".hurt.checkpoint.safetensors"
    deadline = time.monotonic() + 120
    try:
        while not checkpoint.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        os.kill(_a_child_of(run.pid), signal.SIGKILL)
        assert run.wait(timeout=240) == 0
    finally:
        run.terminate()  # torchrun ends its workers with it
    first, second = (read_tensors(tmp_path / name) for name in ("plain", "hurt"))
    assert all(torch.equal(first[name], second[name]) for name in first)


def _a_child_of(parent: int) -> int:
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return int(children[-1])


@pytest.mark.slow  # a worker that leaves wrongly hangs about once in fifty starts
def test_workers_that_leave_a_run_end_every_time(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.leaving_workers", str(tmp_path / "store")]
    runs = [
        subprocess.Popen([*command, str(rank), "120"], cwd=ROOT, env=_environment(), start_new_session=True)
        for rank in range(2)
    ]
    try:
        assert [run.wait(timeout=120) for run in runs] == [0, 0]
    finally:
        for run in runs:
            run.kill()
            run.wait()
