"""`osteon predict` and `osteon embed`: a model package's answers and vectors for pictures."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from osteon.cli.console import answers, print_json, say
from osteon.domain.errors import RefusedError, UsageError

if TYPE_CHECKING:
    from osteon.models import Predictor

_KEY_BYTES = 32
Files = Annotated[list[Path], typer.Argument(help="DICOM instances, PNG, JPEG or TIFF.")]
Model = Annotated[Path, typer.Option(help="Folder of a model package.")]
HmacKey = Annotated[
    Path | None,
    typer.Option(help="Project key for input digests; else one made for this installation."),
]


@answers
def predict(
    files: Files,
    model: Model,
    task: Annotated[str | None, typer.Option(help="Refuse a model of another task.")] = None,
    sex: Annotated[str | None, typer.Option(help="M or F; else what the DICOM header says.")] = None,
    hmac_key: HmacKey = None,
    study: Annotated[
        bool, typer.Option("--study", help="FILES are the views of one study: one answer for all.")
    ] = False,
    json_output: Annotated[bool, typer.Option("--json", help="Print one array in input order.")] = False,
) -> None:
    """Answer FILES with a model package, or abstain and say why. Research use only.

    Each file gets one element. A file that is no picture counts as an abstention
    (picture_unreadable); when all are, the call is refused (exit 3).

    Example: osteon predict hand.dcm --model models/bone_age --sex F --json
    """
    if sex is not None and sex.upper() not in ("M", "F"):
        raise UsageError("--sex M or F", "another word", "leave it out where it is unknown")
    predictor = _load(model, hmac_key)
    if task is not None and task != predictor.task.value:
        raise UsageError(f"a model for {task}", f"one for {predictor.task.value}", "name another --model")
    if study:
        predictions, files = [predictor.predict_study(files, sex=sex)], files[:1]
    else:
        predictions = predictor.predict(files, sex=sex)
    if all(one.reason == "picture_unreadable" for one in predictions):
        raise RefusedError(
            "a picture (DICOM, PNG, JPEG, TIFF)", "no file that is one", "send the image itself"
        )
    if json_output:
        print_json([one.as_dict() for one in predictions])
        return
    for file, one in zip(files, predictions, strict=True):
        typer.echo(f"{file.name}: {_line(one.as_dict())}")


@answers
def embed(
    files: Files,
    model: Model,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="A .npy file, (N, D) float32.")
    ] = None,
    hmac_key: HmacKey = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print the vectors as JSON.")] = False,
) -> None:
    """Unit-norm vectors of FILES; they compare only within one embedding space.

    Example: osteon embed *.dcm --model models/bone_age --output vectors.npy
    """
    if output is None and not json_output:
        raise UsageError("--output FILE.npy or --json", "neither", "say where the vectors go")
    predictor = _load(model, hmac_key)
    vectors = predictor.embed(files)
    space = predictor.embedding_space
    if output is not None:
        import numpy as np

        if output.suffix != ".npy" or not output.parent.is_dir():
            raise UsageError(
                "an --output ending in .npy in a folder that exists", "another", "correct the path"
            )
        np.save(output, vectors, allow_pickle=False)
        say(f"{output}: {vectors.shape[0]} x {vectors.shape[1]}, space {space.name}")
    if json_output:
        print_json(
            {"embedding_space": space.name, "dimensions": space.dimensions, "embeddings": vectors.tolist()}
        )


def _load(model: Path, hmac_key: Path | None) -> Predictor:
    from osteon.models import Predictor

    return Predictor.load(model, hmac_key=_key(hmac_key))


def _key(path: Path | None) -> bytes:
    """The project's digest key; one is made on first use where no file was named."""
    if path is not None:
        try:
            return path.read_bytes()
        except OSError:
            raise UsageError("a key file that can be read", "none at --hmac-key", "check the path") from None
    own = Path(typer.get_app_dir("osteon")) / "input_hmac.key"
    try:
        return own.read_bytes()
    except FileNotFoundError:
        pass
    key = secrets.token_bytes(_KEY_BYTES)
    try:
        own.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(own, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
            stream.write(key)
    except FileExistsError:
        return own.read_bytes()
    except OSError:
        say("no place to keep a digest key: input digests of this call compare with no other call's")
    return key


def _line(one: dict[str, Any]) -> str:
    if one["status"] == "abstained":
        return f"no answer ({one['reason'].replace('_', ' ')})"
    text = f"{one['value']:.3g} {one['unit']}"
    if one["interval"]:
        bounds = one["interval"]
        text += f" ({bounds['low']:.3g} to {bounds['high']:.3g} at {bounds['coverage']:.0%})"
    return f"{text}; research use only"
