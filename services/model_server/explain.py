"""`POST /v1/explain`: where in a picture an answer comes from, as a PNG or a DICOM Secondary Capture."""

from __future__ import annotations

import threading
from importlib.util import find_spec
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
from fastapi import FastAPI, Request
from fastapi.responses import Response
from numpy.typing import NDArray
from PIL import Image

from osteon.domain import RefusedError
from osteon.models.abstention import Reason
from osteon.registry import Promotion, Registry
from services.model_server.answers import ERRORS, ErrorAnswer, HttpError
from services.model_server.champions import Champions
from services.model_server.engine import Engine, fitting
from services.model_server.loading import LoadedModel
from services.model_server.upload import Upload

if TYPE_CHECKING:
    from osteon.dicom import Picture
    from osteon.models.package import Package

PNG, DICOM = "image/png", "application/dicom"
_DESCRIPTION = "Osteon saliency: research use only"
OVERLAY: dict[str, Any] = {
    "description": "The overlay",
    "content": {each: {"schema": {"type": "string", "format": "binary"}} for each in (PNG, DICOM)},
}
MAP_ERRORS: dict[int | str, dict[str, Any]] = {
    406: {"model": ErrorAnswer, "description": "Neither image/png nor application/dicom is accepted"},
    501: {"model": ErrorAnswer, "description": "This server runs without torch, which maps need"},
}
_ERRORS = {**ERRORS, **MAP_ERRORS}


class Explainer:
    """Maps of the champions' answers. Gradients need torch and the weights: loaded on the first call."""

    def __init__(self, registry: Registry, champions: Champions, engine: Engine) -> None:
        self._registry = registry
        self._champions = champions
        self._engine = engine
        self._loaded: dict[str, tuple[int, Package]] = {}
        self._lock = threading.Lock()  # one map at a time: gradients take memory

    def explain(self, upload: Upload, *, dicom: bool) -> bytes:
        """The overlay of the one file of a request.

        Raises:
            HttpError: several files, a picture that the model does not judge, or no torch here.
            RefusedError: no picture, or DICOM is wanted and the file is none.
        """
        from osteon.models.explanation import explain, overlay

        if len(upload.files) != 1:
            raise HttpError(422, "one file", f"{len(upload.files)} files", "send them one by one")
        picture = self._engine.read(upload.files[0])
        require_dicom(picture, dicom)
        champion = fitting(self._champions.require(upload.task), picture)[0]
        self._require_answer(champion, picture, upload)
        words = champion.predictor.model_version
        with self._lock:
            found = explain(self._package(champion.promotion), picture, sex=upload.sex)
        return encoded(overlay(picture, found, words), upload.files[0], words, dicom=dicom)

    def _require_answer(self, champion: LoadedModel, picture: Picture, upload: Upload) -> None:
        prediction, _ = champion.predictor.predict_picture(
            picture, digest="", sex=upload.sex, refuse=self._engine.refusal(champion)
        )
        if prediction.reason is not None:
            raise HttpError(
                422,
                "a picture that the model judges",
                Reason(prediction.reason).words,
                "send another picture, or another task",
            )

    def _package(self, promotion: Promotion) -> Package:
        task, (number, package) = promotion.task, self._loaded.get(promotion.task, (-1, None))
        if package is None or number != promotion.id:
            from osteon.models.package import load_package

            package = load_package(self._registry.fetch(promotion).path).package
            self._loaded[task] = (promotion.id, package)
        return package


def require_dicom(picture: Picture, dicom: bool) -> None:
    """RefusedError where a Secondary Capture is wanted of a picture that belongs to no study."""
    if dicom and not picture.is_dicom:
        raise RefusedError("a DICOM instance", "another kind of file", "accept image/png, or send DICOM")


def encoded(rgb: NDArray[np.uint8], source: bytes, words: str, *, dicom: bool) -> bytes:
    """An overlay as PNG, or as a Secondary Capture of the study of `source`."""
    if dicom:
        from osteon.dicom.secondary_capture import secondary_capture

        return secondary_capture(source, rgb, description=_DESCRIPTION, derived_by=words)
    buffer = BytesIO()
    Image.fromarray(rgb).save(buffer, format="PNG", compress_level=3)
    return buffer.getvalue()


def overlay_response(content: bytes, media_type: str) -> Response:
    """An overlay that no cache keeps."""
    return Response(content, media_type=media_type, headers={"Cache-Control": "no-store"})


def require_torch() -> None:
    """HttpError 501 on a server without torch: it answers from exported graphs, which have no gradients."""
    if find_spec("torch") is None:
        raise HttpError(
            501, "torch, for gradients", "a server without it", "ask a server with torch installed"
        )


def accepted(accept: str) -> str:
    """The media type to answer with; HttpError 406 for none of ours.

    >>> accepted("*/*"), accepted("application/dicom"), accepted("text/html, image/*;q=0.5")
    ('image/png', 'application/dicom', 'image/png')
    """
    wanted = [part.partition(";")[0].strip().lower() for part in (accept or "*/*").split(",")]
    for media_type, names in ((DICOM, {DICOM}), (PNG, {PNG, "image/*", "*/*", ""})):
        if names & set(wanted):
            return media_type
    raise HttpError(406, f"an Accept of {PNG} or {DICOM}", "another", f"accept {PNG}")


def add_explain(app: FastAPI, access: Any, body: dict[str, Any]) -> None:
    """Adds the route.

    Args:
        access: the dependency that gives the server to a caller with the scope `predict`.
        body: the form, as OpenAPI has it.
    """

    async def explain(request: Request, server: Any = access) -> Response:
        """Show where one file's answer comes from: the picture with a map in colour, for research only."""
        require_torch()
        media_type = accepted(request.headers.get("accept", ""))
        overlay = await server.answer(
            request,
            server.remote.fetching(
                lambda upload: server.explainer.explain(upload, dicom=media_type == DICOM)
            ),
        )
        return overlay_response(overlay, media_type)

    app.add_api_route(
        "/v1/explain",
        explain,
        methods=["POST"],
        responses={**_ERRORS, 200: OVERLAY},
        response_class=Response,
        openapi_extra=body,
        operation_id="explain",
    )
