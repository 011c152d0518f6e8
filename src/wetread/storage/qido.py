"""QIDO-RS matching (PS3.18 §8.3.4.1, PS3.4 §C.2.2.2) to WHERE clauses that an index can answer."""

import re
from collections.abc import Callable

from sqlalchemy import Column, ColumnElement, and_, exists, select, true

from wetread.domain.errors import PermanentError
from wetread.storage.codec import column_text
from wetread.storage.vault_schema import vault_instances, vault_studies

__all__ = ["name_key", "where"]

_STUDIES = vault_studies.c
_WILD = re.compile(r"[*?]")
_DATE = re.compile(r"[0-9]{8}")
_LAST = "\U0010ffff"


def name_key(name: str) -> str:
    """A person name as it is matched: letter case, trailing component delimiters and surrounding spaces do not count."""
    groups = (group.strip().rstrip("^ ") for group in column_text(name).casefold().split("="))
    return "=".join(groups).rstrip("=")


def where(match: dict[str, str], *, glob: bool) -> ColumnElement[bool]:
    """The condition for `match`; empty values match everything. `glob`: the engine is SQLite.

    Raises PermanentError(code='bad_query') for a keyword or a value that cannot be matched: a wider answer than asked for would be a wrong one.
    """
    clauses = [_clause(keyword, value, glob) for keyword, value in match.items() if value.strip("*")]
    return and_(true(), *clauses)


def _clause(keyword: str, value: str, glob: bool) -> ColumnElement[bool]:
    try:
        return _MATCHERS[keyword](column_text(value), glob)
    except KeyError:
        raise PermanentError("studies cannot be searched by this attribute", code="bad_query") from None


def _wildcard(column: Column[str], value: str, glob: bool) -> ColumnElement[bool]:
    """Exact, or `*` and `?`: the text before the first wildcard becomes a range on the index."""
    wild = _WILD.search(value)
    if wild is None:
        return column == value
    prefix = value[: wild.start()]
    pattern = column.op("GLOB")(value.replace("[", "[[]")) if glob else column.like(_like(value), escape="\\")
    return and_(column >= prefix, column < prefix + _LAST, pattern) if prefix else pattern


def _like(value: str) -> str:
    escaped = re.sub(r"([\\%_])", r"\\\1", value)
    return escaped.replace("*", "%").replace("?", "_")


def _name(value: str, glob: bool) -> ColumnElement[bool]:
    return _wildcard(_STUDIES.patient_name, name_key(value), glob)


def _uids(value: str, _: bool) -> ColumnElement[bool]:
    return _STUDIES.study_instance_uid.in_(re.split(r"[,\\]", value))


def _date(value: str, _: bool) -> ColumnElement[bool]:
    first, dash, last = value.partition("-")
    given = [each for each in (first, last) if each]
    if not given or not all(_DATE.fullmatch(each) for each in given):
        raise PermanentError("a date is YYYYMMDD, a range YYYYMMDD-YYYYMMDD, open at either end", code="bad_query")
    if not dash:
        return _STUDIES.study_date == first
    bounds = [_STUDIES.study_date >= first] if first else [_STUDIES.study_date != ""]
    return and_(*bounds, *([_STUDIES.study_date <= last] if last else []))


def _modality(value: str, _: bool) -> ColumnElement[bool]:
    wanted = vault_instances.c.modality.in_(re.split(r"[,\\]", value))
    return exists(select(1).where(vault_instances.c.study_key == _STUDIES.study_key, wanted))


_MATCHERS: dict[str, Callable[[str, bool], ColumnElement[bool]]] = {
    "StudyInstanceUID": _uids,
    "PatientID": lambda value, glob: _wildcard(_STUDIES.patient_id, value, glob),
    "PatientName": _name,
    "AccessionNumber": lambda value, glob: _wildcard(_STUDIES.accession_number, value, glob),
    "StudyDate": _date,
    "ModalitiesInStudy": _modality,
}
