"""The options that several `osteon deid` commands take, and the vault that they name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from osteon.deid.vault import Vault

KeyFile = Annotated[
    Path,
    typer.Option(
        "--key-file", envvar="OSTEON_DEID_KEY_FILE", help="The project's key; only its owner may read it."
    ),
]
PolicyFile = Annotated[
    Path | None, typer.Option("--policy", help="A YAML policy; the package's own when left out.")
]
Project = Annotated[str, typer.Option("--project", help="Two projects get pseudonyms that cannot be linked.")]
VaultFolder = Annotated[
    Path | None,
    typer.Option(
        "--vault",
        envvar="OSTEON_DEID_VAULT",
        help="The identified area: crosswalk, audit trail, review queue. Beside the key when left out.",
    ),
]
Person = Annotated[str, typer.Option("--person", help="Who decides; stands in the audit trail.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; stands in the audit trail. No identity in it.")]
Site = Annotated[str, typer.Option("--site", help="Who issued the patient numbers.")]
Workers = Annotated[
    int | None, typer.Option("--workers", min=1, help="Processes; one per processor when left out.")
]
Json = Annotated[bool, typer.Option("--json", help="As JSON.")]
DoneJson = Annotated[bool, typer.Option("--json", help="What was done, as JSON.")]


def vault_folder(vault: Path | None, key_file: Path) -> Path:
    """The folder given, else `vault` beside the key: both are for the same eyes."""
    return vault if vault is not None else key_file.parent / "vault"


def opened_vault(key_file: Path, vault: Path | None, project: str) -> Vault:
    """The project's vault, ready."""
    from osteon.deid.vault import Vault, VaultPlace

    return Vault.open(VaultPlace.of(vault_folder(vault, key_file), key_file, project))
