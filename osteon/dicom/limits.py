"""What a picture may cost to open; anything beyond is refused before memory is taken."""

from __future__ import annotations

from dataclasses import dataclass

from osteon.domain.errors import RefusedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds checked from headers, before any decoder runs.

    Attributes:
        max_bytes: size of the file as it came.
        max_inflated_bytes: size of a deflated data set once inflated.
        max_pixels: rows x columns of one frame; a stitched whole leg is about 3,000 x 10,000.
        max_decoded_bytes: all frames and samples that one call decodes.
        max_scans: scans of one JPEG stream; a progressive file with thousands of them takes hours.
    """

    max_bytes: int = 512 * 2**20
    max_inflated_bytes: int = 768 * 2**20
    max_pixels: int = 64_000_000
    max_decoded_bytes: int = 1536 * 2**20
    max_scans: int = 100

    def check_bytes(self, size: int) -> None:
        """Refuse an empty file, or one larger than `max_bytes`."""
        if size == 0:
            raise RefusedError("a picture", "an empty file", "send the file again")
        if size > self.max_bytes:
            raise RefusedError(
                f"a file of at most {self.max_bytes} bytes", f"{size} bytes", "send one instance per file"
            )

    def check_shape(self, rows: int, columns: int, *, decoded_bytes: int = 0) -> None:
        """Refuse an empty picture, or one larger than the limits allow."""
        if rows < 1 or columns < 1:
            raise RefusedError(
                "at least one row and one column", f"{rows} x {columns}", "check Rows, Columns"
            )
        if rows * columns > self.max_pixels:
            raise RefusedError(
                f"at most {self.max_pixels} pixels", f"{rows} x {columns}", "send a smaller picture"
            )
        if decoded_bytes > self.max_decoded_bytes:
            raise RefusedError(
                f"at most {self.max_decoded_bytes} bytes of pixels",
                f"{decoded_bytes} bytes",
                "send fewer frames per instance",
            )


DEFAULT_LIMITS = Limits()
