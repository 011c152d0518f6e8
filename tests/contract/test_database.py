"""The working database: units of work, studies, instances, results, accounts."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from wetread.domain.analysis import Analysis
from wetread.domain.audit import AuditEvent, verify_chain
from wetread.domain.errors import PermanentError, StudyNotFound
from wetread.domain.identifiers import InstanceKey, StudyKey
from wetread.domain.priority import Priority
from wetread.domain.role import Actor, Role
from wetread.domain.study import Sex, Study, StudyTraits
from wetread.domain.study_state import StudyState
from wetread.ports.database import Account, Database, Session
from wetread.storage.database import SqlDatabase
from wetread.testing.builders import (
    NOON,
    STUDY_KEY,
    a_decision,
    a_draft,
    a_finding,
    a_heat_map,
    a_job_request,
    a_study,
    an_analysis,
    an_instance,
    image_traits,
)


def save(database: Database, *studies: Study) -> None:
    with database.begin() as uow:
        for study in studies:
            uow.save_study(study)
        uow.commit()


def test_studies_and_their_last_arrivals_are_asked_for_together(database: Database) -> None:
    two, third = StudyKey("two"), StudyKey("of another house")
    later = NOON + timedelta(seconds=5)
    films = [
        an_instance(),
        an_instance(instance_key=InstanceKey("later"), received_at=later),
        an_instance(instance_key=InstanceKey("in two"), study_key=two),
    ]
    with database.begin() as uow:
        uow.save_studies([])
        uow.save_studies([a_study(), a_study(study_key=two, critical=True)])
        assert [each.outcome for each in uow.admit_instances(films)] == ["stored"] * 3
        uow.commit()
    with database.begin(write=False) as uow:
        assert uow.find_studies([STUDY_KEY, two, third]) == {
            STUDY_KEY: a_study(),
            two: a_study(study_key=two, critical=True),
        }
        assert uow.last_arrivals([STUDY_KEY, two, third]) == {STUDY_KEY: later, two: NOON}
        assert uow.find_studies([]) == {}


def test_of_instances_that_arrive_together_the_first_is_stored(database: Database) -> None:
    other = replace(an_instance(), content_sha256="f" * 64)
    films = [an_instance(), an_instance(), other, an_instance(instance_key=InstanceKey("next"))]
    with database.begin() as uow:
        uow.save_study(a_study())
        assert [each.outcome for each in uow.admit_instances(films)] == ["stored", "duplicate", "conflict", "stored"]
        assert len(uow.instances(STUDY_KEY)) == 2
        assert uow.admit_instances([]) == []


def test_a_study_comes_back_as_it_was_saved(database: Database) -> None:
    study = a_study(traits=StudyTraits(None, Sex.UNKNOWN, ""), priority=Priority.ASAP, critical=True, reason="why")
    save(database, a_study(), study)
    with database.begin(write=False) as uow:
        assert uow.study(STUDY_KEY) == study


def test_text_that_no_engine_can_hold_costs_only_its_bad_characters(sql_database: SqlDatabase) -> None:
    save(sql_database, a_study(traits=StudyTraits(1, Sex.MALE, "no\0rth \ud800")))
    with sql_database.begin(write=False) as uow:
        assert uow.study(STUDY_KEY).traits.site == "north ?"


def test_times_keep_their_microseconds_and_are_utc(database: Database) -> None:
    received_at = NOON + timedelta(microseconds=123_457)
    save(database, a_study(received_at=received_at))
    with database.begin(write=False) as uow:
        assert uow.study(STUDY_KEY).received_at.isoformat() == received_at.isoformat()


def test_an_unknown_study_is_not_found(database: Database) -> None:
    with database.begin(write=False) as uow:
        assert uow.find_study(STUDY_KEY) is None
        assert uow.study_states([STUDY_KEY]) == {}
        with pytest.raises(StudyNotFound):
            uow.study(STUDY_KEY)


def test_leaving_without_commit_undoes_everything(database: Database) -> None:
    with database.begin() as uow:
        uow.save_study(a_study())
        uow.enqueue(a_job_request())
        uow.audit(AuditEvent("admit", "wetread"), NOON)
        assert uow.study(STUDY_KEY) == a_study()
    with pytest.raises(StudyNotFound), database.begin() as uow:  # noqa: PT012 - the error must leave the block
        uow.save_study(a_study())
        uow.study(StudyKey("other"))
    assert (database.count_studies(), database.count_jobs(), database.change_token()) == ({}, {}, 0)


def test_nobody_sees_a_unit_before_its_commit(database: Database) -> None:
    with database.begin() as writer:
        writer.save_study(a_study())
        with database.begin(write=False) as reader:
            assert reader.find_study(STUDY_KEY) is None
        writer.commit()
    with database.begin(write=False) as reader:
        assert reader.find_study(STUDY_KEY) == a_study()
        assert reader.study_states([STUDY_KEY, StudyKey("of another house")]) == {STUDY_KEY: StudyState.ADMITTED}


def test_a_reader_sees_one_moment(database: Database) -> None:
    save(database, a_study())
    with database.begin(write=False) as reader:
        before = reader.study(STUDY_KEY)
        save(database, a_study(state=StudyState.SIGNED))
        assert reader.study(STUDY_KEY) == before


def test_a_committed_unit_is_closed(database: Database) -> None:
    with database.begin() as uow:
        uow.save_study(a_study())
        uow.commit()
        acts = (lambda: uow.study(STUDY_KEY), lambda: uow.audit(AuditEvent("open", "dr.roe"), NOON), uow.commit)
        for act in acts:
            with pytest.raises(PermanentError) as refusal:
                act()
            assert refusal.value.code == "unit_closed"
    assert database.change_token() == 0


def test_a_reading_unit_refuses_to_write(database: Database) -> None:
    with database.begin(write=False) as uow:
        for act in (lambda: uow.save_study(a_study()), lambda: uow.audit(AuditEvent("admit", "wetread"), NOON)):
            with pytest.raises(PermanentError) as refusal:
                act()
            assert refusal.value.code == "read_only"


def test_what_names_a_study_needs_it_at_the_commit(database: Database) -> None:
    with database.begin() as uow:
        uow.admit_instance(an_instance())
        with pytest.raises(PermanentError) as refusal:
            uow.commit()
    assert refusal.value.code == "database_refused"
    with database.begin() as uow:
        uow.admit_instance(an_instance())
        uow.save_study(a_study())
        uow.commit()
    assert database.count_studies() == {StudyState.ADMITTED: 1}


def test_writers_follow_one_another(database: Database) -> None:
    """Read, decide, write: no decision is made on what another writer is changing."""

    def raise_revision(_: int) -> None:
        with database.begin() as uow:
            study = uow.study(STUDY_KEY)
            uow.save_study(replace(study, revision=study.revision + 1))
            uow.commit()

    save(database, a_study(revision=0))
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(raise_revision, range(40)))
    with database.begin(write=False) as uow:
        assert uow.study(STUDY_KEY).revision == 40


def test_the_worklist_puts_the_most_urgent_first(database: Database) -> None:
    late, early = NOON + timedelta(minutes=5), NOON
    expected = [
        a_study(study_key=StudyKey("a"), critical=True, priority=Priority.ROUTINE, received_at=late),
        a_study(study_key=StudyKey("b"), priority=Priority.STAT, received_at=early),
        a_study(study_key=StudyKey("c"), priority=Priority.STAT, received_at=late),
        a_study(study_key=StudyKey("d"), priority=Priority.ASAP, state=StudyState.DRAFTED),
        a_study(study_key=StudyKey("e"), priority=Priority.URGENT),
        a_study(study_key=StudyKey("f")),
    ]
    save(database, *reversed(expected))
    with database.begin(write=False) as uow:
        assert uow.worklist() == tuple(expected)
        assert uow.worklist(limit=2) == tuple(expected[:2])
        assert uow.worklist(states=frozenset({StudyState.DRAFTED})) == (expected[3],)
        assert uow.worklist(states=frozenset()) == ()
        by_arrival = tuple(sorted(expected, key=lambda each: (each.received_at, each.study_key)))
        assert uow.worklist(by="oldest") == by_arrival
        assert uow.worklist(by="oldest", limit=2) == by_arrival[:2]
        assert uow.worklist(by="newest", limit=2) == by_arrival[:-3:-1]


def test_rows_of_many_studies_are_read_at_once(database: Database) -> None:
    keys = [StudyKey(f"s{number:04}") for number in range(1203)]
    with database.begin() as uow:
        for number, key in enumerate(keys):
            uow.save_study(a_study(study_key=key))
            uow.save_decision(key, 1, a_decision(reason=f"first of {key}"))
            for view in ("PA", "LL", "PA") if number == 700 else ():
                films = len(uow.instances(key))
                traits = image_traits(view_position=view)
                uow.admit_instance(
                    an_instance(instance_key=InstanceKey(f"{key}/{films}"), study_key=key, traits=traits)
                )
        uow.save_decision(keys[7], 2, a_decision(reason="second"))
        uow.commit()
    with database.begin(write=False) as uow:
        decisions, views = uow.decisions_of([*keys, StudyKey("none")]), uow.views_of(keys)
        assert list(uow.decisions_of([])) == list(uow.views_of([])) == []
    assert decisions.keys() == set(keys)
    assert (decisions[keys[7]].reason, decisions[keys[1202]].reason) == ("second", "first of s1202")
    assert views == {keys[700]: (("DX", "LL"), ("DX", "PA"))}


def test_a_preference_is_its_owners_and_the_last_one_saved(database: Database) -> None:
    with database.begin() as uow:
        for owner, body in (("ann", "1"), ("ben", "2"), ("ann", "3")):
            uow.save_preference(owner, "views", body)
        uow.commit()
    with database.begin(write=False) as uow:
        assert [uow.preference(owner, "views") for owner in ("ann", "ben", "cy")] == ["3", "2", ""]
        assert uow.preference("ann", "other") == ""


def test_studies_come_newest_first_page_by_page(database: Database) -> None:
    hours = {"a": 1, "b": 3, "c": 2, "d": 2, "e": 0}
    save(
        database,
        *(a_study(study_key=StudyKey(key), received_at=NOON + timedelta(hours=h)) for key, h in hours.items()),
    )
    with database.begin(write=False) as uow:
        assert [each.study_key for each in uow.studies()] == ["b", "d", "c", "a", "e"]
        since = uow.studies(since=NOON + timedelta(hours=1))
        assert [each.study_key for each in since] == ["b", "d", "c", "a"]
        first = uow.studies(limit=2)
        second = uow.studies(older_than=first[-1], limit=2)
        last = uow.studies(since=NOON + timedelta(hours=1), older_than=second[-1], limit=2)
        assert [[each.study_key for each in page] for page in (first, second, last)] == [["b", "d"], ["c", "a"], []]


def test_the_first_bytes_of_an_instance_are_kept(database: Database) -> None:
    with database.begin() as uow:
        uow.save_study(a_study())
        same, other = an_instance(received_at=NOON + timedelta(days=1)), an_instance(content_sha256="f" * 64)
        outcomes = [uow.admit_instance(each).outcome for each in (an_instance(), same, other)]
        uow.commit()
    assert outcomes == ["stored", "duplicate", "conflict"]
    with database.begin(write=False) as uow:
        assert uow.instances(STUDY_KEY) == (an_instance(),)


def test_of_many_senders_of_one_instance_exactly_one_stores_it(database: Database) -> None:
    def admit(_: int) -> str:
        with database.begin() as uow:
            outcome = uow.admit_instance(an_instance())
            uow.audit(AuditEvent("admit", "wetread", outcome.outcome), NOON)
            uow.commit()
        return outcome.outcome

    save(database, a_study())
    with ThreadPoolExecutor(20) as threads:
        outcomes = sorted(threads.map(admit, range(20)))
    assert outcomes == ["duplicate"] * 19 + ["stored"]
    assert verify_chain(database.audit_records()) is None
    assert database.change_token() == 20


def test_all_instances_come_page_by_page(database: Database) -> None:
    keys = [InstanceKey(f"i-{number}") for number in range(5)]
    other = StudyKey("s-" + "7" * 32)
    save(database, a_study(), a_study(study_key=other))
    with database.begin() as uow:
        for number, key in enumerate(reversed(keys)):
            uow.admit_instance(an_instance(instance_key=key, study_key=other if number % 2 else STUDY_KEY))
        uow.commit()
    with database.begin(write=False) as uow:
        first = uow.instances_after("", limit=3)
        rest = uow.instances_after(first[-1].instance_key, limit=3)
        assert uow.instances_after(rest[-1].instance_key) == ()
    assert [each.instance_key for each in (*first, *rest)] == keys


def test_bytes_are_counted_from_when_their_study_came(database: Database) -> None:
    old, new = a_study(received_at=NOON - timedelta(days=1)), a_study(study_key=StudyKey("s-" + "7" * 32))
    save(database, old, new)
    with database.begin() as uow:
        for number, (study, size) in enumerate([(old, 5), (new, 2**40), (new, 3)]):
            key = InstanceKey(f"i-{number}")
            uow.admit_instance(an_instance(instance_key=key, study_key=study.study_key, size_bytes=size))
        uow.commit()
    with database.begin(write=False) as uow:
        days = (NOON - timedelta(days=1), NOON, NOON + timedelta(seconds=1))
        assert [uow.received_bytes(since) for since in days] == [2**40 + 8, 2**40 + 3, 0]


def test_instances_come_in_order_of_arrival(database: Database) -> None:
    arrived = [
        an_instance(instance_key=InstanceKey(key), received_at=NOON + timedelta(seconds=s))
        for s, key in enumerate("cab")
    ]
    with database.begin() as uow:
        uow.save_study(a_study())
        for instance in reversed(arrived):
            uow.admit_instance(instance)
        assert uow.instances(STUDY_KEY) == tuple(arrived)
        assert uow.instances(StudyKey("other")) == ()


@pytest.mark.parametrize(
    "analysis", [an_analysis(), an_analysis(heat=None, findings=()), an_analysis(ood_score=0.1 + 0.2)]
)
def test_an_analysis_comes_back_as_it_was_saved(database: Database, analysis: Analysis) -> None:
    with database.begin() as uow:
        uow.save_study(a_study())
        uow.save_analysis(STUDY_KEY, 1, an_analysis())
        uow.save_analysis(STUDY_KEY, 1, analysis)
        uow.commit()
    with database.begin(write=False) as uow:
        assert uow.analysis(STUDY_KEY) == analysis
        assert uow.analysis(StudyKey("other")) is None


def test_the_newest_revision_of_each_result_counts(database: Database) -> None:
    new = an_analysis(findings=(a_finding(probability=None, region=None),), heat=a_heat_map())
    with database.begin() as uow:
        uow.save_study(a_study())
        assert (uow.analysis(STUDY_KEY), uow.decision(STUDY_KEY), uow.draft(STUDY_KEY)) == (None, None, None)
        for revision, analysis, reason in ((10, new, "new"), (9, an_analysis(), "old")):
            uow.save_analysis(STUDY_KEY, revision, analysis)
            uow.save_decision(STUDY_KEY, revision, a_decision(reason=reason))
            uow.save_draft(STUDY_KEY, revision, a_draft(notice=reason))
        assert uow.analysis(STUDY_KEY) == new
        assert uow.decision(STUDY_KEY) == a_decision(reason="new")
        assert uow.draft(STUDY_KEY) == a_draft(notice="new")


def test_studies_are_counted_by_state(database: Database) -> None:
    save(database, a_study(), *(a_study(study_key=StudyKey(key), state=StudyState.SIGNED) for key in "ab"))
    assert database.count_studies() == {StudyState.ADMITTED: 1, StudyState.SIGNED: 2}


def test_accounts_are_saved_by_name(database: Database) -> None:
    reader = Account(Actor("dr.roe", Role.RADIOLOGIST, "Richard Roe"), "scrypt$1")
    service = Account(Actor("archive", Role.SERVICE), "scrypt$2")
    with database.begin() as uow:
        for account in (reader, service, replace(reader, disabled=True)):
            uow.save_account(account)
        uow.commit()
    with database.begin(write=False) as uow:
        assert uow.accounts() == (service, replace(reader, disabled=True))
        assert uow.account("archive") == service
        assert uow.account("nobody") is None


def test_sessions_are_listed_by_who_and_how_long(database: Database) -> None:
    sessions = [Session(f"{n}" * 64, who, NOON + timedelta(hours=n)) for n, who in ((3, "ann"), (1, "ben"), (2, "ann"))]
    with database.begin() as uow:
        for each in sessions:
            uow.save_session(each)
        uow.commit()
    with database.begin(write=False) as uow:
        assert uow.sessions() == (sessions[2], sessions[0], sessions[1])
        assert uow.sessions_of("ann") == (sessions[2], sessions[0])
        assert uow.sessions_of("an") == ()


def test_a_session_lasts_until_it_is_ended(database: Database) -> None:
    session = Session("a" * 64, "dr.roe", NOON)
    with database.begin() as uow:
        uow.save_session(session)
        uow.save_session(replace(session, expires_at=NOON + timedelta(hours=1)))
        assert uow.session("a" * 64) == replace(session, expires_at=NOON + timedelta(hours=1))
        uow.end_session("a" * 64)
        assert uow.session("a" * 64) is None
