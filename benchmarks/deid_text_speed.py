"""French reports per second: our analyser against Presidio with its defaults and edsnlp's rules, in one run.

Presidio gets its default recognisers for French and the same spaCy model, whole, as its documentation has
it; edsnlp its rules for dates and its own tokeniser. All read the same generated radiology letters, one
process each, one thread, warmed up. The programs take turns, one repeat each, so that what else the machine
does falls on all of them; a figure is the median over the repeats, in seconds of processor time. Ours also
replaces the spans by surrogates in `ours_with_surrogates`. The last line is JSON; `ratio` is our reports/s
over those of the fastest peer that looks for names, the median over the turns, with the least and the
greatest.
"""

from __future__ import annotations

import argparse
import json
import logging
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

from benchmarks.deid_text.letters import letters

Run = Callable[[list[str]], int]


def ours() -> Run:
    """The product's analyser without known identity."""
    from osteon.deid.text.engine import find_spans_of

    def run(texts: list[str]) -> int:
        return sum(len(spans) for spans in find_spans_of(texts, (None for _ in texts)))

    return run


def ours_with_surrogates() -> Run:
    """The product's whole way from report to report, as the batch stage takes it."""
    from osteon.deid import Policy, Pseudonymiser
    from osteon.deid.keys import ProjectKey
    from osteon.deid.text.report_text import DeidentifiedText, Subject, deidentify_texts

    policy, pseudonymiser = Policy.load(), Pseudonymiser(ProjectKey(bytes(range(32)), "benchmark"), "local")

    def run(texts: list[str]) -> int:
        subjects = [Subject(note_id=str(number)) for number in range(len(texts))]
        made = deidentify_texts(texts, subjects, policy=policy, pseudonymiser=pseudonymiser)
        return sum(len(one.source_entities) for one in made if isinstance(one, DeidentifiedText))

    return run


def presidio() -> Run:
    """Presidio's defaults for French on fr_core_news_md."""
    import tldextract
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
    from presidio_analyzer.nlp_engine import NlpEngineProvider

    offline = tldextract.TLDExtract(suffix_list_urls=())
    tldextract.extract = offline  # type: ignore[assignment]  # no network
    tldextract.tldextract.TLD_EXTRACTOR = offline
    logging.disable(logging.WARNING)
    models = [{"lang_code": "fr", "model_name": "fr_core_news_md"}]
    engine = NlpEngineProvider(
        nlp_configuration={"nlp_engine_name": "spacy", "models": models}
    ).create_engine()
    registry = RecognizerRegistry(supported_languages=["fr"])
    registry.load_predefined_recognizers(languages=["fr"], nlp_engine=engine)
    analyser = AnalyzerEngine(nlp_engine=engine, registry=registry, supported_languages=["fr"])

    def run(texts: list[str]) -> int:
        return sum(len(analyser.analyze(text, language="fr")) for text in texts)

    return run


def edsnlp_rules() -> Run:
    """edsnlp's French tokeniser and date rules: the part of it that needs no weights."""
    try:
        import edsnlp  # type: ignore[import-untyped,unused-ignore]  # only where the peers are
    except ImportError:
        raise SystemExit("edsnlp is not installed here: make peers") from None
    pipeline = edsnlp.blank("eds")
    for pipe in ("eds.normalizer", "eds.sentences", "eds.dates"):
        pipeline.add_pipe(pipe)

    def run(texts: list[str]) -> int:
        return sum(len(document.spans["dates"]) for document in pipeline.pipe(texts))

    return run


PROGRAMS: dict[str, Callable[[], Run]] = {
    "ours": ours,
    "ours_with_surrogates": ours_with_surrogates,
    "presidio": presidio,
    "edsnlp_rules": edsnlp_rules,
}
LOOKS_FOR_NAMES = ("presidio",)


def one(name: str, count: int) -> None:
    """One program: a line of JSON when it is ready, and one after each line that asks for a repeat."""
    texts = [letter.text for letter in letters(count, "held_out", 11)]
    started = time.process_time()
    run = PROGRAMS[name]()
    run(texts[:8])
    print(json.dumps({"ready_s": round(time.process_time() - started, 1)}), flush=True)
    for _ in sys.stdin:
        begun = time.process_time()
        found = run(texts)
        seconds = time.process_time() - begun
        peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"seconds": seconds, "spans": found, "peak_mib": round(peak_mib)}), flush=True)


class Program:
    """A program in a process of its own, which works only when it is asked."""

    def __init__(self, name: str, count: int) -> None:
        command = [sys.executable, "-m", "benchmarks.deid_text_speed", "--only", name, "--count", str(count)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self.ready = self._answer()
        self.turns: list[dict[str, float]] = []

    def _answer(self) -> dict[str, float]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        answer: dict[str, float] = json.loads(line) if line else {}
        return answer

    def turn(self) -> None:
        """One repeat more."""
        assert self._process.stdin is not None
        self._process.stdin.write("go\n")
        self._process.stdin.flush()
        self.turns.append(self._answer())

    def figures(self, count: int) -> dict[str, float]:
        """The medians over the turns; ends the process."""
        self._process.communicate()
        seconds = statistics.median(turn["seconds"] for turn in self.turns)
        last = self.turns[-1]
        return {
            "reports_per_s": round(count / seconds, 1),
            **{k: last[k] for k in ("spans", "peak_mib")},
            **self.ready,
        }


def main() -> None:
    """All programs by turns, then the ratio."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", choices=PROGRAMS, help="one of them, for the others' turns: asked by lines")
    given = parser.parse_args()
    if given.only:
        one(given.only, given.count)
        return
    programs = {name: Program(name, given.count) for name in PROGRAMS}
    for name in [name for name, program in programs.items() if not program.ready]:
        print(f"{name}: not installed here (make peers), or failed")
        del programs[name]
    for _ in range(given.repeats):
        for program in programs.values():
            program.turn()
    ratios = []
    for turn in range(given.repeats):
        seconds = {name: program.turns[turn]["seconds"] for name, program in programs.items()}
        ratios += [min(seconds[name] for name in LOOKS_FOR_NAMES if name in seconds) / seconds["ours"]]
    results = {name: program.figures(given.count) for name, program in programs.items()}
    for name, figures in results.items():
        print(f"{name}: {figures}")
    ratio = {"median": statistics.median(ratios), "least": min(ratios), "greatest": max(ratios)}
    print(
        json.dumps(
            {
                "benchmark": "deid_text_speed",
                "letters": given.count,
                "repeats": given.repeats,
                "programs": results,
                "ratio": {key: round(value, 2) for key, value in ratio.items()},
            }
        )
    )


if __name__ == "__main__":
    main()
