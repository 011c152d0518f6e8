"""Pages: one holder at a time, effects only for the holder, and no clock leaves one waiting for ever."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from wetread.domain.audit import AuditEvent
from wetread.domain.errors import PermanentError, TransientError
from wetread.domain.identifiers import StudyKey
from wetread.domain.job import JobKind
from wetread.domain.page import Page, PageState
from wetread.domain.study_state import StudyState
from wetread.ports.database import Database
from wetread.testing.builders import NOON, STUDY_KEY, a_job_request, a_study
from wetread.testing.critical_builders import a_page

LEASE_S = 30.0
LEASE, SECOND, HOUR = timedelta(seconds=LEASE_S), timedelta(seconds=1), timedelta(hours=1)
SUBJECT = a_page().subject


def queue(database: Database, *pages: Page) -> list[bool]:
    with database.begin() as uow:
        uow.save_study(a_study())
        new = [uow.queue_page(page) for page in pages]
        uow.commit()
    return new


def claim(database: Database, now: datetime = NOON) -> Page | None:
    return database.claim_page(now=now, lease_s=LEASE_S)


def must_claim(database: Database, now: datetime = NOON) -> Page:
    page = claim(database, now)
    assert page is not None
    return page


def save(database: Database, page: Page) -> None:
    with database.begin() as uow:
        uow.save_page(page)
        uow.commit()


def pages(database: Database, subject: str = SUBJECT) -> tuple[Page, ...]:
    with database.begin(write=False) as uow:
        return uow.pages(subject)


def pull_forward(database: Database, now: datetime, beyond: datetime) -> int:
    with database.begin() as uow:
        pulled = uow.pull_forward(now, beyond=beyond)
        uow.commit()
    return pulled


def sent(page: Page) -> Page:
    return replace(page, state=PageState.SENT, channel="sms", receipt="r1", sent_at=NOON, failed=("teams: timeout",))


def test_a_page_queued_twice_is_one_page(database: Database) -> None:
    assert queue(database, a_page(), a_page(site="south")) == [True, False]
    page = must_claim(database)
    assert page == a_page(attempt=1, due_at=NOON + LEASE)
    assert pages(database) == (page,)
    assert claim(database) is None
    save(database, sent(page))
    assert queue(database, a_page()) == [False]
    assert claim(database, NOON + HOUR) is None
    assert pages(database) == (sent(page),)


def test_a_page_waits_until_it_is_due(database: Database) -> None:
    queue(database, a_page(due_at=NOON + SECOND))
    assert claim(database, NOON + SECOND - timedelta(microseconds=1)) is None
    assert must_claim(database, NOON + SECOND).attempt == 1


def test_a_page_that_nobody_has_tried_is_due_though_the_clock_was_set_back(database: Database) -> None:
    later = NOON + timedelta(days=3)
    queue(database, a_page(queued_at=later, due_at=later))
    first = database.claim_page(now=NOON, lease_s=30)
    assert first is not None
    assert database.claim_page(now=NOON, lease_s=30) is None
    assert first.due_at == NOON + timedelta(seconds=30)


def test_critical_pages_go_first_then_the_longest_due(database: Database) -> None:
    due = {"alarm": -9, "c": 0, "b": -1, "A": 0}
    for person, seconds in due.items():
        study_key = None if person == "alarm" else STUDY_KEY
        queue(database, a_page(person_id=person, study_key=study_key, due_at=NOON + seconds * SECOND))
    assert [must_claim(database).person_id for _ in due] == ["b", "A", "c", "alarm"]


def test_an_alarms_page_needs_no_study(database: Database) -> None:
    page = a_page(subject="nothing_arrives/north", study_key=None)
    with database.begin() as uow:
        assert uow.queue_page(page)
        uow.commit()
    assert pages(database, page.subject) == (page,)


def test_a_page_about_a_study_needs_that_study_at_the_commit(database: Database) -> None:
    with database.begin() as uow:
        uow.queue_page(a_page(study_key=StudyKey("later")))
        with pytest.raises(PermanentError) as refusal:
            uow.commit()
    assert refusal.value.code == "database_refused"
    assert claim(database) is None


def test_pages_come_oldest_first_then_by_key(database: Database) -> None:
    order = [("a", 1), ("B", 0), ("c", 1), ("D", 1)]
    made = {name: a_page(person_id=name, queued_at=NOON + seconds * SECOND) for name, seconds in order}
    queue(database, *made.values(), a_page(subject="other"))
    assert pages(database) == (made["B"], made["D"], made["a"], made["c"])


def test_a_lease_that_ran_out_is_claimed_again_with_a_higher_attempt(database: Database) -> None:
    queue(database, a_page())
    must_claim(database)
    assert claim(database, NOON + LEASE - SECOND) is None
    assert must_claim(database, NOON + LEASE).attempt == 2


def test_a_lost_lease_rolls_back_everything_its_old_holder_did(database: Database) -> None:
    queue(database, a_page())
    old, new = must_claim(database), must_claim(database, NOON + LEASE)
    with database.begin() as uow:
        uow.save_study(a_study(state=StudyState.ANALYSED))
        uow.audit(AuditEvent("page", "wetread"), NOON)
        with pytest.raises(TransientError) as refusal:
            uow.save_page(sent(old))
        with pytest.raises(TransientError):
            uow.commit()
    assert refusal.value.code == "lease_lost"
    assert (database.count_studies(), database.change_token()) == ({StudyState.ADMITTED: 1}, 0)
    assert pages(database) == (new,)
    save(database, sent(new))


def test_the_holder_may_finish_late_when_nobody_else_took_over(database: Database) -> None:
    queue(database, a_page())
    page = must_claim(database)
    save(database, replace(page, due_at=NOON + 10 * SECOND, failed=("sms: timeout",)))
    assert claim(database, NOON + 9 * SECOND) is None
    save(database, sent(page))
    assert pages(database) == (sent(page),)


@pytest.mark.parametrize("state", [PageState.SENT, PageState.OBSOLETE])
def test_what_is_over_is_never_saved_again(database: Database, state: PageState) -> None:
    queue(database, a_page())
    page = must_claim(database)
    save(database, replace(page, state=state))
    for late in (page, sent(page)):
        with pytest.raises(TransientError) as refusal:
            save(database, late)
        assert refusal.value.code == "lease_lost"
    assert [each.state for each in pages(database)] == [state]


def test_an_acknowledgement_takes_a_page_from_the_queue_before_anybody_claimed_it(database: Database) -> None:
    queue(database, a_page())
    save(database, a_page(state=PageState.OBSOLETE))
    assert claim(database, NOON + HOUR) is None


def test_an_unknown_page_cannot_be_saved(database: Database) -> None:
    with pytest.raises(TransientError):
        save(database, a_page())
    assert pages(database) == ()


def test_an_uncommitted_page_is_never_claimed(database: Database) -> None:
    with database.begin() as uow:
        uow.save_study(a_study())
        uow.queue_page(a_page())
    assert claim(database) is None


def test_threads_never_hold_the_same_page(database: Database) -> None:
    queue(database, *(a_page(person_id=f"p{number}") for number in range(30)))
    with ThreadPoolExecutor(8) as threads:
        claimed = [page.page_key for page in threads.map(lambda _: claim(database), range(40)) if page]
    assert len(claimed) == len(set(claimed)) == 30


def test_after_the_clock_went_back_what_would_wait_too_long_is_due_now(database: Database) -> None:
    """Only what waits past the bound: a page in its pause and one that is over keep their times."""
    queue(
        database, *(a_page(person_id=person, due_at=NOON + at) for person, at in (("late", HOUR), ("soon", 5 * SECOND)))
    )
    over = a_page(person_id="over", due_at=NOON + HOUR, state=PageState.OBSOLETE)
    queue(database, a_page(person_id="over"))
    save(database, over)
    assert pull_forward(database, NOON, beyond=NOON + 5 * SECOND) == 1
    assert pull_forward(database, NOON, beyond=NOON + 5 * SECOND) == 0
    assert {page.person_id: page.due_at - NOON for page in pages(database)} == {
        "late": timedelta(0),
        "soon": 5 * SECOND,
        "over": HOUR,
    }
    assert must_claim(database).person_id == "late"
    assert claim(database) is None


def test_after_the_clock_went_back_the_jobs_are_due_now_too(database: Database) -> None:
    ready, leased = a_job_request(not_before=NOON + HOUR), a_job_request(dedupe_key="leased", priority=1)
    with database.begin() as uow:
        uow.save_study(a_study())
        assert uow.enqueue(ready)
        assert uow.enqueue(leased)
        uow.commit()
    kinds = frozenset(JobKind)
    held = database.claim_job(kinds, now=NOON, lease_s=2 * 3600)
    assert held is not None
    assert pull_forward(database, NOON, beyond=NOON + SECOND) == 2
    again = [database.claim_job(kinds, now=NOON, lease_s=LEASE_S) for _ in range(3)]
    assert [job and (job.dedupe_key, job.attempt) for job in again] == [("leased", 2), (ready.dedupe_key, 1), None]
    assert not database.renew_lease(held, now=NOON, lease_s=LEASE_S)


def test_a_holder_who_is_alive_keeps_a_job_that_was_pulled_forward(database: Database) -> None:
    with database.begin() as uow:
        uow.save_study(a_study())
        uow.enqueue(a_job_request())
        uow.commit()
    held = database.claim_job(frozenset(JobKind), now=NOON, lease_s=LEASE_S)
    assert held is not None
    earlier = NOON - HOUR
    assert pull_forward(database, earlier, beyond=earlier + LEASE) == 1
    assert database.renew_lease(held, now=earlier, lease_s=LEASE_S)
    assert database.claim_job(frozenset(JobKind), now=earlier + LEASE - SECOND, lease_s=LEASE_S) is None
    with database.begin() as uow:
        uow.complete_job(held)
        assert uow.pull_forward(earlier, beyond=earlier) == 0
        uow.commit()


def test_a_pull_that_was_not_committed_never_was(database: Database) -> None:
    queue(database, a_page(due_at=NOON + HOUR))
    with database.begin() as uow:
        assert uow.pull_forward(NOON, beyond=NOON) == 1
    assert claim(database) is None


def test_each_page_is_sent_once_though_threads_claim_and_the_clock_is_set_back(database: Database) -> None:
    """A pull takes pages from holders who are alive: whoever saves first of those who then hold one wins, never two."""
    queue(database, *(a_page(person_id=f"p{number}") for number in range(20)))

    def work(number: int) -> list[str]:
        done = []
        while page := claim(database):
            if number % 3 == 0:
                pull_forward(database, NOON, beyond=NOON)
            try:
                save(database, sent(page))
            except TransientError:
                continue
            done.append(page.page_key)
        return done

    with ThreadPoolExecutor(6) as threads:
        done = [key for keys in threads.map(work, range(6)) for key in keys]
    assert sorted(done) == sorted(page.page_key for page in pages(database))
    assert {page.state for page in pages(database)} == {PageState.SENT}
