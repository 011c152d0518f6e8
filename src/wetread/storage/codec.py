"""Dataclasses to JSON text and back, led by their type hints alone.

A field that a newer release added is ignored and a missing one takes its default, so two releases can share one database. Floats that
JSON cannot say (infinite, not a number) travel as their repr: the text is always valid JSON (RFC 8259).
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Hashable
from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from math import isfinite
from types import NoneType, UnionType
from typing import Any, NamedTuple, TypeVar, Union, cast, get_args, get_origin, get_type_hints

__all__ = ["aware_utc", "column_text", "decode", "encode"]

T = TypeVar("T")
_to_text = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


class _Pair(NamedTuple):
    """How one type becomes JSON and how it comes back; None means as it is."""

    to_json: Callable[[Any], Any] | None
    from_json: Callable[[Any], Any] | None


_AS_IT_IS = _Pair(None, None)
_FLOAT = _Pair(lambda value: value if isfinite(value) else repr(value), float)
_DATETIME = _Pair(lambda value: aware_utc(value).isoformat(), datetime.fromisoformat)
_BYTES = _Pair(lambda value: b64encode(value).decode(), b64decode)
_SIMPLE = {str: _AS_IT_IS, int: _AS_IT_IS, bool: _AS_IT_IS, float: _FLOAT, datetime: _DATETIME, bytes: _BYTES}


def aware_utc(value: datetime) -> datetime:
    """The same moment in UTC; raises ValueError for a time without a zone."""
    if value.tzinfo is None:
        raise ValueError("a time without a zone is not a time")
    return value.astimezone(UTC)


def encode(value: object) -> str:
    """ASCII JSON text of a dataclass instance; raises TypeError for a type the codec does not know."""
    to_json = _pair(cast(Hashable, type(value))).to_json
    return _to_text(to_json(value) if to_json else value)


def decode(cls: type[T], text: str) -> T:
    """The instance that `encode` was given."""
    from_json = _pair(cast(Hashable, cls)).from_json
    value = json.loads(text)
    return cast(T, from_json(value) if from_json else value)


def column_text(value: str) -> str:
    """Text that every engine can hold in a column: PostgreSQL refuses NUL and lone surrogates."""
    return value.replace("\0", "").encode("utf-8", "replace").decode()


@cache
def _pair(hint: Any) -> _Pair:
    hint = getattr(hint, "__supertype__", hint)
    origin = get_origin(hint)
    if hint in _SIMPLE:
        return _SIMPLE[hint]
    if origin in (Union, UnionType):
        return _optional(get_args(hint))
    if origin is tuple:
        return _tuple(get_args(hint))
    if isinstance(hint, type) and issubclass(hint, Enum):
        return _Pair(lambda value: value.value, hint)
    if is_dataclass(hint):
        return _dataclass(cast(type, hint))
    raise TypeError(f"the codec does not know {hint!r}")


def _optional(members: tuple[Any, ...]) -> _Pair:
    inner = [each for each in members if each is not NoneType]
    if len(inner) != 1 or len(members) != 2:
        raise TypeError("the codec knows no union but X | None")
    pair = _pair(inner[0])
    return _Pair(_unless_none(pair.to_json), _unless_none(pair.from_json))


def _unless_none(convert: Callable[[Any], Any] | None) -> Callable[[Any], Any] | None:
    return convert and (lambda value: None if value is None else convert(value))


def _tuple(members: tuple[Any, ...]) -> _Pair:
    if len(members) == 2 and members[1] is Ellipsis:
        to_json, from_json = _pair(members[0])
        return _Pair(
            (lambda value: [to_json(each) for each in value]) if to_json else list,
            (lambda value: tuple([from_json(each) for each in value])) if from_json else tuple,
        )
    pairs = [_pair(each) for each in members]
    writers, readers = [pair.to_json for pair in pairs], [pair.from_json for pair in pairs]
    return _Pair(lambda value: _each(writers, value), lambda value: tuple(_each(readers, value)))


def _each(converters: list[Callable[[Any], Any] | None], values: Any) -> list[Any]:
    return [convert(value) if convert else value for convert, value in zip(converters, values, strict=True)]


def _dataclass(cls: type[Any]) -> _Pair:
    hints = get_type_hints(cls)
    named = [(field.name, _pair(hints[field.name])) for field in fields(cls)]
    writers = [(name, pair.to_json) for name, pair in named]
    readers = [(name, pair.from_json) for name, pair in named]
    required = {field.name for field in fields(cls) if field.default is MISSING and field.default_factory is MISSING}

    def to_json(value: Any) -> dict[str, Any]:
        return {name: convert(getattr(value, name)) if convert else getattr(value, name) for name, convert in writers}

    def from_json(body: dict[str, Any]) -> Any:
        if missing := required - body.keys():
            raise TypeError(f"{cls.__name__} lacks {sorted(missing)}")
        return cls(
            **{name: convert(body[name]) if convert else body[name] for name, convert in readers if name in body}
        )

    return _Pair(to_json, from_json)
