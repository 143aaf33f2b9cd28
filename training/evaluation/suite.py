"""The evaluation suite: several encoders on the same tables, one folder with every result and one page.

Read from the top: `evaluate_encoders` is the whole run.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from osteon.artefact import atomic_write, read_manifest, sha256_file, write_manifest
from osteon.domain import Manifest, RefusedError, Task, UsageError
from osteon.models.zero_shot import PROMPTS, read_prompts
from osteon.pairs import read_pairs, sentences
from training.evaluation.cases import Case, read_cases
from training.evaluation.cases import test_cases as own_test_cases
from training.evaluation.efficiency_section import efficiency_section
from training.evaluation.fairness_section import fairness_section
from training.evaluation.features import FeatureStore, OpenEncoder, open_encoders
from training.evaluation.label_efficiency import MeasuredPlace
from training.evaluation.page import report_page
from training.evaluation.retrieval_section import retrieval_section
from training.evaluation.run_context import HELD_OUT, IN_HOSPITAL, RunContext, TaskRows
from training.evaluation.saliency_section import saliency_section
from training.evaluation.section import Section
from training.evaluation.settings import SuiteSettings
from training.evaluation.space_section import space_section
from training.evaluation.zero_shot_section import zero_shot_section
from training.label_table import has_labels, read_label_table
from training.pair_data import FINDINGS

Progress = Callable[[str, int, int], None]
PAGE, RESULTS = "report.html", "results.json"


def evaluate_encoders(
    sources: Sequence[tuple[str, str]],
    data: Path,
    output: Path,
    *,
    tasks: Sequence[Task | str],
    held_out: Path | None = None,
    pairs: Path | None = None,
    boxes: Path | None = None,
    prompts: Path = PROMPTS,
    settings: SuiteSettings | None = None,
    progress: Progress | None = None,
) -> Manifest:
    """Measures frozen encoders side by side and writes results.json, tables, plots and report.html.

    Args:
        sources: (name, package folder or `random`); the first is the one that the others are compared with.
        data: label table of the hospital: heads learn from its training rows, its test rows are measured on.
        output: folder to write; an earlier evaluation there is replaced file by file.
        tasks: whose labels the tables hold.
        held_out: label table of another hospital, all rows of which are measured on.
        pairs: folder of pairs whose test reports are searched with; its studies are those of the tables.
        boxes: CSV with file, x0, y0, x1, y1 in parts of width and height, for the pointing game.
        prompts: what zero-shot asks.
    Returns:
        The manifest; its `figures` hold the first encoder's figure of each task and place on all labels.
    """
    settings = settings or SuiteSettings()
    wanted = [Task.parse(task) for task in tasks]
    if not wanted:
        raise UsageError("at least one task", "none", "name one with --task")
    encoders = open_encoders(sources, seed=settings.seed)
    context = _context(encoders, data, held_out, pairs, boxes, wanted, settings, progress)
    sections = _sections(context, prompts, progress)
    inputs = {"labels": sha256_file(data)}
    for name, path in (("held_out_labels", held_out), ("boxes", boxes), ("prompts", prompts)):
        if path is not None:
            inputs[name] = sha256_file(path)
    if pairs is not None:
        inputs["pairs"] = read_manifest(pairs).digest
    inputs |= {f"encoder {one.name}": one.digest for one in encoders if one.digest is not None}
    manifest = Manifest(
        stage="evaluate-encoders",
        inputs=inputs,
        settings={
            "tasks": [task.value for task in wanted],
            "suite": asdict(settings),
            "encoders": [n for n, _ in sources],
        },
        figures=_headlines(sections),
        parents=tuple(one.digest for one in encoders if one.digest is not None),
        seed=settings.seed,
    )
    return _write(output, manifest, sections, encoders)


def _context(
    encoders: Sequence[OpenEncoder],
    data: Path,
    held_out: Path | None,
    pairs: Path | None,
    boxes: Path | None,
    tasks: Sequence[Task],
    settings: SuiteSettings,
    progress: Progress | None,
) -> RunContext:
    cases = read_cases(data)
    tested: dict[str, Sequence[Case]] = {IN_HOSPITAL: own_test_cases(cases)}
    if held_out is not None:
        other = read_cases(held_out)
        cases = {**cases, **other}
        tested[HELD_OUT] = list(other.values())
    report = None if progress is None else (lambda done, total: progress("reading pictures", done, total))
    return RunContext(
        encoders=encoders,
        tasks=[_task_rows(task, data, held_out) for task in tasks],
        cases=cases,
        tested=tested,
        reports={} if pairs is None else _reports(pairs),
        boxes={} if boxes is None else _boxes(boxes),
        store=FeatureStore(progress=report),
        settings=settings,
    )


def _task_rows(task: Task, data: Path, held_out: Path | None) -> TaskRows:
    table = read_label_table(data, task)
    places = [MeasuredPlace(name=IN_HOSPITAL, rows=table.test_rows())]
    if held_out is not None and has_labels(held_out, task):
        places.append(MeasuredPlace(name=HELD_OUT, rows=read_label_table(held_out, task).rows))
    if not places[0].rows or not table.training_rows():
        raise RefusedError(
            f"training and test rows with a {task.label_column}", "only one of the two", "label more patients"
        )
    return TaskRows(task=task, training=table.training_rows(), places=places)


def _sections(context: RunContext, prompts: Path, progress: Progress | None) -> list[Section]:
    parts: list[tuple[str, Callable[[], Section | None]]] = []
    for rows in context.tasks:
        name = rows.task.value
        parts += [
            (f"label efficiency {name}", partial(efficiency_section, context, rows)),
            (f"subgroups {name}", partial(fairness_section, context, rows)),
            (f"saliency {name}", partial(saliency_section, context, rows)),
        ]
    parts[1:1] = [
        ("zero-shot", lambda: zero_shot_section(context, read_prompts(prompts))),
        ("retrieval", partial(retrieval_section, context)),
        ("latent spaces", partial(space_section, context)),
    ]
    sections = []
    for done, (name, measure) in enumerate(parts):
        if progress is not None:
            progress(f"measuring, {name}", done, len(parts))
        section = measure()
        if section is not None:
            sections.append(section)
    return sections


def _headlines(sections: Sequence[Section]) -> dict[str, Any]:
    """The first encoder's figures on all labels, flat: what a table of runs compares."""
    figures: dict[str, Any] = {}
    for section in sections:
        curves = section.figures.get("curves")
        if not curves:
            continue
        for curve in (one for one in curves if one["encoder"] == curves[0]["encoder"]):
            name = f"{section.figures['task']} {section.figures['figure']} {curve['place']}"
            figures[name] = {"value": curve["mean"][-1], "low": curve["low"][-1], "high": curve["high"][-1]}
    return figures


def _write(
    output: Path, manifest: Manifest, sections: Sequence[Section], encoders: Sequence[OpenEncoder]
) -> Manifest:
    output = Path(output)
    files: dict[str, str | bytes] = {}
    for section in sections:
        for table in section.tables:
            files[f"tables/{table.name}.csv"] = table.csv()
        for plot in section.plots:
            files[f"plots/{plot.name}.{plot.kind}"] = plot.data
    results = {section.name: section.figures for section in sections}
    files[RESULTS] = json.dumps(results, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    files[PAGE] = report_page(manifest, sections, [(one.name, one.card) for one in encoders])
    for name, content in files.items():
        atomic_write(output / name, content)
    outputs = {name: sha256_file(output / name) for name in sorted(files)}
    write_manifest(output, Manifest(**{**_fields(manifest), "outputs": outputs}))
    return read_manifest(output)


def _reports(pairs: Path) -> dict[str, str]:
    """Findings of the test studies, by study; those without any are left out."""
    found = {}
    for record in read_pairs(pairs, "test"):
        sections: Mapping[str, str] = record.meta["sections"]
        text = " ".join(line for name in FINDINGS for line in sentences(sections.get(name, "")))
        if text:
            found[record.study] = text
    return found


def _boxes(path: Path) -> dict[Path, list[tuple[float, float, float, float]]]:
    found: dict[Path, list[tuple[float, float, float, float]]] = {}
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            for row in csv.DictReader(stream):
                box = (float(row["x0"]), float(row["y0"]), float(row["x1"]), float(row["y1"]))
                if not all(0 <= value <= 1 for value in box) or box[0] >= box[2] or box[1] >= box[3]:
                    raise ValueError
                found.setdefault(path.parent / row["file"], []).append(box)
    except (OSError, KeyError, TypeError, ValueError):
        raise RefusedError(
            "a table of boxes: file, x0, y0, x1, y1 from 0 to 1",
            "another table",
            "give places in parts of the picture's width and height",
        ) from None
    return found


def _fields(manifest: Manifest) -> dict[str, Any]:
    return {name: getattr(manifest, name) for name in manifest.__slots__}
