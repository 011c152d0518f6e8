"""JSON bodies, read strictly; what does not fit is the sender's to correct."""

from collections.abc import Mapping

from wetread.domain.strict_json import StrictJsonError, read_strict_json
from wetread.web.problems import Refusal

__all__ = ["MAX_DEPTH", "JsonObject", "parse_json"]

MAX_DEPTH = 16

JsonObject = Mapping[str, object]


def parse_json(data: bytes) -> object:
    """The value in `data`; raises Refusal 400."""
    try:
        return read_strict_json(data, max_depth=MAX_DEPTH)
    except StrictJsonError as error:
        raise Refusal(400, "malformed_json", f"the body: {error}") from None
