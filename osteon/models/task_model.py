"""A model that answers one task: an image encoder and a head that gives a distribution over values."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from osteon.domain import Task
from osteon.models.encoders import TimmImageEncoder, build_image_encoder
from osteon.models.task_config import SEX_CODES, TaskModelConfig, config_from_json, sex_code, task_values

__all__ = [
    "SEX_CODES",
    "DistributionHead",
    "TaskModel",
    "TaskModelConfig",
    "build_task_model",
    "config_from_json",
    "sex_code",
    "task_values",
]


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
        width = feature_dim + config.sex_dim
        self.hidden = nn.Linear(width, config.hidden_dim) if config.hidden_dim else None
        self.dropout = nn.Dropout(config.dropout)
        self.output = nn.Linear(config.hidden_dim or width, len(values))
        self.register_buffer("values", torch.tensor(values), persistent=False)

    def forward(self, feature_BF: Tensor, sex_B: Tensor) -> Tensor:
        """Logits (B, K)."""
        if self.sex_embedding is not None:
            feature_BF = torch.cat([feature_BF, self.sex_embedding(sex_B)], dim=1)
        if self.hidden is not None:
            feature_BF = self.dropout(torch.relu(self.hidden(feature_BF)))
        logits_BK: Tensor = self.output(feature_BF)
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
