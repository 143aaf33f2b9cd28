"""Artefacts behind a URI: nothing of an earlier one is left, nothing of a neighbour's is put back."""

import os

import fsspec
import pytest

from osteon.artefact import MANIFEST_NAME, write_manifest
from osteon.domain import Manifest
from pipelines.ledger import run_stage
from pipelines.storage import adding, join, reading, writing


@pytest.fixture
def uri(tmp_path):
    return f"memory://{tmp_path.name}/artefact"


def put(uri, **texts):
    with writing(uri) as folder:
        fill(folder, **texts)


def fill(folder, **texts):
    for name, text in texts.items():
        path = folder / f"{name}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    write_manifest(folder, Manifest(stage="x", settings=texts))


def names(uri):
    with reading(uri) as folder:
        return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_what_the_new_artefact_has_not_is_gone_behind_the_uri(uri):
    put(uri, kept="1", withdrawn="a patient who must not leave any more")
    put(uri, kept="2")
    assert names(uri) == ["kept.txt", MANIFEST_NAME]


def test_an_artefact_that_is_half_replaced_has_no_manifest(uri, monkeypatch):
    put(uri, a="1", b="1")
    filesystem = fsspec.filesystem("memory")
    whole = type(filesystem).put_file

    def broken(self, path, target, **more):
        if target.endswith("b.txt"):
            raise OSError("the line went dead")
        return whole(self, path, target, **more)

    monkeypatch.setattr(type(filesystem), "put_file", broken)
    with pytest.raises(OSError):
        put(uri, a="2", b="2")
    assert not filesystem.exists(join(uri, MANIFEST_NAME))


def test_one_that_adds_puts_back_nothing_that_another_changed_meanwhile(uri):
    put(uri, of_one="old", of_other="old")
    with adding(uri) as folder:
        with adding(uri) as neighbour:
            (neighbour / "of_other.txt").write_text("new")
        (folder / "of_one.txt").write_text("new")
    with reading(uri) as folder:
        assert {path.stem: path.read_text() for path in folder.glob("*.txt")} == {
            "of_one": "new",
            "of_other": "new",
        }


def test_what_one_that_adds_took_away_is_gone_and_nothing_else(uri):
    put(uri, mine="1", yours="1")
    with adding(uri) as folder:
        with adding(uri) as neighbour:
            (neighbour / "later.txt").write_text("1")
        (folder / "mine.txt").unlink()
    assert names(uri) == ["later.txt", MANIFEST_NAME, "yours.txt"]


def test_a_file_has_the_same_time_each_time_it_is_fetched(uri):
    put(uri, a="1")
    times = []
    for _ in range(2):
        with reading(uri) as folder:
            times.append((folder / "a.txt").stat().st_mtime_ns)
            os.utime(folder / "a.txt")
    assert times[0] == times[1]


def test_a_file_that_a_neighbour_takes_away_or_adds_during_a_fetch_is_no_fault(uri, monkeypatch):
    put(uri, a="1", b="1")
    filesystem = fsspec.filesystem("memory")
    whole = type(filesystem).get

    def slow(self, *arguments, **more):
        whole(self, *arguments, **more)
        self.rm_file(filesystem._strip_protocol(join(uri, "a.txt")))
        self.pipe_file(filesystem._strip_protocol(join(uri, "c.txt")), b"new")

    monkeypatch.setattr(type(filesystem), "get", slow)
    with reading(uri) as folder:
        assert sorted(path.stem for path in folder.glob("*.txt")) == ["a", "b"]


def test_a_stage_that_stopped_half_way_is_not_taken_for_the_one_before(tmp_path):
    uri = str(tmp_path / "x")

    def stage(seed, text, dies=False):
        def work(folder):
            fill(folder, **({"a": text} if dies else {"a": text, "b": text}))
            if dies:
                write_manifest(folder, Manifest(stage="x", settings={"a": "1", "b": "1"}))
                raise KeyboardInterrupt

        return run_stage("x", uri, inputs={}, settings={"seed": seed}, work=work)

    stage(1, "1")
    with pytest.raises(KeyboardInterrupt):
        stage(2, "2", dies=True)
    assert not stage(1, "1").reused
    assert (tmp_path / "x" / "a.txt").read_text() == "1"
