"""Search, zero-shot and drafts on a running server with a small dual encoder that was trained for it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread

from osteon.artefact import read_manifest
from osteon.client import ModelServer
from osteon.domain import RefusedError, UsageError
from osteon.features import FeatureRepository, Outbox
from osteon.features.audit import AuditLog
from osteon.features.index import IndexEntry, SearchFilter, open_index
from osteon.models.dual_embedder import DualEmbedder
from osteon.models.dual_package import load_dual_package
from osteon.pairs import PairRecord, build_pairs, read_pairs, sentences
from tests.deid_folder import write_deid_folder
from tests.model_packages import make_model_package, promote_package
from tests.radiographs import cr_bytes, png_bytes
from tests.server_process import TOKEN, RunningServer, outbox_url, running_server, server_registry
from training.pretrain import pretrain

SUBJECT, ANOTHER = "P0123456789ABCDEF", "PZZZZZZZZZZZZZZZZ"
OTHER_PROJECT_TOKEN = "a-token-of-another-project"
NO_SCOPE_TOKEN = "a-token-that-may-only-predict"
TOKENS = f"{TOKEN}\n{OTHER_PROJECT_TOKEN} search,report-draft other\n{NO_SCOPE_TOKEN} predict\n"


@dataclass(frozen=True)
class Trained:
    """Pairs, the dual encoder that was trained on them, and the index that the command built."""

    pairs: Path
    model: Path
    index: Path
    outbox: str

    @property
    def records(self) -> list[PairRecord]:
        return list(read_pairs(self.pairs, "train"))


def command(*arguments: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
    """`osteon index …` in a process of its own."""
    words = [sys.executable, "-m", "osteon.cli", "index", *map(str, arguments)]
    return subprocess.run(words, capture_output=True, text=True, timeout=300, **options)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    folder = tmp_path_factory.mktemp("search")
    build_pairs(write_deid_folder(folder / "deid", 60), folder / "pairs", size=64, workers=1)
    pretrain("tiny", folder / "pairs", folder / "model", seed=3)
    found = Trained(folder / "pairs", folder / "model", folder / "index", outbox_url(folder))
    built = command(
        "build", "--model", found.model, "--index", found.index, "--pairs", found.pairs, "--outbox",
        found.outbox, "--json",
    )  # fmt: skip
    assert built.returncode == 0, built.stderr
    counts = json.loads(built.stdout)["entries"]
    assert counts["picture"] == sum(len(record.pictures) for record in found.records)
    assert counts["sentence"] >= len(found.records)
    other = DualEmbedder.load(found.model)
    stranger = IndexEntry(
        key="elsewhere", kind="sentence", project="other", site="far", study="2.25.9", subject=ANOTHER,
        embedding=other.embed_texts(["Fracture du col fémoral."])[0], text="Fracture du col fémoral.",
    )  # fmt: skip
    open_index(str(found.index)).add([stranger], other.space)
    return found


@pytest.fixture(scope="module")
def server(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    home = tmp_path_factory.mktemp("server")
    promote_package(server_registry(home), make_model_package(home / "bone-age", "bone-age"), "bone-age")
    (home / "search-tokens").write_text(TOKENS)
    settings = {
        "OSTEON_SERVER_DUAL_PACKAGE": str(trained.model),
        "OSTEON_SERVER_INDEX": str(trained.index),
        "OSTEON_SERVER_TOKEN_FILE": str(home / "search-tokens"),
    }
    with running_server(home, settings) as running:
        yield running


def post(
    server: RunningServer, route: str, *files: bytes, token: str = TOKEN, accept: str = "*/*", **fields: str
) -> httpx.Response:
    parts: list[Any] = [("files", (f"{n}.dcm", data)) for n, data in enumerate(files)]
    parts = parts or [("text", (None, fields.pop("text", "")))]
    with server.client as client:
        headers = {"Authorization": f"Bearer {token}", "Accept": accept}
        return client.post(f"/v1/{route}", files=parts, data=fields, headers=headers)


def hits(response: httpx.Response) -> list[dict[str, Any]]:
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = response.json()["hits"]
    return found


def audit_of(server: RunningServer) -> list[Any]:
    return AuditLog(outbox_url(server.home)).entries()


def test_a_french_or_english_text_finds_the_nearest_pictures(server: RunningServer, trained: Trained) -> None:
    embedder = DualEmbedder.load(trained.model)
    for text in ("Fracture du poignet gauche.", "no fracture of the knee"):
        answer = post(server, "search", text=text, k="5")
        found = hits(answer)
        assert [hit["score"] for hit in found] == sorted((hit["score"] for hit in found), reverse=True)
        index = open_index(str(trained.index))
        query, narrow = embedder.embed_texts([text])[0], SearchFilter(projects=frozenset({"osteon"}))
        expected = [hit.key for hit in index.search("picture", query, 5, narrow)]
        assert [hit["key"] for hit in found] == expected
        assert answer.json()["embedding_space"] == embedder.space.name
        assert answer.json()["research_use_only"] is True


def test_a_search_is_narrowed_by_site_and_body_part(server: RunningServer) -> None:
    found = hits(post(server, "search", text="fracture", k="100", body_parts="hand", sites="north,nowhere"))
    assert found
    assert {(hit["body_part"], hit["site"]) for hit in found} == {("hand", "north")}
    assert hits(post(server, "search", text="fracture", sites="nowhere")) == []
    assert hits(post(server, "search", text="fracture", since="2026-01-01")) == []  # pairs have no day


def test_a_token_searches_its_own_projects_only(server: RunningServer) -> None:
    fields = {"text": "Fracture du col fémoral.", "kind": "sentence", "k": "100"}
    own = hits(post(server, "search", **fields))
    other = hits(post(server, "search", token=OTHER_PROJECT_TOKEN, **fields))
    assert {hit["project"] for hit in own} == {"osteon"}
    assert [(hit["key"], hit["project"]) for hit in other] == [("elsewhere", "other")]
    draft = post(server, "report-draft", png_bytes(1), token=OTHER_PROJECT_TOKEN).json()
    assert [each["text"] for each in draft["sentences"]] == ["Fracture du col fémoral."]
    assert post(server, "predict", png_bytes(1), token=OTHER_PROJECT_TOKEN).status_code == 403


def test_scopes_are_asked_for(server: RunningServer) -> None:
    for route in ("search", "zeroshot", "report-draft"):
        assert post(server, route, png_bytes(1), token=NO_SCOPE_TOKEN).status_code == 403
        assert post(server, route, png_bytes(1), token="no-token-of-this-server").status_code == 401


def test_a_patient_is_never_among_their_own_results(server: RunningServer, trained: Trained) -> None:
    embedder, index = DualEmbedder.load(trained.model), open_index(str(trained.index))
    mine = embedder.embed_pictures([np.full((40, 40), 0.5, dtype=np.float32)])[0]
    picture = png_bytes(77)
    entry = IndexEntry(
        key="mine", kind="sentence", project="osteon", site="north", subject=SUBJECT, study="2.25.77",
        embedding=mine, text="Phrase du patient lui-même.",
    )  # fmt: skip
    index.add([entry], embedder.space)
    everything = {"kind": "sentence", "k": "100"}
    assert "mine" in {hit["key"] for hit in hits(post(server, "search", picture, **everything))}
    for route in ("search", "report-draft"):
        fields = everything if route == "search" else {"k": "100"}
        text = post(server, route, picture, subject=SUBJECT, **fields).text
        assert "Phrase du patient" not in text
        assert SUBJECT not in text


def test_a_picture_that_was_answered_for_is_found_and_not_by_itself(
    server: RunningServer, trained: Trained, tmp_path: Path
) -> None:
    """From a prediction through outbox, features and index to a search: the way of every recorded picture."""
    picture, other = cr_bytes(31), cr_bytes(32)
    assert post(server, "predict", picture, subject=SUBJECT).status_code == 200
    assert post(server, "predict", other, subject=ANOTHER).status_code == 200
    repository = FeatureRepository(tmp_path / "features")
    repository.table.create()
    events = [each.event for each in Outbox(outbox_url(server.home)).claim()]
    space = DualEmbedder.load(trained.model).space.name
    assert {event.search_space for event in events} == {space}
    repository.table.append(events)
    arguments = ("--model", trained.model, "--index", trained.index, "--features", repository.path)
    for added in (len(events), 0):
        built = command("build", *arguments, "--outbox", trained.outbox, "--json")
        assert json.loads(built.stdout)["added"] == added, built.stderr
    keys = {event.subject: event.event_id for event in events}
    found = {hit["key"]: hit for hit in hits(post(server, "search", other, k="100"))}
    assert keys[SUBJECT] in found
    assert keys[ANOTHER] not in found  # known by its own picture, though the request did not say who asks
    assert found[keys[SUBJECT]]["day"] == events[0].time_utc[:10]
    assert keys[SUBJECT] not in {hit["key"] for hit in hits(post(server, "search", cr_bytes(33), k="100",
                                                                subject=SUBJECT))}  # fmt: skip


def test_a_picture_that_no_model_answered_for_is_not_indexed(server: RunningServer) -> None:
    outbox = Outbox(outbox_url(server.home))
    outbox.ack(outbox.claim())
    assert post(server, "predict", cr_bytes(41, body_part="CHEST")).status_code == 200
    (claimed,) = outbox.claim()
    assert claimed.event.prediction.status == "abstained"
    assert (claimed.event.search_embedding, claimed.event.search_space) == ((), "")


def test_zero_shot_answers_are_those_of_the_package(server: RunningServer, trained: Trained) -> None:
    from osteon.dicom import read_picture
    from osteon.models.zero_shot import embed_levels, read_prompts, zero_shot_scores

    dual = load_dual_package(trained.model)
    files = [png_bytes(1), cr_bytes(2)]
    levels = np.stack([dual.preprocess.prepare_levels(read_picture(data)) for data in files])
    for language in ("fr", "en", "all"):
        answer = post(server, "zeroshot", *files, task="knee-oa", language=language)
        assert answer.status_code == 200, answer.text
        answers = answer.json()["answers"]
        ensemble = next(
            each for each in read_prompts() if (each.task.value, each.language) == ("knee-oa", language)
        )
        expected = zero_shot_scores(dual, ensemble, embed_levels(dual, levels))
        assert [each["value"] for each in answers] == pytest.approx(list(expected), abs=1e-5)
        for each in answers:
            assert list(each["probabilities"]) == ["0", "1", "2", "3", "4"]
            assert sum(each["probabilities"].values()) == pytest.approx(1.0, abs=1e-6)
    assert post(server, "zeroshot", files[0], task="bone-age").status_code == 422
    assert answer.json()["calibrated"] is False


def test_a_draft_quotes_distinct_sentences_each_with_its_study(
    server: RunningServer, trained: Trained
) -> None:
    reports = {record.study: record for record in trained.records}
    parts = "hand,knee,forearm"  # not the entries that other tests added
    answer = post(server, "report-draft", png_bytes(1), png_bytes(2), k="6", body_parts=parts).json()
    quoted = answer["sentences"]
    assert len(quoted) == len({each["text"].lower() for each in quoted}) == 6
    for each in quoted:
        sections = reports[each["source_study"]].meta["sections"].values()
        assert each["text"] in [line for section in sections for line in sentences(section)]
        assert -1 <= each["score"] <= 1
    assert "nothing is generated" in answer["statement"]
    assert "research use only" in answer["statement"].lower()


def test_a_french_phrase_is_shown_in_a_picture_and_another_one_elsewhere(server: RunningServer) -> None:
    maps = [
        post(server, "explain-phrase", cr_bytes(1), text=phrase)
        for phrase in ("Fracture du radius distal.", "Fracture du radius distal.", "Pas de lésion osseuse.")
    ]
    assert all(each.headers["content-type"] == "image/png" for each in maps), maps[0].text
    one, again, other = (each.content for each in maps)
    assert one == again
    assert one != other
    with Image.open(BytesIO(one)) as image:
        assert image.mode == "RGB"
    capture = post(server, "explain-phrase", cr_bytes(1), accept="application/dicom", text="gonarthrose")
    assert (
        dcmread(BytesIO(capture.content)).StudyInstanceUID == dcmread(BytesIO(cr_bytes(1))).StudyInstanceUID
    )


def test_the_client_gives_the_phrase_map_that_the_server_draws(server: RunningServer, tmp_path: Path) -> None:
    (tmp_path / "wrist.dcm").write_bytes(cr_bytes(1))
    phrase = "Fracture du radius distal."
    with ModelServer(server.url, TOKEN) as client:
        overlay = client.explain_phrase(tmp_path / "wrist.dcm", phrase)
        capture = client.explain_phrase(cr_bytes(1), phrase, dicom=True)
        with pytest.raises(RefusedError):
            client.explain_phrase(png_bytes(1), phrase, dicom=True)  # no DICOM to belong to
        with pytest.raises(RefusedError):
            client.explain_phrase(cr_bytes(1), "")
        with pytest.raises(UsageError):
            client.explain_phrase(tmp_path / "absent.dcm", phrase)
    assert overlay == post(server, "explain-phrase", cr_bytes(1), text=phrase).content
    assert dcmread(BytesIO(capture)).StudyInstanceUID == dcmread(BytesIO(cr_bytes(1))).StudyInstanceUID
    with ModelServer(server.url, NO_SCOPE_TOKEN) as client, pytest.raises(UsageError):
        client.explain_phrase(cr_bytes(1), phrase)


def test_a_phrase_map_has_the_limits_of_the_other_routes(server: RunningServer) -> None:
    assert post(server, "explain-phrase", cr_bytes(1)).status_code == 422
    assert post(server, "explain-phrase", text="fracture").status_code == 422
    assert post(server, "explain-phrase", cr_bytes(1), cr_bytes(2), text="fracture").status_code == 422
    assert post(server, "explain-phrase", cr_bytes(1), text="e" * 5000).status_code in (413, 422)
    assert post(server, "explain-phrase", b"no picture", text="fracture").status_code == 422
    capture = post(server, "explain-phrase", png_bytes(1), accept="application/dicom", text="fracture")
    assert capture.status_code == 422
    asked = {"text": "fracture"}
    assert post(server, "explain-phrase", png_bytes(1), accept="text/html", **asked).status_code == 406
    assert post(server, "explain-phrase", png_bytes(1), token=NO_SCOPE_TOKEN, **asked).status_code == 403
    rows = [row for row in audit_of(server) if row.action == "explain_phrase"]
    assert rows
    assert all(dict(row.facts) == {"files": 1} for row in rows)


@pytest.mark.parametrize(
    ("route", "files", "fields"),
    [
        ("search", 0, {"text": ""}),
        ("search", 2, {}),
        ("search", 1, {"k": "0"}),
        ("search", 1, {"k": "101"}),
        ("search", 1, {"k": "²"}),
        ("search", 1, {"kind": "patient"}),
        ("search", 1, {"since": "last week"}),
        ("search", 1, {"subject": "DUPONT"}),
        ("search", 1, {"unknown": "1"}),
        ("zeroshot", 1, {}),
        ("zeroshot", 1, {"task": "fracture", "language": "de"}),
        ("zeroshot", 0, {"text": "x", "task": "fracture"}),
        ("report-draft", 0, {"text": "x"}),
    ],
)
def test_another_form_is_refused_without_its_content(
    server: RunningServer, route: str, files: int, fields: dict[str, str]
) -> None:
    response = post(server, route, *[png_bytes(n) for n in range(files)], **fields)
    assert response.status_code == 422, response.text
    assert set(response.json()["error"]) == {"need", "got", "next"}
    assert "DUPONT" not in response.text


def test_what_is_no_picture_is_refused(server: RunningServer) -> None:
    for route in ("search", "report-draft"):
        assert post(server, route, b"no picture").status_code == 422
    assert post(server, "zeroshot", b"no picture", task="fracture").status_code == 422


def test_each_search_is_one_audit_row_without_content(server: RunningServer) -> None:
    before = len(audit_of(server))
    secret = "Fracture de Madame Planteuse"
    hits(post(server, "search", text=secret, subject=SUBJECT))
    post(server, "zeroshot", png_bytes(1), task="fracture")
    post(server, "report-draft", png_bytes(1))
    post(server, "search", text=secret, k="0")
    rows = audit_of(server)[before:]
    assert [row.action for row in rows] == ["search", "zeroshot", "report_draft"]
    assert len({row.actor for row in rows}) == 1
    assert rows[0].actor.startswith("token:")
    assert dict(rows[0].facts)["asked_by"] == "text"
    written = server.log + json.dumps([dict(row.facts) for row in rows]) + rows[0].actor
    with server.client as client:
        written += client.get("/metrics").text
    assert not [word for word in ("Planteuse", SUBJECT, TOKEN) if word in written]


def test_a_deleted_patient_is_not_found_by_the_server_that_is_running(
    server: RunningServer, trained: Trained
) -> None:
    studies = {record.patient: record.study for record in trained.records}
    patient, study = sorted(studies.items())[0]
    before = hits(post(server, "search", text="fracture", k="100", kind="sentence"))
    assert study in {hit["study"] for hit in before}
    done = command(
        "delete", "--subject", "-", "--index", trained.index, "--outbox", trained.outbox, "--json",
        input=f"{patient}\n",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["index_entries"] > 0
    for kind in ("picture", "sentence"):
        after = hits(post(server, "search", text="fracture", k="100", kind=kind))
        assert study not in {hit["study"] for hit in after}
    again = command(
        "build", "--model", trained.model, "--index", trained.index, "--pairs", trained.pairs,
        "--outbox", trained.outbox, "--json",
    )  # fmt: skip
    assert json.loads(again.stdout)["added"] == 0, again.stderr
    entry = AuditLog(trained.outbox).entries()[-2]
    assert (entry.action, patient in json.dumps(dict(entry.facts))) == ("subject_deleted", False)


def test_the_command_and_the_server_find_the_same(
    server: RunningServer, trained: Trained, tmp_path: Path
) -> None:
    picture = tmp_path / "hand.png"
    picture.write_bytes(png_bytes(5))
    done = command(
        "search", picture, "--model", trained.model, "--index", trained.index, "--k", "4", "--outbox",
        trained.outbox, "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    by_server = hits(post(server, "search", picture.read_bytes(), k="4"))
    assert [hit["key"] for hit in json.loads(done.stdout)] == [hit["key"] for hit in by_server]
    assert AuditLog(trained.outbox).entries()[-1].action == "search"


def test_the_manifest_names_the_space_and_every_vector_file(trained: Trained) -> None:
    manifest = read_manifest(trained.index)
    assert manifest.settings["space"] == DualEmbedder.load(trained.model).space.name
    assert {path.name for path in trained.index.glob("*.vectors")} == set(manifest.outputs)


@pytest.mark.slow
def test_openapi_says_what_the_search_routes_do(server: RunningServer) -> None:
    (server.home / "schemathesis.toml").write_text(
        '[checks.positive_data_acceptance]\nexpected-statuses = ["2xx", 413, 422]\n'
    )
    words = [
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{server.url}/openapi.json"),
        *("--header", f"Authorization: Bearer {TOKEN}", "--max-examples", "15", "--seed", "1"),
        *("--phases", "examples,fuzzing", "--generation-database", "none"),
        *("--include-path-regex", "search|zeroshot|report|phrase"),
    ]
    done = subprocess.run(words, capture_output=True, text=True, timeout=200, cwd=server.home)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


@pytest.mark.slow  # another server is started
def test_a_server_without_a_dual_encoder_says_what_to_do(tmp_path: Path, trained: Trained) -> None:
    promote_package(
        server_registry(tmp_path), make_model_package(tmp_path / "bone-age", "bone-age"), "bone-age"
    )
    with running_server(tmp_path) as bare:
        for route in ("search", "zeroshot", "report-draft", "explain-phrase"):
            fields = {"zeroshot": {"task": "fracture"}, "explain-phrase": {"text": "fracture"}}.get(route, {})
            response = post(bare, route, png_bytes(1), **fields)
            assert response.status_code == 409
            assert "DUAL_PACKAGE" in response.json()["error"]["next"]
