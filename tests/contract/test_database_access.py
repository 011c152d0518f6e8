"""Accounts with their sites, where a session was begun, second factors, emergency accesses."""

from dataclasses import replace
from datetime import timedelta

from wetread.domain.emergency import EmergencyAccess, EmergencyReason, EmergencyVerdict
from wetread.domain.role import Actor, Role
from wetread.domain.second_factor import SecondFactor
from wetread.ports.database import Account, Database, Session
from wetread.testing.builders import NOON, a_study

ANN = SecondFactor("ann", "c2VhbGVk", NOON)
STUDY = a_study()
USE = EmergencyAccess(
    1, "ann", STUDY.study_key, EmergencyReason.TREATING_NOW, "Schockraum ❦", NOON, NOON + timedelta(hours=1)
)


def test_an_account_keeps_the_sites_it_reaches(database: Database) -> None:
    account = Account(Actor("ann", Role.RADIOLOGIST, "Ann", ("north", "süd")), "hash")
    with database.begin() as uow:
        uow.save_account(account)
        uow.commit()
    with database.begin(write=False) as uow:
        assert (uow.account("ann"), uow.accounts()) == (account, (account,))


def test_a_session_says_where_it_was_begun(database: Database) -> None:
    session = Session("a" * 64, "ann", NOON + timedelta(hours=1), NOON, "10.0.0.7", "Firefox")
    with database.begin() as uow:
        uow.save_session(session)
        uow.commit()
    with database.begin(write=False) as uow:
        assert (uow.session("a" * 64), uow.sessions()) == (session, (session,))


def test_a_second_factor_is_one_for_each_account_until_it_is_dropped(database: Database) -> None:
    confirmed = replace(ANN, confirmed_at=NOON, last_step=58_000_000, codes=("one", "two"), reset_asked_by="root")
    ben = replace(ANN, actor_id="ben")
    with database.begin() as uow:
        for each in (ben, ANN, confirmed):
            uow.save_second_factor(each)
        assert uow.second_factors() == (confirmed, ben)
        uow.drop_second_factor("ann")
        uow.commit()
    with database.begin(write=False) as uow:
        assert (uow.second_factor("ann"), uow.second_factor("ben")) == (None, ben)


def test_an_emergency_access_holds_for_its_person_its_study_and_its_time(database: Database) -> None:
    judged = replace(USE, verdict=EmergencyVerdict.JUSTIFIED, reviewed_by="quinn", reviewed_at=NOON)
    later = replace(USE, number=2, opened_at=NOON + timedelta(hours=2), ends_at=NOON + timedelta(hours=3))
    with database.begin() as uow:
        uow.save_study(STUDY)
        for each in (USE, judged, later):
            uow.save_emergency(each)
        uow.commit()
    with database.begin(write=False) as uow:
        assert uow.emergencies() == (later, judged)
        assert uow.emergencies(1) == (later,)
        assert (uow.emergency(1), uow.emergency(3)) == (judged, None)
        held = [uow.emergency_of("ann", STUDY.study_key, NOON + timedelta(minutes=m)) for m in (-1, 0, 59, 60, 121)]
        assert held == [None, judged, judged, None, later]
        assert uow.emergency_of("ben", STUDY.study_key, NOON) is None
