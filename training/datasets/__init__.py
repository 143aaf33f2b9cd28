"""Public sets read by their published layout; nothing is downloaded, pictures are opened when asked for."""

from training.datasets.detect import LAYOUTS, detect, layout_named, read_set
from training.datasets.label_tables import write_label_tables
from training.datasets.layout import LEFT_OUT, Layout, PublicSet
from training.datasets.picture_row import PictureRow

__all__ = [
    "LAYOUTS",
    "LEFT_OUT",
    "Layout",
    "PictureRow",
    "PublicSet",
    "detect",
    "layout_named",
    "read_set",
    "write_label_tables",
]
