"""Whatever order claims, saves, crashes and clock set-backs come in: nobody saves after another took over, and no queued page is forgotten."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wetread.domain.errors import TransientError
from wetread.domain.page import Page, PageState
from wetread.ports.database import Database
from wetread.testing.builders import NOON, STUDY_KEY, a_study
from wetread.testing.critical_builders import a_page

LEASE_S = 30
FAR = NOON + timedelta(days=365)
_NUMBERS = count()


@dataclass(frozen=True, slots=True)
class Claim:
    """Somebody claims; who then dies is one that never saves again."""


@dataclass(frozen=True, slots=True)
class Save:
    """One of those who ever claimed, alive or late, saves: an end, or a pause of so many seconds."""

    holder: int
    state: PageState
    pause_s: int


@dataclass(frozen=True, slots=True)
class Move:
    """Time passes, or (below zero) the clock is set back and someone notices."""

    seconds: int


Act = Claim | Save | Move
ACTS = st.one_of(
    st.just(Claim()),
    st.builds(Save, st.integers(0, 5), st.sampled_from(PageState), st.integers(0, LEASE_S)),
    st.builds(Move, st.sampled_from([1, 10, LEASE_S, LEASE_S + 1, -1, -20, -3600])),
)
WAITS = st.lists(st.tuples(st.integers(-5, LEASE_S), st.booleans()), min_size=1, max_size=3)
"""Of each page: in how many seconds it is due, and whether it is a critical one."""


class World:
    """The database beside the plainest statement of what it should say: a dict of pages."""

    def __init__(self, database: Database, waits: list[tuple[int, bool]]) -> None:
        self.database = database
        self.now = NOON
        self.claimed: list[Page] = []
        subject = f"example/{next(_NUMBERS)}"
        self.pages = {page.page_key: page for page in _pages(subject, waits)}
        with database.begin() as uow:
            uow.save_study(a_study())
            assert all(uow.queue_page(page) for page in self.pages.values())
            uow.commit()

    def act(self, act: Act) -> None:
        if isinstance(act, Claim):
            self.claim()
        elif isinstance(act, Move):
            self.move(act.seconds)
        elif self.claimed:
            self.save(self.claimed[act.holder % len(self.claimed)], act)

    def claim(self) -> None:
        due = [page for page in self.queued().values() if page.due_at <= self.now or untried(page)]
        due.sort(key=lambda page: (page.study_key is None, page.due_at, page.page_key))
        page = self.database.claim_page(now=self.now, lease_s=LEASE_S)
        assert (page and page.page_key) == (due[0].page_key if due else None)
        if page is None:
            return
        assert page.attempt == self.pages[page.page_key].attempt + 1
        self.pages[page.page_key] = page
        self.claimed.append(page)

    def save(self, holder: Page, how: Save) -> None:
        current = self.pages[holder.page_key]
        may = current.state is PageState.QUEUED and current.attempt == holder.attempt
        page = replace(holder, state=how.state, due_at=self.now + timedelta(seconds=how.pause_s))
        assert saved(self.database, page) == may
        if may:
            self.pages[page.page_key] = page

    def move(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)
        if seconds < 0:
            self.notice(self.now + timedelta(seconds=LEASE_S))

    def notice(self, beyond: datetime) -> None:
        waiting = {key: page for key, page in self.queued().items() if page.due_at > beyond}
        with self.database.begin() as uow:
            assert uow.pull_forward(self.now, beyond=beyond) == len(waiting)
            uow.commit()
        self.pages |= {key: replace(page, due_at=self.now) for key, page in waiting.items()}

    def queued(self) -> dict[str, Page]:
        return {key: page for key, page in self.pages.items() if page.state is PageState.QUEUED}

    def check_nothing_is_forgotten(self) -> None:
        """No page waits longer than one lease: then all are claimed, each once."""
        self.now += timedelta(seconds=LEASE_S)
        expected = sorted(self.queued())
        claimed = [self.database.claim_page(now=self.now, lease_s=LEASE_S) for _ in expected]
        assert sorted(page.page_key for page in claimed if page) == expected
        assert self.database.claim_page(now=self.now, lease_s=LEASE_S) is None


def untried(page: Page) -> bool:
    """Its time is that of a clock which may have been set back since."""
    return page.attempt == 0 and page.due_at == page.queued_at


def saved(database: Database, page: Page) -> bool:
    with database.begin() as uow:
        try:
            uow.save_page(page)
        except TransientError:
            return False
        uow.commit()
    return True


def _pages(subject: str, waits: list[tuple[int, bool]]) -> list[Page]:
    return [
        a_page(
            subject=subject,
            person_id=f"p{number}",
            study_key=STUDY_KEY if critical else None,
            due_at=NOON + timedelta(seconds=wait_s),
        )
        for number, (wait_s, critical) in enumerate(waits)
    ]


def empty(database: Database) -> None:
    """Take what an example left behind out of the queue."""
    while page := database.claim_page(now=FAR, lease_s=LEASE_S):
        assert saved(database, replace(page, state=PageState.OBSOLETE))


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(waits=WAITS, acts=st.lists(ACTS, max_size=20))
def test_no_order_of_events_lets_two_hold_a_page_or_forgets_one(
    database: Database, waits: list[tuple[int, bool]], acts: list[Act]
) -> None:
    empty(database)
    world = World(database, waits)
    for act in acts:
        world.act(act)
    with database.begin(write=False) as uow:
        (subject,) = {page.subject for page in world.pages.values()}
        assert {page.page_key: page for page in uow.pages(subject)} == world.pages
    world.check_nothing_is_forgotten()
