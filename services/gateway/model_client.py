"""Asks the model server, and the de-identification service for the pseudonym that goes with the question."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from osteon.dicom import read_header
from osteon.domain import FaultError, OsteonError, Prediction, RefusedError, prediction_from_dict
from services.gateway.settings import Settings, existing_secret

_LOG = logging.getLogger(__name__)
# The picture itself is the trouble: asking again would not help (RFC 9110 section 15.5).
_FINAL = frozenset({400, 413, 415, 422})


class BusyError(FaultError):
    """The model server asks to wait."""

    def __init__(self, pause_s: float | None) -> None:
        super().__init__("a model server with room", "one that is busy", "ask again later")
        self.pause_s = pause_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What goes with the instance; `sex` and `subject` only when they are known."""

    site: str
    sex: str | None
    subject: str | None


class ModelClient:
    """A client of `POST /v1/predict`; one connection pool, the token read anew at each call."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._http = httpx.Client(timeout=settings.model_timeout_s, trust_env=False)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def predict(self, instance: bytes, site: str) -> list[Prediction]:
        """What the models say about one instance.

        Raises:
            RefusedError: the server does not accept the picture; asking again is of no use.
            FaultError: no answer, or not one of the contract; ask again later.
        """
        question = self._question(instance, site)
        fields = {"site": question.site, "sex": question.sex, "subject": question.subject}
        try:
            response = self._http.post(
                f"{self._settings.model_server_url}/v1/predict",
                headers=_bearer(self._settings.model_server_token_file),
                # A name of the file would be a name in the server's log: it is always the same.
                files=[("files", ("instance.dcm", instance, "application/dicom"))],
                data={name: value for name, value in fields.items() if value},
            )
        except httpx.HTTPError as error:
            raise FaultError(
                "an answer of the model server", type(error).__name__, "see its /readyz"
            ) from None
        return _predictions(response)

    def _question(self, instance: bytes, site: str) -> Question:
        header = read_header(instance)
        patient = header.instance.patient_id if header.instance else None
        return Question(
            site=site,
            sex=header.sex if header.sex in {"M", "F"} else None,
            subject=self._pseudonym(patient.value, site) if patient else None,
        )

    def _pseudonym(self, patient_id: str, site: str) -> str | None:
        """The patient's pseudonym; None, so that the event is unlinked, when the service cannot tell."""
        if self._settings.deid_url is None:
            return None
        token = self._settings.deid_token_file
        try:
            response = self._http.post(
                f"{self._settings.deid_url}/v1/pseudonym",
                json={"patient_id": patient_id, "site": site},  # numbers are scoped by who issued them
                headers=_bearer(token) if token else {},
                timeout=5.0,
            )
            response.raise_for_status()
            found = response.json()["pseudonym"]
        except (httpx.HTTPError, ValueError, KeyError, TypeError, OsteonError) as error:
            _LOG.warning("an event stays unlinked: %s", type(error).__name__)
            return None
        return str(found)


def _bearer(token_file: Path) -> dict[str, str]:
    return {"Authorization": f"Bearer {existing_secret(token_file)}"}


def _predictions(response: httpx.Response) -> list[Prediction]:
    if response.status_code in _FINAL:
        raise RefusedError(
            "a picture that the model server accepts",
            f"HTTP {response.status_code}",
            "read the server's metrics",
        )
    if response.status_code == 429:
        raise BusyError(_retry_after_s(response))
    if response.status_code != 200:
        raise FaultError("HTTP 200 of the model server", f"{response.status_code}", "see its /readyz")
    try:
        found: list[dict[str, Any]] = response.json()["predictions"]
        return [prediction_from_dict(fields) for fields in found]
    except (ValueError, KeyError, TypeError, AttributeError, OsteonError) as error:
        raise FaultError(
            "predictions of the contract", type(error).__name__, "compare the versions of server and gateway"
        ) from None


def _retry_after_s(response: httpx.Response) -> float | None:
    value = response.headers.get("Retry-After", "")
    return min(float(value), 3600.0) if value.isdigit() else None
