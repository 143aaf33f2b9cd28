"""Text burned into pixels: found by its strokes, read where a verdict needs it, removed in doubt."""

from osteon.deid.pixels.box import Box, black_out, share_of
from osteon.deid.pixels.cleaning import CleanedFrame, clean_pixels
from osteon.deid.pixels.shapes import clean_shapes

__all__ = ["Box", "CleanedFrame", "black_out", "clean_pixels", "clean_shapes", "share_of"]
