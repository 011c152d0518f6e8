"""A signed report goes to a sink once; an unsigned one never."""

from dataclasses import replace
from datetime import timedelta

import pytest
from builders_delivery import EFFUSION, NO_CARDIOMEGALY, NOW, a_package, a_report

from wetread.delivery.deliver import deliver
from wetread.domain.delivery import Delivery, DeliveryState
from wetread.domain.errors import PermanentError, TransientError
from wetread.domain.report import ReportStatus
from wetread.testing.builders import STUDY_KEY
from wetread.testing.sinks import RecordingSink


def test_an_acknowledged_delivery_says_what_when_and_where() -> None:
    package = a_package()
    assert deliver(package, RecordingSink("pacs"), NOW, None) == Delivery(
        STUDY_KEY, 1, "pacs", DeliveryState.ACKNOWLEDGED, 1, "recorded", NOW
    )


def test_an_acknowledged_delivery_is_not_sent_again() -> None:
    sink = RecordingSink()
    first = deliver(a_package(), sink, NOW, None)
    assert deliver(a_package(), sink, NOW + timedelta(1), first) is first
    assert sink.attempts == 1


@pytest.mark.parametrize("state", [DeliveryState.PENDING, DeliveryState.FAILED])
def test_a_delivery_that_was_not_acknowledged_is_sent_again(state: DeliveryState) -> None:
    earlier = Delivery(STUDY_KEY, 1, "recording", state, 3, "", NOW)
    assert deliver(a_package(), RecordingSink(), NOW, earlier).attempts == 4


def test_a_draft_never_reaches_a_sink() -> None:
    sink = RecordingSink()
    with pytest.raises(PermanentError) as caught:
        deliver(a_package(a_report(EFFUSION, status=ReportStatus.PARTIAL)), sink, NOW, None)
    assert (caught.value.code, sink.attempts) == ("unsigned_report", 0)


def test_words_changed_after_signing_never_reach_a_sink() -> None:
    sink = RecordingSink()
    changed = replace(a_report(EFFUSION), content=a_report(NO_CARDIOMEGALY).content)
    with pytest.raises(PermanentError) as caught:
        deliver(a_package(changed), sink, NOW, None)
    assert (caught.value.code, sink.attempts) == ("signature_mismatch", 0)


def test_a_residents_signed_report_leaves_as_preliminary() -> None:
    report = a_report(EFFUSION, status=ReportStatus.PRELIMINARY)
    assert deliver(a_package(report), RecordingSink(), NOW, None).state is DeliveryState.ACKNOWLEDGED


@pytest.mark.parametrize(
    ("sink", "kind"), [(RecordingSink(down=True), TransientError), (RecordingSink(refuses=True), PermanentError)]
)
def test_a_sinks_trouble_is_passed_on(sink: RecordingSink, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        deliver(a_package(), sink, NOW, None)
