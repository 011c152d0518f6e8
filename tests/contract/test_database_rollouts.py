"""The model registry in the database: versions never change, rollouts change one person at a time, decisions only grow."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from wetread.domain.analysis import ModelIdentity
from wetread.domain.errors import PermanentError, StaleVersion
from wetread.domain.identifiers import StudyKey
from wetread.domain.model_version import VersionState
from wetread.domain.role import Role
from wetread.domain.rollout import Approval, Ask, GateName, GateResult, Verdict
from wetread.ports.database import Database
from wetread.storage.database import SqlDatabase
from wetread.storage.engine import make_engine
from wetread.testing.builders import NOON, STUDY_KEY, a_study
from wetread.testing.rollout_builders import (
    a_decision_of_gates,
    a_model_version,
    a_rollout,
    a_shadow_read,
    evidence,
)

DAY = timedelta(days=1)
OTHER = ModelIdentity("other-net", "0.1.0", "f" * 64)


def test_a_version_is_registered_once_and_never_becomes_another(database: Database) -> None:
    first, later = a_model_version(), a_model_version(model=OTHER, registered_at=NOON - DAY)
    with database.begin() as uow:
        assert uow.add_version(first)
        assert uow.add_version(later)
        assert not uow.add_version(replace(first, registered_by="somebody.else"))
        uow.commit()
    with database.begin() as uow:
        assert uow.version(first.key) == first
        assert uow.version("nobody@1.0.0") is None
        assert uow.versions() == (later, first)
        with pytest.raises(PermanentError) as refusal:
            uow.add_version(replace(first, bundle_sha256="0" * 64))
        assert refusal.value.code == "version_taken"


def test_a_rollout_is_changed_by_who_saw_it_last(database: Database) -> None:
    ask = Ask("m.engineer", NOON, 5, 3, (Approval("q.lee", Role.QUALITY, NOON + DAY, "14 quiet days"),))
    with database.begin() as uow:
        saved = uow.save_rollout(a_rollout(), expected_etag=None)
        assert saved == a_rollout(etag=1)
        again = uow.save_rollout(replace(saved, ask=ask, state=VersionState.CANARY), expected_etag=1)
        uow.commit()
    with database.begin() as uow:
        assert uow.rollout(saved.model_key, "north") == again == replace(saved, ask=ask, state=again.state, etag=2)
        assert uow.rollout(saved.model_key, "south") is None
        for etag in (None, 1, 3):
            with pytest.raises(StaleVersion):
                uow.save_rollout(again, expected_etag=etag)


def test_rollouts_are_found_by_site_and_by_version(database: Database) -> None:
    rows = [a_rollout(model_key=model, site=site) for model in ("b@1.0.0", "a@1.0.0") for site in ("north", "Süd")]
    with database.begin() as uow:
        held = {(each.model_key, each.site): uow.save_rollout(each, expected_etag=None) for each in rows}
        in_order = tuple(held[key] for key in sorted(held))
        assert uow.rollouts() == in_order
        assert uow.rollouts(site="Süd") == tuple(each for each in in_order if each.site == "Süd")
        assert uow.rollouts(model_key="a@1.0.0") == in_order[:2]
        assert uow.rollouts(model_key="a@1.0.0", site="north") == (held["a@1.0.0", "north"],)
        assert uow.rollouts(site="west") == ()


def test_decisions_come_newest_first_each_look_once_as_they_were_written(database: Database) -> None:
    said = evidence(
        gate=GateName.CALIBRATION, finding=None, result=GateResult.FAILS, value=float("inf"), note="ECE 0.2"
    )
    looks = [
        a_decision_of_gates(look=look, decided_at=NOON + look * DAY, verdict=verdict, evidence=(said, evidence()))
        for look, verdict in ((1, Verdict.CONTINUE), (2, Verdict.ROLL_BACK))
    ]
    with database.begin() as uow:
        for each in looks:
            uow.add_decision(each)
        uow.add_decision(a_decision_of_gates(site="south"))
        uow.commit()
    with database.begin() as uow:
        assert uow.decisions(looks[0].model_key, "north") == (looks[1], looks[0])
        assert uow.decisions(looks[0].model_key, "north", limit=1) == (looks[1],)
        assert uow.last_decision(looks[0].model_key, "north") == looks[1]
        assert uow.last_decision("other@1.0.0", "north") is None
        assert uow.decisions("other@1.0.0", "north") == ()
        with pytest.raises(StaleVersion):
            uow.add_decision(replace(looks[0], verdict=Verdict.PROMOTE))


@pytest.mark.parametrize(
    "change", ["UPDATE rollout_decisions SET verdict = 'promote'", "DELETE FROM rollout_decisions"]
)
def test_no_decision_is_changed_behind_our_back(sql_url: str, sql_database: SqlDatabase, change: str) -> None:
    with sql_database.begin() as uow:
        uow.add_decision(a_decision_of_gates())
        uow.commit()
    engine = make_engine(sql_url)
    with engine.connect() as connection, pytest.raises(Exception, match=r"never change|refuses"):
        connection.execute(text(change))
    engine.dispose()
    with sql_database.begin(write=False) as uow:
        assert uow.decisions("phantom-net@2.0.0", "north") == (a_decision_of_gates(),)


def test_shadow_reads_are_the_newest_revisions_one_per_version(database: Database) -> None:
    failed = a_shadow_read(model=OTHER, findings=(), input_sha256="", problem="bad_bundle")
    with database.begin() as uow:
        uow.save_study(a_study())
        for revision, read in ((1, a_shadow_read()), (2, a_shadow_read(read_at=NOON + DAY)), (1, failed)):
            uow.save_shadow_read(STUDY_KEY, revision, read)
        uow.save_shadow_read(STUDY_KEY, 2, a_shadow_read(read_at=NOON + 2 * DAY))
        uow.commit()
    with database.begin(write=False) as uow:
        assert uow.shadow_reads(STUDY_KEY) == (failed, a_shadow_read(read_at=NOON + 2 * DAY))
        assert uow.shadow_reads(StudyKey("another")) == ()
        assert uow.analysis(STUDY_KEY) is None


def test_a_shadow_read_needs_its_study(database: Database) -> None:
    def save() -> None:
        with database.begin() as uow:
            uow.save_shadow_read(STUDY_KEY, 1, a_shadow_read())
            uow.commit()

    with pytest.raises(PermanentError):
        save()


def test_what_was_not_committed_never_was(database: Database) -> None:
    with database.begin() as uow:
        uow.add_version(a_model_version())
        uow.save_rollout(a_rollout(), expected_etag=None)
        uow.add_decision(a_decision_of_gates())
    with database.begin(write=False) as uow:
        assert (uow.versions(), uow.rollouts(), uow.decisions("phantom-net@2.0.0", "north")) == ((), (), ())


def test_a_reading_unit_refuses_to_write(database: Database) -> None:
    acts = (
        lambda uow: uow.add_version(a_model_version()),
        lambda uow: uow.save_rollout(a_rollout(), expected_etag=None),
        lambda uow: uow.add_decision(a_decision_of_gates()),
        lambda uow: uow.save_shadow_read(STUDY_KEY, 1, a_shadow_read()),
    )
    with database.begin(write=False) as uow:
        for act in acts:
            with pytest.raises(PermanentError) as refusal:
                act(uow)
            assert refusal.value.code == "read_only"
