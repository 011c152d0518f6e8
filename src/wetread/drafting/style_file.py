"""A site's style file (TOML: data, never expressions) to a checked `Style`. A refusal names the file, each key that is wrong and what is needed there."""

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import fields
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

from wetread.domain.errors import PermanentError
from wetread.domain.finding import FindingName
from wetread.domain.report import Section
from wetread.drafting.catalogue import LANGUAGES, flattened
from wetread.drafting.phrases import faults_of
from wetread.drafting.style import DEFAULT_STYLE, Bands, Style

__all__ = ["EXAMPLE_STYLE", "read_style"]

EXAMPLE_STYLE = Path(__file__).parent / "example_style.toml"
"""Every key, with the built-in values."""

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")
_MOST_BYTES = 65_536
_MANDATORY = (Section.COMPARISON, Section.FINDINGS, Section.IMPRESSION)
"""What was not compared, what was seen and what it means are always said."""

T = TypeVar("T")


def read_style(path: Path) -> Style:
    """A checked style. Raises PermanentError 'bad_style' that names the file, every key that is wrong and what is needed there."""
    try:
        content = path.read_bytes()
        if len(content) > _MOST_BYTES:
            raise _refused(path, f"is larger than {_MOST_BYTES} bytes")
        table = tomllib.loads(content.decode("utf-8"))
    except OSError as error:
        raise _refused(path, f"cannot be read ({type(error).__name__})") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise _refused(path, f"is no TOML in UTF-8 ({error})") from None
    reading = _Reading(table)
    style = _style(reading)
    if reading.faults:
        raise _refused(path, "; ".join(reading.faults))
    return style


def _refused(path: Path, what: str) -> PermanentError:
    return PermanentError(f"style file {path.name}: {what}", code="bad_style")


class _Reading:
    """The file's tables, read key by key; what is wrong and what nobody read is kept in `faults`."""

    def __init__(self, table: Mapping[str, object]) -> None:
        self._left = dict(table)
        self.faults: list[str] = []

    def table(self, key: str) -> dict[str, object]:
        value = self._left.pop(key, {})
        if isinstance(value, dict):
            return value
        self.faults.append(f"{key}: must be a table")
        return {}

    def take(self, table: dict[str, object], where: str, default: T, parse: Callable[[object], T]) -> T:
        """The parsed value of `where` ("bands.possible"), its default when absent or wrong."""
        key = where.rpartition(".")[2]
        if key not in table:
            return default
        try:
            return parse(table.pop(key))
        except ValueError as fault:
            self.faults.append(f"{where}: {fault}")
            return default

    def no_more(self, table: dict[str, object], where: str) -> None:
        self.faults += [f"{where}{key}: is not a key of a style" for key in table]

    @property
    def root(self) -> dict[str, object]:
        return self._left


def _style(reading: _Reading) -> Style:
    default = DEFAULT_STYLE
    if "name" not in reading.root:
        reading.faults.append("name: is missing")
    name = reading.take(reading.root, "name", default.name, _name)
    bands = _bands(reading)
    sections, impression, negatives, record = map(reading.table, ("sections", "impression", "negatives", "record"))
    phrases = reading.table("phrases")
    style = Style(
        name=name,
        bands=bands,
        sections=reading.take(sections, "sections.order", default.sections, _sections),
        impression_maximum=reading.take(impression, "impression.maximum", default.impression_maximum, _whole(1, 20)),
        impression_first=reading.take(impression, "impression.first", default.impression_first, _findings),
        negatives=reading.take(negatives, "negatives.findings", default.negatives, _findings),
        quotes_maximum=reading.take(record, "record.quotes", default.quotes_maximum, _whole(0, 20)),
        suspicion_limit=reading.take(record, "record.suspicion_limit", default.suspicion_limit, _number(0.01, 1)),
        phrases=tuple(each for language in LANGUAGES for each in _phrases(reading, phrases, language)),
    )
    for table, where in (
        (sections, "sections."),
        (impression, "impression."),
        (negatives, "negatives."),
        (record, "record."),
        (phrases, "phrases."),
        (reading.root, ""),
    ):
        reading.no_more(table, where)
    return style


def _bands(reading: _Reading) -> Bands:
    table, default = reading.table("bands"), Bands()
    values = {
        each.name: reading.take(table, f"bands.{each.name}", getattr(default, each.name), _number(0.01, 1))
        for each in fields(Bands)
    }
    bands = Bands(**values)
    rising = [bands.possible, bands.probable, *([] if bands.certain is None else [bands.certain])]
    if any(low >= high for low, high in pairwise(rising)):
        reading.faults.append("bands: must rise: possible < probable < certain")
    reading.no_more(table, "bands.")
    return bands


def _phrases(reading: _Reading, table: dict[str, object], language: str) -> list[tuple[str, str, str]]:
    where = f"phrases.{language}"
    content = table.pop(language, {})
    if not isinstance(content, dict):
        reading.faults.append(f"{where}: must be a table")
        return []
    try:
        texts = dict(flattened(content))
    except PermanentError as error:
        reading.faults.append(f"{where}.{error}")
        return []
    reading.faults += [f"{where}.{fault}" for fault in faults_of(language, texts)]
    return [(language, key, text) for key, text in texts.items()]


def _name(value: object) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise ValueError("must be 1 to 40 of a-z, 0-9, dot, hyphen and underscore")
    return value


def _number(low: float, high: float) -> Callable[[object], float]:
    def parse(value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise ValueError(f"must be a number from {low:g} to {high:g}")
        return float(value)

    return parse


def _whole(low: int, high: int) -> Callable[[object], int]:
    def parse(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ValueError(f"must be a whole number from {low} to {high}")
        return value

    return parse


def _findings(value: object) -> tuple[FindingName, ...]:
    names = _words(value)
    if not set(names) <= {name.value for name in FindingName}:
        raise ValueError(f"must hold only {', '.join(name.value for name in FindingName)}")
    return tuple(FindingName(name) for name in names)


def _sections(value: object) -> tuple[Section, ...]:
    names = _words(value)
    if not set(_MANDATORY) <= set(names) <= {section.value for section in Section}:
        raise ValueError(f"must hold {', '.join(_MANDATORY)} and may hold indication and technique")
    return tuple(Section(name) for name in names)


def _words(value: object) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value) or len(set(value)) < len(value):
        raise ValueError("must be a list of different words")
    return value
