"""`osteon export`: a model package with a graph that other runtimes answer from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, cast

import typer

from osteon.cli.console import answers, print_json
from osteon.domain.errors import UsageError


@answers
def export(
    package: Annotated[Path, typer.Argument(help="Folder of a fine-tuned model package.")],
    pictures: Annotated[
        Path, typer.Option(help="A picture, or a folder of pictures (64 at most) to compare answers on.")
    ],
    to: Annotated[str, typer.Option(help="onnx or openvino.")] = "onnx",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Another folder; else the package itself gets it.")
    ] = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print the new manifest as JSON.")] = False,
) -> None:
    """Write the model as ONNX or OpenVINO beside its weights, if both answer alike.

    Torch and the new graph answer the pictures; where a probability differs by more than 0.0001, nothing
    is written. The manifest holds the differences and the new file's hash. Export before registering: the
    server then answers from model.onnx without loading torch.

    Example: osteon export models/knee --to onnx --pictures knees/images
    """
    if to not in ("onnx", "openvino"):
        raise UsageError("--to onnx or openvino", "another word", "choose one of the two")
    from dataclasses import asdict

    from osteon.models.export import MOST_PICTURES, export_package

    files = sorted(path for path in pictures.iterdir() if path.is_file()) if pictures.is_dir() else [pictures]
    manifest = export_package(package, cast(Any, to), files[:MOST_PICTURES], output=output)
    if json_output:
        print_json(asdict(manifest))
        return
    figures = manifest.figures["exports"][to]
    typer.echo(f"{output or package}: {figures['pictures']} pictures answered alike")
    typer.echo(f"  largest difference of a probability {figures['max_abs_probability']:.1e}")
