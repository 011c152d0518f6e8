"""Reads untrusted JSON into typed values, naming the place of whatever does not fit. A validation library would cost `wetread read` more than the film does."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

__all__ = ["JsonValue", "Misfit"]


_T = TypeVar("_T")


class Misfit(ValueError):
    """A value that does not fit; the text starts with its place, for example `findings[3].name`."""


@dataclass(frozen=True, slots=True)
class JsonValue:
    """A value and where it stands."""

    value: object
    place: str = "document"

    def __getitem__(self, key: str) -> "JsonValue":
        """A required member."""
        found = self.get(key)
        if found is None:
            raise Misfit(f"{self.place}.{key}: missing")
        return found

    def get(self, key: str) -> "JsonValue | None":
        """A member that may be missing or null."""
        members = self._typed(dict, "an object")
        value = members.get(key)
        return None if value is None else JsonValue(value, f"{self.place}.{key}")

    def members(self) -> Iterator[tuple[str, "JsonValue"]]:
        for key, value in self._typed(dict, "an object").items():
            yield str(key), JsonValue(value, f"{self.place}.{key}")

    def items(self, at_least: int = 0) -> list["JsonValue"]:
        values = self._typed(list, "a list")
        if len(values) < at_least:
            raise Misfit(f"{self.place}: at least {at_least} entries are needed")
        return [JsonValue(value, f"{self.place}[{number}]") for number, value in enumerate(values)]

    def text(self, pattern: str = "") -> str:
        value = self._typed(str, "a text")
        if pattern and not re.fullmatch(pattern, value):
            raise Misfit(f"{self.place}: {value[:64]!r} is not of the form {pattern}")
        return value

    def one_of(self, *allowed: object) -> None:
        if self.value not in allowed:
            raise Misfit(f"{self.place}: must be one of {', '.join(map(repr, allowed))}")

    def integer(self, low: int, high: int) -> int:
        value = self._typed(int, "a whole number")
        if isinstance(value, bool) or not low <= value <= high:
            raise Misfit(f"{self.place}: must be a whole number from {low} to {high}")
        return value

    def number(self, low: float = -math.inf, high: float = math.inf) -> float:
        value = self.value
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise Misfit(f"{self.place}: must be a finite number")
        if not low <= value <= high:
            raise Misfit(f"{self.place}: {value} is not between {low} and {high}")
        return float(value)

    def _typed(self, kind: type[_T], words: str) -> _T:
        if not isinstance(self.value, kind):
            raise Misfit(f"{self.place}: must be {words}")
        return self.value
