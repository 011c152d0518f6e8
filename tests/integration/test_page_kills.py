"""Kill the pager before and after each step of a page, and at random; a channel down; both: the page goes out, once per channel and step."""

from collections.abc import Iterator

import pytest
from tests.page_kills import POINTS, Outcome, PagingHouse, random_moment
from tests.page_receivers import Ledger, http_receiver, smtp_receiver

from wetread.domain.critical import CriticalState


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


def assert_told_once(outcome: Outcome) -> None:
    assert outcome.state is CriticalState.NOTIFIED
    assert outcome.told >= 1
    assert len(outcome.hooks) <= 1
    assert len(outcome.mails) <= 1


@pytest.mark.parametrize("point", POINTS)
def test_a_pager_killed_at_any_step_still_tells_somebody_once(house: PagingHouse, point: str) -> None:
    outcome = house.trial(point, point)
    assert outcome.died
    assert_told_once(outcome)
    repeats = sum(outcome.hooks.values()) - len(outcome.hooks)
    assert repeats == (1 if point == "page_sent" else 0)


@pytest.mark.parametrize("seed", range(3))
def test_a_pager_killed_at_random_still_tells_somebody(house: PagingHouse, seed: int) -> None:
    assert_told_once(house.trial(f"random{seed}", die_after_s=random_moment(seed)))


@pytest.mark.parametrize("point", ["page_claimed", "page_sent"])
def test_a_dead_webhook_and_a_killed_pager_end_in_a_mail(house: PagingHouse, http: Ledger, point: str) -> None:
    http.refuse = 10**6
    try:
        outcome = house.trial(f"down-{point}", point)
    finally:
        http.refuse = 0
    assert outcome.died
    assert_told_once(outcome)
    assert outcome.mails
    assert not outcome.hooks
