"""One view of the worklist as it stands, kept in memory and brought up to date by what the audit log says has changed since.

State change and audit record commit together (law 2), so a study that changed has a record. Once a minute, when the order may change with time, all studies are read again: whatever
had been missed would be seen then.
"""

import secrets
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from wetread.domain.identifiers import StudyKey
from wetread.domain.study import Study
from wetread.domain.study_state import StudyState
from wetread.ports.clock import Clock
from wetread.ports.database import Database, UnitOfWork
from wetread.triage.ordering import Place, SortKey, place_of, sorting
from wetread.web.worklist_changes import Moves, moves_between
from wetread.web.worklist_rows import Row, RowMaker

__all__ = ["Snapshot"]

_MINUTE = timedelta(minutes=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HISTORY = 64
_RECORDS_READ_SINGLY = 1000


@dataclass(frozen=True, slots=True)
class _Order:
    version: int
    keys: tuple[StudyKey, ...]


class Snapshot:
    """Not safe to share between threads: its owner holds a lock. Memory: about 1.5 kB a study, at most `most` of them, and `_HISTORY` orders of 8 bytes a study.

    `in_turn`: by `triage.ordering`; otherwise the newest arrival first.
    """

    def __init__(
        self,
        database: Database,
        maker: RowMaker,
        clock: Clock,
        states: frozenset[StudyState],
        *,
        in_turn: bool,
        most: int,
    ) -> None:
        self._database, self._maker, self._clock = database, maker, clock
        self._states, self._in_turn, self._most = states, in_turn, most
        self._boot = secrets.token_hex(4)
        self._token, self.at = -1, _EPOCH
        self.rows: dict[StudyKey, Row] = {}
        self._keys: dict[StudyKey, SortKey | tuple[timedelta, str]] = {}
        self._sites: frozenset[str] = frozenset()
        self._orders: deque[_Order] = deque([_Order(0, ())], _HISTORY)

    @property
    def order(self) -> tuple[StudyKey, ...]:
        return self._orders[-1].keys

    @property
    def cursor(self) -> str:
        """Names this very list; an unchanged list keeps it."""
        return f"{self._boot}.{self._orders[-1].version}"

    def refresh(self) -> None:
        """Everything told of time is as of the last full minute, so that an unchanged list stays the same answer for that long."""
        token, now = self._database.change_token(), self._clock.now()
        minute = now - (now - _EPOCH) % _MINUTE
        if (token, minute) == (self._token, self.at):
            return
        version = self._orders[-1].version + 1
        if minute != self.at or not 0 <= token - self._token <= _RECORDS_READ_SINGLY:
            self._token, self.at = token, minute
            changed = self._read_all(version)
        else:
            changed = self._read(self._named_since(), version)
        order = self._ordered()
        if changed or order != self.order:
            self._orders.append(_Order(version, order))

    def since(self, cursor: str) -> tuple[Moves, tuple[Row, ...]] | None:
        """How to get from the list of `cursor` to this one, and the rows that are new or other since; None where that is not known any more."""
        boot, _, number = cursor.partition(".")
        past = next((each for each in self._orders if str(each.version) == number), None)
        if boot != self._boot or past is None:
            return None
        known = frozenset(past.keys)
        listed = (self.rows[key] for key in self.order)
        rows = tuple(row for row in listed if row.version > past.version or row.study.study_key not in known)
        return moves_between(past.keys, self.order), rows

    def place(self, study_key: StudyKey) -> Place | None:
        """Where the study stands on this list, and why; None where it is not on it."""
        row = self.rows.get(study_key)
        if row is None or not self._in_turn:
            return None
        listed = [self.rows[key].waiting for key in self.order]
        return place_of(row.waiting, listed, self.at, self._maker.rule)

    def _named_since(self) -> list[StudyKey]:
        named: dict[StudyKey, None] = {}
        for record in self._database.audit_records(start=self._token + 1):
            self._token = record.sequence
            if record.event.study_key is not None:
                named[record.event.study_key] = None
        return list(named)

    def _read(self, keys: Iterable[StudyKey], version: int) -> bool:
        with self._database.begin(write=False) as unit:
            studies = [study for key in keys if (study := unit.find_study(key))]
            gone = [each.study_key for each in studies if self._drop_if_over(each)]
            here = [each for each in studies if each.state in self._states]
            fresh = self._put(self._maker.rows(unit, here, version))
        return bool(gone) or fresh

    def _drop_if_over(self, study: Study) -> bool:
        if study.state in self._states or study.study_key not in self.rows:
            return False
        del self.rows[study.study_key], self._keys[study.study_key]
        return True

    def _read_all(self, version: int) -> bool:
        with self._database.begin(write=False) as unit:
            studies = self._all(unit)
            here = {each.study_key for each in studies}
            gone = self.rows.keys() - here
            self.rows = {key: row for key, row in self.rows.items() if key in here}
            held = self._maker.held(unit, [each.study_key for each in studies])
            other = [each for each in studies if self._is_other(unit, each, each.study_key in held)]
            fresh = self._put(self._maker.rows(unit, other, version))
        self._sort_anew()
        return bool(gone) or fresh

    def _all(self, unit: UnitOfWork) -> tuple[Study, ...]:
        """Of a longer list than may be held, the most urgent and the longest waiting."""
        if not self._in_turn:
            return unit.worklist(states=self._states, limit=self._most, by="newest")
        studies = unit.worklist(states=self._states, limit=self._most)
        if len(studies) == self._most:
            oldest = unit.worklist(states=self._states, limit=self._most, by="oldest")
            studies = tuple({each.study_key: each for each in (*studies, *oldest)}.values())
        return studies

    def _is_other(self, unit: UnitOfWork, study: Study, held: bool) -> bool:
        row = self.rows.get(study.study_key)
        if row is None or row.study != study or row.held is not held:
            return True
        return row.waiting.critical_open is not self._maker.unanswered(unit, study)

    def _put(self, rows: Iterable[Row]) -> bool:
        """True when any row says something else than before."""
        other = False
        for row in rows:
            key, held = row.study.study_key, self.rows.get(row.study.study_key)
            if held is not None and replace(row, version=held.version) == held:
                continue
            other, self.rows[key] = True, row
            self._keys.pop(key, None)
        return other

    def _ordered(self) -> tuple[StudyKey, ...]:
        if self._in_turn and self._sites != {row.waiting.site for row in self.rows.values()}:
            self._sort_anew()
        self._fill_keys()
        kept = [key for key in self.order if key in self.rows]
        new = self.rows.keys() - set(kept)
        return tuple(sorted((*kept, *new), key=self._keys.__getitem__)[: self._most])  # nearly sorted: cheap

    def _sort_anew(self) -> None:
        self._keys = {}
        self._sites = frozenset(row.waiting.site for row in self.rows.values())

    def _fill_keys(self) -> None:
        key_of = sorting(self._sites, self.at, self._maker.rule)
        for key, row in self.rows.items():
            if key not in self._keys:
                newest_first = (_EPOCH - row.study.received_at, key)
                self._keys[key] = key_of(row.waiting) if self._in_turn else newest_first
