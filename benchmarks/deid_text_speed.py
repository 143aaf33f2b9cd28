"""French reports per second: our analyser against Presidio with its defaults and edsnlp's rules, in one run.

Presidio gets its default recognisers for French and the same spaCy model, whole, as its documentation has
it; edsnlp its rules for dates and its own tokeniser. All read the same generated radiology letters, one
process, one thread, warmed up; each figure is the median over the repeats, in seconds of processor time, so
that other programs on the machine count for nothing. Ours also replaces the spans by
surrogates in `ours_with_surrogates`. Each program runs in a process of its own for its peak of memory.
The last line is JSON; `ratio` is our reports/s over those of the fastest peer that looks for names.
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


def one(name: str, count: int, repeats: int) -> dict[str, float]:
    """Reports per second of one program and the memory of its process."""
    texts = [letter.text for letter in letters(count, "held_out", 11)]
    started = time.process_time()
    run = PROGRAMS[name]()
    run(texts[:8])
    ready_s = time.process_time() - started
    times = []
    for _ in range(repeats):
        begun = time.process_time()
        found = run(texts)
        times.append(time.process_time() - begun)
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "reports_per_s": round(count / statistics.median(times), 1),
        "spans": found,
        "peak_mib": round(peak_mib),
        "ready_s": round(ready_s, 1),
    }


def main() -> None:
    """Each program in a process of its own, then the ratio."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", choices=PROGRAMS)
    given = parser.parse_args()
    if given.only:
        print(json.dumps(one(given.only, given.count, given.repeats)))
        return
    results: dict[str, dict[str, float]] = {}
    for name in PROGRAMS:
        command = [sys.executable, "-m", "benchmarks.deid_text_speed", "--only", name]
        command += ["--count", str(given.count), "--repeats", str(given.repeats)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"{name}: {done.stderr.strip().splitlines()[-1] if done.stderr.strip() else 'failed'}")
            continue
        results[name] = json.loads(done.stdout.splitlines()[-1])
        print(f"{name}: {results[name]}")
    peers = [results[name]["reports_per_s"] for name in LOOKS_FOR_NAMES if name in results]
    ratio = round(results["ours"]["reports_per_s"] / max(peers), 2) if peers else None
    print(
        json.dumps(
            {"benchmark": "deid_text_speed", "letters": given.count, "programs": results, "ratio": ratio}
        )
    )


if __name__ == "__main__":
    main()
