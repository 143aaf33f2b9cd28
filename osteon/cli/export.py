"""`osteon export`: a model package with a graph that other runtimes answer from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from osteon.cli.console import answers, print_json
from osteon.domain.errors import UsageError

if TYPE_CHECKING:
    from osteon.domain import Manifest


@answers
def export(
    package: Annotated[Path, typer.Argument(help="Folder of a fine-tuned model package.")],
    pictures: Annotated[
        Path | None,
        typer.Option(
            help="For onnx and openvino: a picture, or a folder of them (64 at most) to compare on."
        ),
    ] = None,
    to: Annotated[str, typer.Option(help="onnx, openvino or int8.")] = "onnx",
    data: Annotated[
        Path | None, typer.Option(help="For int8: the label table whose test rows must be answered as well.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Another folder; else the package itself gets it.")
    ] = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print the new manifest as JSON.")] = False,
) -> None:
    """Write the model as ONNX, OpenVINO or 8-bit ONNX beside its weights, if it answers as well.

    For onnx and openvino torch and the new graph answer the pictures; where a probability differs by more
    than 0.0001, nothing is written. For int8 both answer the table's test rows; where AUROC moves by more
    than 0.002, months by more than 0.1 or kappa by more than 0.005, nothing is written. The manifest holds
    the differences and the new file's hash. Export before registering: the server then answers from the
    graph, int8 before the other, without loading torch.

    Example: osteon export models/knee --to onnx --pictures knees/images

    Example: osteon export models/knee --to int8 --data knees/labels.csv
    """
    from dataclasses import asdict

    manifest = _to_int8(package, data, output) if to == "int8" else _to_float(package, pictures, to, output)
    if json_output:
        print_json(asdict(manifest))
        return
    figures = manifest.figures["exports"][to]
    typer.echo(f"{output or package}: {figures['pictures']} pictures answered alike")
    typer.echo(f"  largest difference of a probability {figures['max_abs_probability']:.1e}")
    for name, value in figures.items():
        if isinstance(value, dict) and "tolerance" in value:
            typer.echo(f"  {name} {value['float']:.4f} before, {value['int8']:.4f} after")


def _to_int8(package: Path, data: Path | None, output: Path | None) -> Manifest:
    if data is None:
        raise UsageError("--data LABELS.csv", "none", "name the label table of the model's task")
    from training.int8_export import export_int8

    return export_int8(package, data, output=output)


def _to_float(package: Path, pictures: Path | None, to: str, output: Path | None) -> Manifest:
    if to not in ("onnx", "openvino"):
        raise UsageError("--to onnx, openvino or int8", "another word", "choose one of the three")
    if pictures is None:
        raise UsageError("--pictures FOLDER", "none", "name some radiographs to compare answers on")
    from osteon.models.export import MOST_PICTURES, export_package

    files = sorted(path for path in pictures.iterdir() if path.is_file()) if pictures.is_dir() else [pictures]
    return export_package(package, cast(Any, to), files[:MOST_PICTURES], output=output)
