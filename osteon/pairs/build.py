"""From a de-identified folder to shards for pretraining and a label table for fine-tuning."""

from __future__ import annotations

import csv
import io
import os
import shutil
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from osteon.artefact import MANIFEST_NAME, atomic_write, read_manifest, sha256_files, write_manifest
from osteon.domain import Manifest, Pair, RefusedError, Study, UsageError, sha256_text
from osteon.domain.pair import Split
from osteon.pairs.cache import cache_picture
from osteon.pairs.match import Matching, match
from osteon.pairs.shard import SHARD_SCHEMA_VERSION, picture_name, shard_name, write_shard
from osteon.pairs.source import Source, read_source
from osteon.pairs.split import HELD_OUT

DEFAULT_SIZE = 256
STUDIES_PER_SHARD = 1000
IMAGES_FOLDER = "images"
LABELS, LABELS_HELD_OUT = "labels.csv", "labels_held_out.csv"
LABEL_COLUMNS = (
    "file",
    "patient",
    "study",
    "hospital",
    "split_hint",
    "region",
    "view",
    "laterality",
    "sex",
    "age_years",
    "device",
    "fracture",
    "bone_age_months",
    "kl_grade",
    "abnormal",
)
SPLITS: tuple[Split, ...] = ("train", "val", "test")
Progress = Callable[[int, int], None]


def build_pairs(
    deid_dir: Path,
    output: Path,
    *,
    size: int = DEFAULT_SIZE,
    val_fold: int = 1,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Manifest:
    """Writes `{train,val,test}-NNNNN.tar`, `images/`, the label tables and `manifest.json`.

    All studies of a patient are in one split; a hospital kept for testing is in the test shards alone.
    `labels.csv` has the labelled pictures of the hospitals that a model may learn from (its own test rows
    among them, by the rule of `osteon.domain.labels`), `labels_held_out.csv` those of the hospital kept for
    testing. The same input gives the same bytes.

    Args:
        deid_dir: what the de-identification wrote (pictures, instances.csv, reports.jsonl, labels.csv).
        output: folder to write; an earlier result there is replaced.
        size: longest side of the cached pictures, in pixels.
        val_fold: patient fold that validates during pretraining.
        workers: processes that read pictures; all cores by default.
        progress: called with (pictures done, pictures in all).
    Raises:
        RefusedError: the folder is not a de-identified one, or holds no picture.
        UsageError: `size` is under 32.
    """
    if size < 32:
        raise UsageError(
            "a picture size of at least 32 pixels", "a smaller one", "choose 256 for most encoders"
        )
    parent = read_manifest(deid_dir)
    source = read_source(deid_dir)
    clear_output(output)
    refused = cache_pictures(deid_dir, output / IMAGES_FOLDER, source.studies, size, workers, progress)
    source = _without(source, refused)
    matching = match(source, val_fold=val_fold)
    settings = {"size": size, "val_fold": val_fold, "studies_per_shard": STUDIES_PER_SHARD}
    shards = write_shards(output, matching.pairs, source.sex, parent, settings)
    tables = _write_labels(output, source)
    manifest = Manifest(
        stage="pairs",
        inputs={"deid": parent.digest},
        settings=settings,
        outputs=sha256_files(output, (*shards, *tables)),
        figures=_figures(matching, source, refused),
        parents=(parent.digest,),
        seed=parent.seed,
        policy_hash=parent.policy_hash,
        synthetic_version=parent.synthetic_version,
        project=parent.project,
        site=parent.site,
    )
    write_manifest(output, manifest)
    return read_manifest(output)


def clear_output(output: Path) -> None:
    """Takes away what an earlier run wrote, its manifest first, so that nothing stale is ever listed."""
    output.mkdir(parents=True, exist_ok=True)
    (output / MANIFEST_NAME).unlink(missing_ok=True)
    for split in SPLITS:
        for shard in output.glob(f"{split}-*.tar"):
            shard.unlink()
    shutil.rmtree(output / IMAGES_FOLDER, ignore_errors=True)
    for name in (LABELS, LABELS_HELD_OUT):
        (output / name).unlink(missing_ok=True)


def cache_pictures(
    deid_dir: Path,
    images: Path,
    studies: Mapping[str, Study],
    size: int,
    workers: int | None,
    progress: Progress | None,
) -> dict[str, str]:
    """Caches every picture; gives file -> reason for those that the reader refused."""
    files = [image.file for study in studies.values() for image in study.images]
    targets = [images / name for study in studies.values() for name in _names(study)]
    if not files:
        raise RefusedError("a de-identified folder with pictures", "one without", "look into its quarantine")
    refused: dict[str, str] = {}
    one = partial(cache_picture, size=size)
    paths = [deid_dir / file for file in files]
    with _mapping(workers or os.cpu_count() or 1) as mapping:
        outcomes = mapping(one, paths, targets)
        for done, (file, reason) in enumerate(zip(files, outcomes, strict=True), start=1):
            if reason is not None:
                refused[file] = reason
            if progress is not None:
                progress(done, len(files))
    return refused


@contextmanager
def _mapping(workers: int) -> Iterator[Callable[..., Iterable[str | None]]]:
    """A map over processes, in order; over none for one worker."""
    if workers == 1:
        yield map
        return
    # Fresh processes: a fork of one that runs threads (torch, OpenCV) can stand still.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield partial(pool.map, chunksize=4)


def _names(study: Study) -> Iterable[str]:
    """Cached pictures of a study, named by the position of each image in its de-identified study."""
    return (picture_name(study, position) for position, _ in enumerate(study.images))


def _without(source: Source, refused: Mapping[str, str]) -> Source:
    """The source without studies of which a picture was refused: a report would tell of what is not seen."""
    if not refused:
        return source
    kept = {
        key: study
        for key, study in source.studies.items()
        if not any(image.file in refused for image in study.images)
    }
    return replace(source, studies=kept)


def write_shards(
    output: Path, pairs: Sequence[Pair], sex: Mapping[str, str], parent: Manifest, settings: dict[str, Any]
) -> list[str]:
    """Writes the shards of all splits, pictures from `images/` of the output; gives their names."""
    names: list[str] = []
    for split in SPLITS:
        # In the order of a hash: neighbours in a shard have nothing in common, on any machine.
        chosen = sorted(
            (pair for pair in pairs if pair.split == split), key=lambda p: sha256_text(p.study.study)
        )
        for number, start in enumerate(range(0, len(chosen), STUDIES_PER_SHARD)):
            part = chosen[start : start + STUDIES_PER_SHARD]
            header = {
                "schema_version": SHARD_SCHEMA_VERSION,
                "split": split,
                "shard": number,
                "studies": len(part),
                "source": parent.digest,
                "policy_hash": parent.policy_hash,
                "synthetic_version": parent.synthetic_version,
                "settings": settings,
            }
            names.append(shard_name(split, number))
            write_shard(output / names[-1], header, part, dict(sex), output / IMAGES_FOLDER)
    return names


def _write_labels(output: Path, source: Source) -> list[str]:
    """Writes the label tables that have rows: none when the input had no labels."""
    rows: list[dict[str, str]] = []
    for study in source.studies.values():
        for image, name in zip(study.images, _names(study), strict=True):
            label = source.labels.get(image.file)
            if label is not None:
                own = {"file": f"{IMAGES_FOLDER}/{name}", "study": study.study, "patient": study.patient}
                own["split_hint"] = HELD_OUT if study.patient in source.held_out_patients else "in"
                rows.append({column: label.get(column, "") for column in LABEL_COLUMNS} | own)
    held_out = [row for row in rows if row["split_hint"] == HELD_OUT]
    learnable = [row for row in rows if row["split_hint"] != HELD_OUT]
    parts = {name: part for name, part in ((LABELS, learnable), (LABELS_HELD_OUT, held_out)) if part}
    for name, part in parts.items():
        stream = io.StringIO()
        writer = csv.DictWriter(stream, LABEL_COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(part)
        atomic_write(output / name, stream.getvalue())
    return list(parts)


def _figures(matching: Matching, source: Source, refused: Mapping[str, str]) -> dict[str, Any]:
    splits = Counter(pair.split for pair in matching.pairs)
    patients: dict[str, set[str]] = defaultdict(set)
    for pair in matching.pairs:
        patients[pair.split].add(pair.study.patient)
    return {
        **matching.figures(),
        "studies": {split: splits[split] for split in SPLITS},
        "patients": {split: len(patients[split]) for split in SPLITS},
        "pictures": sum(len(study.images) for study in source.studies.values()),
        "refused_pictures": len(refused),
    }
