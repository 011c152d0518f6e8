"""The queue: one holder at a time, and effects only for the holder."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from wetread.domain.audit import AuditEvent
from wetread.domain.errors import TransientError
from wetread.domain.job import LONGEST_WAIT, Job, JobKind, JobRequest, JobState
from wetread.domain.study_state import StudyState
from wetread.ports.database import Database
from wetread.testing.builders import NOON, STUDY_KEY, a_job_request, a_study

ALL = frozenset(JobKind)
LEASE_S = 30.0


def enqueue(database: Database, *requests: JobRequest) -> list[bool]:
    with database.begin() as uow:
        uow.save_study(a_study())
        new = [uow.enqueue(request) for request in requests]
        uow.commit()
    return new


def claim(database: Database, now: datetime = NOON, kinds: frozenset[JobKind] = ALL) -> Job | None:
    return database.claim_job(kinds, now=now, lease_s=LEASE_S)


def must_claim(database: Database, now: datetime = NOON) -> Job:
    job = claim(database, now)
    assert job is not None
    return job


def complete(database: Database, job: Job) -> None:
    with database.begin() as uow:
        uow.complete_job(job)
        uow.commit()


def test_a_job_asked_for_twice_is_one_job(database: Database) -> None:
    assert enqueue(database, a_job_request(), a_job_request()) == [True, False]
    job = must_claim(database)
    assert (job.kind, job.study_key, job.dedupe_key, job.attempt) == (JobKind.ANALYSE, STUDY_KEY, "analyse/1", 1)
    assert job.lease_until == NOON + timedelta(seconds=LEASE_S)
    assert claim(database) is None
    complete(database, job)
    assert enqueue(database, a_job_request()) == [False]
    assert claim(database, NOON + timedelta(days=1)) is None


def test_asking_again_while_ready_moves_the_start_to_the_later_time(database: Database) -> None:
    in_5_s, in_9_s = NOON + timedelta(seconds=5), NOON + timedelta(seconds=9)
    enqueue(database, *(a_job_request(not_before=at) for at in (in_5_s, in_9_s, in_5_s, None)))
    assert claim(database, in_5_s) is None
    assert must_claim(database, in_9_s).attempt == 1


def test_asking_again_while_leased_leaves_the_lease_alone(database: Database) -> None:
    enqueue(database, a_job_request())
    must_claim(database)
    enqueue(database, a_job_request(not_before=NOON + timedelta(days=1)))
    assert must_claim(database, NOON + timedelta(seconds=LEASE_S)).attempt == 2


def test_the_most_urgent_job_is_claimed_first_then_the_oldest(database: Database) -> None:
    requests = [
        a_job_request(dedupe_key=key, priority=priority) for key, priority in (("a", 0), ("b", 3), ("c", 3), ("d", -1))
    ]
    enqueue(database, *requests)
    assert [must_claim(database).dedupe_key for _ in requests] == ["b", "c", "a", "d"]


def test_only_the_kinds_asked_for_are_claimed(database: Database) -> None:
    enqueue(database, a_job_request(kind=JobKind.DELIVER, dedupe_key="deliver"))
    assert claim(database, kinds=frozenset({JobKind.ANALYSE})) is None
    assert claim(database, kinds=frozenset()) is None
    assert claim(database, kinds=frozenset({JobKind.DELIVER, JobKind.DRAFT})) is not None


def test_a_lease_that_ran_out_is_claimed_again_with_a_higher_attempt(database: Database) -> None:
    enqueue(database, a_job_request())
    first = must_claim(database)
    assert claim(database, NOON + timedelta(seconds=LEASE_S - 1)) is None
    second = must_claim(database, NOON + timedelta(seconds=LEASE_S))
    assert (second.job_id, second.attempt) == (first.job_id, 2)


def test_a_heartbeat_keeps_the_lease(database: Database) -> None:
    enqueue(database, a_job_request())
    job = must_claim(database)
    later = NOON + timedelta(seconds=LEASE_S - 1)
    assert database.renew_lease(job, now=later, lease_s=LEASE_S)
    assert claim(database, NOON + timedelta(seconds=LEASE_S)) is None
    must_claim(database, later + timedelta(seconds=LEASE_S))
    assert not database.renew_lease(job, now=later, lease_s=LEASE_S)


@pytest.mark.parametrize("audited", [True, False])
def test_a_lost_lease_rolls_back_everything_its_old_holder_did(database: Database, audited: bool) -> None:
    enqueue(database, a_job_request())
    old = must_claim(database)
    new = must_claim(database, NOON + timedelta(seconds=LEASE_S))
    with database.begin() as uow:
        uow.save_study(a_study(state=StudyState.ANALYSED))
        if audited:
            uow.audit(AuditEvent("analyse", "wetread"), NOON)
        with pytest.raises(TransientError) as refusal:
            uow.complete_job(old)
        with pytest.raises(TransientError):
            uow.commit()
    assert refusal.value.code == "lease_lost"
    assert (database.count_studies(), database.change_token()) == ({StudyState.ADMITTED: 1}, 0)
    complete(database, new)
    assert database.count_jobs() == {(JobKind.ANALYSE, JobState.DONE): 1}


def test_the_holder_may_finish_late_when_nobody_else_took_over(database: Database) -> None:
    enqueue(database, a_job_request())
    complete(database, must_claim(database))
    assert database.count_jobs() == {(JobKind.ANALYSE, JobState.DONE): 1}


def test_a_job_is_completed_once(database: Database) -> None:
    enqueue(database, a_job_request())
    job = must_claim(database)
    complete(database, job)
    with pytest.raises(TransientError):
        complete(database, job)


def test_a_job_and_its_effects_and_the_next_job_commit_together(database: Database) -> None:
    enqueue(database, a_job_request())
    job = must_claim(database)
    with database.begin() as uow:
        uow.save_study(a_study(state=StudyState.ANALYSED))
        uow.complete_job(job)
        uow.enqueue(a_job_request(kind=JobKind.TRIAGE, dedupe_key="triage/1"))
        uow.commit()
    assert database.count_jobs() == {(JobKind.ANALYSE, JobState.DONE): 1, (JobKind.TRIAGE, JobState.READY): 1}


def test_a_retried_job_waits_and_says_why(database: Database) -> None:
    enqueue(database, a_job_request())
    later = NOON + timedelta(seconds=60)
    database.retry_job(must_claim(database), not_before=later, reason="archive down")
    ((_, reason),) = database.jobs(JobState.READY)
    assert reason == "archive down"
    assert claim(database, later - timedelta(seconds=1)) is None
    assert must_claim(database, later).attempt == 2


def revived(database: Database, job_id: int) -> Job | None:
    with database.begin() as uow:
        job = uow.revive_job(job_id)
        uow.commit()
    return job


def test_a_dead_job_stays_dead_until_somebody_revives_it(database: Database) -> None:
    enqueue(database, a_job_request())
    job = must_claim(database)
    assert revived(database, job.job_id) is None
    database.bury_job(job, reason="hostile_input")
    assert claim(database, NOON + timedelta(days=1)) is None
    ((dead, reason),) = database.jobs(JobState.DEAD)
    assert (dead.job_id, reason) == (job.job_id, "hostile_input")
    back = revived(database, job.job_id)
    assert back is not None
    assert (back.job_id, back.kind, back.attempt) == (job.job_id, job.kind, 0)
    assert must_claim(database).attempt == 1


def test_only_the_holder_can_retry_or_bury(database: Database) -> None:
    enqueue(database, a_job_request())
    old = must_claim(database)
    new = must_claim(database, NOON + timedelta(seconds=LEASE_S))
    database.bury_job(old, reason="late")
    database.retry_job(old, not_before=NOON, reason="late")
    assert database.jobs(JobState.LEASED) == ((new, ""),)


def test_an_unknown_job_cannot_be_completed(database: Database) -> None:
    enqueue(database, a_job_request())
    job = must_claim(database)
    with pytest.raises(TransientError):
        complete(database, replace(job, job_id=job.job_id + 1))


def test_jobs_are_listed_up_to_a_limit(database: Database) -> None:
    enqueue(database, *(a_job_request(dedupe_key=key) for key in "abc"))
    assert [job.dedupe_key for job, _ in database.jobs(JobState.READY, limit=2)] == ["a", "b"]


def test_threads_never_hold_the_same_job(database: Database) -> None:
    enqueue(database, *(a_job_request(dedupe_key=f"job/{n}") for n in range(40)))
    with ThreadPoolExecutor(8) as threads:
        claimed = [job.job_id for job in threads.map(lambda _: claim(database), range(50)) if job]
    assert len(claimed) == len(set(claimed)) == 40


def test_what_a_clock_that_was_ahead_put_off_for_days_is_due_at_once(database: Database) -> None:
    ahead = NOON + timedelta(days=3)
    enqueue(database, a_job_request(not_before=ahead + timedelta(seconds=20)))
    assert must_claim(database).attempt == 1
    assert claim(database) is None


def test_what_is_put_off_as_far_as_the_product_may_waits(database: Database) -> None:
    enqueue(database, a_job_request(not_before=NOON + LONGEST_WAIT))
    assert claim(database) is None
    assert claim(database, NOON + LONGEST_WAIT - timedelta(seconds=1)) is None
    assert must_claim(database, NOON + LONGEST_WAIT).attempt == 1


def test_a_retry_by_a_clock_that_was_ahead_is_due_at_once(database: Database) -> None:
    enqueue(database, a_job_request())
    database.retry_job(must_claim(database), not_before=NOON + timedelta(days=3), reason="archive down")
    assert must_claim(database).attempt == 2


def test_a_lease_given_by_a_clock_ahead_is_not_taken_from_its_holder(database: Database) -> None:
    enqueue(database, a_job_request())
    must_claim(database, NOON + timedelta(days=3))
    assert claim(database) is None
