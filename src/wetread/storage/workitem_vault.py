"""Data sets of workitems in the vault's database (`ports.workitem_vault`), found by an index of their values with the matching of QIDO-RS."""

import json
import re
from collections.abc import Mapping
from threading import Lock

from sqlalchemy import ColumnElement, and_, delete, insert, or_, select, true

from wetread.domain.errors import PermanentError
from wetread.domain.person_name import folded_words, sound
from wetread.ports.vault import Search
from wetread.ports.workitem_vault import WORKITEM_KEYS, VaultWorkitem
from wetread.storage.codec import column_text
from wetread.storage.engine import make_engine, translated, writing
from wetread.storage.qido import How, Matcher, range_of, text_of, uids_of
from wetread.storage.transaction import replacing
from wetread.storage.vault_rows import name_key, words_of
from wetread.storage.vault_schema import workitem_data_sets, workitem_filters, workitem_values

__all__ = ["SqlWorkitemVault"]

_SETS, _VALUES, _FILTERS = workitem_data_sets.c, workitem_values.c, workitem_filters.c
_LAST = "\U0010ffff"
_DAY = range_of(_VALUES.value, re.compile(r"\d{8}", re.ASCII), "date is YYYYMMDD")
_MOMENT = range_of(
    _VALUES.value,
    re.compile(r"\d{4}(?:\d{2}(?:\d{2}(?:\d{2}(?:\d{2}(?:\d{2}(?:\.\d{1,6})?)?)?)?)?)?", re.ASCII),
    "date and time is YYYYMMDDHHMMSS without an offset from UTC, or its beginning",
)


def _matcher(keyword: str) -> Matcher:
    if keyword.endswith("UID"):
        return uids_of(_VALUES.value)
    if keyword.endswith("DateTime"):
        return _MOMENT
    return _DAY if keyword.endswith("Date") else text_of(_VALUES.value)


_SAVE_FILTER = replacing(workitem_filters)


class SqlWorkitemVault:
    """`url` is the vault's. Safe to share between threads."""

    def __init__(self, url: str) -> None:
        self._engine = make_engine(url)
        self._glob = self._engine.dialect.name == "sqlite"
        self._turn = Lock()

    def close(self) -> None:
        self._engine.dispose()

    def keep(self, item: VaultWorkitem) -> None:
        values = sorted({pair for keyword, value in item.values for pair in _indexed(keyword, value)})
        rows = [
            {"workitem_key": item.workitem_key, "version": item.version, "keyword": keyword, "value": value}
            for keyword, value in values
        ]
        with self._turn, writing(self._engine) as connection:
            for table in (workitem_values, workitem_data_sets):
                others = (table.c.workitem_key == item.workitem_key) & (table.c.version != item.version - 1)
                connection.execute(delete(table).where(others))
            whole = {name: getattr(item, name) for name in ("workitem_key", "version", "workitem_uid", "body")}
            connection.execute(insert(workitem_data_sets), {**whole, "scheduled_at": column_text(item.scheduled_at)})
            if rows:
                connection.execute(insert(workitem_values), rows)

    def find(self, workitem_key: str, version: int) -> VaultWorkitem | None:
        this = (_SETS.workitem_key == workitem_key) & (_SETS.version == version)
        values = (_VALUES.workitem_key == workitem_key) & (_VALUES.version == version)
        with translated(), self._engine.connect() as connection:
            row = connection.execute(select(workitem_data_sets).where(this)).one_or_none()
            held = connection.execute(select(_VALUES.keyword, _VALUES.value).where(values)) if row else ()
            plain = tuple((name, value) for name, value in held if not name.startswith("~"))
        if row is None:
            return None
        return VaultWorkitem(row.workitem_key, row.version, row.workitem_uid, row.body, plain, row.scheduled_at)

    def search(self, search: Search) -> tuple[tuple[str, int], ...]:
        query = select(_SETS.workitem_key, _SETS.version).order_by(
            _SETS.scheduled_at, _SETS.workitem_key, _SETS.version
        )
        for keyword, value in search.match.items():
            if value.strip("*"):
                query = query.where(self._holds(keyword, value, fuzzy=search.fuzzy))
        with translated(), self._engine.connect() as connection:
            rows = connection.execute(query.limit(search.limit).offset(search.offset)).all()
        return tuple((row.workitem_key, row.version) for row in rows)

    def _holds(self, keyword: str, value: str, *, fuzzy: bool) -> ColumnElement[bool]:
        if keyword not in WORKITEM_KEYS:
            raise PermanentError("workitems cannot be searched by this attribute", code="bad_query")
        wanted = column_text(value)
        if keyword == "PatientName" and fuzzy:
            return and_(true(), *(self._has("~PatientName", _begins(word)) for word in folded_words(wanted)))
        wanted = name_key(wanted) if keyword == "PatientName" else wanted
        return self._has(keyword, _matcher(keyword)(wanted, How(self._glob, fuzzy)))

    def _has(self, keyword: str, clause: ColumnElement[bool]) -> ColumnElement[bool]:
        held = select(_VALUES.workitem_key).where(_VALUES.keyword == keyword, _VALUES.version == _SETS.version, clause)
        return _SETS.workitem_key.in_(held.correlate(workitem_data_sets))

    def forget(self, workitem_key: str) -> None:
        with self._turn, writing(self._engine) as connection:
            for table in (workitem_values, workitem_data_sets):
                connection.execute(delete(table).where(table.c.workitem_key == workitem_key))

    def keep_filter(self, subscriber: str, match: Mapping[str, str]) -> None:
        with self._turn, writing(self._engine) as connection:
            connection.execute(_SAVE_FILTER, {"subscriber": subscriber, "body": json.dumps(dict(match))})

    def filter_of(self, subscriber: str) -> Mapping[str, str]:
        with translated(), self._engine.connect() as connection:
            body = connection.scalar(select(_FILTERS.body).where(_FILTERS.subscriber == subscriber))
        return json.loads(body) if body else {}


def _indexed(keyword: str, value: str) -> list[tuple[str, str]]:
    text = column_text(value)
    if keyword != "PatientName":
        return [(keyword, text)]
    return [(keyword, name_key(text)), *(("~PatientName", word) for word in words_of(text))]


def _begins(word: str) -> ColumnElement[bool]:
    begins = (_VALUES.value >= word) & (_VALUES.value < word + _LAST)
    return or_(begins, _VALUES.value == f"~{code}") if (code := sound(word)) else begins
