"""Do captions made of other labels save labels? Real hands and knees, full fine-tuning, five seeds, paired.

    python -m benchmarks.real_pairs --data DATA --work WORK [--plan standard]

DATA holds `bone_age/` and `knee_kl/` with their label tables. For each task every picture of folds 2 to 4 of
both sets gets a French caption that says nothing of the task's own label. Encoders are pretrained on them:
with SimCLR alone, with captions, and supervised on the labels that the captions tell. Then 10 % and 100 % of
the labels are fine-tuned from each and from random weights. Fold 0 is measured on; fold 1 is in nothing. What
is in WORK is not done again; processes that share WORK need --task or --arm. JSON line last.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch

from benchmarks._record import hardware
from benchmarks.real_pairs.paired import summary
from benchmarks.real_pairs.plan import ARMS, PLANS
from benchmarks.real_pairs.run import Place, finetune_one, labelled, pretrain_seconds, settings
from osteon.domain import Task


def main() -> None:
    """Runs what is missing and prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--plan", choices=sorted(PLANS), default="standard")
    parser.add_argument("--task", type=Task, choices=list(Task), help="only this task's runs, beside others'")
    parser.add_argument("--arm", choices=ARMS, help="only this start's runs, beside others'")
    parser.add_argument("--only-summary", action="store_true", help="figures of the runs that are there")
    given = parser.parse_args()
    torch.set_num_threads(1)
    plan, place = PLANS[given.plan](), Place(data=given.data, work=given.work)
    data = {task: labelled(place, task, plan) for task in plan.tasks}
    for part, arms in [] if given.only_summary else plan.stages:
        for seed in range(plan.seeds):
            for task in [one for one in plan.tasks if given.task in (None, one)]:
                for arm in [one for one in arms if given.arm in (None, one)]:
                    if not place.result(task, part, arm, seed).is_file():
                        finetune_one(place, plan, data[task], task, part, arm, seed)
                        print(f"{task.value} {part:g} {arm} {seed}", flush=True)
    figures = {
        "benchmark": "real_pairs",
        "plan": settings(plan),
        "hardware": hardware(),
        "pretrain_seconds": pretrain_seconds(place),
        "tasks": {task.value: summary(place, plan, task, data[task].test) for task in plan.tasks},
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
