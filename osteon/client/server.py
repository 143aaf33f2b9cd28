"""The client itself: httpx for the connection, tenacity for patience."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx
import tenacity

from osteon.client import answers
from osteon.client.answers import Embeddings, InProduction
from osteon.domain import FaultError, Prediction, Task, UsageError

Source = str | PathLike[str] | bytes
_COME_BACK = frozenset({429, 503})
_LONGEST_PAUSE_S = 60.0


class ModelServer:
    """One model server, for one thread or many; use it in a `with` block, or `close` it.

    A request that is told to come back (429, 503) is sent again after the pause that the server asks for,
    until `patience_s` are over; any other failure is raised at once.

    Args:
        url: for example `http://127.0.0.1:8010`.
        token: with the scopes of what is asked; never shown.
        timeout_s: of one exchange.
        patience_s: how long to come back; 0 asks once.
    """

    def __init__(
        self,
        url: str,
        token: str,
        *,
        timeout_s: float = 120.0,
        patience_s: float = 60.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._http = httpx.Client(
            base_url=url,
            headers={"Authorization": f"Bearer {token}"},
            timeout=timeout_s,
            trust_env=False,  # a proxy would read the pictures
            transport=transport,
        )
        self._patience = tenacity.Retrying(
            retry=tenacity.retry_if_result(lambda response: response.status_code in _COME_BACK),
            wait=_asked_pause_s,
            stop=tenacity.stop_before_delay(patience_s),
            retry_error_callback=lambda state: state.outcome.result() if state.outcome else None,
        )

    def __enter__(self) -> ModelServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"ModelServer({str(self._http.base_url)!r})"

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def predict(
        self,
        sources: Sequence[Source] = (),
        *,
        dicomweb: Sequence[str] = (),
        task: Task | str | None = None,
        sex: str | None = None,
        site: str | None = None,
        subject: str | None = None,
    ) -> list[Prediction]:
        """Predictions by source in the order given, then by task; an abstention is one with its reason.

        Args:
            sources: paths or bytes of DICOM, PNG, JPEG or TIFF pictures of one study.
            dicomweb: instances that the server fetches from its PACS, as STUDY or STUDY/SERIES/INSTANCE;
                they come behind the sources.
            task: only this one; every task that fits the body part by default.
            subject: the patient's pseudonym, never a number of the hospital.
        Raises:
            UsageError, RefusedError, FaultError: see `osteon.client.answers.checked`.
        """
        fields = {
            "task": None if task is None else str(task), "sex": sex, "site": site, "subject": subject,
            "dicomweb": ",".join(dicomweb) or None,
        }  # fmt: skip
        return answers.predictions(self._post("/v1/predict", sources, fields))

    def embed(
        self,
        sources: Sequence[Source] = (),
        *,
        dicomweb: Sequence[str] = (),
        task: Task | str | None = None,
    ) -> Embeddings:
        """One vector per source, by the champion of the task, or by the first one; see `predict`."""
        fields = {"task": None if task is None else str(task), "dicomweb": ",".join(dicomweb) or None}
        return answers.embeddings(self._post("/v1/embed", sources, fields))

    def explain_phrase(self, source: Source, text: str, *, dicom: bool = False) -> bytes:
        """A PNG of the picture with a map of where it matches a French or English phrase, for research only.

        The map says where the phrase lies nearest, not that what it says is there.

        Args:
            source: path or bytes of one picture.
            dicom: a DICOM Secondary Capture instead, of a picture that came as DICOM.
        Raises:
            UsageError, RefusedError, FaultError: see `osteon.client.answers.checked`.
        """
        wanted = "application/dicom" if dicom else "image/png"
        response = self._post("/v1/explain-phrase", [source], {"text": text}, accept=wanted)
        return answers.picture(response, wanted)

    def models(self) -> list[InProduction]:
        """What is loaded: champions first, then challengers."""
        return answers.in_production(self._ask("GET", "/v1/models"))

    def _post(
        self, path: str, sources: Sequence[Source], fields: dict[str, str | None], *, accept: str = "*/*"
    ) -> httpx.Response:
        if not sources and not fields.get("dicomweb"):
            raise UsageError("at least one picture", "none", "name one")
        # A file's name may be a patient's: every part has the same.
        files = [("files", ("picture", _bytes_of(source), "application/octet-stream")) for source in sources]
        texts = [(name, (None, text)) for name, text in fields.items() if text is not None]
        form = [*files, *texts]  # in parts, also without a file
        return self._ask("POST", path, files=form, headers={"Accept": accept})

    def _ask(self, method: str, path: str, **content: Any) -> httpx.Response:
        try:
            response = self._patience(self._http.request, method, path, **content)
        except httpx.HTTPError as error:
            raise FaultError(
                "a model server that answers", type(error).__name__, "check its address and /readyz"
            ) from None
        return answers.checked(response)


def _asked_pause_s(state: tenacity.RetryCallState) -> float:
    """`Retry-After` in seconds (RFC 9110 section 10.2.3); one second where it says something else."""
    assert state.outcome is not None
    asked = state.outcome.result().headers.get("Retry-After", "")
    return min(float(asked), _LONGEST_PAUSE_S) if asked.isdigit() else 1.0


def _bytes_of(source: Source) -> bytes:
    if isinstance(source, bytes):
        return source
    try:
        return Path(source).read_bytes()
    except OSError:
        raise UsageError("a picture file that can be read", "none at that path", "check the path") from None
