"""Other programs on the same windows, each with its own defaults; run by an interpreter that has them.

    python peers.py windows.npz NAME

`windows.npz` holds `reference` (N, R, D) and `window` (N, W, D). Prints JSON: which windows NAME calls
a drift, and the processor seconds that each took. Imports nothing of this project: these programs want other
versions of numpy.
"""

from __future__ import annotations

import json
import os
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

Judge = Callable[[Any, Any], bool]
warnings.filterwarnings("ignore")


def evidently(method: str) -> Judge:
    """Its embedding drift: `model` is the default, `mmd_bootstrap` its only test of MMD."""
    import pandas as pd
    from evidently.legacy.metrics.data_drift import embedding_drift_methods as methods

    chosen = {
        "model": lambda: methods.model(bootstrap=True),  # its default below 1,000 reference rows
        "mmd": methods.mmd,
        "mmd_bootstrap": lambda: methods.mmd(bootstrap=True),
    }[method]

    def judge(reference: Any, window: Any) -> bool:
        return bool(chosen()(pd.DataFrame(window), pd.DataFrame(reference))[1])

    return judge


def frouros() -> Judge:
    """MMD with its permutation test at 5 %."""
    from frouros.callbacks import PermutationTestDistanceBased
    from frouros.detectors.data_drift import MMD

    def judge(reference: Any, window: Any) -> bool:
        test: Any = PermutationTestDistanceBased(
            num_permutations=100, num_jobs=1, random_state=1, name="test"
        )
        detector = MMD(callbacks=[test])
        detector.fit(X=reference)
        return bool(detector.compare(X=window)[1]["test"]["p_value"] <= 0.05)

    return judge


def nannyml() -> Judge:
    """Reconstruction error of its principal components, chunks of a window's length."""
    import pandas as pd

    os.environ["NML_DISABLE_USAGE_LOGGING"] = "1"  # else it reports its use to a server, or waits for one
    from nannyml import DataReconstructionDriftCalculator

    def judge(reference: Any, window: Any) -> bool:
        names = [f"x{i}" for i in range(reference.shape[1])]
        made = DataReconstructionDriftCalculator(column_names=names, chunk_size=len(window))
        made.fit(pd.DataFrame(reference, columns=names))
        found = made.calculate(pd.DataFrame(window, columns=names)).to_df()
        return bool(found["reconstruction_error", "alert"].to_numpy().any())

    return judge


def alibi_detect() -> Judge:
    """MMD with its permutation test at 5 %, on PyTorch."""
    from alibi_detect.cd import MMDDrift

    def judge(reference: Any, window: Any) -> bool:
        made = MMDDrift(np.asarray(reference, np.float32), backend="pytorch", p_val=0.05, device="cpu")
        return bool(made.predict(np.asarray(window, np.float32))["data"]["is_drift"])

    return judge


PEERS: dict[str, Callable[[], Judge]] = {
    "evidently_model": lambda: evidently("model"),
    "evidently_mmd": lambda: evidently("mmd"),
    "evidently_mmd_bootstrap": lambda: evidently("mmd_bootstrap"),
    "frouros_mmd": frouros,
    "nannyml_reconstruction": nannyml,
    "alibi_detect_mmd": alibi_detect,
}


def main() -> None:
    """Judge every window."""
    path, name = sys.argv[1:]
    judge = PEERS[name]()
    with np.load(path) as kept:
        pairs = list(zip(kept["reference"].astype(float), kept["window"].astype(float), strict=True))
    found, started = [], time.process_time()
    for reference, window in pairs:
        found.append(judge(reference, window))
    seconds = (time.process_time() - started) / len(pairs)
    print(json.dumps({"drift": found, "cpu_seconds": round(seconds, 3)}))


if __name__ == "__main__":
    main()
