"""Signed packages: a server that trusts some signers takes nothing that none of them signed."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from osteon.cli import app
from osteon.domain import OsteonError, RefusedError, Task, UsageError
from osteon.registry import Registry, TrustedSigners, make_signing_key
from osteon.registry.signing import Signature, Statement, sign
from tests.registries import new_registry
from tests.unit.test_registry import WHO, make_package


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("keys")
    for name in ("known", "stranger"):
        make_signing_key(folder / name)
    return {name: folder / name for name in ("known", "stranger")}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    return new_registry(tmp_path_factory.mktemp("registry")).tracking_uri


@pytest.fixture
def open_to_all(address: str, request: pytest.FixtureRequest) -> Registry:
    return Registry(address, f"p{abs(hash(request.node.name))}")


def strict(registry: Registry, *public: Path) -> Registry:
    """The same registry as a server sees it that trusts the signers of these keys."""
    folder = public[0].parent / f"trusted-{registry.project}"
    folder.write_bytes(b"".join(Path(f"{path}.pub").read_bytes() for path in public))
    return Registry(registry.tracking_uri, registry.project, trusted=TrustedSigners.load(folder))


def promoted(registry: Registry, folder: Path) -> str:
    version = registry.register(make_package(folder), Task.FRACTURE)
    registry.promote(Task.FRACTURE, version, **WHO)
    return version


def test_a_package_signed_by_a_trusted_person_is_served(
    open_to_all: Registry, keys: dict[str, Path], tmp_path: Path
) -> None:
    version = promoted(open_to_all, tmp_path / "package")
    done = open_to_all.sign(Task.FRACTURE, version, keys["known"], signer="dr.test")
    model = strict(open_to_all, keys["stranger"], keys["known"]).get(Task.FRACTURE)
    assert model.digest == done.signature.statement.digest
    assert [row.signer for row in open_to_all.signatures(Task.FRACTURE, model.digest)] == ["dr.test"]


def test_an_unsigned_package_is_refused_only_where_signers_are_asked_for(
    open_to_all: Registry, keys: dict[str, Path], tmp_path: Path
) -> None:
    promoted(open_to_all, tmp_path / "package")
    assert open_to_all.get(Task.FRACTURE).version == "1"
    with pytest.raises(RefusedError, match="0 signatures"):
        strict(open_to_all, keys["known"]).get(Task.FRACTURE)


def test_a_strangers_signature_does_not_count(
    open_to_all: Registry, keys: dict[str, Path], tmp_path: Path
) -> None:
    version = promoted(open_to_all, tmp_path / "package")
    open_to_all.sign(Task.FRACTURE, version, keys["stranger"], signer="dr.test")
    with pytest.raises(RefusedError, match="1 signatures, none of them theirs"):
        strict(open_to_all, keys["known"]).get(Task.FRACTURE)


def test_a_signature_is_of_one_package_one_task_and_one_project(
    open_to_all: Registry, keys: dict[str, Path], tmp_path: Path
) -> None:
    version = promoted(open_to_all, tmp_path / "package")
    done = open_to_all.sign(Task.FRACTURE, version, keys["known"], signer="dr.test")
    trusted = TrustedSigners.load(Path(f"{keys['known']}.pub"))
    own = done.signature.statement
    assert trusted.accept([done.signature]) == done.signature.key
    for other in (
        Statement(project="other", task=own.task, digest=own.digest),
        Statement(project=own.project, task="knee-oa", digest=own.digest),
        Statement(project=own.project, task=own.task, digest="0" * 64),
    ):
        moved = Signature(statement=other, key=done.signature.key, value=done.signature.value)
        assert trusted.accept([moved]) is None


def test_a_package_that_changed_after_registration_cannot_be_signed(
    open_to_all: Registry, keys: dict[str, Path], tmp_path: Path
) -> None:
    version = promoted(open_to_all, tmp_path / "package")
    path = open_to_all.get(Task.FRACTURE).path
    (path / "config.json").write_text("{}")
    with pytest.raises(RefusedError, match="changed"):
        open_to_all.sign(Task.FRACTURE, version, keys["known"], signer="dr.test")


def test_signatures_cannot_be_changed_or_taken_away(
    open_to_all: Registry, keys: dict[str, Path], tmp_path: Path
) -> None:
    version = promoted(open_to_all, tmp_path / "package")
    open_to_all.sign(Task.FRACTURE, version, keys["known"], signer="dr.test")
    engine = sa.create_engine(open_to_all.tracking_uri)
    for statement in ("UPDATE osteon_signature SET signer = 'x'", "DELETE FROM osteon_signature"):
        with pytest.raises(sa.exc.DatabaseError, match="append-only"), engine.begin() as connection:
            connection.execute(sa.text(statement))


def test_the_private_key_is_its_owners_alone_and_never_written_over(tmp_path: Path) -> None:
    make_signing_key(tmp_path / "own")
    assert stat.S_IMODE((tmp_path / "own").stat().st_mode) == 0o600
    with pytest.raises(UsageError, match="key that is there"):
        make_signing_key(tmp_path / "own")


def test_other_keys_and_other_files_are_refused(tmp_path: Path) -> None:
    key = generate_private_key(65537, 2048)
    rsa = tmp_path / "rsa"
    rsa.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public = tmp_path / "rsa.pub"
    public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    statement = Statement(project="p", task="fracture", digest="0" * 64)
    with pytest.raises(RefusedError, match="Ed25519"):
        sign(statement, rsa)
    with pytest.raises(RefusedError, match="Ed25519"):
        TrustedSigners.load(public)
    with pytest.raises(UsageError, match="no file"):
        sign(statement, tmp_path / "absent")
    (tmp_path / "empty").touch()
    with pytest.raises(RefusedError, match="empty"):
        TrustedSigners.load(tmp_path / "empty")


@settings(deadline=None, max_examples=50)
@given(content=st.binary(max_size=300))
def test_no_content_of_a_file_of_keys_is_a_crash(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "some.pub"
    path.write_bytes(content)
    with pytest.raises(OsteonError):
        TrustedSigners.load(path)


def test_the_commands_make_a_key_and_sign_with_it(open_to_all: Registry, tmp_path: Path) -> None:
    version = promoted(open_to_all, tmp_path / "package")
    key = tmp_path / "mine.pem"
    where = ["--registry", open_to_all.tracking_uri, "--project", open_to_all.project]
    made = CliRunner().invoke(app, ["registry", "keygen", str(key)])
    assert made.exit_code == 0, made.output
    signed = CliRunner().invoke(app, ["registry", "sign", "fracture", version, "--key", str(key), *where])
    assert signed.exit_code == 0, signed.output
    assert strict(open_to_all, key).get(Task.FRACTURE).version == version
