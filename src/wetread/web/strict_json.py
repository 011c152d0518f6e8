"""JSON bodies, read strictly (RFC 8259): UTF-8, bounded depth, no duplicate names, no NaN or infinity, no lone surrogates."""

import json
import math
from collections.abc import Mapping

from wetread.web.problems import Refusal

__all__ = ["MAX_DEPTH", "JsonObject", "parse_json"]

MAX_DEPTH = 16
_MAX_DIGITS = 18

JsonObject = Mapping[str, object]


def parse_json(data: bytes) -> object:
    """The value in `data`; raises Refusal 400."""
    try:
        text = data.decode("utf-8")
        _check_depth(text)
        value: object = json.loads(
            text, object_pairs_hook=_object, parse_constant=_no_constant, parse_float=_finite, parse_int=_integer
        )
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError) as error:
        reason = error.args[0] if isinstance(error, _Broken) else "the body is not well-formed JSON in UTF-8"
        raise Refusal(400, "malformed_json", reason) from None
    return value


class _Broken(ValueError):
    pass


def _check_depth(text: str) -> None:
    depth, in_string, escaped = 0, False, False
    for character in text:
        if in_string:
            in_string = escaped or character != '"'
            escaped = character == "\\" and not escaped
        elif character == '"':
            in_string = True
        elif character in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise _Broken(f"the body nests deeper than {MAX_DEPTH} levels")
        elif character in "]}":
            depth -= 1


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Broken("the body repeats a name within one object")
    return found


def _no_constant(name: str) -> object:
    raise _Broken("NaN and infinity are not JSON")


def _finite(literal: str) -> float:
    value = float(literal)
    if not math.isfinite(value):
        raise _Broken("a number in the body is out of range")
    return value


def _integer(literal: str) -> int:
    if len(literal) > _MAX_DIGITS:
        raise _Broken("a number in the body is out of range")
    return int(literal)
