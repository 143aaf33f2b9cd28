from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from osteon.domain import RefusedError
from osteon.models.tokenizer import END_ID, PAD_ID, START_ID, ReportTokenizer

REPORTS = [
    "Fracture de l'extrémité distale du radius droit.",
    "Pas de fracture du tibia gauche.",
    "Âge osseux 11 ans.",
]


@pytest.fixture(scope="module")
def tokenizer() -> ReportTokenizer:
    return ReportTokenizer.train(REPORTS * 3, vocab_size=400, context_length=24)


def test_case_and_unicode_form_make_no_difference(tokenizer: ReportTokenizer) -> None:
    forms = ["Extrémité", "EXTRÉMITÉ", unicodedata.normalize("NFD", "extrémité")]
    rows = tokenizer.encode(forms)
    assert bool((rows == rows[0]).all())


def test_a_text_comes_back_in_lower_case(tokenizer: ReportTokenizer) -> None:
    (row,) = tokenizer.encode(["Fracture du radius œ ∂"]).tolist()
    assert tokenizer.decode(row) == "fracture du radius œ ∂"


def test_rows_start_end_and_are_padded_to_the_longest(tokenizer: ReportTokenizer) -> None:
    rows = tokenizer.encode(["fracture", "pas de fracture du tibia"])
    assert rows[:, 0].tolist() == [START_ID, START_ID]
    assert rows[1, -1] == END_ID
    assert rows[0, -1] == PAD_ID


def test_a_long_text_is_cut_at_the_context_length_and_still_ends(tokenizer: ReportTokenizer) -> None:
    rows = tokenizer.encode(["fracture du radius " * 40])
    assert rows.shape == (1, 24)
    assert rows[0, -1] == END_ID


def test_training_depends_on_the_texts_and_not_on_their_order() -> None:
    first = ReportTokenizer.train(REPORTS * 3, vocab_size=400, context_length=24)
    second = ReportTokenizer.train(list(reversed(REPORTS * 3)), vocab_size=400, context_length=24)
    assert first.tokenizer.to_str() == second.tokenizer.to_str()


def test_a_saved_tokenizer_reads_the_same(tokenizer: ReportTokenizer, tmp_path: Path) -> None:
    tokenizer.save(tmp_path / "tokenizer.json")
    loaded = ReportTokenizer.load(tmp_path / "tokenizer.json")
    assert loaded.context_length == 24
    assert loaded.encode(REPORTS).tolist() == tokenizer.encode(REPORTS).tolist()


def test_a_missing_tokenizer_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="osteon pretrain"):
        ReportTokenizer.load(tmp_path / "tokenizer.json")


def test_a_word_seen_once_does_not_become_a_token() -> None:
    trained = ReportTokenizer.train([*REPORTS * 3, "zygomatiquement"], vocab_size=2000, context_length=24)
    assert not any("zygom" in token for token in trained.tokenizer.get_vocab())
