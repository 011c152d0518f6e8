"""A film's row as one line of JSON, as it comes from a reader and stands in the journal, and back."""

import json
from dataclasses import asdict
from typing import Any

from wetread.domain.batch import FilmFate, FilmRow, FindingScore, Unanswered

__all__ = ["outcome_of", "text_of"]


def text_of(outcome: FilmRow | Unanswered) -> str:
    """ASCII without a line break; numbers survive exactly."""
    return json.dumps(asdict(outcome), separators=(",", ":"))


def outcome_of(text: str | bytes) -> FilmRow | Unanswered:
    """Raises ValueError for anything that `text_of` did not write."""
    try:
        told: dict[str, Any] = json.loads(text)
        if "fate" not in told:
            return Unanswered(**told)
        findings = tuple(FindingScore(**each) for each in told.pop("findings"))
        flags = tuple(map(str, told.pop("flags")))
        return FilmRow(**told | {"fate": FilmFate(told["fate"])}, flags=flags, findings=findings)
    except (TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ValueError("not a film's row") from error
