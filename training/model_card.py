"""The card of a fine-tuned model: what it was made from, what it reached, what it is not for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from osteon.domain import Task

_QUESTIONS = {
    Task.FRACTURE: "Does this radiograph show a fracture? The value is a probability.",
    Task.BONE_AGE: "How old is this hand's skeleton? The value is in months, from 0 to 240.",
    Task.KNEE_OA: "Which Kellgren-Lawrence grade, 0 to 4, has this knee?",
    Task.ABNORMALITY: "Is anything on this radiograph abnormal? The value is a probability.",
    Task.LEG_ALIGNMENT: "Which hip-knee-ankle angle has this leg? In degrees, below 180 for varus.",
    Task.IMPLANT: "Is there metal or a prosthesis on this radiograph? The value is a probability.",
}
_LIMITS = {
    Task.FRACTURE: "Labels of a picture do not say where the fracture is, nor how old it is.",
    Task.BONE_AGE: "Without the sex the error is larger. Skeletal dysplasia was not looked at.",
    Task.KNEE_OA: "Readers disagree by one grade often; single frontal views only.",
    Task.ABNORMALITY: "What counts as abnormal is what the label table called so.",
    Task.LEG_ALIGNMENT: "One whole leg, standing and from the front; a turned leg measures otherwise.",
    Task.IMPLANT: "It names neither the kind of implant nor its maker, nor whether it is loose.",
}


def model_card(
    task: Task,
    recipe_name: str,
    figures: Mapping[str, Any],
    metrics: Mapping[str, Any],
    *,
    from_random: bool,
) -> str:
    """The card in Markdown, after Mitchell et al. 2019, arXiv:1810.03993; counts and measures only."""
    origin = "random weights" if from_random else "a pretrained image encoder"
    intervals = metrics.get("intervals", {})
    lines = [
        f"# {task.value}",
        "",
        "**Research use only.** No clinical validation stands behind this model until the hospital that "
        "runs it has made its own.",
        "",
        f"{_QUESTIONS[task]}",
        "",
        "## How it was made",
        "",
        f"Recipe `{recipe_name}`, from {origin} "
        f"({figures['encoder_tensors_loaded']} of {figures['encoder_tensors']} encoder tensors loaded). "
        f"{figures['rows_learned']} pictures were learned from, {figures['samples']} times in all, in "
        f"{figures['steps']} steps; the weights are an exponential mean over the run. "
        f"{figures['rows_unreadable']} files could not be read and {figures['rows_left_out_for_time']} were "
        "left out for time. The project's test rows took no part. `manifest.json` names the inputs by hash.",
        "",
        "## What it reached",
        "",
        f"On {metrics['rows']} rows of other patients, which also set its calibration (so these figures are "
        "slightly kind; `osteon evaluate` on test rows is the fair measure):",
        "",
        "| figure | value | 95 % interval |",
        "|---|---|---|",
    ]
    for name, value in metrics.items():
        if name in {"rows", "intervals"}:
            continue
        bounds = intervals.get(name, {})
        lines.append(
            f"| {name} | {_text(value)} | {_text(bounds.get('low'))} to {_text(bounds.get('high'))} |"
        )
    lines += [
        "",
        "## When it does not answer",
        "",
        "It abstains when the picture cannot be read, is blank or tiny, shows a body part outside its task "
        "(as far as the header says so), or lies 1.5 times as far from the training pictures as 98 % of the "
        "validation rows do. Intervals of months and grades are split-conformal at 90 %: they hold on "
        "pictures like the validation rows and promise nothing on others.",
        "",
        "## Limits",
        "",
        f"{_LIMITS[task]} Devices, populations and projections that the table did not hold are unknown to "
        "it. Performance by age, sex, site and device was not measured here.",
        "",
    ]
    return "\n".join(lines)


def _text(value: Any) -> str:
    return f"{value:.3f}" if isinstance(value, float) else "not known"
