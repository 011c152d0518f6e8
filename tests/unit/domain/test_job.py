"""When a job is due, whatever clock put it off."""

from datetime import datetime, timedelta

import pytest

from wetread.delivery.plan import retry_delay_s
from wetread.domain.job import LONGEST_WAIT, JobState, is_due
from wetread.ingest import outside_work, prior_work
from wetread.settings import Settings
from wetread.testing.builders import NOON

SECOND = timedelta(seconds=1)


@pytest.mark.parametrize("state", [JobState.READY, JobState.LEASED])
@pytest.mark.parametrize(
    ("due_at", "due"), [(None, False), (NOON - SECOND, True), (NOON, True), (NOON + SECOND, False), (NOON + LONGEST_WAIT, False)]
)  # fmt: skip
def test_a_job_is_due_when_its_time_has_come(state: JobState, due_at: datetime | None, due: bool) -> None:
    assert is_due(state, due_at, NOON) is due


def test_one_put_off_for_longer_than_any_may_be_is_due_and_a_lease_is_left_to_its_holder() -> None:
    beyond = NOON + LONGEST_WAIT + SECOND
    assert is_due(JobState.READY, beyond, NOON)
    assert not is_due(JobState.LEASED, beyond, NOON)


def test_nothing_that_the_product_does_puts_a_job_off_for_longer() -> None:
    longest_s = LONGEST_WAIT.total_seconds()
    assert retry_delay_s(99, 1.0) < longest_s
    assert prior_work._FIRST_PAUSE * 2 ** (outside_work._TRIES - 2) < LONGEST_WAIT
    (most,) = (each.le for each in Settings.model_fields["quiet_period_s"].metadata if hasattr(each, "le"))
    assert most < longest_s
