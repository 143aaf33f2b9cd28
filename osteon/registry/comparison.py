"""Runs side by side: the settings in which they differ, and their figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from osteon.registry.run import Figure, Run


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One column per run; a cell is None where a run has no such setting or figure."""

    runs: tuple[str, ...]
    settings: dict[str, tuple[str | None, ...]]
    figures: dict[str, tuple[Figure | None, ...]]

    def to_json(self) -> dict[str, Any]:
        """Plain values for JSON."""
        figures = {
            name: [None if one is None else asdict(one) for one in row] for name, row in self.figures.items()
        }
        return {
            "runs": list(self.runs),
            "settings": {name: list(row) for name, row in self.settings.items()},
            "figures": figures,
        }


def compare_runs(runs: Sequence[Run]) -> Comparison:
    """Settings that are not the same in all runs, and every figure that any run has, sorted by name."""
    settings = {}
    for name in sorted({name for run in runs for name in run.settings}):
        row = tuple(run.settings.get(name) for run in runs)
        if len(set(row)) > 1:
            settings[name] = row
    names = sorted({name for run in runs for name in run.figures})
    return Comparison(
        runs=tuple(run.name for run in runs),
        settings=settings,
        figures={name: tuple(run.figures.get(name) for run in runs) for name in names},
    )
