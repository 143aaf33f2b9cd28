"""Imports without what they do not need: optional packages are taken wherever they are installed.

Measured on one core: with torch and transformers for Presidio and thinc, a spaCy pipeline takes 44 s and
900 MB to load instead of 5 s and 300 MB; with torch, feast takes 7 s instead of 5 s. Nothing of ours uses
them there.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def hidden(*names: str) -> Iterator[None]:
    """Inside, importing one of the modules fails as if it were not installed; loaded ones stay.

    A None in `sys.modules` is how Python itself marks a module that must not be imported.
    """
    absent = [name for name in names if name not in sys.modules]
    for name in absent:
        sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        for name in absent:
            if name in sys.modules and sys.modules[name] is None:
                del sys.modules[name]
