"""The shape of a task model and its inputs' codes: what serving reads without any network library."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from osteon.domain import RefusedError, Task

Level = Literal["picture", "study"]
SEX_CODES = {"M": 1, "F": 2}  # 0 stands for unknown, which every model has seen in training


def sex_code(sex: str | None) -> int:
    """Number of a sex for a model's input: 1 male, 2 female, 0 unknown.

    >>> [sex_code(sex) for sex in ("M", "f", "O", None)]
    [1, 2, 0, 0]
    """
    return SEX_CODES.get((sex or "").strip().upper()[:1], 0)


def task_values(task: Task) -> tuple[float, ...]:
    """The values over which a task's head spreads its belief: classes, grades, or bins of a measure."""
    return task.values


@dataclass(frozen=True, kw_only=True)
class TaskModelConfig:
    """Shape of a task model; stands in config.json of its package.

    Attributes:
        hidden_dim: width of the head's hidden layer; 0 for a linear head.
        flip_average: answers are the mean over the picture and its mirror image.
        level: what was learned and calibrated: single pictures, or studies of several views.
        answer_views: pictures that an answer is averaged over, the first being the picture itself and the
            others slightly moved, turned and scaled.
    """

    task: str
    image_encoder: str
    sex_dim: int = 0
    hidden_dim: int = 256
    dropout: float = 0.2
    drop_path: float = 0.0
    flip_average: bool = True
    level: Level = "picture"
    answer_views: int = 1

    def to_json(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def config_from_json(fields: dict[str, Any]) -> TaskModelConfig:
    """The shape that `to_json` wrote; RefusedError for any other."""
    try:
        config = TaskModelConfig(**fields)
    except TypeError:
        raise RefusedError(
            "a config.json of a fine-tuned model",
            "one with other fields",
            "name the folder that finetune wrote",
        ) from None
    Task.parse(config.task)
    return config
