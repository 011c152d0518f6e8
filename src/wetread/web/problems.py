"""What a refusal looks like on the wire: RFC 9457 problem details, from one table of errors to status codes, never with patient data."""

import json
import logging
from collections.abc import Mapping
from http import HTTPStatus

from starlette.responses import Response

from wetread.domain.errors import (
    HostileInput,
    IllegalTransition,
    NotPermitted,
    PermanentError,
    StaleVersion,
    StudyLocked,
    StudyNotFound,
    TransientError,
    UnsuitableImage,
    WetreadError,
)
from wetread.ingest.multipart import MultipartError

__all__ = ["Refusal", "problem", "problem_from"]

_log = logging.getLogger("wetread.web")

_STATUS: tuple[tuple[type[WetreadError], int], ...] = (
    (NotPermitted, 403),
    (StudyNotFound, 404),
    (IllegalTransition, 409),
    (StudyLocked, 409),
    (StaleVersion, 412),
    (HostileInput, 400),
    (UnsuitableImage, 422),
    (PermanentError, 422),
    (TransientError, 503),
)
_OUR_FAULT = ("bytes_damaged", "bytes_missing")
"""What no other request would make better: 500."""


class Refusal(PermanentError):
    """A request this door refuses before any room is asked. `headers` go out with the answer."""

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message, code=code)
        self.status = status
        self.headers = dict(headers or {})


def problem(status: int, code: str, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    """An `application/problem+json` answer (RFC 9457) with the stable extension member `code`."""
    body = {"title": HTTPStatus(status).phrase, "status": status, "code": code, "detail": detail}
    return Response(json.dumps(body), status, dict(headers or {}), "application/problem+json")


def problem_from(error: Exception) -> Response:
    """The answer to any exception. An unforeseen one says nothing of itself: its message could hold anything."""
    if isinstance(error, Refusal):
        return problem(error.status, error.code, str(error), error.headers)
    if isinstance(error, MultipartError):
        return problem(error.status, error.code, str(error))
    if isinstance(error, WetreadError):
        known = () if error.code in _OUR_FAULT else _STATUS
        status = next((status for kind, status in known if isinstance(error, kind)), 500)
        return problem(status, error.code, str(error), {"Retry-After": "2"} if status == 503 else None)
    _log.error("unforeseen error: %s at %s", type(error).__name__, _place(error))
    return problem(500, "internal_error", "wetread failed on this request; nothing was changed. Try again.")


def _place(error: Exception) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_globals.get('__name__')}:{trace.tb_lineno}" if trace else "unknown"
