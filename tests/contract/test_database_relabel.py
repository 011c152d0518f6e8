"""Relabelling in the database: a round is drawn once, two readers cannot overwrite each other, and what somebody saw is remembered."""

from dataclasses import replace

import pytest

from wetread.domain.audit import AuditEvent
from wetread.domain.errors import PermanentError, StaleVersion
from wetread.domain.identifiers import StudyKey
from wetread.domain.relabelling import Answer, Bucket, Call, Read, RelabelRound, RelabelTask, Stratum
from wetread.ports.database import Database, UnitOfWork
from wetread.testing.builders import NOON, a_study

KEYS = tuple(StudyKey(letter * 24) for letter in "abc")
ROUND = RelabelRound(
    "2026-q4", ("effusion",), 7, 2, 3, 9, "0" * 64, (Stratum("nörth", "", "random", 9, 3),), "qa", NOON
)
CALL = Call("effusion", 0.7, 0.5, "not_mentioned", "none", "net 1.0", Bucket.AI_ONLY)
READ = Read("dr.roe", (Answer.POSITIVE,), NOON)


def a_task(key: StudyKey = KEYS[0], **changes: object) -> RelabelTask:
    return replace(RelabelTask("2026-q4", key, "p", "north", ("effusion",), (CALL,), 0.25), **changes)  # type: ignore[arg-type]


def begin(database: Database, *tasks: RelabelTask) -> None:
    with database.begin() as uow:
        for key in KEYS:
            uow.save_study(a_study(study_key=key))
        uow.add_relabel_round(ROUND, tasks)
        uow.commit()


def test_a_round_comes_back_with_its_tasks_in_order(database: Database) -> None:
    begin(database, a_task(KEYS[2]), a_task(KEYS[0]))
    with database.begin(write=False) as uow:
        assert uow.relabel_round("2026-q4") == ROUND
        assert uow.relabel_rounds() == (ROUND,)
        assert uow.relabel_tasks("2026-q4") == (a_task(KEYS[0]), a_task(KEYS[2]))
        assert uow.relabel_task("2026-q4", KEYS[1]) is None
        assert uow.relabel_tasks("other") == ()
        assert uow.relabel_round("other") is None


def test_a_round_is_never_drawn_over(database: Database) -> None:
    begin(database, a_task())
    with database.begin() as uow, pytest.raises(PermanentError) as refusal:
        uow.add_relabel_round(replace(ROUND, seed=8), [a_task(KEYS[1])])
    assert refusal.value.code == "round_exists"
    with database.begin(write=False) as uow:
        assert uow.relabel_tasks("2026-q4") == (a_task(),)


def test_a_task_needs_its_study(database: Database) -> None:
    with database.begin() as uow:
        uow.add_relabel_round(ROUND, [a_task()])
        with pytest.raises(PermanentError):
            uow.commit()


def test_the_second_of_two_answers_at_once_is_refused(database: Database) -> None:
    begin(database, a_task())
    with database.begin() as uow:
        saved = uow.save_relabel_task(a_task(reads=(READ,)), expected_etag=0)
        uow.commit()
    assert saved == a_task(reads=(READ,), etag=1)
    with database.begin() as uow, pytest.raises(StaleVersion):
        uow.save_relabel_task(a_task(), expected_etag=0)
    with database.begin() as uow, pytest.raises(PermanentError) as refusal:
        uow.save_relabel_task(a_task(KEYS[1]), expected_etag=0)
    assert refusal.value.code == "no_task"
    with database.begin(write=False) as uow:
        assert uow.relabel_task("2026-q4", KEYS[0]) == saved


def test_who_met_a_study_otherwise_than_by_its_bare_film_has_seen_it(database: Database) -> None:
    begin(database)
    with database.begin() as uow:
        for actor, action, key in (
            ("dr.roe", "film.read", KEYS[0]),
            ("dr.roe", "identity.access", KEYS[0]),
            ("dr.roe", "relabel.answer", KEYS[0]),
            ("dr.roe", "study.read", KEYS[1]),
            ("dr.roe", "worklist.read", None),
            ("dr.poe", "report.sign", KEYS[2]),
        ):
            uow.audit(AuditEvent(action, actor, study_key=key), NOON)
        uow.commit()
    with database.begin(write=False) as uow:
        assert uow.studies_seen_by("dr.roe") == {KEYS[1]}
        assert uow.studies_seen_by("dr.poe") == {KEYS[2]}
        assert uow.studies_seen_by("nobody") == frozenset()


def test_an_incident_is_new_once(database: Database) -> None:
    with database.begin() as uow:
        assert uow.note_incidents("maude", ["1", "2", "2"], NOON) == {"1", "2"}
        assert uow.note_incidents("maude", ["2", "3"], NOON) == {"3"}
        assert uow.note_incidents("aiaaic", ["1"], NOON) == {"1"}
        uow.commit()
    with database.begin() as uow:
        assert uow.note_incidents("maude", ["1", "2", "3"], NOON) == frozenset()


def test_a_reading_unit_refuses_to_write(database: Database) -> None:
    begin(database, a_task())
    acts = (
        lambda uow: uow.add_relabel_round(replace(ROUND, round_id="x"), []),
        lambda uow: uow.save_relabel_task(a_task(), expected_etag=0),
        lambda uow: uow.note_incidents("maude", ["9"], NOON),
    )
    with database.begin(write=False) as uow:
        for act in acts:
            _refused(act, uow)


def _refused(act: object, uow: UnitOfWork) -> None:
    with pytest.raises(PermanentError) as refusal:
        act(uow)  # type: ignore[operator]
    assert refusal.value.code == "read_only"
