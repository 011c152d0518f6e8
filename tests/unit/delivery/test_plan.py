"""When a delivery is tried again, what it consists of, and when it is too late for it."""

from dataclasses import replace

import pytest
from builders_delivery import EFFUSION, NOW, a_package, a_report
from hypothesis import given
from hypothesis import strategies as st

from wetread.delivery.plan import earlier_under_way, package_documents, retry_delay_s, superseding_version
from wetread.domain.errors import PermanentError
from wetread.domain.identifiers import StudyKey
from wetread.domain.job import Job, JobKind
from wetread.domain.report import ReportStatus


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_a_delay_is_within_the_half_span_and_never_longer_than_half_an_hour(attempt: int, jitter: float) -> None:
    delay_s = retry_delay_s(attempt, jitter)
    assert 2.5 <= delay_s <= 1800
    assert retry_delay_s(attempt, 0) <= delay_s <= retry_delay_s(attempt, 1) == 2 * retry_delay_s(attempt, 0)


@given(st.integers(1, 100), st.floats(0, 1))
def test_delays_never_shrink(attempt: int, jitter: float) -> None:
    assert retry_delay_s(attempt + 1, jitter) >= retry_delay_s(attempt, jitter)


def test_fifty_tries_outlast_half_a_day() -> None:
    assert sum(retry_delay_s(attempt, 0) for attempt in range(1, 50)) > 10 * 3600


def test_documents_that_a_package_does_not_have_are_left_out() -> None:
    assert package_documents(a_package(), {"sr.dcm": lambda _: b"SR", "sc.dcm": lambda _: None}) == {"sr.dcm": b"SR"}


def test_a_sink_without_any_document_is_an_error_not_a_success() -> None:
    with pytest.raises(PermanentError) as caught:
        package_documents(a_package(), {"sc.dcm": lambda _: None})
    assert caught.value.code == "nothing_to_deliver"


def test_only_a_later_signed_version_supersedes() -> None:
    first, second = a_report(EFFUSION), a_report(EFFUSION, status=ReportStatus.AMENDED, version=2)
    being_edited = a_report(EFFUSION, status=ReportStatus.PARTIAL, version=3)
    reports = (first, second, being_edited)
    assert [superseding_version(version, reports) for version in (1, 2, 3)] == [2, None, None]
    assert superseding_version(1, (first, replace(second, signature=None))) is None


def test_only_an_older_version_of_the_same_report_to_the_same_sink_goes_first() -> None:
    study, other = StudyKey("s"), StudyKey("t")

    def sending(detail: str, key: StudyKey = study, kind: JobKind = JobKind.DELIVER) -> list[Job]:
        return [Job(1, kind, key, "x", 1, NOW, detail)]

    assert earlier_under_way(study, 2, "hl7", sending("1:hl7"))
    for leased in (
        [],
        sending("2:hl7"),
        sending("3:hl7"),
        sending("1:fhir"),
        sending("1:hl7", other),
        sending("", kind=JobKind.ANALYSE),
    ):
        assert not earlier_under_way(study, 2, "hl7", leased)
