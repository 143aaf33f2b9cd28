"""Self-alignment of a tiny tower: it finds synonyms of concepts it never saw, and the library reads it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from typer.testing import CliRunner

from osteon.artefact import read_manifest, sha256_file
from osteon.cli import app
from osteon.domain import RefusedError
from tests.synonyms import synonym_table, write_tsv
from training.sap import SapRecipe, SmallText, SynonymTable, align, load_encoder, synonym_accuracy

TINY = SapRecipe(
    epochs=2,
    batch_pairs=48,
    learning_rate=3e-3,
    small=SmallText(vocab_size=400, width=32, layers=1, heads=2),
)


@pytest.fixture(scope="module")
def aligned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sap") / "encoder"
    align(synonym_table(), "small", folder, recipe=TINY, seed=1)
    return folder


def test_synonyms_of_concepts_never_learned_from_are_found(aligned: Path) -> None:
    figures = read_manifest(aligned).figures
    before, after = figures["before"], figures["after"]
    assert before["queries"] == after["queries"] >= 30
    assert before["acc_1"] < 0.3
    assert after["acc_1"] > before["acc_1"] + 0.4
    assert after["acc_5"] >= after["acc_1"] > 20 * after["chance_1"]
    assert json.loads((aligned / "metrics.json").read_text())["after"] == after


def test_the_folder_is_one_of_the_library_with_safetensors_alone(aligned: Path) -> None:
    from transformers import AutoModel, AutoTokenizer

    names = {path.name for path in aligned.iterdir()}
    assert {"config.json", "model.safetensors", "tokenizer.json", "sap.json", "manifest.json"} <= names
    assert not [name for name in names if name.endswith((".bin", ".pt", ".pkl"))]
    model = AutoModel.from_pretrained(str(aligned), local_files_only=True)
    tokenizer = AutoTokenizer.from_pretrained(str(aligned), local_files_only=True)
    assert tokenizer.model_max_length == 128 <= model.config.max_position_embeddings - 2  # reports fit too
    batch = tokenizer(["fracture du radius", "os"], padding=True, return_tensors="pt")
    with torch.inference_mode():
        state = model.eval()(
            input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]
        ).last_hidden_state
    kept = batch["attention_mask"].unsqueeze(-1)
    mean = torch.nn.functional.normalize((state * kept).sum(1) / kept.sum(1), dim=-1)
    ours = load_encoder(aligned, pooling="mean").encode_all(["fracture du radius", "os"])
    assert torch.allclose(ours, mean, atol=1e-6)


def test_the_same_seed_gives_the_same_weights(tmp_path: Path) -> None:
    recipe = replace(TINY, epochs=1)
    for name in ("one", "two"):
        align(synonym_table(), "small", tmp_path / name, recipe=recipe, seed=3)
    first, second = (sha256_file(tmp_path / name / "model.safetensors") for name in ("one", "two"))
    assert first == second


def test_an_aligned_folder_is_aligned_further(aligned: Path, tmp_path: Path) -> None:
    recipe = replace(TINY, epochs=1, pooling="mean")
    manifest = align(synonym_table(), aligned, tmp_path / "more", recipe=recipe)
    assert manifest.figures["before"]["acc_1"] == pytest.approx(
        read_manifest(aligned).figures["after"]["acc_1"]
    )
    with safe_open(tmp_path / "more" / "model.safetensors", framework="pt") as tensors:
        assert not [name for name in tensors.keys() if "pooler" in name]  # noqa: SIM118  (it is no mapping)
    assert manifest.inputs["init"] == sha256_file(aligned / "model.safetensors")


@pytest.mark.parametrize("kind", ["BertModel", "XLMRobertaModel", "DistilBertModel"])
def test_encoders_of_other_kinds_are_aligned_as_they_are_brought(
    kind: str, aligned: Path, tmp_path: Path
) -> None:
    import transformers

    torch.manual_seed(0)
    network = getattr(transformers, kind)
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    if kind == "DistilBertModel":
        sizes = {"dim": 16, "n_layers": 1, "n_heads": 2, "hidden_dim": 32}
    network(network.config_class(vocab_size=400, pad_token_id=0, **sizes)).save_pretrained(
        tmp_path / "brought"
    )
    transformers.AutoTokenizer.from_pretrained(str(aligned)).save_pretrained(tmp_path / "brought")
    recipe = replace(TINY, epochs=3, pooling="mean")
    figures = align(synonym_table(), tmp_path / "brought", tmp_path / "out", recipe=recipe).figures
    assert figures["after"]["acc_5"] > figures["before"]["acc_5"] + 0.3
    assert json.loads((tmp_path / "out" / "sap.json").read_text()) == {"max_tokens": 25, "pooling": "mean"}


def test_equal_vectors_earn_nothing(aligned: Path) -> None:
    class Constant:
        def encode_all(self, names: list[str]) -> torch.Tensor:
            return torch.ones(len(names), 1)

    table = synonym_table()
    assert synonym_accuracy(Constant(), table, SynonymTable(names={}))["acc_5"] == 0  # type: ignore[arg-type]


@pytest.mark.parametrize("init", ["no/such/folder", "."])
def test_a_folder_without_an_encoder_is_refused(
    init: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RefusedError, match="text encoder"):
        align(synonym_table(), init, tmp_path / "out", recipe=TINY)
    assert not (tmp_path / "out").exists()


def test_the_command_prints_both_accuracies_as_json(tmp_path: Path) -> None:
    arguments = [
        "sap",
        str(write_tsv(tmp_path / "names.tsv")),
        "--init",
        "small",
        "--output",
        str(tmp_path / "out"),
    ]
    run = CliRunner().invoke(app, [*arguments, "--batch-pairs", "128", "--json"])
    assert run.exit_code == 0, run.output
    assert set(json.loads(run.stdout)) == {"concepts_learned", "concepts_measured", "before", "after"}
    absent = CliRunner().invoke(app, ["sap", "absent.tsv", "--init", "small", "--output", "out", "--json"])
    assert (absent.exit_code, list(json.loads(absent.stdout)["error"])) == (2, ["need", "got", "next"])
