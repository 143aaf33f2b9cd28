"""Share of correct actions over synthetic instances with identity in every corner.

    python -m benchmarks.deid_dicom --count 5000

The last line is JSON. Every wrong action is listed, in `--faults FILE`, and counted by kind here.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path

from benchmarks.deid_dicom.expected import STRICTER
from benchmarks.deid_dicom.instances import instances
from benchmarks.deid_dicom.scorer import Score
from osteon.deid import Policy, ProjectKey, Pseudonymiser, deidentify_dicom
from osteon.domain.errors import OsteonError


def main() -> None:
    """Generate, de-identify, judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--policy", type=Path, default=None)
    parser.add_argument("--faults", type=Path, default=None, help="JSON lines, one per wrong action")
    given = parser.parse_args()
    policy, pseudonymiser = Policy.load(given.policy), Pseudonymiser(ProjectKey(bytes(range(32))), "bench")
    score, outcomes, started = Score(), Counter[str](), time.perf_counter()
    for number, planted in enumerate(instances(given.count, given.seed)):
        try:
            content = deidentify_dicom(planted.content, policy, pseudonymiser).content
            outcomes["written"] += 1
        except OsteonError as error:
            content = None
            outcomes[f"{type(error).__name__}: {error.got}"] += 1
        score.add(number, planted, content)
    if given.faults:
        given.faults.write_text("".join(json.dumps(asdict(f)) + "\n" for f in score.faults))
    kinds = Counter((f.keyword, f.action, f.why) for f in score.faults)
    for (keyword, action, why), count in kinds.most_common(60):
        print(f"{count:7} {keyword}: expected {action}, {why}")
    print(
        json.dumps(
            {
                "benchmark": "deid_dicom",
                "instances": given.count,
                "seed": given.seed,
                "policy": policy.hash,
                "outcomes": dict(outcomes),
                "actions": sum(score.actions.values()),
                "correct": sum(score.correct.values()),
                "share": round(score.share(), 6),
                "over_redactions": sum(f.over_redaction for f in score.faults),
                "by_action": {a: [score.correct[a], n] for a, n in sorted(score.actions.items())},
                "faults": [[k, a, w, n] for (k, a, w), n in kinds.most_common(60)],
                "stricter_by_policy": STRICTER,
                "seconds": round(time.perf_counter() - started, 1),
            }
        )
    )


if __name__ == "__main__":
    main()
