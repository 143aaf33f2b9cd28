"""`osteon picture`: what a model sees of a file, as a PNG."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from osteon.cli.console import answers, print_json, say
from osteon.domain.errors import UsageError

if TYPE_CHECKING:
    from osteon.dicom import Picture


@answers
def picture(
    file: Annotated[Path, typer.Argument(help="DICOM instance, PNG, JPEG or TIFF.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The PNG to write.")],
    bits: Annotated[int, typer.Option(help="8 or 16 bits per pixel.")] = 8,
    json_output: Annotated[bool, typer.Option("--json", help="Print the facts as JSON.")] = False,
) -> None:
    """Write FILE as a gray PNG, bone bright, through the look-up tables and windows that it carries.

    Example: osteon picture knee.dcm --output knee.png --bits 16
    """
    from osteon.dicom import read_picture, write_png

    if bits not in (8, 16):
        raise UsageError("--bits 8 or 16", str(bits), "choose one of the two")
    if not output.parent.is_dir():
        raise UsageError(
            "an --output in a folder that exists", "a folder that does not", "make the folder first"
        )
    found = read_picture(file)
    write_png(found, output, bits=16 if bits == 16 else 8)
    if json_output:
        print_json(_facts(found))
    else:
        rows, columns = found.pixels.shape
        say(f"{output}: {rows} x {columns}, {found.body_part} {found.view}, {found.stored_bits} bits stored")


def _facts(found: Picture) -> dict[str, Any]:
    """What the file says of the picture, without an identifier."""
    rows, columns = found.pixels.shape
    return {
        "rows": rows,
        "columns": columns,
        "frames": found.frames,
        "stored_bits": found.stored_bits,
        "is_dicom": found.is_dicom,
        "modality": found.modality,
        "body_part": found.body_part,
        "view": found.view,
        "laterality": found.laterality,
        "pixel_spacing_mm": found.pixel_spacing_mm,
        "visible_range": found.voi,
    }
