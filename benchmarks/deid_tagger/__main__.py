"""Fit the tagger and write its weights.

    OSTEON_SHARED_DATA=... python -m benchmarks.deid_tagger --out osteon/deid/text/data/tagger.npz

About ten minutes of one core. What it gains is measured by `python -m benchmarks.deid_text` on sets that it
was not fitted on (`--split fresh7`), with and without it (`--without-tagger`).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch

from benchmarks.deid_tagger.fit import fitted, stored
from benchmarks.deid_tagger.material import keep, kept, material


def main() -> None:
    """Fit and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=800, help="batches of the fit")
    parser.add_argument(
        "--letters", type=Path, help="where the letters are kept, so that a second fit reads them"
    )
    parser.add_argument("--read", type=int, default=150, help="letters of a set that the rules read")
    parser.add_argument("--unread", type=int, default=900, help="letters of a set that they do not")
    given = parser.parse_args()
    torch.set_num_threads(1)
    if given.letters is None or not given.letters.exists():
        marked = list(material(given.read, given.unread))
        if given.letters is not None:
            keep(marked, given.letters)
    else:
        marked = kept(given.letters)
    print(f"{len(marked)} letters", flush=True)
    if given.steps:
        arrays = stored(*fitted(marked, given.steps))
        np.savez_compressed(given.out, allow_pickle=False, **arrays)


if __name__ == "__main__":
    main()
