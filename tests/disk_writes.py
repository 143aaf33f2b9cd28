"""Which files Python code opens for writing."""

from __future__ import annotations

import os
import sys
from typing import Any


class Writes:
    """Every path that Python code opens for writing while it is on (PEP 578; a hook cannot be removed).

    Left out is what is no disk or no data: the null device and pipes of a child process, and compiled
    modules, which the interpreter writes when one is imported late.
    """

    def __init__(self) -> None:
        self.on, self.paths = False, set[str]()
        sys.addaudithook(self)

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.on and event == "open":
            path, mode, flags = arguments
            if isinstance(path, int) or path == os.devnull or "__pycache__" in str(path):
                return
            if (mode and set("wax+") & set(mode)) or (
                isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR)
            ):
                self.paths.add(str(path))
