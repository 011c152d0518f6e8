"""A small form as OAuth sends it (application/x-www-form-urlencoded): each field once, or it is refused (RFC 6749 §3.1)."""

from urllib.parse import parse_qsl

from starlette.requests import Request

from wetread.web.operations import media_type_of, read_body
from wetread.web.problems import Refusal

__all__ = ["read_form"]

_MOST_FIELDS = 32
_FORM = "application/x-www-form-urlencoded"


async def read_form(request: Request) -> dict[str, str]:
    """Raises Refusal 400, 408, 413 or 415."""
    if media_type_of(request) != _FORM:
        raise Refusal(415, "not_a_form", f"send {_FORM}")
    try:
        pairs = parse_qsl((await read_body(request)).decode("ascii"), strict_parsing=True, max_num_fields=_MOST_FIELDS)
    except (ValueError, UnicodeDecodeError):
        raise Refusal(400, "invalid_request", "that is no form") from None
    form = dict(pairs)
    if len(form) != len(pairs):
        raise Refusal(400, "invalid_request", "a field is given twice")
    return form
