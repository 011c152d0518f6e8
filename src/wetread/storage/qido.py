"""QIDO-RS matching (PS3.18 §8.3.4.1, PS3.4 §C.2.2.2) to WHERE clauses that an index can answer."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, and_, exists, or_, select, true

from wetread.domain.errors import PermanentError
from wetread.domain.person_name import folded_words, sound
from wetread.ports.vault import INSTANCE_KEYS, SERIES_KEYS, STUDY_KEYS
from wetread.storage.codec import column_text
from wetread.storage.vault_rows import name_key, number_of
from wetread.storage.vault_schema import vault_instances, vault_name_words, vault_series, vault_studies

__all__ = ["How", "Matcher", "of_study", "ordering", "range_of", "text_of", "uids_of", "where", "wildcard"]

_STUDIES, _SERIES, _INSTANCES, _WORDS = (
    table.c for table in (vault_studies, vault_series, vault_instances, vault_name_words)
)
_WILD = re.compile(r"[*?]")
_DATE = re.compile(r"[0-9]{8}")
_TIME = re.compile(r"[0-9]{2}(?:[0-9]{2}(?:[0-9]{2}(?:\.[0-9]{1,6})?)?)?")
_LAST = "\U0010ffff"
_RARE = {
    "SeriesInstanceUID",
    "SOPInstanceUID",
    "RequestedProcedureID",
    "ScheduledProcedureStepID",
    "PerformedProcedureStepStartDate",
}
_LEVELS = {
    "studies": STUDY_KEYS,
    "series": STUDY_KEYS | SERIES_KEYS,
    "instances": STUDY_KEYS | SERIES_KEYS | INSTANCE_KEYS,
}


@dataclass(frozen=True, slots=True)
class How:
    """How to match: `glob`: the engine is SQLite. `fuzzy`: names by their words and sounds."""

    glob: bool
    fuzzy: bool


def where(match: Mapping[str, str], *, level: str, glob: bool, fuzzy: bool = False) -> ColumnElement[bool]:
    """The condition for `match` at "studies", "series" or "instances"; empty values match everything. `glob`: the engine is SQLite.

    Raises PermanentError(code='bad_query') for a keyword or a value that cannot be matched: a wider answer than asked for would be a wrong one.
    """
    how = How(glob, fuzzy)
    clauses = [_clause(keyword, value, level, how) for keyword, value in match.items() if value.strip("*")]
    return and_(true(), *clauses)


def of_study(match: Mapping[str, str]) -> ColumnElement[bool]:
    """Joins series to their studies. Where no key of a series or an instance is rare, SQLite has to begin with the studies, whose index has the order of the answer:
    without this it sorts every series there is for the first hundred.
    """
    rare = any(value.strip("*") for keyword, value in match.items() if keyword in _RARE)
    return _SERIES.study_key == (_STUDIES.study_key if rare else _STUDIES.study_key.concat(""))


def ordering(order: tuple[str, ...]) -> list[ColumnElement[Any]]:
    """Of studies; the last column makes it total. Raises PermanentError(code='bad_query')."""
    if not order:
        return [_STUDIES.study_date.desc(), _STUDIES.study_key.desc()]
    named = [(_ORDERS.get(each.removeprefix("-")), each.startswith("-")) for each in order]
    columns = [column.desc() if down else column.asc() for column, down in named if column is not None]
    if len(columns) != len(order):
        raise PermanentError("answers cannot be ordered by this attribute", code="bad_query")
    return [*columns, _STUDIES.study_key.desc() if named[0][1] else _STUDIES.study_key.asc()]


def _clause(keyword: str, value: str, level: str, how: How) -> ColumnElement[bool]:
    if keyword not in _LEVELS[level]:
        raise PermanentError("this level cannot be searched by this attribute", code="bad_query")
    return _MATCHERS[keyword](column_text(value), how)


Matcher = Callable[[str, How], ColumnElement[bool]]


def wildcard(column: Column[str], value: str, how: How) -> ColumnElement[bool]:
    """Exact, or `*` and `?`: the text before the first wildcard becomes a range on the index."""
    wild = _WILD.search(value)
    if wild is None:
        return column == value
    prefix = value[: wild.start()]
    pattern = column.op("GLOB")(value.replace("[", "[[]")) if how.glob else column.like(_like(value), escape="\\")
    return and_(column >= prefix, column < prefix + _LAST, pattern) if prefix else pattern


def _like(value: str) -> str:
    escaped = re.sub(r"([\\%_])", r"\\\1", value)
    return escaped.replace("*", "%").replace("?", "_")


def text_of(column: Column[str]) -> Matcher:
    return lambda value, how: wildcard(column, value, how)


def _name(keyword: str, column: Column[str]) -> Matcher:
    def matcher(value: str, how: How) -> ColumnElement[bool]:
        if how.fuzzy:
            return and_(true(), *(_has_word(keyword, word) for word in folded_words(value)))
        return wildcard(column, name_key(value), how)

    return matcher


def _has_word(keyword: str, word: str) -> ColumnElement[bool]:
    begins = and_(_WORDS.word >= word, _WORDS.word < word + _LAST)
    code = sound(word)
    found = or_(begins, _WORDS.word == f"~{code}") if code else begins
    return _STUDIES.study_key.in_(select(_WORDS.study_key).where(_WORDS.keyword == keyword, found))


def uids_of(column: Column[str]) -> Matcher:
    return lambda value, _: column.in_(re.split(r"[,\\]", value))


def range_of(column: Column[str], form: re.Pattern[str], what: str) -> Matcher:
    """A value matches all that begin with it: 1130 is the whole minute."""

    def matcher(value: str, _: How) -> ColumnElement[bool]:
        first, dash, last = value.partition("-")
        given = [each for each in (first, last) if each]
        if not given or not all(form.fullmatch(each) for each in given):
            raise PermanentError(f"a {what}, a range two of them with - between, open at either end", code="bad_query")
        low, high = (first, last) if dash else (first, first)
        bounds = [column >= low] if low else [column != ""]
        return and_(*bounds, *([column < high + _LAST] if high else []))

    return matcher


def _number(column: Column[int]) -> Matcher:
    def matcher(value: str, _: How) -> ColumnElement[bool]:
        number = number_of(value)
        if number is None:
            raise PermanentError("a number is a whole number of at most 12 digits", code="bad_query")
        return column == number

    return matcher


def _modality(value: str, _: How) -> ColumnElement[bool]:
    series = vault_series.alias()
    wanted = series.c.modality.in_(re.split(r"[,\\]", value))
    return exists(select(1).where(series.c.study_key == _STUDIES.study_key, wanted))


_DAY, _HOUR = "date is YYYYMMDD", "time is HH, HHMM or HHMMSS with up to 6 decimals"
_MATCHERS: dict[str, Matcher] = {
    "StudyInstanceUID": uids_of(_STUDIES.study_instance_uid),
    "PatientID": text_of(_STUDIES.patient_id),
    "IssuerOfPatientID": text_of(_STUDIES.issuer_of_patient_id),
    "PatientName": _name("PatientName", _STUDIES.patient_name),
    "PatientBirthDate": range_of(_STUDIES.patient_birth_date, _DATE, _DAY),
    "ReferringPhysicianName": _name("ReferringPhysicianName", _STUDIES.referring_physician_name),
    "AccessionNumber": text_of(_STUDIES.accession_number),
    "StudyID": text_of(_STUDIES.study_id),
    "StudyDate": range_of(_STUDIES.study_date, _DATE, _DAY),
    "StudyTime": range_of(_STUDIES.study_time, _TIME, _HOUR),
    "ModalitiesInStudy": _modality,
    "SeriesInstanceUID": uids_of(_SERIES.series_instance_uid),
    "Modality": text_of(_SERIES.modality),
    "SeriesNumber": _number(_SERIES.series_number),
    "PerformedProcedureStepStartDate": range_of(_SERIES.step_start_date, _DATE, _DAY),
    "PerformedProcedureStepStartTime": range_of(_SERIES.step_start_time, _TIME, _HOUR),
    "RequestedProcedureID": text_of(_SERIES.requested_procedure_id),
    "ScheduledProcedureStepID": text_of(_SERIES.scheduled_step_id),
    "SOPInstanceUID": uids_of(_INSTANCES.sop_instance_uid),
    "SOPClassUID": uids_of(_INSTANCES.sop_class_uid),
    "InstanceNumber": _number(_INSTANCES.instance_number),
}
_ORDERS: dict[str, Column[str]] = {
    "StudyDate": _STUDIES.study_date,
    "PatientName": _STUDIES.patient_name,
    "PatientID": _STUDIES.patient_id,
    "AccessionNumber": _STUDIES.accession_number,
}
