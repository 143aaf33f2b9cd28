"""Shards for pretraining of a public set with captions, as `osteon pairs build` writes a hospital's."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast, get_args

from osteon.artefact import atomic_write, read_manifest, sha256_files, write_manifest
from osteon.domain import (
    Manifest,
    Pair,
    RefusedError,
    Report,
    Study,
    StudyImage,
    UsageError,
    canonical_json,
    sha256_text,
)
from osteon.domain.pair import Split
from osteon.pairs.build import (
    DEFAULT_SIZE,
    IMAGES_FOLDER,
    STUDIES_PER_SHARD,
    cache_pictures,
    clear_output,
    write_shards,
)
from osteon.pairs.split import require_disjoint
from training.datasets.layout import PublicSet
from training.datasets.picture_row import PictureRow

CONCEPTS_NAME = "concepts.jsonl"
_FINDINGS = "resultat"  # the section that pretraining reads


def write_caption_pairs(
    public_set: PublicSet,
    output: Path,
    *,
    size: int = DEFAULT_SIZE,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Manifest:
    """Writes `{train,val,test}-NNNNN.tar`, `images/`, `concepts.jsonl` and `manifest.json`.

    The set's own split is kept; rows that are `left_out`, without text or with a picture that cannot be read
    are not there. One line of `concepts.jsonl` is one study: CUIs and semantic types, for CUI@K, and its
    licence. The same input gives the same bytes.

    Args:
        output: folder to write; an earlier result there is replaced.
        size: longest side of the cached pictures, in pixels.
        workers: processes that read pictures; all cores by default.
        progress: called with (pictures done, pictures in all).
    Raises:
        RefusedError: the set has no texts with a split of its own.
        UsageError: `size` is under 32.
    """
    if size < 32:
        raise UsageError(
            "a picture size of at least 32 pixels", "a smaller one", "choose 256 for most encoders"
        )
    rows = [row for row in public_set.rows if row.text and row.split in get_args(Split)]
    if not rows:
        raise RefusedError(
            "a set with captions and a split of its own",
            f"{public_set.layout.title} without",
            "choose ROCO, or make pairs of a hospital's reports with `osteon pairs build`",
        )
    source = _source_manifest(public_set, rows)
    clear_output(output)
    (output / CONCEPTS_NAME).unlink(missing_ok=True)
    studies = {row.study: _study(public_set.root, row) for row in rows}
    refused = cache_pictures(public_set.root, output / IMAGES_FOLDER, studies, size, workers, progress)
    kept = [row for row in rows if studies[row.study].images[0].file not in refused]
    pairs = [_pair(studies[row.study], row) for row in kept]
    require_disjoint((pair.study.patient, pair.split) for pair in pairs)
    settings = {"size": size, "studies_per_shard": STUDIES_PER_SHARD, "set": public_set.layout.name}
    shards = write_shards(output, pairs, {}, source, settings)
    atomic_write(output / CONCEPTS_NAME, "".join(_line(row) for row in kept))
    manifest = Manifest(
        stage="pairs",
        inputs={public_set.layout.name: source.digest},
        settings=settings,
        outputs=sha256_files(output, (*shards, CONCEPTS_NAME)),
        figures={
            "pairs": len(pairs),
            "studies": dict(Counter(pair.split for pair in pairs)),
            "refused_pictures": len(refused),
            "not_taken": len(public_set.rows) - len(rows),
        },
        parents=(source.digest,),
    )
    write_manifest(output, manifest)
    return read_manifest(output)


def read_concepts(folder: Path) -> dict[str, tuple[str, ...]]:
    """CUIs by study of a folder that `write_caption_pairs` wrote: what `training.ranking.cui_at` takes.

    Raises:
        RefusedError: the folder has none.
    """
    try:
        lines = (folder / CONCEPTS_NAME).read_text(encoding="utf-8").splitlines()
        return {record["study"]: tuple(record["concepts"]) for record in map(json.loads, lines)}
    except (OSError, ValueError, KeyError, TypeError):
        raise RefusedError(
            f"a folder of pairs with {CONCEPTS_NAME}",
            "none that can be read",
            "write it with `osteon data pairs`",
        ) from None


def _source_manifest(public_set: PublicSet, rows: Sequence[PictureRow]) -> Manifest:
    """What the shards descend from: the set by its rows, not by where it lies on this disk."""
    content = [
        [str(row.file.relative_to(public_set.root)), row.patient, row.split, row.text, list(row.concepts)]
        for row in rows
    ]
    return Manifest(
        stage="public-set",
        settings={"set": public_set.layout.name, "licence": public_set.layout.licence},
        inputs={"rows": sha256_text(canonical_json(content))},
    )


def _study(root: Path, row: PictureRow) -> Study:
    image = StudyImage(
        file=row.file.relative_to(root).as_posix(),
        region=row.region,
        view=row.view,
        laterality=row.laterality,
    )
    return Study(study=row.study, patient=row.patient, hospital="", images=(image,))


def _pair(study: Study, row: PictureRow) -> Pair:
    report = Report(study=study.study, patient=row.patient, text=row.text, sections={_FINDINGS: row.text})
    return Pair(study=study, report=report, split=cast(Split, row.split))


def _line(row: PictureRow) -> str:
    record = {
        "study": row.study,
        "concepts": list(row.concepts),
        "semantic_types": list(row.semantic_types),
        "licence": row.licence,
    }
    return json.dumps(record, ensure_ascii=False, sort_keys=True) + "\n"
