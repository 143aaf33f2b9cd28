"""The soak of the model server in its short form: one round of load and faults on real processes."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from benchmarks.accept_04.run import soak
from benchmarks.accept_04.verdict import summary


@pytest.mark.slow  # a minute of load, and the models, the index and the answers to compare with before it
def test_no_answer_is_wrong_and_no_record_lost_whatever_happens_to_the_server(tmp_path: Path) -> None:
    # Given a server with its writer under a supervisor, and clients who ask all that it can do,
    # when champions change, the server and the writer are killed, the disk is full and clients are rude,
    figures = asyncio.run(soak(tmp_path, minutes=1.0, clients=4, seed=0))
    # then every bound of the long run holds.
    assert all(figures["bounds"].values()), summary(figures) + str(figures["examples"])
    assert figures["answers_compared"] > 100
    assert figures["starts"]["server"] >= 2
    assert figures["starts"]["writer"] >= 2
