"""Kill the pager before and after each step of a page, and at random; a channel down, a gap in the roster, a clock that jumps, another pager beside: the page goes out, once per channel and step."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from tests.page_kills import POINTS, Outcome, PagingHouse, Plan, random_moment
from tests.page_receivers import Ledger, http_receiver, smtp_receiver

from wetread.domain.critical import CriticalState

HOUR_S, DAY_S = 3600, 86_400


@pytest.fixture(scope="module")
def http() -> Iterator[Ledger]:
    with http_receiver() as ledger:
        yield ledger


@pytest.fixture(scope="module")
def smtp() -> Iterator[Ledger]:
    with smtp_receiver() as ledger:
        yield ledger


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, http: Ledger, smtp: Ledger) -> PagingHouse:
    return PagingHouse(tmp_path_factory.mktemp("paging"), http, smtp)


@contextmanager
def down(http: Ledger) -> Iterator[None]:
    http.refuse = 10**6
    try:
        yield
    finally:
        http.refuse = 0


def assert_told_once(outcome: Outcome) -> None:
    assert outcome.died
    assert outcome.state is CriticalState.NOTIFIED
    assert outcome.told >= 1
    assert outcome.doubled == 0


@pytest.mark.parametrize("point", POINTS)
def test_a_pager_killed_at_any_step_still_tells_somebody_once(house: PagingHouse, point: str) -> None:
    outcome = house.trial(point, Plan(point))
    assert_told_once(outcome)
    assert (outcome.told, outcome.repeats) == (1, 1 if point == "page_sent" else 0)


@pytest.mark.parametrize("point", ["page_claimed", "page_sent"])
def test_a_dead_webhook_and_a_killed_pager_end_in_a_mail(house: PagingHouse, http: Ledger, point: str) -> None:
    with down(http):
        outcome = house.trial(f"down-{point}", Plan(point))
    assert_told_once(outcome)
    assert outcome.by("email")
    assert not outcome.by("hook")


@pytest.mark.parametrize(
    ("name", "plan"),
    [
        ("back while it lives", Plan(die_after_s=random_moment(0), jump_s=-3 * DAY_S, jump_after_s=0.5)),
        ("forward while it is dead", Plan("page_sent", jump_s=HOUR_S)),
        ("back while it is dead", Plan("page_claimed", jump_s=-HOUR_S, gap=True)),
        ("another beside it", Plan(die_after_s=random_moment(1), beside=True)),
    ],
)
def test_a_pager_killed_while_more_goes_wrong_still_tells_somebody_once(
    house: PagingHouse, name: str, plan: Plan
) -> None:
    outcome = house.trial(name, plan)
    assert_told_once(outcome)
    if plan.gap:
        told = {page.recipient.partition("@")[0] for page in outcome.pages}
        assert "ben" in told
        assert "ann" not in told
