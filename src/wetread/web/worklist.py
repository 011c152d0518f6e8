"""The worklist as JSON: in reading order, each study with the reason for its priority and for its place; identity only for roles that may read a study."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Lock

from starlette.responses import Response

from wetread.domain.audit import AuditEvent
from wetread.domain.critical import CriticalResult, CriticalState
from wetread.domain.identifiers import StudyKey
from wetread.domain.role import PERMITTED, Act
from wetread.domain.study import Study
from wetread.domain.study_state import READABLE, StudyState
from wetread.ports.clock import Clock
from wetread.ports.database import Database, UnitOfWork
from wetread.ports.vault import Vault
from wetread.triage.ordering import Place, Standing, Waiting, limit_of, places
from wetread.triage.policy import OrderRule
from wetread.web.json_answer import tagged_json
from wetread.web.operations import Call
from wetread.web.problems import Refusal
from wetread.web.reading_json import Json, identity_of, study_json
from wetread.web.veil import veiled_rows

__all__ = ["VIEWS", "WorklistView", "get_worklist"]

VIEWS: dict[str, frozenset[StudyState]] = {
    "open": READABLE | {StudyState.RECEIVED},
    "reported": frozenset({StudyState.SIGNED, StudyState.DELIVERED, StudyState.AMENDED}),
    "rejected": frozenset({StudyState.REJECTED}),
}
_LIMIT = 500
_MINUTE = timedelta(minutes=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Row:
    study: Study
    public: Json
    identity: Json
    read_within_min: int


class WorklistView:
    """Rows are rebuilt only for studies that changed, and the order only when it can have: many screens refresh on every change.

    Everything told of time is told as of the last full minute, so that an unchanged list stays the same answer for that long.
    """

    def __init__(self, database: Database, vault: Vault, clock: Clock, rule: OrderRule) -> None:
        self._database, self._vault, self._clock, self.rule = database, vault, clock, rule
        self._rows: dict[StudyKey, _Row] = {}
        self._ordered: tuple[tuple[Waiting, ...], datetime, tuple[Place, ...]] = ((), _EPOCH, ())
        self._lock = Lock()

    def rows(self, view: str, *, with_identity: bool) -> list[Json]:
        """At most 500. The order of those to read is `triage.ordering`'s; of a longer list the most urgent and the longest waiting are looked at."""
        with self._lock, self._database.begin(write=False) as unit:
            studies = unit.worklist(states=VIEWS[view], limit=_LIMIT)
            if view == "open" and len(studies) == _LIMIT:
                oldest = unit.worklist(states=VIEWS[view], limit=_LIMIT, oldest_first=True)
                studies = tuple({each.study_key: each for each in (*studies, *oldest)}.values())
            rows = [self._row(unit, study) for study in studies]
            shown = self._in_order(unit, rows) if view == "open" else [(row, row.public) for row in rows]
            if len(self._rows) > 4 * _LIMIT:
                self._rows = {row.study.study_key: row for row in rows}
        return [{**public, **row.identity} if with_identity else public for row, public in shown]

    def counts(self) -> dict[str, int]:
        states = self._database.count_studies()
        return {view: sum(states.get(state, 0) for state in members) for view, members in VIEWS.items()}

    def _in_order(self, unit: UnitOfWork, rows: list[_Row]) -> list[tuple[_Row, Json]]:
        now = self._clock.now()
        now = now - (now - _EPOCH) % _MINUTE
        waiting = tuple(_waiting(unit, row) for row in rows)
        if self._ordered[:2] != (waiting, now):
            self._ordered = waiting, now, places(waiting, now, self.rule)
        by_key = {row.study.study_key: row for row in rows}
        shown = [(by_key[place.study.study_key], place) for place in self._ordered[2][:_LIMIT]]
        return [(row, {**row.public, **_place_json(place, now, self.rule)}) for row, place in shown]

    def _row(self, unit: UnitOfWork, study: Study) -> _Row:
        known = self._rows.get(study.study_key)
        if known is None or known.study != study:
            decision = unit.decision(study.study_key)
            why = {"reason": decision.reason if decision else "", "problem": study.reason}
            identity = known.identity if known else identity_of(self._vault, study.study_key)
            target = decision.read_within_min if decision else 0
            known = self._rows[study.study_key] = _Row(study, {**study_json(study), **why}, identity, target)
        return known


def _waiting(unit: UnitOfWork, row: _Row) -> Waiting:
    study = row.study
    critical_open = study.critical and _unacknowledged(unit.critical_of(study.study_key))
    return Waiting(
        study.study_key, study.traits.site, study.priority, study.received_at, critical_open, row.read_within_min
    )


def _unacknowledged(result: CriticalResult | None) -> bool:
    """A critical study without a result of its own (an older release triaged it) counts as one that nobody has acknowledged."""
    return result is None or result.state in (CriticalState.OPEN, CriticalState.NOTIFIED)


def _place_json(place: Place, now: datetime, rule: OrderRule) -> Json:
    """`limit_s`: how long it may wait, the cap or its own reading-time target; `overdue` says that this has passed; `unanswered`: critical, and nobody has acknowledged it."""
    return {
        "place": place.number,
        "why_here": place.why,
        "waiting_s": max(0, int((now - place.study.received_at).total_seconds())),
        "limit_s": int(limit_of(place.study, rule).total_seconds()),
        "overdue": place.standing is Standing.OVERDUE,
        "over_cap": place.over_cap,
        "unanswered": place.study.critical_open,
    }


def get_worklist(call: Call) -> Response:
    view = dict(call.query).get("view", "open")
    if view not in VIEWS:
        raise Refusal(400, "unknown_view", f"view is one of {', '.join(VIEWS)}")
    actor = call.signed_in.actor
    with_identity = Act.READ_STUDY in PERMITTED[actor.role]
    rows = veiled_rows(call, call.house.worklist.rows(view, with_identity=with_identity))
    shown = "named" if with_identity else "de-identified"
    call.house.audit_seldom(AuditEvent("worklist.read", actor.actor_id, detail=(("shown", shown),)))
    body = {
        "view": view,
        "counts": call.house.worklist.counts(),
        "waiting_cap_s": int(call.house.worklist.rule.waiting_cap.total_seconds()),
        "truncated": len(rows) == _LIMIT,
        "studies": rows,
    }
    return tagged_json(json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(), call.headers)
