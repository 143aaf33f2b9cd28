"""`osteon deid`: pseudonyms in, identity out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from osteon.cli import deid_record, deid_release, deid_review, deid_run
from osteon.cli.console import answers, print_json, progress_bar, say

app = typer.Typer(
    no_args_is_help=True,
    help="Remove identity from DICOM files and French reports, by an allow-list that fails closed.\n\n"
    "The same patient gets the same pseudonym, identifiers and date shift everywhere, for one key.",
)
key_app = typer.Typer(no_args_is_help=True, help="The project's secret key.")
app.add_typer(key_app, name="key")
app.command("run")(deid_run.run)
app.add_typer(deid_review.app, name="review")
app.add_typer(deid_record.audit_app, name="audit")
app.command("reidentify")(deid_record.reidentify)
app.command("release")(deid_release.release)
app.command("reread")(deid_release.reread)
key_app.command("rotate")(deid_record.rotate)

KeyFile = Annotated[
    Path,
    typer.Option(
        "--key-file", envvar="OSTEON_DEID_KEY_FILE", help="The project's key; only its owner may read it."
    ),
]
PolicyFile = Annotated[
    Path | None, typer.Option("--policy", help="A YAML policy; the package's own when left out.")
]
Language = Annotated[str, typer.Option("--language", help="Language of the reports: fr.")]
Project = Annotated[str, typer.Option("--project", help="Two projects get pseudonyms that cannot be linked.")]
Site = Annotated[str, typer.Option("--site", help="Who issued the patient numbers.")]
Workers = Annotated[
    int | None, typer.Option("--workers", min=1, help="Processes; one per processor when left out.")
]


def _require_language(language: str) -> None:
    from osteon.domain.errors import UsageError

    if language != "fr":
        raise UsageError("the language fr", "another", "reports in other languages are not read yet")


@key_app.command("create")
@answers
def create(path: Annotated[Path, typer.Argument(help="Where the key goes; never overwritten.")]) -> None:
    """Make a fresh random key. Keep it: without it no pseudonym can be made again."""
    from osteon.deid.keys import create_key

    create_key(path)
    say("key written; keep a copy where only the data protection officer reaches it")


@app.command("dicom")
@answers
def dicom(
    source: Annotated[
        Path, typer.Argument(metavar="IN", help="A DICOM file, or a folder of studies and reports.")
    ],
    output: Annotated[Path, typer.Argument(metavar="OUT", help="The file or folder to write.")],
    key_file: KeyFile,
    policy: PolicyFile = None,
    language: Language = "fr",
    project: Project = "osteon",
    site: Site = "local",
    workers: Workers = None,
    json_output: Annotated[bool, typer.Option("--json", help="What was done, as JSON.")] = False,
) -> None:
    """De-identify one DICOM file, or a folder of studies with their reports."""
    from osteon.deid.policy import Policy

    _require_language(language)
    chosen = Policy.load(policy)
    if source.is_dir():
        from dataclasses import asdict

        from osteon.deid.batch import deidentify_sample

        with progress_bar("De-identifying studies") as update:
            manifest = deidentify_sample(source, output, key_file, chosen, workers, update, project=project)
        done = asdict(manifest)
    else:
        done = _one_file(source, output, key_file, chosen, project, site)
    if json_output:
        print_json(done)
    else:
        say(f"written under policy {chosen.name} {chosen.version}, {chosen.hash[:12]}")


def _one_file(
    source: Path, output: Path, key_file: Path, policy: object, project: str, site: str
) -> dict[str, object]:
    from dataclasses import asdict

    from osteon.artefact import atomic_write
    from osteon.deid import Policy, Pseudonymiser, deidentify_dicom, load_key

    assert isinstance(policy, Policy)
    made = deidentify_dicom(source, policy, Pseudonymiser(load_key(key_file, project), site))
    atomic_write(output, made.content)
    return asdict(made.report)


@app.command("text")
@answers
def text(
    source: Annotated[
        Path, typer.Argument(metavar="IN.jsonl", help="One note per line: note_id, note_text, patient.")
    ],
    output: Annotated[
        Path, typer.Argument(metavar="OUT.jsonl", help="The notes with what was replaced and where.")
    ],
    key_file: KeyFile,
    policy: PolicyFile = None,
    language: Language = "fr",
    project: Project = "osteon",
    site: Site = "local",
    workers: Workers = None,
    tags: Annotated[
        bool, typer.Option("--tags", help="Write tags such as <NOM> instead of surrogates.")
    ] = False,
    json_output: Annotated[bool, typer.Option("--json", help="Counts as JSON.")] = False,
) -> None:
    """De-identify notes: replaced `note_text`, and `source_entities` in the coordinates of the input."""
    from osteon.deid.keys import load_key
    from osteon.deid.policy import Policy
    from osteon.deid.pseudonyms import Pseudonymiser
    from osteon.deid.text.notes import deidentify_notes

    _require_language(language)
    chosen = Policy.load(policy)
    if tags:
        chosen = chosen.model_copy(update={"text": chosen.text.model_copy(update={"replacement": "tag"})})
    with progress_bar("De-identifying notes") as update:
        counts = deidentify_notes(
            source, output, chosen, Pseudonymiser(load_key(key_file, project), site), workers, update
        )
    if json_output:
        print_json(counts)
    else:
        say(f"{counts['notes']} notes written, {counts['quarantined']} quarantined")


@app.command("evaluate")
@answers
def evaluate(
    gold: Annotated[Path, typer.Argument(metavar="GOLD.jsonl", help="Notes with `entities`.")],
    language: Language = "fr",
    policy: PolicyFile = None,
    json_output: Annotated[bool, typer.Option("--json", help="The measures as JSON.")] = False,
) -> None:
    """Measure what is found in notes whose identifying spans are marked."""
    from osteon.deid.policy import Policy
    from osteon.deid.text.evaluation import evaluate_notes

    _require_language(language)
    measures = evaluate_notes(gold, Policy.load(policy))
    if json_output:
        print_json(measures)
        return
    for label, row in measures["labels"].items():
        say(f"{label:<16} recall {row['recall']:.3f}   n {row['n']}")
    overall, whole = measures["overall"], measures["documents_fully_redacted"]
    say(
        f"overall          recall {overall['recall']:.3f}   "
        f"precision {overall['precision']:.3f}   f1 {overall['f1']:.3f}"
    )
    say(f"documents whole  {whole['value']:.3f} ({whole['low']:.3f} to {whole['high']:.3f}) of {whole['n']}")
