"""Dead jobs come back one by one or all of a kind, each with its record, in one transaction."""

import pytest

from wetread.domain.errors import NotPermitted
from wetread.domain.identifiers import StudyKey
from wetread.domain.job import JobKind, JobState
from wetread.domain.role import PERMITTED, Act, Actor, Role
from wetread.monitoring.dead_letters import dead_letters, retry_dead
from wetread.testing.builders import a_job_request, a_study
from wetread.testing.clock import FixedClock
from wetread.testing.memory_database import MemoryDatabase

ADMIN, CLOCK = Actor("root", Role.ADMIN), FixedClock()


def a_database_with_dead_jobs(count: int) -> MemoryDatabase:
    database = MemoryDatabase()
    with database.begin() as unit:
        for number in range(count):
            unit.save_study(a_study(study_key=StudyKey(f"s{number}")))
            unit.enqueue(a_job_request(study_key=StudyKey(f"s{number}"), dedupe_key=f"job {number}"))
        unit.commit()
    while job := database.claim_job(frozenset(JobKind), now=CLOCK.now(), lease_s=60):
        database.bury_job(job, reason=f"decoder_died: film {job.job_id}")
    return database


def test_dead_jobs_are_listed_with_their_reason_and_put_back_with_a_record() -> None:
    database = a_database_with_dead_jobs(3)
    found = dead_letters(database)
    assert [(each.job.study_key, each.reason) for each in found] == [
        (f"s{number}", f"decoder_died: film {number + 1}") for number in range(3)
    ]
    jobs = retry_dead(database, CLOCK, ADMIN, [each.job.job_id for each in found[:2]])
    assert [each.study_key for each in jobs] == ["s0", "s1"]
    assert [each.job.study_key for each in dead_letters(database)] == ["s2"]
    events = [each.event for each in database.audit_records()]
    assert [(each.action, each.actor_id, each.study_key) for each in events] == [
        ("job.retry", "root", "s0"),
        ("job.retry", "root", "s1"),
    ]


def test_what_is_dead_no_more_is_left_out_and_nothing_is_written_for_it() -> None:
    database = a_database_with_dead_jobs(1)
    (job,) = retry_dead(database, CLOCK, ADMIN, [dead_letters(database)[0].job.job_id])
    assert retry_dead(database, CLOCK, ADMIN, [job.job_id, 4711]) == ()
    assert len(list(database.audit_records())) == 1
    assert [each.job_id for each, _ in database.jobs(JobState.READY)] == [job.job_id]


@pytest.mark.parametrize("role", [each for each in Role if Act.RETRY_WORK not in PERMITTED[each]])
def test_no_other_role_may(role: Role) -> None:
    database = a_database_with_dead_jobs(1)
    with pytest.raises(NotPermitted):
        retry_dead(database, CLOCK, Actor("other", role), [1])
    assert len(dead_letters(database)) == 1
