"""A JSON answer with a strong entity tag (RFC 9110 §8.8.3), so that an unchanged view costs 304 and no body."""

import json
from collections.abc import Mapping
from hashlib import sha256

from starlette.responses import Response

__all__ = ["json_answer", "tagged_json"]


def json_answer(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A lone surrogate, which a header may hold and UTF-8 cannot, becomes a question mark."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    body = text.encode("utf-8", "replace")
    return Response(body, status, dict(headers or {}), "application/json")


def tagged_json(body: bytes, request_headers: Mapping[str, str]) -> Response:
    """200 with an ETag, or 304 when the caller holds this very body."""
    tag = f'"{sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if tag in request_headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(body, 200, headers, "application/json")
