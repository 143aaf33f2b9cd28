"""The policy: which attribute may leave, in what form and why; an allow-list as validated YAML."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, ValidationError, model_validator

from osteon.deid.actions import Rule
from osteon.deid.actions import Strict as _Strict
from osteon.deid.plan import Step, compile_plan
from osteon.deid.standard import Option, method_codes
from osteon.deid.values import fold
from osteon.domain.errors import UsageError
from osteon.domain.manifest import canonical_json, sha256_text

DEFAULT_POLICY = "research"


class BurnedIn(_Strict):
    """What to do about letters in the pixels."""

    check: bool = True
    quarantine_area_fraction: float = Field(default=0.08, gt=0, le=1)
    reread_fraction: float = Field(default=0.02, ge=0, le=1)  # of pictures with nothing removed


class TextOptions(_Strict):
    """How identifiers in report text are replaced."""

    language: Literal["fr", "nl", "en"] = "fr"
    replacement: Literal["surrogate", "tag"] = "surrogate"
    age_cap_years: int = Field(default=89, ge=1)
    ages: Literal["keep", "cap", "band", "redact"] = "cap"  # reports of studies
    ages_in_notes: Literal["keep", "cap", "band", "redact"] = "band"  # notes on their own


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
    options: tuple[Option, ...] = ()
    sop_classes: tuple[str, ...]
    report_classes: tuple[str, ...] = ()
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

    @model_validator(mode="after")
    def _options_agree(self) -> Policy:
        if {Option.RETAIN_FULL_DATES, Option.RETAIN_MODIFIED_DATES} <= set(self.options):
            raise ValueError("dates are either kept or modified")
        if (Option.CLEAN_PIXEL_DATA in self.options) != self.burned_in.check:
            raise ValueError("clean_pixel_data goes with burned_in.check")
        if self.report_classes and Option.CLEAN_STRUCTURED_CONTENT not in self.options:
            raise ValueError("report_classes go with clean_structured_content")
        return self

    @cached_property
    def plan(self) -> Mapping[int, Step]:
        """Tag -> what happens to it; a tag that is not in it is removed."""
        return compile_plan(self.rules, self.options)

    @cached_property
    def method_codes(self) -> tuple[tuple[str, str], ...]:
        """The codes and meanings of the profile and its options in force."""
        return method_codes(self.options)

    @cached_property
    def words(self) -> frozenset[str]:
        """The vocabulary that descriptions are cleaned to, upper case without accents."""
        return frozenset(self.vocabulary)

    @cached_property
    def closed_words(self) -> frozenset[str]:
        """Words that stand in outputs whoever the patient is: of enumerated values and of our own remarks."""
        texts = [value for rule in self.rules for value in (*(rule.values or ()), rule.value or "")]
        texts += [
            self.name,
            "OSTEON",
            "MODIFIED",
            "UNMODIFIED",
            "REMOVED",
            "ANONYMIZED",
            "ANONYMOUS",
            *(meaning for _, meaning in self.method_codes),
        ]
        return frozenset(word for text in texts for word in (*fold(text).split(), fold(text)) if word)

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the policy's content, whatever its layout and comments."""
        return sha256_text(canonical_json(self.model_dump(mode="json")))

    def with_text(self, **options: object) -> Policy:
        """This policy with other options for text; its hash is that of the changed content."""
        changed = self.model_dump(mode="json")
        changed["text"] |= options
        return type(self).model_validate(changed)

    @classmethod
    def load(cls, path: Path | str | None = None) -> Policy:
        """The policy in the YAML file, or the one that comes with the package.

        Raises:
            UsageError: no such file, not YAML, an unknown key or a rule that contradicts itself.
        """
        try:
            content = (
                _packaged(DEFAULT_POLICY) if path is None else yaml.safe_load(Path(path).read_text("utf-8"))
            )
            if isinstance(content, dict) and "extends" in content:
                content = _derived(_packaged(str(content["extends"])), content)
            return cls.model_validate(content)
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


def _packaged(name: str) -> dict[str, Any]:
    """The content of a policy that comes with the package."""
    text = (files("osteon.deid") / "policies" / f"{Path(name).name}.yaml").read_text("utf-8")
    content: dict[str, Any] = yaml.safe_load(text)
    return content


def _derived(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """The base with the changes: keys replace, and a rule takes the place of the base's."""
    changed = {key: value for key, value in changes.items() if key not in {"extends", "rules"}}
    own = list(changes.get("rules") or [])
    named = {keyword for rule in own if isinstance(rule, dict) for keyword in rule.get("attributes") or []}
    rules = []
    for rule in base["rules"]:
        left = [keyword for keyword in rule["attributes"] if keyword not in named]
        if left:
            rules.append({**rule, "attributes": left})
    return {**base, **changed, "rules": rules + own}
