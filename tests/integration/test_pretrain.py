from __future__ import annotations

import json
import os
import signal
import time
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
import torch

from osteon.artefact import sha256_file
from osteon.domain import RefusedError, UsageError
from osteon.models.dual_package import load_dual_package
from osteon.models.encoders import build_image_encoder, load_matching_weights
from osteon.models.package import ENCODER_PREFIX, encoder_name, read_tensors
from osteon.models.preprocess import Preprocess
from osteon.pairs import build_pairs
from tests.deid_folder import write_deid_folder
from training.distortion import Distortion
from training.pair_batch import draw_batch
from training.pair_data import ShardPictures, TextSampling, epoch_batches, load_pairs, same_region_epoch
from training.pretrain import pretrain
from training.pretrain_recipes import PRETRAIN_RECIPES, pretrain_recipe, tiny


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pretrain")
    deid = write_deid_folder(folder / "deid", 120)
    build_pairs(deid, folder / "pairs", size=64, workers=1)
    return folder / "pairs"


@pytest.fixture(scope="module")
def package(pairs: Path) -> Path:
    pretrain("tiny", pairs, pairs.parent / "package", seed=3)
    return pairs.parent / "package"


def _hashes(folder: Path) -> dict[str, str]:
    return {path.name: sha256_file(path) for path in folder.iterdir() if path.name != "manifest.json"}


def test_the_same_data_and_seed_give_the_same_bytes(pairs: Path, package: Path, tmp_path: Path) -> None:
    torch.manual_seed(99)  # the global generator must not matter
    pretrain("tiny", pairs, tmp_path / "again", seed=3)
    assert _hashes(tmp_path / "again") == _hashes(package)


def test_another_seed_gives_other_weights(pairs: Path, package: Path, tmp_path: Path) -> None:
    pretrain("tiny", pairs, tmp_path / "other", seed=4)
    assert _hashes(tmp_path / "other")["model.safetensors"] != _hashes(package)["model.safetensors"]


@pytest.mark.parametrize("killed_at", [3, 9, 13])
def test_a_run_that_was_killed_ends_like_one_that_was_not(
    pairs: Path, package: Path, tmp_path: Path, killed_at: int
) -> None:
    calls = 0

    def kill(done: int, total: int) -> None:
        nonlocal calls
        calls += 1
        if calls == killed_at:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pretrain("tiny", pairs, tmp_path / "resumed", seed=3, progress=kill)
    assert not (tmp_path / "resumed").exists()
    pretrain("tiny", pairs, tmp_path / "resumed", seed=3)
    assert _hashes(tmp_path / "resumed") == _hashes(package)
    assert [path.name for path in tmp_path.iterdir()] == ["resumed"]


def test_a_run_killed_five_times_inside_its_epochs_ends_like_one_that_was_not(
    pairs: Path, package: Path, tmp_path: Path
) -> None:
    checkpoint = tmp_path / ".killed.checkpoint.safetensors"
    random, step = np.random.default_rng(0), 0
    for _ in range(5):
        run = get_context("fork").Process(target=_run_on, args=(pairs, tmp_path / "killed"))
        run.start()
        target = step + int(random.integers(1, 3))  # the tiny run has fourteen steps
        while run.is_alive() and (step := _step(checkpoint)) < target:
            time.sleep(0.001)
        assert run.pid is not None
        os.kill(run.pid, signal.SIGKILL)
        run.join()
        assert run.exitcode == -signal.SIGKILL
        step = _step(checkpoint)
    _run_on(pairs, tmp_path / "killed")
    assert _hashes(tmp_path / "killed") == _hashes(package)
    assert not checkpoint.exists()


def _run_on(pairs: Path, output: Path) -> None:
    """Writes a checkpoint after each step, and takes its time over it so that a kill finds any of them."""
    pretrain(
        "tiny", pairs, output, seed=3, checkpoint_every_s=0, progress=lambda _done, _all: time.sleep(0.05)
    )


def _step(checkpoint: Path) -> int:
    if not checkpoint.is_file():
        return 0
    # safe_open opens the name twice, and the run replaces the file meanwhile: one open file, its header read.
    with checkpoint.open("rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    return int(json.loads(header["__metadata__"]["state"])["step"])


def test_a_checkpoint_of_another_run_is_not_resumed(pairs: Path, package: Path, tmp_path: Path) -> None:
    def kill(done: int, total: int) -> None:
        if done > 600:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pretrain("tiny", pairs, tmp_path / "run", seed=4, progress=kill)
    pretrain("tiny", pairs, tmp_path / "run", seed=3)
    assert _hashes(tmp_path / "run") == _hashes(package)


def test_pictures_find_their_reports_better_than_chance(pairs: Path, tmp_path: Path) -> None:
    recipe = replace(tiny(), epochs=25, learning_rate=3e-3)
    pretrain(recipe, pairs, tmp_path / "longer", seed=0)
    metrics = json.loads((tmp_path / "longer" / "metrics.json").read_text())
    assert metrics["curve"][-1]["loss"] < 0.8 * metrics["curve"][0]["loss"]
    assert metrics["validation"]["image_to_text_r1"] > 2 * metrics["validation"]["chance_r1"]


def test_the_package_gives_its_encoder_to_fine_tuning(package: Path) -> None:
    encoder = build_image_encoder(encoder_name(package), seed=1)
    loaded = load_matching_weights(encoder, read_tensors(package), prefix=ENCODER_PREFIX)
    assert loaded == len(encoder.state_dict())


def test_a_loaded_package_embeds_as_it_did(package: Path, pairs: Path) -> None:
    dual = load_dual_package(package)
    val = load_pairs(pairs, "val", dual.preprocess)
    image = torch.from_numpy(val.first_pictures())[:, None].float() / 255
    with torch.inference_mode():
        first = dual.model.encode_image(image)
        second = load_dual_package(package).model.encode_image(image)
    assert torch.equal(first, second)


def test_a_changed_package_is_refused(pairs: Path, tmp_path: Path) -> None:
    pretrain("tiny", pairs, tmp_path / "package", seed=5)
    (tmp_path / "package" / "tokenizer.json").write_text("{}", encoding="utf-8")
    with pytest.raises(RefusedError, match="dual encoder as it was written"):
        load_dual_package(tmp_path / "package")


def test_a_time_limit_ends_the_run_and_its_schedule(pairs: Path, tmp_path: Path) -> None:
    recipe = replace(tiny(), epochs=10_000)
    manifest = pretrain(recipe, pairs, tmp_path / "short", time_limit_min=0.02)
    assert 0 < manifest.figures["elapsed_s"] < 10


def test_no_recipe_mirrors_a_picture() -> None:
    assert not any(recipe().distortion.flip for recipe in PRETRAIN_RECIPES.values())
    with pytest.raises(UsageError, match="droit and gauche"):
        replace(tiny(), distortion=Distortion(flip=True))


def test_an_unknown_recipe_is_a_usage_error() -> None:
    with pytest.raises(UsageError):
        pretrain_recipe("enormous")


def test_a_drawn_text_is_part_of_its_report_in_its_order(pairs: Path) -> None:
    train = load_pairs(pairs, "train", Preprocess(size=32))
    random = np.random.default_rng(0)
    sampling = TextSampling(whole_share=0.3, indication_share=0.5)
    drawn = {train.sampled_text(0, sampling, random) for _ in range(60)}
    whole = " ".join((train.indications[0], *train.findings[0]))
    assert len(drawn) > 2
    for text in drawn:
        words = iter(whole.split())
        assert all(word in words for word in text.split())


def test_no_signature_or_letterhead_reaches_the_text_encoder(pairs: Path) -> None:
    train = load_pairs(pairs, "train", Preprocess(size=32))
    assert not any(name in text for text in train.texts() for name in ("Durand", "MARTIN", "HOSPITALIER"))


def test_a_batch_depends_on_its_seeds_alone(package: Path, pairs: Path) -> None:
    recipe, tokenizer = tiny(), load_dual_package(package).tokenizer
    train = load_pairs(pairs, "train", Preprocess(size=recipe.size))
    draws = [
        draw_batch(train, np.arange(4), recipe, tokenizer, seeds).ready(recipe, torch.device("cpu"))
        for seeds in ([0, 1], [0, 1], [0, 2])
    ]
    assert torch.equal(draws[0].image, draws[1].image)
    assert torch.equal(draws[0].token, draws[1].token)
    assert not torch.equal(draws[0].image, draws[2].image)


@pytest.mark.parametrize("views", [1, 2])
def test_the_workers_draw_the_parts_of_one_batch(package: Path, pairs: Path, views: int) -> None:
    recipe = replace(
        tiny(), views=views, view_pooling="mean" if views > 1 else None, distortion=Distortion(flip=False)
    )
    tokenizer, cpu = load_dual_package(package).tokenizer, torch.device("cpu")
    train = load_pairs(pairs, "train", Preprocess(size=recipe.size))
    whole = draw_batch(train, np.arange(9), recipe, tokenizer, [0, 1]).ready(recipe, cpu)
    parts = [
        draw_batch(train, np.arange(9), recipe, tokenizer, [0, 1], slice(start, start + 3)).ready(recipe, cpu)
        for start in (0, 3, 6)
    ]
    assert torch.equal(torch.cat([part.image for part in parts]), whole.image)
    assert torch.equal(torch.cat([part.token for part in parts]), whole.token)
    assert [part.first for part in parts] == [0, 3, 6]
    for part, again in zip(parts, whole.parts(3), strict=True):
        assert torch.equal(part.image, again.image)


def test_pictures_left_in_their_shards_are_those_in_memory(pairs: Path) -> None:
    memory = load_pairs(pairs, "train", Preprocess(size=32))
    disk = load_pairs(pairs, "train", Preprocess(size=32), memory_bytes=0)
    assert isinstance(memory.levels, np.ndarray)
    assert isinstance(disk.levels, ShardPictures)
    assert np.array_equal(disk.first_pictures(), memory.first_pictures())
    assert np.array_equal(disk.pictures(range(len(disk.levels))), memory.levels)


def test_a_set_on_disk_with_loader_processes_gives_the_same_bytes(
    pairs: Path, package: Path, tmp_path: Path
) -> None:
    recipe = replace(tiny(), loader_workers=2)
    pretrain(recipe, pairs, tmp_path / "disk", seed=3, memory_bytes=0)
    assert _hashes(tmp_path / "disk") == _hashes(package)


def test_a_batch_of_one_region_holds_one_region_and_no_study_twice() -> None:
    regions = ["hand"] * 30 + ["knee"] * 25 + ["ankle"] * 9
    batches = epoch_batches(regions, 8, 0, 1, same_region=True)
    assert len(batches) == 8
    alike = [batch for batch in batches if len({regions[index] for index in batch}) == 1]
    assert len(alike) >= 7
    seen = [index for batch in alike for index in batch]
    assert len(seen) == len(set(seen))


@pytest.mark.parametrize("share", [0.0, 0.5, 0.75, 1.0])
def test_as_many_epochs_as_asked_for_hold_one_region_a_batch(share: float) -> None:
    alike = [same_region_epoch(epoch, share) for epoch in range(40)]
    assert sum(alike) == 40 * share
    runs = [sum(alike[start : start + 4]) for start in range(0, 40, 4)]
    assert set(runs) == {4 * share}  # spread over the run, not at its end


def test_the_conclusion_alone_is_drawn_as_often_as_asked_for(pairs: Path) -> None:
    train = load_pairs(pairs, "train", Preprocess(size=32))
    study = next(index for index, found in enumerate(train.findings) if found != train.conclusions[index])
    conclusion, random = " ".join(train.conclusions[study]), np.random.default_rng(0)
    assert conclusion
    sampling = TextSampling(whole_share=1.0, indication_share=0.0, conclusion_share=0.6)
    draws = [train.sampled_text(study, sampling, random) for _ in range(300)]
    assert set(draws) == {conclusion, " ".join(train.findings[study])}
    assert 150 < draws.count(conclusion) < 210


def test_a_report_without_a_conclusion_gives_its_findings(pairs: Path) -> None:
    train = load_pairs(pairs, "train", Preprocess(size=32))
    bare = replace(train, conclusions=[()] * len(train))
    sampling = TextSampling(whole_share=1.0, indication_share=0.0, conclusion_share=1.0)
    drawn = bare.sampled_text(0, sampling, np.random.default_rng(0))
    assert drawn == " ".join(train.findings[0])


def test_a_mixed_epoch_visits_every_study_but_the_rest_of_a_batch() -> None:
    batches = epoch_batches(["hand"] * 21, 5, 3, 0, same_region=False)
    assert len(set(np.concatenate(batches))) == 20
    assert not np.array_equal(batches[0], epoch_batches(["hand"] * 21, 5, 3, 2, same_region=False)[0])
