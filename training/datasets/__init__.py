"""Public sets read by their published layout; nothing is downloaded, pictures are opened when asked for."""

from training.datasets.caption_pairs import read_concepts, write_caption_pairs
from training.datasets.detect import LAYOUTS, detect, layout_named, read_set
from training.datasets.label_captions import label_captions
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
    "label_captions",
    "layout_named",
    "read_concepts",
    "read_set",
    "write_caption_pairs",
    "write_label_tables",
]
