"""Decides which strings are dates and times, and how far before the current study a date lies (45 CFR 164.514(b)(2)(i)(C)).

A year alone may stay. A date whose day and month could be read both ways gets no distance: a wrong one would be worse than none.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

__all__ = ["Written", "dates_in", "distance", "times_in"]

_MONTHS = {
    1: "january jan januar jänner janvier janv enero ene gennaio gen janeiro januari januar stycznia styczeń ocak",
    2: "february feb februar februari fevrier février févr fév febrero febbraio febb fevereiro fev lutego luty şubat",
    3: "march mar märz mrz mär mars marzo março maart mrt marca marzec mart",
    4: "april apr avril avr abril abr aprile kwietnia kwiecień nisan",
    5: "may mai mayo maggio mag maio mei maj maja mayıs",
    6: "june jun juni juin junio giugno giu junho czerwca czerwiec haziran",
    7: "july jul juli juillet juil julio luglio lug julho lipca lipiec temmuz",
    8: "august aug août aout agosto ago augustus augusti sierpnia sierpień ağustos",
    9: "september sep sept septembre septiembre settembre sett set setembro września wrzesień eylül",
    10: "october oct oktober okt octobre octubre ottobre ott outubro out października październik ekim",
    11: "november nov novembre noviembre novembro listopada listopad kasım",
    12: "december dec dezember dez décembre déc diciembre dic dicembre dezembro desember grudnia grudzień aralık",
}
_MONTH_OF = {name: number for number, names in _MONTHS.items() for name in names.split()}
_ALONE = "january february march april june july august september october november december januar februar märz juni juli oktober dezember"
_WEEKDAYS = "monday tuesday wednesday thursday friday saturday sunday montag dienstag mittwoch donnerstag freitag samstag sonntag"
_NAME = "|".join(sorted(map(re.escape, _MONTH_OF), key=len, reverse=True))
_DAY = r"(?:0?[1-9]|[12]\d|3[01])"
_YEAR = r"(?:19|20)\d\d"
_ORDINAL = r"(?:st|nd|rd|th|º|\.)?"
_CLOCK = r"(?:(?:[01]?\d|2[0-3])[:.h][0-5]\d(?:[:.][0-5]\d(?:[.,]\d{1,6})?)?(?:\s?[ap]\.?m\b\.?)?)"
_ZONE = r"(?:\s?(?:Z|UTC|GMT|[+-]\d\d:?\d\d)\b)?"
_UNITS = r"(?:mm|cm|m|ml|mg|mcg|µg|g|kg|l|fr|french|gauge|%|x|days?|weeks?|months?|years?|hours?|hrs?|min|am|pm)"
_BEFORE = r"(?<![\w./:-])"
_AFTER = r"(?![\w])(?![./-]\d)"

_PATTERNS: tuple[tuple[str, "re.Pattern[str]"], ...] = tuple(
    (kind, re.compile(pattern, re.IGNORECASE))
    for kind, pattern in (
        ("ymd", rf"{_BEFORE}({_YEAR})[-/.]\s?(0?[1-9]|1[0-2])[-/.]\s?({_DAY})(?:[T ]+{_CLOCK}{_ZONE})?(?!\w)"),
        (
            "numeric",
            rf"{_BEFORE}(\d{{1,2}})\s?([-/.])\s?(\d{{1,2}})\s?\2\s?({_YEAR}|\d\d)(?:[T ,]+{_CLOCK}{_ZONE})?{_AFTER}",
        ),
        (
            "compact",
            rf"(?<![\w.])({_YEAR})(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?:T?[0-2]\d[0-5]\d(?:[0-5]\d)?(?:\.\d{{1,6}})?)?(?!\w)",
        ),
        (
            "dmy",
            rf"{_BEFORE}({_DAY}){_ORDINAL}[ -]{{0,2}}(?:of |de |di )?({_NAME})\b\.?,?[ -]{{0,2}}(?:of |de |del )?({_YEAR}|'?\d\d(?![\w:.]))?",
        ),
        (
            "mdy",
            rf"\b({_NAME})\b\.?[ -]{{0,2}}({_DAY}){_ORDINAL}(?!\w)(?![.,:]\d)(?!\s?{_UNITS}(?!\w))(?:,?\s{{0,2}}({_YEAR}))?",
        ),
        ("my", rf"\b({_NAME})\b\.?,?[ /-]{{0,2}}(?:of |de |del )?({_YEAR})(?!\w)"),
        ("my_numeric", rf"{_BEFORE}(0?[1-9]|1[0-2])[/-]({_YEAR})(?!\w)"),
        ("ym", rf"{_BEFORE}({_YEAR})[-/](0[1-9]|1[0-2])(?!\w)(?![-/.]\d)"),
        ("day_month", rf"{_BEFORE}({_DAY})\.\s?(0?[1-9]|1[0-2])\.(?!\d)"),
    )
)
# A day and a month without a year, a month or a weekday: only where the words before or the capital say that a day is meant.
_CUED = re.compile(
    rf"\b(?:on|since|from|dated|until|till|before|after|seen|exam|film|cxr|of|vom|am|seit|bis|zum|du|le|del|el|dal|il)\s"
    rf"({_DAY}[/.]{_DAY})(?!\w)(?![/.]\d)(?!\s?{_UNITS}(?!\w))",
    re.IGNORECASE,
)
_MONTH_ALONE = re.compile(
    rf"\b(?:{'|'.join(w.capitalize() for w in _ALONE.split())}|{'|'.join(w.capitalize() for w in _WEEKDAYS.split())})s?\b"
    r"|\b(?:in|since|last|until|till|by|this|next|early|late|mid)\s+(May|MAY|Mai)\b"
)
_BIRTH_YEAR = re.compile(
    rf"\b(?:born|birth|b\.|dob|geb\.?|geboren|jahrgang|jg\.|née?|nacid[oa])\W{{0,3}}(?:in |en |im jahr )?({_YEAR})(?!\w)",
    re.IGNORECASE,
)
_WEEKDAY_ANY = re.compile(rf"\b(?:{'|'.join(_WEEKDAYS.split()[:7])})s?\b", re.IGNORECASE)
_TIMES = re.compile(
    rf"{_BEFORE}{_CLOCK.replace('[:.h]', '[:h]')}{_ZONE}(?!\w)(?!:\d)"
    r"|(?<![\w./])(?:0?\d|1[0-2])(?:[:.][0-5]\d)?\s?[ap]\.?m\b\.?"
    r"|(?<![\w./])(?:[01]\d|2[0-3])[0-5]\d\s?(?:h|hrs?|hours|uhr)\b"
    r"|(?<=\bat )(?:[01]\d|2[0-3])[0-5]\d(?![\w/])(?!\.\d)"
    r"|(?<![\w./])(?:[01]?\d|2[0-3])(?:[.:][0-5]\d)?\s?uhr\b",
    re.IGNORECASE,
)
_RATIO = re.compile(r"(?:ratio|titre|titer|dilution|i:e|ie)\W{0,3}$", re.IGNORECASE)
_COARSE_YEARS = 10
_MOST_YEARS = 130


@dataclass(frozen=True, slots=True)
class Written:
    """A date as written: its half-open place, and the days it can mean (none: no day is given; two: it can be read both ways)."""

    start: int
    stop: int
    readings: tuple[date, ...]


def dates_in(text: str) -> Iterator[Written]:
    """All dates and parts of dates; places may overlap."""
    for kind, pattern in _PATTERNS:
        for match in pattern.finditer(text):
            if kind in {"dmy", "mdy"} and not _is_month(match, kind):
                continue
            readings = _readings(kind, match)
            if readings is not None:
                yield Written(match.start(), match.end(), readings)
    for pattern in (_CUED, _BIRTH_YEAR):
        for match in pattern.finditer(text):
            yield Written(*match.span(1), ())
    for pattern in (_MONTH_ALONE, _WEEKDAY_ANY):
        for match in pattern.finditer(text):
            group = match.lastindex or 0
            yield Written(*match.span(group), ())


def times_in(text: str) -> Iterator[tuple[int, int]]:
    """Times of day; not a ratio ("I:E ratio 1:20")."""
    for match in _TIMES.finditer(text):
        if not _RATIO.search(text, max(0, match.start() - 12), match.start()):
            yield match.span()


def distance(written: Written, study_date: date | None) -> str:
    """ "[12 days before]", or "[date]" where the day is not sure or there is nothing to count from."""
    if study_date is None or len(written.readings) != 1:
        return "[date]"
    days = (study_date - written.readings[0]).days
    if days == 0:
        return "[same day]"
    if days < 0:
        return f"[{-days} {_plural(-days)} after]" if -days <= 366 else "[date]"
    if days > _MOST_YEARS * 365:
        return "[date]"
    if days > _COARSE_YEARS * 365:
        return f"[more than {_COARSE_YEARS} years before]"
    return f"[{days} {_plural(days)} before]"


def _plural(days: int) -> str:
    return "day" if days == 1 else "days"


def _is_month(match: "re.Match[str]", kind: str) -> bool:
    """A short or everyday month name in lower case is a word ("2 mar", "may 5"): it needs its capital, or a year."""
    name, year = (match[2], match[3]) if kind == "dmy" else (match[1], match[3])
    return bool(year) or not name.islower() or name in _ALONE.split()


def _readings(kind: str, match: "re.Match[str]") -> tuple[date, ...] | None:
    """None where the numbers are no date at all."""
    if kind in {"ymd", "compact"}:
        return _days((int(match[1]), int(match[2]), int(match[3])))
    if kind == "numeric":
        return _numeric(match[1], match[2], match[3], match[4])
    if kind in {"dmy", "mdy"}:
        name, day = (match[2], match[1]) if kind == "dmy" else (match[1], match[2])
        year = (match[3] or "").lstrip("'")
        return _days((_full(year), _MONTH_OF[name.lower()], int(day))) if year else ()
    return ()


def _numeric(first: str, separator: str, second: str, year: str) -> tuple[date, ...] | None:
    """Day first, month first or year first: every reading that is a day. Two digits between dots are day first (DIN 5008)."""
    one, two, full = int(first), int(second), _full(year)
    day_first, month_first = _days((full, two, one)), _days((full, one, two))
    if separator == "." and len(first) == len(second) == 2 and day_first:
        return day_first
    year_first = _days((_full(first), two, int(year))) if len(first) == len(year) == 2 else None
    readings = {*(day_first or ()), *(month_first or ()), *(year_first or ())}
    return tuple(sorted(readings)) or None


def _full(year: str) -> int:
    return int(year) if len(year) == 4 else 2000 + int(year) if int(year) < 70 else 1900 + int(year)


def _days(*candidates: tuple[int, int, int]) -> tuple[date, ...] | None:
    found = []
    for year, month, day in candidates:
        try:
            found.append(date(year, month, day))
        except ValueError:
            continue
    return tuple(found) or None
