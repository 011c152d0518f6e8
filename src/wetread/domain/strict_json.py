"""JSON from outside, read strictly (RFC 8259): UTF-8, bounded depth, no duplicate names, no NaN or infinity, no lone surrogates."""

import json
import math
import re

__all__ = ["StrictJsonError", "read_strict_json"]

_MAX_DIGITS = 18
_STRINGS_AND_BRACKETS = re.compile(
    r'"(?:[^"\\]+|\\.)*"?|[\[{]|[\]}]', re.DOTALL
)  # an open string runs to the end: no backtracking

_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


class StrictJsonError(ValueError):
    """Says what is wrong, without repeating any of it."""


def read_strict_json(data: bytes, *, max_depth: int) -> object:
    """The value in `data`; raises StrictJsonError."""
    try:
        text = data.decode("utf-8")
        _check_depth(text, max_depth)
        value: object = json.loads(
            text, object_pairs_hook=_object, parse_constant=_no_constant, parse_float=_finite, parse_int=_integer
        )
        if _SURROGATE.search(text):
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except StrictJsonError:
        raise
    except (ValueError, RecursionError):
        raise StrictJsonError("not well-formed JSON in UTF-8") from None
    return value


def _check_depth(text: str, max_depth: int) -> None:
    depth = 0
    for token in _STRINGS_AND_BRACKETS.finditer(text):
        character = text[token.start()]
        if character in "[{":
            depth += 1
            if depth > max_depth:
                raise StrictJsonError(f"nests deeper than {max_depth} levels")
        elif character in "]}":
            depth -= 1


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise StrictJsonError("repeats a name within one object")
    return found


def _no_constant(_: str) -> object:
    raise StrictJsonError("NaN and infinity are not JSON")


def _finite(literal: str) -> float:
    value = float(literal)
    if not math.isfinite(value):
        raise StrictJsonError("a number is out of range")
    return value


def _integer(literal: str) -> int:
    if len(literal) > _MAX_DIGITS:
        raise StrictJsonError("a number is out of range")
    return int(literal)
