"""Pictures by reference: fetched from the hospital's own PACS over DICOMweb.

A request names UIDs, never an address: the server asks the one service that its settings name.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from typing import TypeVar

from osteon.dicom.dicomweb import DicomWeb, InstanceAddress, TooLongError, dicomweb
from osteon.domain import UsageError
from services.model_server.answers import HttpError
from services.model_server.settings import Settings
from services.model_server.upload import Upload

Answer = TypeVar("Answer")


class Remote:
    """The PACS of the settings; nothing is kept of what it sends."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._open = ExitStack()
        self._pacs: DicomWeb | None = None
        if settings.dicomweb_url:
            token = settings.dicomweb_token_file
            self._pacs = self._open.enter_context(
                dicomweb(
                    settings.dicomweb_url,
                    token.read_text(encoding="ascii").strip() if token else None,
                    settings.max_file_bytes,
                    settings.dicomweb_timeout_s,
                )
            )

    def close(self) -> None:
        """Close the connections."""
        self._open.close()

    def fetching(self, work: Callable[[Upload], Answer]) -> Callable[[Upload], Answer]:
        """The work, done on a request whose references have become files behind those it sent."""
        return lambda upload: work(self.fetched(upload))

    def fetched(self, upload: Upload) -> Upload:
        """The request with the instances that it refers to, in the order of the PACS.

        Raises:
            UsageError: no PACS is set.
            RefusedError: the PACS has no such study or instance.
            HttpError: 413, together too many or too large; 499, nobody waits any more.
            FaultError: the PACS does not answer.
        """
        if not upload.references:
            return upload
        if self._pacs is None:
            raise UsageError(
                "a server that knows a PACS", "one without", "send files, or set OSTEON_SERVER_DICOMWEB_URL"
            )
        files, room = list(upload.files), self._settings.max_request_bytes - sum(map(len, upload.files))
        for place in self._places(upload.references, self._settings.max_files - len(files)):
            if upload.abandoned.is_set():
                raise HttpError(499, "a client that waits", "none", "send the request again")
            try:
                files.append(self._pacs.fetch(place))
            except TooLongError:
                raise self._too_much("bytes in one file", self._settings.max_file_bytes) from None
            room -= len(files[-1])
            if room < 0:
                raise self._too_much("bytes together", self._settings.max_request_bytes)
        return replace(upload, files=tuple(files), references=())

    def _places(self, references: tuple[str, ...], most: int) -> list[InstanceAddress]:
        assert self._pacs is not None
        places: list[InstanceAddress] = []
        for reference in references:
            study, *rest = reference.split("/")
            places += [InstanceAddress(study, *rest)] if rest else self._pacs.instances(study)
            if len(places) > most:
                raise self._too_much("files", self._settings.max_files)
        return places

    @staticmethod
    def _too_much(what: str, most: int) -> HttpError:
        return HttpError(413, f"references of at most {most} {what}", "more", "name single instances")
