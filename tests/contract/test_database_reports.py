"""Reports and deliveries: nobody overwrites a colleague, nothing changes what was signed, nothing unsends what was acknowledged."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from wetread.domain.delivery import Delivery, DeliveryState
from wetread.domain.errors import PermanentError, StaleVersion
from wetread.domain.identifiers import StudyKey
from wetread.domain.report import ReportStatus
from wetread.domain.role import Actor, Role
from wetread.domain.sentence_act import SentenceAct, SentenceFate
from wetread.domain.study_state import StudyState
from wetread.ports.database import Database, UnitOfWork
from wetread.signoff.signing import appended
from wetread.testing.builders import NOON, STUDY_KEY, a_report, a_signature, a_study

SIGNED = a_report(status=ReportStatus.FINAL, signature=a_signature())


@pytest.fixture
def uow(database: Database) -> Iterator[UnitOfWork]:
    with database.begin() as uow:
        uow.save_study(a_study())
        yield uow


def test_every_save_makes_a_new_etag(uow: UnitOfWork) -> None:
    first = uow.save_report(a_report(), expected_etag=None)
    second = uow.save_report(replace(first, author_id="dr.doe"), expected_etag=first.etag)
    assert second.etag != first.etag
    assert uow.report(STUDY_KEY) == uow.report(STUDY_KEY, 1) == second


def test_a_stale_edit_is_refused_and_changes_nothing(uow: UnitOfWork) -> None:
    first = uow.save_report(a_report(), expected_etag=None)
    second = uow.save_report(replace(first, author_id="dr.doe"), expected_etag=first.etag)
    for expected_etag in (first.etag, None, 99):
        with pytest.raises(StaleVersion):
            uow.save_report(replace(first, author_id="dr.late"), expected_etag=expected_etag)
    assert uow.report(STUDY_KEY) == second


def test_editing_what_is_not_there_is_refused(uow: UnitOfWork) -> None:
    with pytest.raises(StaleVersion):
        uow.save_report(a_report(), expected_etag=1)
    assert uow.report(STUDY_KEY) is None


def test_a_signed_version_is_never_updated(uow: UnitOfWork) -> None:
    draft = uow.save_report(a_report(), expected_etag=None)
    signed = uow.save_report(SIGNED, expected_etag=draft.etag)
    with pytest.raises(PermanentError) as refusal:
        uow.save_report(replace(signed, author_id="dr.late"), expected_etag=signed.etag)
    assert refusal.value.code == "report_signed"
    with pytest.raises(StaleVersion):
        uow.save_report(replace(signed, author_id="dr.late"), expected_etag=draft.etag)
    assert uow.report(STUDY_KEY) == signed


def test_an_amendment_is_a_new_version_beside_the_old(uow: UnitOfWork) -> None:
    first = uow.save_report(SIGNED, expected_etag=None)
    amended = replace(SIGNED, version=2, status=ReportStatus.AMENDED, amendment_reason="side was wrong")
    second = uow.save_report(amended, expected_etag=None)
    assert uow.reports(STUDY_KEY) == (first, second)
    assert uow.report(STUDY_KEY) == second
    assert uow.report(STUDY_KEY, 1) == first
    assert (uow.report(STUDY_KEY, 3), uow.reports(StudyKey("other"))) == (None, ())


def test_an_addendum_comes_back_with_its_own_signature(uow: UnitOfWork) -> None:
    first = uow.save_report(SIGNED, expected_etag=None)
    doctor = Actor("dr-b", Role.RADIOLOGIST, "Dr B")
    second = uow.save_report(appended(first, doctor, "Rippe gebrochen ❦", "", NOON), expected_etag=None)
    assert uow.report(STUDY_KEY) == second
    assert uow.reports(STUDY_KEY) == (first, second)
    assert uow.signed_studies() == (STUDY_KEY,)


def test_what_became_of_sentences_comes_back_and_is_replaced(uow: UnitOfWork) -> None:
    act = SentenceAct("0123456789abcdef", SentenceFate.ACCEPTED, "dr.roe", NOON)
    first = uow.save_report(replace(a_report(), judged=(act,)), expected_etag=None)
    assert uow.report(STUDY_KEY) == first
    second = uow.save_report(replace(first, judged=()), expected_etag=first.etag)
    assert uow.report(STUDY_KEY) == second


def test_signed_studies_come_once_each_in_order_and_page_by_page(uow: UnitOfWork) -> None:
    keys = [StudyKey(letter * 24) for letter in "dbca"]
    for key in keys:
        uow.save_study(a_study(study_key=key))
    for key in keys[:3]:
        uow.save_report(replace(SIGNED, study_key=key), expected_etag=None)
    amended = replace(SIGNED, study_key=keys[0], version=2, status=ReportStatus.AMENDED, amendment_reason="side")
    uow.save_report(amended, expected_etag=None)
    uow.save_report(a_report(study_key=keys[3]), expected_etag=None)
    uow.save_report(replace(SIGNED, study_key=STUDY_KEY, status=ReportStatus.PRELIMINARY), expected_etag=None)
    assert uow.signed_studies() == tuple(sorted(keys[:3]))
    first = uow.signed_studies(limit=2)
    assert uow.signed_studies(after=first[-1], limit=2) == tuple(sorted(keys[:3]))[2:]


def test_a_delivery_is_one_row_per_version_and_sink(uow: UnitOfWork) -> None:
    pending = Delivery(STUDY_KEY, 1, "archive", DeliveryState.PENDING, 0, "", NOON)
    failed = replace(
        pending, state=DeliveryState.FAILED, attempts=1, receipt="503", updated_at=NOON + timedelta(seconds=1)
    )
    other = replace(pending, sink="fhir")
    for delivery in (other, pending, failed):
        uow.save_delivery(delivery)
    assert uow.deliveries(STUDY_KEY) == (failed, other)


def test_an_acknowledged_delivery_stays_acknowledged(uow: UnitOfWork) -> None:
    acknowledged = Delivery(STUDY_KEY, 1, "archive", DeliveryState.ACKNOWLEDGED, 2, "200", NOON)
    uow.save_delivery(acknowledged)
    uow.save_delivery(replace(acknowledged, state=DeliveryState.FAILED, receipt="late timeout"))
    assert uow.deliveries(STUDY_KEY) == (acknowledged,)


def test_what_a_resident_signed_awaits_a_co_signature_until_a_radiologist_begins(database: Database) -> None:
    with database.begin() as uow:
        uow.save_study(a_study(state=StudyState.IN_READING))
        uow.save_report(a_report(status=ReportStatus.PRELIMINARY, signature=a_signature()), expected_etag=None)
        assert uow.awaiting_cosignature() == (STUDY_KEY,)
        uow.save_report(a_report(version=2), expected_etag=None)
        assert uow.awaiting_cosignature() == ()
        uow.commit()
