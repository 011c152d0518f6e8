"""Does a body fit its schema? The small part of JSON Schema 2020-12 our bodies use, so that the published contract is the one enforced."""

import re
from collections.abc import Mapping
from typing import cast

from wetread.web.problems import Refusal

__all__ = ["Schema", "array", "boolean", "check", "choice", "integer", "number", "record", "text"]

Schema = Mapping[str, object]

_TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict, "array": list, "string": str, "integer": int, "boolean": bool, "number": (int, float),
}  # fmt: skip
_NUMBERS = ("integer", "number")
_FORBIDDEN_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def record(required: Mapping[str, Schema], optional: Mapping[str, Schema] | None = None) -> Schema:
    """An object of exactly these members."""
    properties = {**required, **(optional or {})}
    return {"type": "object", "properties": properties, "required": sorted(required), "additionalProperties": False}


def text(max_length: int, *, min_length: int = 0, pattern: str = "") -> Schema:
    return {
        "type": "string",
        "minLength": min_length,
        "maxLength": max_length,
        **({"pattern": pattern} if pattern else {}),
    }


def choice(*values: str) -> Schema:
    return {"type": "string", "enum": list(values)}


def integer(minimum: int, maximum: int) -> Schema:
    return {"type": "integer", "minimum": minimum, "maximum": maximum}


def number(minimum: float, maximum: float) -> Schema:
    return {"type": "number", "minimum": minimum, "maximum": maximum}


def boolean() -> Schema:
    return {"type": "boolean"}


def array(items: Schema, max_items: int) -> Schema:
    return {"type": "array", "items": items, "maxItems": max_items}


def check(schema: Schema, value: object, where: str = "body") -> None:
    """Raises Refusal 400 naming the member that does not fit, never its value."""
    kind = cast(str, schema["type"])
    if not isinstance(value, _TYPES[kind]) or (kind in _NUMBERS and isinstance(value, bool)):
        raise _misfit(where, f"must be of type {kind}")
    if isinstance(value, dict):
        _check_object(schema, value, where)
    elif isinstance(value, list):
        _check_array(schema, value, where)
    elif isinstance(value, str):
        _check_text(schema, value, where)
    elif kind in _NUMBERS and not cast(float, schema["minimum"]) <= cast(float, value) <= cast(
        float, schema["maximum"]
    ):
        raise _misfit(where, "is out of range")


def _check_object(schema: Schema, value: Mapping[str, object], where: str) -> None:
    properties = cast(Mapping[str, Schema], schema["properties"])
    for name in cast(list[str], schema["required"]):
        if name not in value:
            raise _misfit(f"{where}.{name}", "is missing")
    for name, member in value.items():
        if name not in properties:
            raise Refusal(400, "unknown_member", f"{where} holds a member this operation does not know")
        check(properties[name], member, f"{where}.{name}")


def _check_array(schema: Schema, value: list[object], where: str) -> None:
    if len(value) > cast(int, schema["maxItems"]):
        raise _misfit(where, "has too many items")
    for index, item in enumerate(value):
        check(cast(Schema, schema["items"]), item, f"{where}[{index}]")


def _check_text(schema: Schema, value: str, where: str) -> None:
    if "enum" in schema:
        if value not in cast(list[str], schema["enum"]):
            raise _misfit(where, "is not one of the allowed values")
        return
    if not cast(int, schema["minLength"]) <= len(value) <= cast(int, schema["maxLength"]):
        raise _misfit(where, "is too short or too long")
    if _FORBIDDEN_CONTROLS.search(value):
        raise _misfit(where, "holds control characters")
    if "pattern" in schema and not re.fullmatch(cast(str, schema["pattern"]), value):
        raise _misfit(where, "is not well formed")


def _misfit(where: str, problem: str) -> Refusal:
    return Refusal(400, "body_misfit", f"{where} {problem}")
