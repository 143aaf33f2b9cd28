"""One picture of a public set, as every reader gives it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from osteon.dicom import Picture, read_picture

Part = Literal["whole", "left_half", "right_half"]
LABEL_COLUMNS = ("fracture", "bone_age_months", "kl_grade", "abnormal", "implant")


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureRow:
    """One picture, what its set says of it, and where it is; no pixel is read before `read`.

    Attributes:
        file: where the picture must be.
        patient: key of the person, with the set's name before it where the set's numbers are its own; empty
            where the set tells nobody apart: then splits go by file.
        split: `train`, `val`, `test`, another word of the set, or empty where the set has none;
            `left_out` where the patient also stands in a part that is measured on.
        labels: by column of the label table; a label that the set does not give is absent.
        study: key of the visit; empty where the set has none.
        sex: `M`, `F` or empty.
        laterality: `L`, `R` or empty.
        view: `ap`, `pa`, `lateral`, `oblique` or empty.
        region: body part (`osteon.dicom.anatomy`), or empty.
        part: the half of the picture, as a viewer sees it, that the row is about.
        finding: the one class that the set names the picture by, or empty.
        text: caption or report, or empty.
        concepts: UMLS concepts (CUI) of the text.
        semantic_types: UMLS semantic types (TUI) of the text.
        licence: licence of this very picture, where it has its own.
    """

    file: Path
    patient: str
    split: str
    labels: Mapping[str, float] = field(default_factory=dict)
    study: str = ""
    sex: str = ""
    laterality: str = ""
    view: str = ""
    region: str = ""
    part: Part = "whole"
    finding: str = ""
    text: str = ""
    concepts: tuple[str, ...] = ()
    semantic_types: tuple[str, ...] = ()
    licence: str = ""

    @property
    def key(self) -> str:
        """What a split goes by: the patient, else the file's name."""
        return self.patient or self.file.name

    def read(self) -> Picture:
        """The picture, bone bright, cut to the row's part.

        Raises:
            RefusedError: the file is no picture.
        """
        picture = read_picture(self.file)
        if self.part == "whole":
            return picture
        middle = picture.pixels.shape[1] // 2
        half = picture.pixels[:, :middle] if self.part == "left_half" else picture.pixels[:, middle:]
        return replace(picture, pixels=half.copy())
