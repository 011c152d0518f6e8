"""The worklist as JSON: in reading order, each study with the reason for its priority; why it stands where it does, on request. Identity only for roles that may read a study."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from threading import Lock
from typing import cast

from starlette.responses import Response

from wetread.domain.audit import AuditEvent
from wetread.domain.errors import StudyNotFound
from wetread.domain.identifiers import StudyKey
from wetread.domain.identity_access import Purpose
from wetread.domain.reading import Withheld
from wetread.domain.role import Act
from wetread.domain.study_lock import StudyLock
from wetread.domain.study_state import READABLE, REPORTED, StudyState
from wetread.ports.clock import Clock
from wetread.ports.database import Database
from wetread.ports.vault import Vault
from wetread.triage.ordering import Standing, limit_of
from wetread.triage.policy import OrderRule
from wetread.web.json_answer import json_answer
from wetread.web.operations import Call
from wetread.web.problems import Refusal
from wetread.web.reading_json import Json
from wetread.web.schema import Schema, record, text
from wetread.web.veil import mode_mark, withheld_on_list
from wetread.web.worklist_rows import LISTED, Row, RowMaker
from wetread.web.worklist_search import find
from wetread.web.worklist_snapshot import Snapshot

__all__ = ["SEARCH_BODY", "VIEWS", "Viewer", "WorklistView", "get_next", "get_place", "get_worklist", "search_worklist"]

VIEWS: dict[str, frozenset[StudyState]] = {
    "open": READABLE | {StudyState.RECEIVED, StudyState.NEW_IMAGES},
    "reported": REPORTED - {StudyState.NEW_IMAGES},
    "rejected": frozenset({StudyState.REJECTED}),
}
SEARCH_BODY: Schema = record({"text": text(100, min_length=2)})
_MOST = {"open": 20_000, "reported": 1_000, "rejected": 1_000}
_TAKEN = (StudyState.IN_READING, StudyState.RECEIVED)
_MOST_MOVES = 1000
"""A change that moves more than this is sent as a whole list."""


Veil = Callable[[Mapping[StudyKey, StudyState]], Mapping[StudyKey, Withheld]]
"""Of these studies, those on which the machine's words are withheld from whoever asks."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """Whom an answer is for."""

    with_identity: bool
    told: Callable[[Sequence[StudyKey]], None] = lambda _: None
    """Writes down that they are shown whose these studies are; before they are."""
    veil: Veil = lambda _: {}
    mode: str = ""
    """Names the reading mode they chose and when: once it is another, what is withheld is other on every line, and the list is sent as a whole."""

    sees: Callable[[str], bool] = lambda _: True
    """Whether studies of a site are there for them."""
    some: bool = False
    """They reach some sites only: what they are told is made for them alone, and always the whole list."""

    def rows(self, rows: Iterable[Row]) -> tuple[Row, ...]:
        return tuple(each for each in rows if self.sees(each.study.traits.site)) if self.some else tuple(rows)

    def named(self, rows: Iterable[Row]) -> None:
        if self.with_identity:
            self.told([row.study.study_key for row in rows])

    def marked(self, cursor: str) -> str:
        return f"{cursor}~{self.mode}" if cursor and self.mode else cursor


class WorklistView:
    """Many screens refresh on every change: each view is brought up to date once, and an answer that is the same for all is made once."""

    def __init__(self, database: Database, vault: Vault, clock: Clock, rule: OrderRule) -> None:
        self.rule, self.maker = rule, RowMaker(vault, rule)
        self._database, self._clock, self._lock = database, clock, Lock()
        self._views = {
            name: Snapshot(database, self.maker, clock, states, in_turn=name == "open", most=_MOST[name])
            for name, states in VIEWS.items()
        }
        self._answers: dict[tuple[str, str, bool], tuple[str, bytes]] = {}

    def answer(self, view: str, since: str, viewer: Viewer) -> tuple[str, bytes]:
        """The entity tag and the body: the whole list, or what changed since the cursor `since`."""
        with self._lock:
            snapshot = self._views[view]
            snapshot.refresh()
            rows = viewer.rows(_listed(snapshot))
            head = self._narrowed(self._head(view, snapshot), rows, viewer)
            cursor, _, mode = since.partition("~")
            change = snapshot.since(cursor) if since and mode == viewer.mode and not viewer.some else None
            head["cursor"] = viewer.marked(snapshot.cursor)
            if change is not None and len(change[0].put_in) <= _MOST_MOVES:
                moves, rows = change
                head |= {"complete": False, "gone": sorted(moves.gone), "taken_out": sorted(moves.taken_out)}
                head |= {"put_in": [[at, key] for at, key in moves.put_in]}
        viewer.named(rows)
        withheld = viewer.veil({row.study.study_key: row.study.state for row in rows})
        tag = f'"{_digest(head, withheld)}{viewer.mode}{"n" if viewer.with_identity else "d"}"'
        kept = None if viewer.some else self._answers.get((view, since, viewer.with_identity))
        if kept is None or kept[0] != tag:
            kept = tag, _written(head, rows, withheld, viewer)
            if not withheld and not viewer.some:
                self._keep(view, since, viewer, kept)
        return kept

    def beginning(self, view: str, most: int, viewer: Viewer) -> bytes:
        """The first studies of the list, to show while the rest is on its way. Where there is a rest it has no cursor: the whole list is to be asked for next."""
        with self._lock:
            snapshot = self._views[view]
            snapshot.refresh()
            all_rows = viewer.rows(_listed(snapshot, None if viewer.some else most))
            head, rows = self._narrowed(self._head(view, snapshot), all_rows, viewer), all_rows[:most]
            whole = len(rows) == (len(all_rows) if viewer.some else len(snapshot.order))
            head |= {"cursor": viewer.marked(snapshot.cursor) if whole else ""}
        viewer.named(rows)
        withheld = viewer.veil({row.study.study_key: row.study.state for row in rows})
        return _written(head, rows, withheld, viewer)

    def first_free(self, *, but: str, sees: Callable[[str], bool] = lambda _: True) -> StudyKey | None:
        """The first on the list to read that has arrived, that nobody reads, and that is not `but`."""
        with self._lock:
            snapshot = self._views["open"]
            snapshot.refresh()
            rows = (snapshot.rows[key] for key in snapshot.order if key != but)
            free = (row.study for row in rows if row.study.state not in _TAKEN)
            return next((each.study_key for each in free if sees(each.traits.site)), None)

    def place(self, study_key: StudyKey) -> Json | None:
        with self._lock:
            snapshot = self._views["open"]
            snapshot.refresh()
            place, now = snapshot.place(study_key), snapshot.at
        if place is None:
            return None
        return {
            "place": place.number,
            "of": len(snapshot.order),
            "why": place.why,
            "waiting_s": max(0, int((now - place.study.received_at).total_seconds())),
            "limit_s": int(limit_of(place.study, self.rule).total_seconds()),
            "overdue": place.standing is Standing.OVERDUE,
            "over_cap": place.over_cap,
            "unanswered": place.study.critical_open,
        }

    def _head(self, view: str, snapshot: Snapshot) -> Json:
        states = self._database.count_studies()
        counts = {name: sum(states.get(state, 0) for state in members) for name, members in VIEWS.items()}
        cap_s = int(self.rule.waiting_cap.total_seconds())
        shown = {"cursor": snapshot.cursor, "shown": len(snapshot.order), "complete": True}
        with self._database.begin(write=False) as unit:
            open_by = {each.study_key: _open_by(each) for each in unit.locks(self._clock.now())}
            awaiting = list(unit.awaiting_cosignature())
        people = {"open_by": open_by, "awaiting_cosignature": awaiting}
        return {"view": view, "counts": counts, "waiting_cap_s": cap_s, **shown, **people}

    def _narrowed(self, head: Json, rows: Sequence[Row], viewer: Viewer) -> Json:
        """Nothing of a study that is not there for the viewer; `rows` are all of this view that are. The caller holds the lock."""
        if not viewer.some:
            return head
        there = {row.study.study_key for row in rows}
        for snapshot in self._views.values():
            snapshot.refresh()
        counts = {name: len(viewer.rows(_listed(each))) for name, each in self._views.items()}
        open_by = {key: who for key, who in cast(Json, head["open_by"]).items() if key in there}
        awaiting = [key for key in cast(list[str], head["awaiting_cosignature"]) if key in there]
        return {**head, "counts": counts, "shown": len(rows), "open_by": open_by, "awaiting_cosignature": awaiting}

    def _keep(self, view: str, since: str, viewer: Viewer, answer: tuple[str, bytes]) -> None:
        """The newest whole list of each kind, and some changes; megabytes are kept for nobody else."""
        if len(self._answers) > 24:
            self._answers = {}
        self._answers[view, since, viewer.with_identity] = answer


def _open_by(lock: StudyLock) -> Json:
    return {"actor_id": lock.holder_id, "name": lock.holder_name, "since": lock.taken_at.isoformat()}


def _listed(snapshot: Snapshot, most: int | None = None) -> tuple[Row, ...]:
    return tuple(snapshot.rows[key] for key in snapshot.order[:most])


def _digest(head: Json, withheld: Mapping[StudyKey, Withheld]) -> str:
    return sha256(repr((head, sorted(withheld.items()))).encode()).hexdigest()[:32]


def _written(head: Json, rows: Iterable[Row], withheld: Mapping[StudyKey, Withheld], viewer: Viewer) -> bytes:
    lines = [row.as_json(withheld.get(row.study.study_key), with_identity=viewer.with_identity) for row in rows]
    return json.dumps(head, separators=(",", ":")).encode()[:-1] + b',"studies":[' + b",".join(lines) + b"]}"


def _viewer(call: Call) -> Viewer:
    with_identity = call.signed_in.actor.may(Act.READ_STUDY)
    actor, some = call.signed_in.actor, bool(call.signed_in.actor.sites)
    mode = mode_mark(call)
    if some:
        mode = sha256(repr((mode, sorted(actor.sites))).encode()).hexdigest()[:8]
    return Viewer(
        with_identity, _telling(call, Purpose.WORKLIST), partial(withheld_on_list, call), mode, actor.reaches, some
    )


def _telling(call: Call, purpose: Purpose) -> Callable[[Sequence[StudyKey]], None]:
    return partial(call.house.services.vault.shown, call.reader(purpose, LISTED))


def get_worklist(call: Call) -> Response:
    query, actor = dict(call.query), call.signed_in.actor
    view, since = query.get("view", "open"), query.get("since", "")
    if view not in VIEWS:
        raise Refusal(400, "unknown_view", f"view is one of {', '.join(VIEWS)}")
    if len(since) > 40:
        raise Refusal(400, "query_misfit", "since is the cursor of an earlier answer")
    viewer = _viewer(call)
    shown = "named" if viewer.with_identity else "de-identified"
    call.house.audit_seldom(AuditEvent("worklist.read", actor.actor_id, detail=(("shown", shown),)))
    if "first" in query:
        most = call.asked_number("first", 200, 500)
        body = call.house.worklist.beginning(view, most, viewer)
        return Response(body, 200, media_type="application/json")
    tag, body = call.house.worklist.answer(view, since, viewer)
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if tag in call.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(body, 200, headers, "application/json")


def get_place(call: Call) -> Response:
    """404 for a study that is not on the list to read."""
    place = call.house.worklist.place(StudyKey(call.path["study_key"]))
    if place is None:
        raise StudyNotFound("the study is not on the list to read")
    return json_answer(place)


def get_next(call: Call) -> Response:
    sees = call.signed_in.actor.reaches
    return json_answer({"study_key": call.house.worklist.first_free(but=dict(call.query).get("after", ""), sees=sees)})


def search_worklist(call: Call) -> Response:
    """By accession number, patient id or name, over all studies there are. Audited, without what was searched for."""
    services, house = call.house.services, call.house
    found = find(services.vault, call.text("text"))
    maker = house.worklist.maker
    sees = call.signed_in.actor.reaches
    with services.database.begin(write=False) as unit:
        studies = [each for key in found.study_keys if (each := unit.find_study(key)) and sees(each.traits.site)]
        rows = list(maker.rows(unit, studies, 0))
    viewer = Viewer(with_identity=True, told=_telling(call, Purpose.SEARCH))
    viewer.named(rows)
    withheld = withheld_on_list(call, {each.study_key: each.state for each in studies})
    facts = (("fields", ",".join(found.fields)), ("results", str(len(rows))))
    house.audit(AuditEvent("worklist.search", call.signed_in.actor.actor_id, detail=facts))
    body = _written({"truncated": found.truncated}, rows, withheld, viewer)
    return Response(body, 200, media_type="application/json")
