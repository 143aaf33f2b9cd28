"""One run as a set of settings and figures: read from the artefact it wrote, whatever stage made it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from osteon.artefact import read_manifest
from osteon.domain import Manifest

_METRICS = "metrics.json"
_CURVE, _LOSSES, _INTERVALS = "curve", "loss_curve", "intervals"


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A measure, with the bounds of its interval where it has one."""

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, kw_only=True)
class Run:
    """What is told of a run.

    Attributes:
        name: as a table heads it.
        settings: every setting, flat, as text.
        figures: every measure, flat.
        curves: name -> (step, value) pairs.
    """

    name: str
    digest: str
    settings: Mapping[str, str]
    figures: Mapping[str, Figure]
    curves: Mapping[str, tuple[tuple[int, float], ...]]


def run_of(folder: Path) -> tuple[Run, Manifest]:
    """The run that wrote an artefact, from its manifest and, of a model package, its metrics.json.

    Raises:
        RefusedError: the folder has no manifest.
    """
    manifest = read_manifest(folder)
    figures = dict(manifest.figures)
    path = folder / _METRICS
    if path.is_file():
        figures |= {"metrics": json.loads(path.read_text(encoding="utf-8"))}
    settings = {"stage": manifest.stage, "seed": str(manifest.seed)}
    settings |= {name: _text(value) for name, value in _leaves(manifest.settings)}
    settings |= {f"input.{name}": digest for name, digest in manifest.inputs.items()}
    run = Run(
        name=folder.resolve().name,
        digest=manifest.digest,
        settings=settings,
        figures=dict(_figures(figures)),
        curves=dict(_curves(figures)),
    )
    return run, manifest


def _leaves(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from _leaves(inner, f"{name}.{key}" if name else str(key))
    else:
        yield name, value


def _figures(value: Mapping[str, Any], name: str = "") -> Iterator[tuple[str, Figure]]:
    """Numbers by their flat name; `intervals` beside them, or value/low/high, become bounds."""
    bounds = value.get(_INTERVALS)
    bounds = bounds if isinstance(bounds, Mapping) else {}
    for key, inner in value.items():
        flat = f"{name}.{key}" if name else str(key)
        if isinstance(inner, Mapping):
            if {"value", "low", "high"} <= set(inner):
                if isinstance(inner["value"], (int, float)):
                    yield flat, Figure(value=inner["value"], low=inner["low"], high=inner["high"])
            elif key != _INTERVALS:
                yield from _figures(inner, flat)
        elif isinstance(inner, (int, float)) and not isinstance(inner, bool):
            own = bounds.get(key) or {}
            yield flat, Figure(value=float(inner), low=own.get("low"), high=own.get("high"))


def _curves(value: Mapping[str, Any]) -> Iterator[tuple[str, tuple[tuple[int, float], ...]]]:
    """Curves as the stages keep them: rows with a step, or losses in order."""
    losses = value.get(_LOSSES)
    if isinstance(losses, list) and losses:
        yield "loss", tuple((step, float(loss)) for step, loss in enumerate(losses))
    metrics = value.get("metrics")
    rows = metrics.get(_CURVE) if isinstance(metrics, Mapping) else None
    if isinstance(rows, list) and rows:
        for key in rows[0]:
            if key != "step":
                yield key, tuple((int(row["step"]), float(row[key])) for row in rows)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
