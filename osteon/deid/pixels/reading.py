"""Reading a whole page or picture with tesseract, in this process."""

from __future__ import annotations

import os
import re
import threading
from functools import lru_cache
from pathlib import Path

import numpy as np

from osteon.deid.pixels.grey import Grey
from osteon.deid.values import fold
from osteon.domain.errors import FaultError

_FOLDERS = (
    "/usr/share/tesseract-ocr/5/tessdata",
    "/usr/share/tesseract-ocr/4.00/tessdata",
    "/usr/share/tessdata",
    "/usr/local/share/tessdata",
    "/opt/homebrew/share/tessdata",
)
_WORD = re.compile(r"[A-Z0-9]+")
_local = threading.local()  # an engine serves one thread


@lru_cache(maxsize=1)
def tessdata() -> str:
    """The folder that holds the French language data.

    Raises:
        FaultError: it is on none of the usual places; nothing can be read, so nothing may leave.
    """
    for folder in (os.environ.get("TESSDATA_PREFIX", ""), *_FOLDERS):
        if folder and (Path(folder) / "fra.traineddata").is_file():
            return folder
    raise FaultError(
        "tesseract's French language data (fra.traineddata)",
        "none found",
        "apt-get install tesseract-ocr-fra, or name its folder in TESSDATA_PREFIX",
    )


class Reader:
    """An OCR engine of one thread; counts how often it was asked."""

    def __init__(self) -> None:
        import tesserocr

        self._api = tesserocr.PyTessBaseAPI(path=tessdata(), lang="fra", psm=tesserocr.PSM.AUTO)
        # No dictionary: names are in none, and a marker must not be guessed into being.
        self._api.SetVariable("load_system_dawg", "0")
        self._api.SetVariable("load_freq_dawg", "0")
        self._modes = {
            "page": tesserocr.PSM.AUTO,
            "sparse": tesserocr.PSM.SPARSE_TEXT,
        }
        self.asked = 0

    def read(self, picture: Grey, mode: str, *, dpi: int = 200, within_s: float = 4.0) -> tuple[str, float]:
        """The text of a picture, dark on light, and its confidence in [0, 100]; empty when time is up."""
        self.asked += 1
        picture = np.ascontiguousarray(picture)
        height, width = picture.shape
        self._api.SetPageSegMode(self._modes[mode])
        self._api.SetImageBytes(picture.tobytes(), width, height, 1, width)
        self._api.SetSourceResolution(dpi)
        try:
            if not self._api.Recognize(int(1000 * within_s)):
                return "", 0.0
            return str(self._api.GetUTF8Text()), float(self._api.MeanTextConf())
        finally:
            self._api.Clear()  # nothing of a picture stays in the engine


def reader() -> Reader:
    """This thread's engine, made when it is first needed."""
    found = getattr(_local, "reader", None)
    if found is None:
        found = _local.reader = Reader()
    return found


def words_of(text: str) -> list[str]:
    """Its words of letters and digits, upper case without accents.

    >>> words_of("Né(e) : 12/03")
    ['NE', 'E', '12', '03']
    """
    return _WORD.findall(fold(text))
