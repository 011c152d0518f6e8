"""A TOML table read key by key: what is wrong, and what nobody read, is kept as a fault with its place, so that a person can mend all of it at once."""

import re
from collections.abc import Callable, Iterator, Mapping
from math import isfinite
from typing import TypeVar

__all__ = ["Table"]

_T = TypeVar("_T")
_D = TypeVar("_D")
_CODE = re.compile(r"([^\s|]{1,200})\|([^\s|]{1,100})")
_MOST_CODES = 200


class Table:
    """`place` is where it stands ("include[2]."), "" for the file itself. Faults of all tables of a file are in the outermost."""

    def __init__(self, content: Mapping[str, object], place: str = "", faults: list[str] | None = None) -> None:
        self._left = dict(content)
        self._place = place
        self._faults = [] if faults is None else faults
        self._inner: list[Table] = []

    def __contains__(self, key: str) -> bool:
        return key in self._left

    def need(self, key: str, parse: Callable[[object], _T], otherwise: _T) -> _T:
        """The parsed value of a key that must be there; `otherwise` where it is missing or wrong, and the file is refused."""
        self.refuse_if(key not in self._left, key, "is missing")
        return self.may(key, parse, otherwise)

    def may(self, key: str, parse: Callable[[object], _T], default: _D) -> _T | _D:
        """The parsed value of a key that may be absent."""
        if key not in self._left:
            return default
        try:
            return parse(self._left.pop(key))
        except ValueError as fault:
            self.refuse_if(True, key, str(fault))
            return default

    def table(self, key: str) -> "Table":
        """The table under `key`."""
        value = self._left.pop(key, {})
        self.refuse_if(not isinstance(value, dict), key, "must be a table")
        return self._inside(value if isinstance(value, dict) else {}, f"{self._place}{key}.")

    def tables(self, key: str, most: int) -> Iterator["Table"]:
        """The tables of an array of tables (`[[key]]`); none where there is none."""
        value = self._left.pop(key, [])
        fits = isinstance(value, list) and all(isinstance(each, dict) for each in value) and len(value) <= most
        self.refuse_if(not fits, key, f"must be at most {most} tables, each under [[{key}]]")
        for number, each in enumerate(value if fits and isinstance(value, list) else [], start=1):
            yield self._inside(each, f"{self._place}{key}[{number}].")

    def _inside(self, content: Mapping[str, object], place: str) -> "Table":
        inner = Table(content, place, self._faults)
        self._inner.append(inner)
        return inner

    def refuse_if(self, wrong: bool, key: str, why: str) -> None:
        if wrong:
            self._faults.append(f"{(self._place + key).rstrip('.')}: {why}")

    def drop_rest(self) -> None:
        """Say nothing of the keys that are left: something greater is wrong."""
        self._left.clear()

    def finished(self) -> list[str]:
        """All faults, those keys among them that nobody asked for."""
        for inner in self._inner:
            inner.finished()
        self._faults += [f"{self._place}{key}: is not a key here" for key in self._left]
        self._left.clear()
        return self._faults

    # what a value may be; each raises ValueError with what is needed

    @staticmethod
    def whole(low: int, high: int) -> Callable[[object], int]:
        def parse(value: object) -> int:
            if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
                raise ValueError(f"must be {low}" if low == high else f"must be a whole number from {low} to {high}")
            return value

        return parse

    @staticmethod
    def number(low: float, high: float) -> Callable[[object], float]:
        def parse(value: object) -> float:
            if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
                raise ValueError("must be a number")
            if not low <= value <= high:
                raise ValueError(f"must be from {low:g} to {high:g}")
            return float(value)

        return parse

    @staticmethod
    def flag(value: object) -> bool:
        if not isinstance(value, bool):
            raise ValueError("must be true or false")
        return value

    @staticmethod
    def text(pattern: str) -> Callable[[object], str]:
        def parse(value: object) -> str:
            if not isinstance(value, str) or not re.fullmatch(pattern, value, re.ASCII):
                raise ValueError("must be a short name: letters, digits and . _ / -")
            return value

        return parse

    @staticmethod
    def line(longest: int) -> Callable[[object], str]:
        def parse(value: object) -> str:
            if not isinstance(value, str) or not value.isprintable() or not 1 <= len(value.strip()) <= longest:
                raise ValueError(f"must be one line of at most {longest} characters")
            return value.strip()

        return parse

    @staticmethod
    def choice(allowed: tuple[str, ...]) -> Callable[[object], str]:
        def parse(value: object) -> str:
            if value not in allowed or not isinstance(value, str):
                raise ValueError(f"must be one of {', '.join(allowed)}")
            return value

        return parse

    @staticmethod
    def choices(allowed: tuple[str, ...]) -> Callable[[object], tuple[str, ...]]:
        def parse(value: object) -> tuple[str, ...]:
            if not isinstance(value, list) or not value or not all(each in allowed for each in value):
                raise ValueError(f"must be a list of {', '.join(allowed)}")
            return tuple(value)

        return parse

    @staticmethod
    def codes(value: object) -> frozenset[tuple[str, str]]:
        """ "SCHEME|CODE" or a list of them; SCHEME as `domain.record` has it."""
        listed = value if isinstance(value, list) else [value]
        found = [_CODE.fullmatch(each) if isinstance(each, str) else None for each in listed]
        if not found or len(found) > _MOST_CODES or None in found:
            raise ValueError(f'must be "SCHEME|CODE", or a list of at most {_MOST_CODES} of them')
        return frozenset((each[1], each[2]) for each in found if each)
