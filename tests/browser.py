"""A page opened in Debian's Chromium: what it shows, what its console says, how it looks."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

_CONSOLE = re.compile(r"CONSOLE[:(].*")


@dataclass(frozen=True)
class Opened:
    """The document after loading, and every line of its console."""

    document: str
    console: tuple[str, ...]


def open_page(page: Path, folder: Path) -> Opened:
    """The page as a real browser loads it; skips where there is none."""
    done = _chromium(page, folder, "--dump-dom", "--enable-logging=stderr", "--v=0")
    lines = [match[0] for line in done.stderr.splitlines() if (match := _CONSOLE.search(line))]
    return Opened(document=done.stdout, console=tuple(lines))


def screenshot(page: Path, folder: Path, *, width: int = 1200, height: int = 3000) -> Path:
    """A PNG of the page."""
    target = folder / "page.png"
    _chromium(page, folder, f"--screenshot={target}", f"--window-size={width},{height}", "--hide-scrollbars")
    return target


def _chromium(page: Path, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.skip("no browser here: install the Debian package chromium")
    return subprocess.run(
        [
            program,
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-component-update",
            "--disable-background-networking",
            f"--user-data-dir={folder / 'browser'}",
            *options,
            page.resolve().as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
        env={**os.environ, "HOME": str(folder)},
    )
