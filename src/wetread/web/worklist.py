"""The worklist as JSON: most urgent first, the reason in words; identity only for roles that may read a study."""

import json
from dataclasses import dataclass
from threading import Lock

from starlette.responses import Response

from wetread.domain.audit import AuditEvent
from wetread.domain.identifiers import StudyKey
from wetread.domain.role import PERMITTED, Act
from wetread.domain.study import Study
from wetread.domain.study_state import READABLE, StudyState
from wetread.ports.database import Database, UnitOfWork
from wetread.ports.vault import Vault
from wetread.web.json_answer import tagged_json
from wetread.web.operations import Call
from wetread.web.problems import Refusal
from wetread.web.reading_json import Json, identity_of, study_json

__all__ = ["VIEWS", "WorklistView", "get_worklist"]

VIEWS: dict[str, frozenset[StudyState]] = {
    "open": READABLE | {StudyState.RECEIVED},
    "reported": frozenset({StudyState.SIGNED, StudyState.DELIVERED, StudyState.AMENDED}),
    "rejected": frozenset({StudyState.REJECTED}),
}
_LIMIT = 500


@dataclass(frozen=True, slots=True)
class _Row:
    study: Study
    public: Json
    identity: Json


class WorklistView:
    """Rows are rebuilt only for studies that changed: many screens refresh on every change."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database, self._vault = database, vault
        self._rows: dict[StudyKey, _Row] = {}
        self._lock = Lock()

    def rows(self, view: str, *, with_identity: bool) -> list[Json]:
        with self._lock, self._database.begin(write=False) as unit:
            studies = unit.worklist(states=VIEWS[view], limit=_LIMIT)
            rows = [self._row(unit, study) for study in studies]
            if len(self._rows) > 4 * _LIMIT:
                self._rows = {row.study.study_key: row for row in rows}
        return [{**row.public, **row.identity} if with_identity else row.public for row in rows]

    def counts(self) -> dict[str, int]:
        states = self._database.count_studies()
        return {view: sum(states.get(state, 0) for state in members) for view, members in VIEWS.items()}

    def _row(self, unit: UnitOfWork, study: Study) -> _Row:
        known = self._rows.get(study.study_key)
        if known is None or known.study != study:
            decision = unit.decision(study.study_key)
            why = {"reason": decision.reason if decision else "", "problem": study.reason}
            identity = known.identity if known else identity_of(self._vault, study.study_key)
            known = self._rows[study.study_key] = _Row(study, {**study_json(study), **why}, identity)
        return known


def get_worklist(call: Call) -> Response:
    view = dict(call.query).get("view", "open")
    if view not in VIEWS:
        raise Refusal(400, "unknown_view", f"view is one of {', '.join(VIEWS)}")
    actor = call.signed_in.actor
    with_identity = Act.READ_STUDY in PERMITTED[actor.role]
    rows = call.house.worklist.rows(view, with_identity=with_identity)
    shown = "named" if with_identity else "de-identified"
    call.house.audit_seldom(AuditEvent("worklist.read", actor.actor_id, detail=(("shown", shown),)))
    body = {"view": view, "counts": call.house.worklist.counts(), "truncated": len(rows) == _LIMIT, "studies": rows}
    return tagged_json(json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(), call.headers)
