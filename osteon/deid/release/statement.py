"""The statement itself: one list of blocks, written as Markdown, as PDF and as JSON."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Literal

import yaml

from osteon.artefact import atomic_write, sha256_file
from osteon.deid.release.bounds import Share
from osteon.deid.release.evidence import AGE_BAND_YEARS, Evidence
from osteon.domain.errors import UsageError
from osteon.domain.manifest import canonical_json

LANGUAGES = ("fr", "en")


@dataclass(frozen=True, slots=True)
class Block:
    """One piece of the statement.

    Attributes:
        rows: of a table, the first is its head; of a signature, the labels of its lines.
    """

    kind: Literal["title", "heading", "text", "table", "facts", "signature"]
    text: str = ""
    rows: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Statement:
    """What is said about one output, in one language; equal evidence gives equal bytes."""

    evidence: Evidence
    language: str = "fr"

    def __post_init__(self) -> None:
        if self.language not in LANGUAGES:
            raise UsageError("fr or en", "another language", "correct --language")

    def blocks(self) -> list[Block]:
        """The whole statement, top to bottom."""
        return [
            Block("title", self._say("title")),
            Block("text", self._say("research")),
            self._facts(),
            *self._what(),
            *self._held(),
            *self._measured(),
            *self._reread(),
            *self._risk(),
            *self._signatures(),
        ]

    def _say(self, word: str, **values: object) -> str:
        return _words()[self.language][word].format(**values)

    def _facts(self) -> Block:
        manifest = self.evidence.manifest
        settings = manifest.settings
        rows = (
            (self._say("project"), manifest.project),
            (self._say("made"), manifest.time_utc),
            (self._say("manifest"), manifest.digest),
            (self._say("policy"), str(settings.get("policy", ""))),
            (self._say("policy_hash"), manifest.policy_hash or ""),
            (self._say("code"), manifest.code_version),
            (self._say("key"), f"{settings.get('key', '')}, {settings.get('key_version', '')}"),
            (self._say("replacement"), self._say(str(settings.get("replacement", "surrogate")))),
            (self._say("trail"), self.evidence.trail or self._say("not_given")),
        )
        return Block("facts", self._say("dataset"), rows)

    def _what(self) -> Iterator[Block]:
        figures = self.evidence.manifest.figures
        rows = [(self._say("item"), self._say("count"))]
        rows += [
            (self._say(name), str(figures.get(name, 0)))
            for name in ("studies", "images", "images_with_text_removed", "reports")
        ]
        rows.insert(2, (self._say("patients"), str(self.evidence.patients)))
        rows.append((self._say("replaced"), str(sum(self.evidence.replaced.values()))))
        rows += [(f"- {label}", str(count)) for label, count in self.evidence.replaced.items()]
        yield Block("heading", self._say("what"))
        yield Block("text", self._say("what_text"))
        yield Block("table", rows=tuple(rows))

    def _held(self) -> Iterator[Block]:
        held, reviewed = self.evidence.held, self.evidence.reviewed
        yield Block("heading", self._say("held"))
        if held:
            yield Block("text", self._say("held_text", count=sum(held.values())))
            yield _table((self._say("need"), self._say("count")), held)
        else:
            yield Block("text", self._say("held_none"))
        if reviewed:
            yield _table((self._say("reviewed"), self._say("count")), reviewed)

    def _measured(self) -> Iterator[Block]:
        yield Block("heading", self._say("measured"))
        if not self.evidence.recall:
            yield Block("text", self._say("recall_none"))
            return
        yield Block("text", self._say("recall_text"))
        head = tuple(self._say(word) for word in ("label", "found", "of", "share", "low", "high"))
        rows = [head, *(self._row(label, share) for label, share in self.evidence.recall.items())]
        rows.append(self._row(self._say("all_labels"), overall(self.evidence)))
        if self.evidence.documents_whole is not None:
            rows.append(self._row(self._say("documents_whole"), self.evidence.documents_whole))
        yield Block("table", rows=tuple(rows))

    def _reread(self) -> Iterator[Block]:
        yield Block("heading", self._say("reread"))
        machine = self.evidence.machine
        if machine:
            absent = Share(machine["identifiers"] - machine["left"], machine["identifiers"])
            text = self._say(
                "machine_text", **machine, value=self._percent(absent.value), low=self._percent(absent.low)
            )
            yield Block("text", text)
        else:
            yield Block("text", self._say("machine_none"))
        for kind, counts in self.evidence.person.items():
            clean = Share(counts["documents"] - counts["with_any"], counts["documents"])
            values = {**counts, "value": self._percent(clean.value), "low": self._percent(clean.low)}
            yield Block("text", self._say("person_text", kind=self._say(kind), **values))
        if not self.evidence.person:
            yield Block("text", self._say("person_none"))

    def _risk(self) -> Iterator[Block]:
        evidence = self.evidence
        yield Block("heading", self._say("risk"))
        yield Block("text", self._say("risk_text"))
        if evidence.recall:
            missed, replaced = 1 - overall(evidence).low, sum(evidence.replaced.values())
            most = math.ceil(replaced * missed / max(1e-9, 1 - missed))
            text = self._say(
                "risk_recall", share=self._percent(missed, up=True), count=most, replaced=replaced
            )
            yield Block("text", text)
        else:
            yield Block("text", self._say("risk_recall_none"))
        for kind, counts in evidence.person.items():
            dirty = Share(counts["with_any"], counts["documents"])
            share = self._percent(dirty.high, up=True)
            yield Block("text", self._say("risk_person", share=share, kind=self._say(kind)))
        if evidence.groups:
            values = {
                "patients": evidence.patients,
                "unique": sum(1 for size in evidence.groups if size == 1),
                "smallest": min(evidence.groups),
                "band": AGE_BAND_YEARS,
            }
            yield Block("text", self._say("risk_groups", **values))
        yield Block("text", self._say("risk_pixels"))

    def _row(self, label: str, share: Share) -> tuple[str, ...]:
        bounds = (self._percent(share.value), self._percent(share.low), self._percent(share.high, up=True))
        return (label, str(share.found), str(share.all), *bounds)

    def _percent(self, share: float, *, up: bool = False) -> str:
        """Two decimals, rounded away from what flatters."""
        hundredths = share * 10_000
        whole = math.ceil(hundredths - 1e-9) if up else math.floor(hundredths + 1e-9)
        text = f"{whole / 100:.2f} %"
        return text.replace(".", ",") if self.language == "fr" else text

    def _signatures(self) -> Iterator[Block]:
        yield Block("heading", self._say("sign"))
        yield Block("text", self._say("sign_text"))
        yield Block("signature", rows=((self._say("purpose"),), (self._say("until"),)))
        lines = tuple((self._say(word),) for word in ("name", "date", "signature"))
        for who in ("dpo", "responsible"):
            yield Block("signature", self._say(who), lines)


def overall(evidence: Evidence) -> Share:
    """Found of all, over the labels."""
    return Share(
        sum(share.found for share in evidence.recall.values()),
        sum(share.all for share in evidence.recall.values()),
    )


def write_statement(statement: Statement, folder: Path) -> dict[str, str]:
    """statement.md, statement.pdf and statement.json in the folder; name -> SHA-256."""
    from osteon.deid.release.layout import as_markdown, as_pdf

    blocks = statement.blocks()
    atomic_write(folder / "statement.md", as_markdown(blocks))
    atomic_write(folder / "statement.pdf", as_pdf(blocks, statement.evidence.manifest.digest[:12]))
    atomic_write(folder / "statement.json", canonical_json(as_figures(statement.evidence)) + "\n")
    return {f"statement.{end}": sha256_file(folder / f"statement.{end}") for end in ("md", "pdf", "json")}


def as_figures(evidence: Evidence) -> dict[str, object]:
    """The same as JSON values, for a program."""
    shares = {**evidence.recall}
    if evidence.recall:
        shares["all"] = overall(evidence)
    if evidence.documents_whole is not None:
        shares["documents"] = evidence.documents_whole
    return {
        "schema_version": "1",
        "manifest": evidence.manifest.digest,
        "policy_hash": evidence.manifest.policy_hash,
        "figures": dict(evidence.manifest.figures),
        "replaced": dict(evidence.replaced),
        "held": dict(evidence.held),
        "reviewed": dict(evidence.reviewed),
        "recall": {
            label: {"found": s.found, "n": s.all, "low": s.low, "high": s.high} for label, s in shares.items()
        },
        "machine": dict(evidence.machine or {}),
        "person": {kind: dict(counts) for kind, counts in evidence.person.items()},
        "patients": evidence.patients,
        "alone_in_group": sum(1 for size in evidence.groups if size == 1),
        "trail": evidence.trail,
    }


@cache
def _words() -> dict[str, dict[str, str]]:
    text = (files("osteon.deid.release") / "words.yaml").read_text(encoding="utf-8")
    found: dict[str, dict[str, str]] = yaml.safe_load(text)
    return found


def _table(head: tuple[str, str], counts: Mapping[str, int]) -> Block:
    return Block("table", rows=(head, *((name, str(count)) for name, count in counts.items())))
