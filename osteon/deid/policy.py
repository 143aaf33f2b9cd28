"""The policy: which attribute may leave, in what form and why; an allow-list as validated YAML."""

from __future__ import annotations

import re
from enum import StrEnum
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydicom.datadict import tag_for_keyword

from osteon.deid.values import fold
from osteon.domain.errors import UsageError
from osteon.domain.manifest import canonical_json, sha256_text

DEFAULT_POLICY = "research"


class Action(StrEnum):
    """What happens to an attribute (PS3.15 table E.1-1a letters in brackets).

    An attribute without a rule is removed (X).
    """

    KEEP = "keep"  # K: only when its value passes the rule's check, else removed
    ZERO = "zero"  # Z: present and empty
    DUMMY = "dummy"  # D: a fixed value
    UID = "uid"  # U: the keyed map; well-known UIDs stay
    PSEUDONYM = "pseudonym"  # D: the patient's or the accession's pseudonym
    SHIFT = "shift"  # the patient's date shift
    AGE = "age"  # K, capped
    CLEAN = "clean"  # C: only words of the policy's vocabulary stay
    CODES = "codes"  # K: only codes that PS3.16 lists, with the standard's own meaning
    ITEMS = "items"  # the same rules inside each item
    REMOVE = "remove"  # X: said aloud, for the record


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Rule(_Strict):
    """One action for one or more attributes, and why."""

    attributes: tuple[str, ...] = Field(min_length=1)
    action: Action
    reason: str
    kind: Literal["patient", "accession"] | None = None
    value: str | None = None
    values: tuple[str, ...] | None = None
    pattern: str | None = None
    when_absent: Literal["add"] | None = None
    otherwise: Literal["zero"] | None = None  # a type 2 attribute stays, empty, when its value may not

    @model_validator(mode="after")
    def _consistent(self) -> Rule:
        for keyword in self.attributes:
            if tag_for_keyword(keyword) is None:
                raise ValueError(f"{keyword} is no attribute of the DICOM dictionary")
        if (self.action is Action.PSEUDONYM) != (self.kind is not None):
            raise ValueError("`kind` goes with the action pseudonym")
        if (self.action is Action.DUMMY) != (self.value is not None):
            raise ValueError("`value` goes with the action dummy")
        if self.pattern is not None:
            re.compile(self.pattern)
        return self

    @cached_property
    def compiled(self) -> re.Pattern[str] | None:
        """The pattern that a kept text must match from end to end."""
        return re.compile(self.pattern) if self.pattern is not None else None

    @cached_property
    def value_set(self) -> frozenset[str] | None:
        """The texts that may be kept."""
        return frozenset(self.values) if self.values is not None else None


class BurnedIn(_Strict):
    """What to do about letters in the pixels."""

    check: bool = True
    quarantine_area_fraction: float = Field(default=0.08, gt=0, le=1)


class TextOptions(_Strict):
    """How identifiers in report text are replaced."""

    language: Literal["fr"] = "fr"
    replacement: Literal["surrogate", "tag"] = "surrogate"
    age_cap_years: int = Field(default=89, ge=1)


class Limits(_Strict):
    """Sizes above which an input is refused."""

    instance_bytes: int = 256 * 1024 * 1024
    pixels: int = 120_000_000
    text_characters: int = 2_000_000


class Review(_Strict):
    """What a named person may let through after looking: reasons as `osteon deid review list` names them."""

    waivers: tuple[str, ...] = ("a_radiograph", "a_report_of_the_study_s_patient")


class Policy(_Strict):
    """A whole policy; its hash stands in every output and manifest."""

    name: str = Field(pattern=r"^[a-z0-9-]{1,16}$")
    version: str = Field(pattern=r"^[0-9.]{1,8}$")
    standard: str
    sop_classes: tuple[str, ...]
    method_codes: tuple[tuple[str, str], ...]
    coding_schemes: tuple[str, ...]
    vocabulary: tuple[str, ...]
    rules: tuple[Rule, ...]
    burned_in: BurnedIn = BurnedIn()
    text: TextOptions = TextOptions()
    limits: Limits = Limits()
    review: Review = Review()

    @model_validator(mode="after")
    def _one_rule_each(self) -> Policy:
        seen = [keyword for rule in self.rules for keyword in rule.attributes]
        twice = sorted({keyword for keyword in seen if seen.count(keyword) > 1})
        if twice:
            raise ValueError(f"two rules for {', '.join(twice)}")
        return self

    @cached_property
    def by_tag(self) -> dict[int, Rule]:
        """Tag -> its rule."""
        return {
            int(tag_for_keyword(keyword) or 0): rule for rule in self.rules for keyword in rule.attributes
        }

    @cached_property
    def words(self) -> frozenset[str]:
        """The vocabulary that descriptions are cleaned to, upper case without accents."""
        return frozenset(self.vocabulary)

    @cached_property
    def closed_words(self) -> frozenset[str]:
        """Words that stand in outputs whoever the patient is: of enumerated values and of our own remarks."""
        texts = [value for rule in self.rules for value in (*(rule.values or ()), rule.value or "")]
        texts += [self.name, "OSTEON", "MODIFIED", *(meaning for _, meaning in self.method_codes)]
        return frozenset(word for text in texts for word in (*fold(text).split(), fold(text)) if word)

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the policy's content, whatever its layout and comments."""
        return sha256_text(canonical_json(self.model_dump(mode="json")))

    @classmethod
    def load(cls, path: Path | str | None = None) -> Policy:
        """The policy in the YAML file, or the one that comes with the package.

        Raises:
            UsageError: no such file, not YAML, an unknown key or a rule that contradicts itself.
        """
        try:
            if path is None:
                text = (files("osteon.deid") / "policies" / f"{DEFAULT_POLICY}.yaml").read_text("utf-8")
            else:
                text = Path(path).read_text(encoding="utf-8")
            return cls.model_validate(yaml.safe_load(text))
        except OSError:
            raise UsageError("a policy file", "no readable file", "name a YAML policy, or none") from None
        except yaml.YAMLError:
            raise UsageError("a YAML policy", "a file that is not YAML", "check its indentation") from None
        except ValidationError as error:
            places = sorted(
                {".".join(str(part) for part in item["loc"][:3]) or "rules" for item in error.errors()}
            )
            raise UsageError(
                "a policy with known keys and consistent rules",
                f"a fault at {', '.join(places[:4])}",
                "compare it with osteon/deid/policies/research.yaml",
            ) from None
