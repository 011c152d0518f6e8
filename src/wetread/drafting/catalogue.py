"""The words of a language: findings with the forms that agree with them, phrases with named slots, units. One TOML file a language in `catalogues/`."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from wetread.domain.errors import PermanentError
from wetread.domain.finding import FindingName
from wetread.drafting.template import Template

__all__ = ["LANGUAGES", "Catalogue", "Noun", "catalogue", "flattened", "language_of"]

_FOLDER = Path(__file__).parent / "catalogues"
LANGUAGES = tuple(sorted(path.stem for path in _FOLDER.glob("*.toml")))
"""Primary BCP 47 subtags."""


@dataclass(frozen=True, slots=True)
class Noun:
    """A finding in the nominative with what agrees with it: `sides` by laterality, `no` and `is_` in its gender and number."""

    text: str
    sides: Mapping[str, str]
    no: str
    is_: str


@dataclass(frozen=True, slots=True)
class Catalogue:
    """`units` by UCUM code, with the space before them; `phrases` by key; `denials` are words that turn a statement round, `acquittals` those that call a film normal."""

    language: str
    decimal_mark: str
    quotation_marks: tuple[str, str]
    denials: frozenset[str]
    acquittals: frozenset[str]
    nouns: Mapping[FindingName, Noun]
    units: Mapping[str, str]
    phrases: Mapping[str, Template]


def language_of(tag: str) -> str:
    """The language of a BCP 47 tag that has a catalogue: "de-CH" gives "de". Raises PermanentError 'unknown_language'."""
    language = tag.replace("_", "-").partition("-")[0].lower()
    if language not in LANGUAGES:
        raise PermanentError(
            f"no draft can be written in this language: ask for one of {', '.join(LANGUAGES)}", code="unknown_language"
        )
    return language


@cache
def catalogue(language: str) -> Catalogue:
    """The catalogue of one of LANGUAGES."""
    content = tomllib.loads((_FOLDER / f"{language}.toml").read_text("utf-8"))
    opening, closing = content["quotation_marks"]
    return Catalogue(
        language,
        content["decimal_mark"],
        (opening, closing),
        frozenset(content["denials"]),
        frozenset(content["acquittals"]),
        {
            FindingName(name): _noun(text, content["genders"][gender])
            for name, (text, gender) in content["findings"].items()
        },
        content["units"],
        {key: Template.parse(text) for key, text in flattened(content["phrases"])},
    )


def flattened(table: Mapping[str, object], before: str = "") -> Iterator[tuple[str, str]]:
    """Nested tables as dotted keys, in file order. Raises PermanentError 'bad_phrase' for a value that is not text."""
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from flattened(value, f"{before}{key}.")
        elif isinstance(value, str):
            yield f"{before}{key}", value
        else:
            raise PermanentError(f"{before}{key}: must be text", code="bad_phrase")


def _noun(text: str, forms: Mapping[str, object]) -> Noun:
    sides = {key.removeprefix("side."): form for key, form in flattened(forms) if key.startswith("side.")}
    return Noun(text, sides, str(forms["no"]), str(forms["is"]))
