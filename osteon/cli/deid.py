"""`osteon deid`: pseudonyms in, identity out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from osteon.cli import deid_record, deid_release, deid_review, deid_run
from osteon.cli.console import answers, print_json, progress_bar, say
from osteon.cli.deid_options import DoneJson, KeyFile, PolicyFile, Project, Site, Workers

if TYPE_CHECKING:
    from osteon.deid.policy import Policy

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

Language = Annotated[
    str | None,
    typer.Option("--language", help="Language of the reports: fr, nl or en; the policy's when left out."),
]
Ages = Annotated[
    str | None,
    typer.Option(
        "--ages",
        help="What becomes of ages in notes: keep, cap (above 89), band (five years) or redact; the "
        "policy's when left out.",
    ),
]


def _policy(path: Path | None, language: str | None, **text: str | None) -> Policy:
    """The policy with what the command line changes in it."""
    from osteon.deid.policy import Policy
    from osteon.deid.text.ages import require_age_rule
    from osteon.deid.text.languages import language_data

    chosen = Policy.load(path)
    given = {"language": language, **text}
    if language is not None:
        language_data(language)
    if text.get("ages_in_notes") is not None:
        require_age_rule(str(text["ages_in_notes"]))
    changes = {name: value for name, value in given.items() if value is not None}
    return chosen.with_text(**changes) if changes else chosen


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
    language: Language = None,
    project: Project = "osteon",
    site: Site = "local",
    workers: Workers = None,
    json_output: DoneJson = False,
) -> None:
    """De-identify one DICOM file, or a folder of studies with their reports."""
    chosen = _policy(policy, language)
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


@app.command("dicomweb")
@answers
def dicomweb(
    address: Annotated[str, typer.Argument(metavar="URL", help="A PACS, such as https://pacs/dicom-web.")],
    output: Annotated[Path, typer.Argument(metavar="OUT", help="The folder to write.")],
    key_file: KeyFile,
    where: Annotated[
        list[str] | None,
        typer.Option(
            "--where", help="KEYWORD=VALUE of the study, such as StudyDate=20240101-20240131; repeatable."
        ),
    ] = None,
    token_file: Annotated[
        Path | None, typer.Option("--token-file", help="Holds the bearer token of the PACS.")
    ] = None,
    policy: PolicyFile = None,
    project: Project = "osteon",
    site: Site = "local",
    json_output: DoneJson = False,
) -> None:
    """De-identify the studies of a PACS over DICOMweb; run again to go on where it stopped."""
    from dataclasses import asdict

    from osteon.deid import Policy, load_key
    from osteon.deid.pacs import deidentify_pacs
    from osteon.dicom.dicomweb import dicomweb as connected
    from osteon.dicom.dicomweb import read_filters

    chosen, filters = Policy.load(policy), read_filters(where or [])
    token = token_file.read_text(encoding="ascii").strip() if token_file else None
    with (
        connected(address, token, chosen.limits.instance_bytes) as service,
        progress_bar("De-identifying studies") as update,
    ):
        key = load_key(key_file, project)
        manifest = deidentify_pacs(service, filters, output, chosen, key, site, update)
    if json_output:
        print_json(asdict(manifest))
    else:
        say(f"{manifest.figures['studies']} studies written under policy {chosen.name} {chosen.version}")


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
    language: Language = None,
    project: Project = "osteon",
    site: Site = "local",
    workers: Workers = None,
    ages: Ages = None,
    tags: Annotated[
        bool, typer.Option("--tags", help="Write tags such as <NOM> instead of surrogates.")
    ] = False,
    json_output: Annotated[bool, typer.Option("--json", help="Counts as JSON.")] = False,
) -> None:
    """De-identify notes: replaced `note_text`, and `source_entities` in the coordinates of the input."""
    from osteon.deid.keys import load_key
    from osteon.deid.pseudonyms import Pseudonymiser
    from osteon.deid.text.notes import deidentify_notes

    chosen = _policy(policy, language, ages_in_notes=ages, replacement="tag" if tags else None)
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
    language: Language = None,
    policy: PolicyFile = None,
    ages: Ages = None,
    json_output: Annotated[bool, typer.Option("--json", help="The measures as JSON.")] = False,
) -> None:
    """Measure what is found in notes whose identifying spans are marked."""
    from osteon.deid.text.evaluation import evaluate_notes

    measures = evaluate_notes(gold, _policy(policy, language, ages_in_notes=ages))
    if json_output:
        print_json(measures)
        return
    for label, row in measures["labels"].items():
        share = row["documents_fully_redacted"]
        say(
            f"{label:<16} recall {row['recall']:.3f} ({row['low']:.3f} to {row['high']:.3f}) of {row['n']}   "
            f"documents {share['value']:.3f} of {share['n']}"
        )
    overall, whole = measures["overall"], measures["documents_fully_redacted"]
    say(
        f"overall          recall {overall['recall']:.3f}   "
        f"precision {overall['precision']:.3f}   f1 {overall['f1']:.3f}"
    )
    say(f"documents whole  {whole['value']:.3f} ({whole['low']:.3f} to {whole['high']:.3f}) of {whole['n']}")
