"""Planted identifiers in generated French radiology letters: recall by category and label.

    python -m benchmarks.deid_text --count 3000 --identity known --errors errors.jsonl

Runs the analyser as the product does, with the header's values (`known`) or without (`unknown`), over one
set of sentences and values or all three. Every error is listed; the last line is JSON.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from benchmarks.deid_text.letters import Letter, letters
from benchmarks.deid_text.resampled import notes
from benchmarks.deid_text.scoring import Score
from benchmarks.deid_text.values import SPLITS
from osteon.deid.identity import known_from_keywords
from osteon.deid.text.engine import find_spans_of


def measure(source: Iterator[Letter], identity: str, batch: int = 64, *, learned: bool = True) -> Score:
    """The score over letters, with what the tagger adds or without."""
    score = Score()
    while group := list(islice(source, batch)):
        known = [known_from_keywords(one.header) if identity == "known" else None for one in group]
        found = find_spans_of([one.text for one in group], known, learned=learned)
        for letter, spans in zip(group, found, strict=True):
            score.add(letter, [(span.start, span.end) for span in spans])
    return score


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=300, help="letters; one holds about 20 identifiers")
    parser.add_argument("--split", choices=[*SPLITS, "all"], default="all")
    parser.add_argument("--identity", choices=["known", "unknown", "both"], default="both")
    parser.add_argument(
        "--notes", type=Path, nargs="*", help="marked notes to resample, --count rounds, instead"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--without-tagger", action="store_true", help="the rules and the language model alone"
    )
    parser.add_argument("--errors", type=Path, help="JSON lines of every error")
    given = parser.parse_args()
    identities = ["known", "unknown"] if given.identity == "both" else [given.identity]
    halves = list(SPLITS) if given.split == "all" else [given.split]
    results: dict[str, dict[str, object]] = {}
    errors: list[dict[str, object]] = []
    for identity in identities:
        for split in halves:
            if given.notes:
                source = notes(given.notes, max(1, given.count // len(halves)), split, given.seed)
            else:
                source = letters(given.count // len(halves), split, given.seed)
            score = measure(source, identity, learned=not given.without_tagger)
            results.setdefault(identity, {})[split] = score.table()
            errors += [{"identity": identity, "split": split, **error} for error in score.errors]
    if given.errors:
        given.errors.write_text("".join(json.dumps(e, ensure_ascii=False) + "\n" for e in errors), "utf-8")
    print(
        json.dumps({"benchmark": "deid_text", "letters": given.count, "seed": given.seed, "results": results})
    )


if __name__ == "__main__":
    main()
