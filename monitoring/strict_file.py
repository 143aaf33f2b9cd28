"""Rules in YAML, read strictly: an unknown key or a value out of range is refused by its name."""

from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from osteon.domain import UsageError, canonical_json, sha256_text


class Strict(BaseModel):
    """Unknown keys are refused, and nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @property
    def hash(self) -> str:
        """SHA-256 of the content; comments and order of keys do not change it."""
        return sha256_text(canonical_json(self.model_dump(mode="json")))


Rules = TypeVar("Rules", bound=Strict)


def load_strict(rules: type[Rules], source: Path, name: str, example: str) -> Rules:
    """The rules of a YAML file; UsageError names the wrong keys, never their values.

    Args:
        name: what the file is, with its article.
        example: the shipped file to compare with.
    """
    try:
        return rules.model_validate(yaml.safe_load(source.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise UsageError(f"{name} file", "no such file", "name an existing YAML file") from None
    except yaml.YAMLError:
        raise UsageError(f"{name} in YAML", "a file that is not YAML", "correct its syntax") from None
    except ValidationError as error:
        wrong = sorted({".".join(map(str, fault["loc"])) + ": " + fault["msg"] for fault in error.errors()})
        raise UsageError(f"{name} of schema 1", "; ".join(wrong), f"compare it with {example}") from None
