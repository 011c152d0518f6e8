"""How a setting names the source of a key: file:PATH, env:VARIABLE or command:PROGRAM WORDS."""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator

__all__ = ["KeyFrom", "NamedKey", "key_from"]

_VARIABLE = re.compile("[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class KeyFrom:
    """`words`: the path, the variable, or the program with its words."""

    kind: str
    words: tuple[str, ...]

    def __str__(self) -> str:
        """A program without its words."""
        return f"{self.kind}:{self.words[0]}{' ...' if self.words[1:] else ''}"


def key_from(text: str) -> KeyFrom:
    """Raises ValueError, which does not say the text: it may be a key."""
    kind, _, rest = text.partition(":")
    if kind == "file" and rest:
        return KeyFrom(kind, (str(Path(rest).expanduser().absolute()),))
    if kind == "env" and _VARIABLE.fullmatch(rest) and not rest.upper().startswith("WETREAD_"):
        return KeyFrom(kind, (rest,))
    if kind == "command" and (words := tuple(shlex.split(rest))):
        return KeyFrom(kind, words)
    raise ValueError(
        "say file:PATH, env:VARIABLE (one that does not begin with WETREAD_) or command:PROGRAM WORDS; a key itself stands in no setting"
    )


def _read(value: object) -> object:
    return (key_from(value) if value else None) if isinstance(value, str) else value


NamedKey = Annotated[KeyFrom | None, BeforeValidator(_read)]
