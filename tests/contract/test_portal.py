"""The portal over HTTP: who may see it, what it shows, and what it never gives away."""

import re

import pytest
from fastapi.testclient import TestClient

from services.portal.app import create_app
from services.portal.session import COOKIE, Sessions
from services.portal.settings import Settings
from services.portal.words import WORDS
from tests.portal_services import TOKEN, transport


@pytest.fixture
def settings(tmp_path):
    (tmp_path / "token").write_text(f"{TOKEN} predict,models\n")
    return Settings(token_file=tmp_path / "token")


def _client(settings, kind="well", *, logged_in=True, asked=None):
    client = TestClient(create_app(settings, transport(kind, asked)), follow_redirects=True)
    if logged_in:
        assert client.post("/login", data={"token": TOKEN}).status_code == 200
    return client


def test_without_a_login_the_page_asks_for_the_token_and_no_service_is_asked(settings):
    asked = []
    page = _client(settings, logged_in=False, asked=asked).get("/")
    assert 'type="password"' in page.text
    assert "chu-a" not in page.text
    assert asked == []


def test_a_wrong_token_is_refused_and_counted(settings):
    client = _client(settings, logged_in=False)
    answer = client.post("/login?lang=en", data={"token": "wrong"})
    assert answer.status_code == 401
    assert "not the right one" in answer.text
    assert 'osteon_portal_logins_total{outcome="refused"} 1.0' in client.get("/metrics").text


def test_the_token_is_never_taken_from_an_address(settings):
    page = _client(settings, logged_in=False).get(f"/?token={TOKEN}")
    assert "chu-a" not in page.text


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites_and_is_not_the_token(settings):
    client = TestClient(create_app(settings, transport()), follow_redirects=False)
    answer = client.post("/login", data={"token": TOKEN})
    cookie = answer.headers["set-cookie"]
    assert answer.status_code == 303
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert TOKEN not in cookie
    secure = TestClient(create_app(settings.model_copy(update={"secure_cookie": True}), transport()))
    assert (
        "Secure" in secure.post("/login", data={"token": TOKEN}, follow_redirects=False).headers["set-cookie"]
    )


@pytest.mark.parametrize("cookie", ["", "x", "9999999999.0000", "9999999999", "é.é"])
def test_a_cookie_that_was_not_signed_here_is_worth_nothing(cookie):
    assert not Sessions(TOKEN, 1).holds(cookie)


def test_a_session_ends_at_its_time_and_with_its_token():
    sessions = Sessions(TOKEN, hours=1)
    cookie = sessions.begin(now=1000.0)
    assert sessions.holds(cookie, now=4599.0)
    assert not sessions.holds(cookie, now=4600.0)
    assert not Sessions("another-token", hours=1).holds(cookie, now=1001.0)


def test_logging_out_ends_the_session(settings):
    client = _client(settings)
    assert "chu-a" in client.get("/").text
    client.post("/logout")
    assert "chu-a" not in client.get("/").text


def test_the_page_shows_every_site_its_verdict_and_the_models_in_production(settings):
    text = re.sub(r"\s+", " ", _client(settings).get("/?lang=en").text)
    assert 'class="pill drift">drift' in text
    assert 'class="pill cannot_tell">cannot tell' in text
    assert "12 pictures, too few to judge" in text
    assert "chu-b · Fracture · device k7Qw2 (MMD, component KS)" in text
    assert "12,345" in text
    assert "2 d ago" in text
    assert "Research use only" in text


def test_the_page_is_the_same_in_french(settings):
    text = _client(settings).get("/?lang=fr").text
    assert '<html lang="fr">' in text
    assert "pas de dérive" in text
    assert "12\u202f345" in text
    assert "Recherche uniquement" in text


def test_the_language_asked_for_is_kept(settings):
    client = _client(settings)
    client.get("/?lang=en")
    assert '<html lang="en">' in client.get("/").text


def test_every_text_exists_in_both_languages_with_the_same_blanks():
    blanks = {
        language: {key: set(re.findall(r"{(\w+)}", text)) for key, text in words.items()}
        for language, words in WORDS.items()
    }
    assert blanks["fr"] == blanks["en"]
    assert all(text for words in WORDS.values() for text in words.values())


@pytest.mark.parametrize("kind", ["some", "none", "empty"])
@pytest.mark.parametrize("language", ["fr", "en"])
def test_silent_services_leave_the_page_standing_and_are_named(settings, kind, language):
    page = _client(settings, kind).get(f"/?lang={language}")
    assert page.status_code == 200
    if kind == "none":
        assert page.text.count('class="unreachable"') == 4
        assert WORDS[language]["none_requested"] not in re.sub(r"<[^>]+>", "|", page.text).split("|")


def test_a_value_from_a_service_cannot_become_markup(settings, monkeypatch):
    from tests import portal_services

    models = portal_services.models_json()
    models["models"][0]["version"] = "<script>alert(1)</script>"
    monkeypatch.setattr(portal_services, "models_json", lambda: models)
    text = _client(settings).get("/").text
    assert "<script>" not in text
    assert "&lt;script&gt;" in text


def test_no_page_loads_or_links_anything_from_outside(settings):
    client = _client(settings)
    for text in (client.get("/").text, _client(settings, logged_in=False).get("/").text):
        assert not re.findall(r"""(?:src|href|action)=["']?(?:https?:)?//""", text)
        assert "<script" not in text
        assert "style=" not in text
    css = client.get("/static/portal.css").text
    assert "url(" not in css
    assert "@import" not in css


def test_every_answer_forbids_scripts_frames_and_outside_addresses(settings):
    client = _client(settings)
    for path in ("/", "/static/portal.css", "/healthz"):
        headers = client.get(path).headers
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
    assert client.get("/").headers["cache-control"] == "no-store"


def test_programs_read_the_same_content_with_the_token_as_bearer(settings):
    client = _client(settings, logged_in=False)
    assert client.get("/v1/status").status_code == 401
    found = client.get("/v1/status", headers={"Authorization": f"Bearer {TOKEN}"}).json()
    assert found["predictions"]["fracture"] == {"answered": 12_345, "abstained": 87}
    assert found["received"]["failed"] == 4
    assert {service["state"] for service in found["services"]} == {"ready"}


def test_the_access_token_is_in_no_answer(settings):
    client = _client(settings)
    for path in ("/", "/metrics", "/healthz", "/openapi.json"):
        assert TOKEN not in client.get(path).text


def test_a_missing_token_file_stops_the_start(tmp_path):
    from osteon.domain import UsageError

    with pytest.raises(UsageError, match="access token"):
        create_app(Settings(token_file=tmp_path / "none"))


def test_the_cookie_has_the_name_that_the_page_reads(settings):
    assert COOKIE in _client(settings).cookies
