"""Doubts about who a study is of are kept by every database alike."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from wetread.domain.errors import PermanentError
from wetread.domain.identifiers import StudyKey
from wetread.domain.identity_hold import HoldKind, IdentityHold, Resolution
from wetread.ports.database import Database
from wetread.testing.builders import STUDY_KEY, a_study

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
OTHER = StudyKey("o" * 24)
HOLD = IdentityHold("h1", STUDY_KEY, HoldKind.PATIENT_MISMATCH, NOW, ("patient_id", "name"))


def keep(database: Database, *holds: IdentityHold) -> list[bool]:
    with database.begin() as unit:
        for key in (STUDY_KEY, OTHER):
            unit.save_study(a_study(study_key=key))
        opened = [unit.open_hold(each) for each in holds]
        unit.commit()
    return opened


def test_a_doubt_is_opened_once_and_comes_back(database: Database) -> None:
    assert keep(database, HOLD, replace(HOLD, differs=())) == [True, False]
    with database.begin(write=False) as unit:
        assert unit.hold("h1") == HOLD
        assert unit.hold("other") is None


def test_an_answer_is_kept_and_the_doubt_does_not_come_again(database: Database) -> None:
    keep(database, HOLD)
    answered = replace(HOLD, resolution=Resolution.RIGHT_PATIENT, resolved_by="dr-a", resolved_at=NOW)
    with database.begin() as unit:
        unit.save_hold(answered)
        assert not unit.open_hold(HOLD)
        unit.commit()
    with database.begin(write=False) as unit:
        assert (unit.hold("h1"), unit.open_holds()) == (answered, ())
        assert unit.holds_of([STUDY_KEY]) == {STUDY_KEY: (answered,)}


def test_what_was_found_to_be_another_patients_is_listed_until_it_is_right_after_all(database: Database) -> None:
    later = replace(HOLD, hold_key="h0", opened_at=NOW + timedelta(hours=1))
    keep(database, HOLD, later, replace(HOLD, hold_key="open"), replace(HOLD, hold_key="right"))
    wrong = [
        replace(each, resolution=Resolution.WRONG_PATIENT, resolved_by="dr-a", resolved_at=NOW)
        for each in (HOLD, later)
    ]
    right = replace(wrong[0], hold_key="right", resolution=Resolution.RIGHT_PATIENT)

    def listed(*saved: IdentityHold) -> tuple[IdentityHold, ...]:
        with database.begin() as unit:
            for each in saved:
                unit.save_hold(each)
            found = unit.wrong_patients()
            assert unit.wrong_patients(1) == found[:1]
            unit.commit()
        return found

    assert listed() == ()
    assert listed(*wrong, right) == tuple(wrong)
    assert listed(replace(wrong[0], resolution=Resolution.RIGHT_PATIENT)) == (wrong[1],)


def test_they_are_listed_oldest_first(database: Database) -> None:
    later = [replace(HOLD, hold_key=f"h{n}", opened_at=NOW - timedelta(hours=n)) for n in (2, 3)]
    elsewhere = replace(HOLD, hold_key="h0", study_key=OTHER)
    keep(database, HOLD, *later, elsewhere)
    with database.begin(write=False) as unit:
        assert [each.hold_key for each in unit.open_holds()] == ["h3", "h2", "h0", "h1"]
        assert [each.hold_key for each in unit.open_holds(limit=1)] == ["h3"]
        found = unit.holds_of([STUDY_KEY, OTHER, StudyKey("unknown")])
        assert {key: [each.hold_key for each in holds] for key, holds in found.items()} == {
            STUDY_KEY: ["h3", "h2", "h1"],
            OTHER: ["h0"],
        }


def test_an_answer_to_nothing_is_refused(database: Database) -> None:
    keep(database)
    with pytest.raises(PermanentError) as caught, database.begin() as unit:
        unit.save_hold(HOLD)
    assert caught.value.code == "no_hold"


def test_a_doubt_needs_its_study(database: Database) -> None:
    def of_nothing() -> None:
        with database.begin() as unit:
            unit.open_hold(HOLD)
            unit.commit()

    with pytest.raises(PermanentError):
        of_nothing()
