"""Text burned into pixels: found by its look, read only where it could be a marker, else removed."""

from osteon.deid.pixels.box import Box, black_out, share_of
from osteon.deid.pixels.cleaning import CleanedFrame, clean_pixels

__all__ = ["Box", "CleanedFrame", "black_out", "clean_pixels", "share_of"]
