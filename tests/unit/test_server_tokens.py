"""Who may ask what: tokens of the file, signed tokens, scopes."""

from __future__ import annotations

import stat
import time
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from osteon.domain import UsageError
from services.model_server.answers import HttpError
from services.model_server.settings import Settings
from services.model_server.tokens import Tokens, parse_tokens

LONG = "a-token-of-many-characters"


def settings(folder: Path, **changes: Any) -> Settings:
    return Settings(token_file=folder / "secrets" / "token", hmac_key_file=folder / "hmac.key", **changes)


def status_of(tokens: Tokens, token: str | None, scope: str) -> int:
    try:
        tokens.require(token, scope)
    except HttpError as error:
        return error.status
    return 200


def test_a_token_has_its_scopes_and_no_others() -> None:
    tokens = Tokens(parse_tokens(f"# the portal\n{LONG} models,embed\n{LONG}-2\n"))
    assert status_of(tokens, LONG, "models") == 200
    assert status_of(tokens, LONG, "predict") == 403
    assert status_of(tokens, f"{LONG}-2", "predict") == 200
    assert status_of(tokens, f"{LONG}-3", "predict") == status_of(tokens, None, "predict") == 401


def test_a_token_is_of_its_projects_and_else_of_the_servers_own() -> None:
    tokens = Tokens(parse_tokens(f"{LONG} predict,search lyon,lille\n{LONG}-2\n"), project="lille")
    assert tokens.require(LONG, "search").projects == {"lyon", "lille"}
    assert tokens.require(f"{LONG}-2", "search").projects == {"lille"}
    assert status_of(tokens, LONG, "predict") == 200
    elsewhere = Tokens(parse_tokens(f"{LONG} predict,search lyon"), project="lille")
    assert elsewhere.require(LONG, "search").projects == {"lyon"}
    assert status_of(elsewhere, LONG, "predict") == 403


def test_the_actor_names_a_token_without_telling_it() -> None:
    tokens = Tokens(parse_tokens(f"{LONG}\n{LONG}-2\n"))
    actors = {tokens.require(token, "search").actor for token in (LONG, f"{LONG}-2")}
    assert len(actors) == 2
    assert not any(LONG[:6] in actor for actor in actors)


@pytest.mark.parametrize(
    "line", ["short", f"{LONG} everything", f"{LONG} predict a/b", f"{LONG} predict a b"]
)
def test_a_token_file_with_another_line_is_refused(line: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_tokens(line)
    assert line not in str(refused.value)


def test_a_token_is_made_on_the_first_start_for_its_owner_alone(tmp_path: Path) -> None:
    chosen = settings(tmp_path)
    Tokens.load(chosen)
    token = chosen.token_file.read_text().strip()
    assert status_of(Tokens.load(chosen), token, "predict") == 200
    assert stat.S_IMODE(chosen.token_file.stat().st_mode) == 0o600


@pytest.fixture
def signer(tmp_path: Path) -> ec.EllipticCurvePrivateKey:
    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    (tmp_path / "public.pem").write_bytes(public)
    return key


def test_a_signed_token_is_accepted_for_its_scope_until_it_ends(
    tmp_path: Path, signer: ec.EllipticCurvePrivateKey
) -> None:
    tokens = Tokens.load(settings(tmp_path, jwt_key_file=tmp_path / "public.pem", jwt_issuer="hospital"))
    claims = {
        "aud": "osteon-model-server",
        "iss": "hospital",
        "exp": time.time() + 60,
        "scope": "predict openid",
    }

    def sign(**changes: Any) -> str:
        return jwt.encode({**claims, **changes}, signer, algorithm="ES256")

    assert status_of(tokens, sign(), "predict") == 200
    assert status_of(tokens, sign(), "embed") == 403
    granted = tokens.require(sign(scope="search", projects="lyon lille", sub="someone"), "search")
    assert (granted.projects, "someone" in granted.actor) == ({"lyon", "lille"}, False)
    again = sign(scope="search", sub="someone", exp=time.time() + 90)
    assert tokens.require(again, "search").actor == granted.actor
    wrong = {"exp": time.time() - 60}, {"aud": "another"}, {"iss": "another"}, {"scope": ""}
    for changes in wrong:
        assert status_of(tokens, sign(**changes), "predict") == 401
    stranger = jwt.encode(claims, ec.generate_private_key(ec.SECP256R1()), algorithm="ES256")
    unsigned = jwt.encode(claims, "", algorithm="none")
    for forged in (stranger, unsigned, sign()[:-4] + "AAAA"):
        assert status_of(tokens, forged, "predict") == 401


def test_a_site_is_one_of_the_list_or_well_formed(tmp_path: Path) -> None:
    assert settings(tmp_path).known_site("lyon") == "lyon"
    assert settings(tmp_path, site="lille").known_site(None) == "lille"
    for chosen, site in ((settings(tmp_path), "a b"), (settings(tmp_path, sites=("lyon",)), "nantes")):
        with pytest.raises(UsageError) as refused:
            chosen.known_site(site)
        assert site not in str(refused.value)
