"""A site's macros: one TOML table of `.name = "text"`."""

import re
import tomllib
from pathlib import Path

from wetread.domain.errors import PermanentError

__all__ = ["MACRO_NAME", "read_macros"]

MACRO_NAME = r"\.[a-z0-9_]{1,32}"
_MAX_TEXT = 2000


def read_macros(path: Path) -> dict[str, str]:
    """Text by name, in the order of the file. Raises PermanentError ('bad_macros') that says what is wrong, never what a text says."""
    try:
        found = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise PermanentError(f"{path.name}: {error}", code="bad_macros") from error
    table = found.get("macros", {})
    if set(found) - {"macros"} or not isinstance(table, dict):
        raise PermanentError(f"{path.name} holds one table, [macros]", code="bad_macros")
    for name, text in table.items():
        if not re.fullmatch(MACRO_NAME, name):
            raise PermanentError(f'{path.name}: a macro is named ".nl": a point, letters and digits', code="bad_macros")
        if not isinstance(text, str) or not 0 < len(text) <= _MAX_TEXT:
            raise PermanentError(f"{path.name}: {name} is not a text of 1 to {_MAX_TEXT} characters", code="bad_macros")
    return dict(table)
