"""What Alertmanager's webhook sends, of it what the drift monitor reads."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

DRIFT_ALERT = "OsteonDrift"
_MOST_ALERTS = 1000


class Alert(BaseModel):
    """One alert of a message."""

    model_config = ConfigDict(extra="ignore")

    status: Literal["firing", "resolved"]
    labels: dict[str, Annotated[str, Field(max_length=256)]]


class AlertMessage(BaseModel):
    """A message of version 4 (Alertmanager documentation, webhook_config); other keys are left unread."""

    model_config = ConfigDict(extra="ignore")

    version: Literal["4"]
    alerts: list[Alert] = Field(max_length=_MOST_ALERTS)

    def drifts(self) -> list[tuple[str, str]]:
        """Site and task of each drift that fires."""
        return [
            (alert.labels["site"], alert.labels["task"])
            for alert in self.alerts
            if alert.status == "firing"
            and alert.labels.get("alertname") == DRIFT_ALERT
            and {"site", "task"} <= alert.labels.keys()
        ]
