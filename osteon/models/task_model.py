"""A model that answers one task: an image encoder and a head that gives a distribution over values."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn

from osteon.domain import Kind, RefusedError, Task
from osteon.models.encoders import DEFAULT_IMAGE_ENCODER, TimmImageEncoder, build_image_encoder

SEX_CODES = {"M": 1, "F": 2}  # 0 stands for unknown, which every model has seen in training
_BONE_AGE_MONTHS = (0.0, 240.0, 3.0)  # first, last, step


def sex_code(sex: str | None) -> int:
    """Number of a sex for a model's input: 1 male, 2 female, 0 unknown.

    >>> [sex_code(sex) for sex in ("M", "f", "O", None)]
    [1, 2, 0, 0]
    """
    return SEX_CODES.get((sex or "").strip().upper()[:1], 0)


def task_values(task: Task) -> tuple[float, ...]:
    """The values over which a task's head spreads its belief: classes, grades, or bins of months."""
    if task.kind is not Kind.REGRESSION:
        return tuple(float(value) for value in range(task.classes))
    first, last, step = _BONE_AGE_MONTHS
    return tuple(first + step * index for index in range(int((last - first) / step) + 1))


@dataclass(frozen=True, kw_only=True)
class TaskModelConfig:
    """Shape of a task model; stands in config.json of its package.

    Attributes:
        flip_average: answers are the mean over the picture and its mirror image.
    """

    task: str
    image_encoder: str = DEFAULT_IMAGE_ENCODER
    sex_dim: int = 0
    hidden_dim: int = 256
    dropout: float = 0.2
    drop_path: float = 0.0
    flip_average: bool = True

    def to_json(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


class DistributionHead(nn.Module):
    """Features (B, F) and sex to logits (B, K) over K values of the task.

    One head serves all tasks: K = 2 for yes/no, the grades for an ordinal task, bins for a regression,
    where the expectation over bins beats a single output (Rothe et al. 2018, "Deep expectation of real
    and apparent age", IJCV, section 3.3; Gao et al. 2018, "DLDL-v2", IJCAI, for soft labels).
    """

    values: Tensor

    def __init__(self, feature_dim: int, config: TaskModelConfig) -> None:
        super().__init__()
        values = task_values(Task.parse(config.task))
        self.sex_embedding = nn.Embedding(3, config.sex_dim) if config.sex_dim else None
        self.hidden = nn.Linear(feature_dim + config.sex_dim, config.hidden_dim)
        self.dropout = nn.Dropout(config.dropout)
        self.output = nn.Linear(config.hidden_dim, len(values))
        self.register_buffer("values", torch.tensor(values), persistent=False)

    def forward(self, feature_BF: Tensor, sex_B: Tensor) -> Tensor:
        """Logits (B, K)."""
        if self.sex_embedding is not None:
            feature_BF = torch.cat([feature_BF, self.sex_embedding(sex_B)], dim=1)
        hidden_BH = torch.relu(self.hidden(feature_BF))
        logits_BK: Tensor = self.output(self.dropout(hidden_BH))
        return logits_BK


class TaskModel(nn.Module):
    """`image_encoder` and `head`; the names under which a package keeps their tensors."""

    def __init__(self, image_encoder: TimmImageEncoder, config: TaskModelConfig) -> None:
        super().__init__()
        self.config = config
        self.image_encoder = image_encoder
        self.head = DistributionHead(image_encoder.feature_dim, config)

    def forward(self, image_BCHW: Tensor, sex_B: Tensor) -> Tensor:
        """Logits (B, K) in float32."""
        logits: Tensor = self.head(self.image_encoder.encode(image_BCHW), sex_B)
        return logits.float()

    def answer(self, image_BCHW: Tensor, sex_B: Tensor) -> tuple[Tensor, Tensor]:
        """Log probabilities (B, K) and features (B, F), with the mirror image averaged in if so set.

        The features are those of the picture as it is.
        """
        feature_BF = self.image_encoder.encode(image_BCHW)
        log_BK = self.head(feature_BF, sex_B).float().log_softmax(dim=1)
        if self.config.flip_average:
            mirrored_BF = self.image_encoder.encode(image_BCHW.flip(-1))
            mirrored_BK = self.head(mirrored_BF, sex_B).float().log_softmax(dim=1)
            log_BK = torch.logaddexp(log_BK, mirrored_BK) - torch.log(torch.tensor(2.0))
        return log_BK, feature_BF


def build_task_model(config: TaskModelConfig) -> TaskModel:
    """The model of that shape with random weights from the global generator."""
    return TaskModel(build_image_encoder(config.image_encoder, drop_path=config.drop_path), config)


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
