"""Text burned into pixels: found by its look, removed unless it reads as a position marker."""

from osteon.deid.pixels.box import Box, black_out, share_of
from osteon.deid.pixels.cleaning import CleanedFrame, clean_pixels

__all__ = ["Box", "CleanedFrame", "black_out", "clean_pixels", "share_of"]
