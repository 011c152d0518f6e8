from dataclasses import replace
from datetime import UTC, datetime

import pytest

from wetread.domain.errors import IllegalTransition, NotPermitted
from wetread.domain.identifiers import StudyKey
from wetread.domain.report import Report, ReportContent, ReportStatus, Section, content_hash
from wetread.domain.role import SERVICE, Actor, Role
from wetread.signoff.signing import amended_from, blank_content, first_report, signed, successor_for

NOW = datetime(2026, 3, 1, tzinfo=UTC)
KEY = StudyKey("k" * 24)
DOCTOR = Actor("dr-a", Role.RADIOLOGIST, "Dr A")
RESIDENT = Actor("dr-r", Role.RESIDENT, "Dr R")
WRITTEN = ReportContent(((Section.IMPRESSION, "Clear lungs."),), ())


def _open(author: Actor = DOCTOR) -> Report:
    return replace(first_report(KEY, author, None), content=WRITTEN)


def test_a_radiologists_signature_makes_a_report_final_and_binds_its_content() -> None:
    report = signed(_open(), DOCTOR, "authored", NOW, amends=False)
    assert report.status is ReportStatus.FINAL
    assert report.signature is not None
    assert report.signature.content_sha256 == content_hash(WRITTEN)
    assert (report.signature.signer_id, report.signature.signed_at) == ("dr-a", NOW)


def test_a_signature_does_not_fit_another_content() -> None:
    report = signed(_open(), DOCTOR, "authored", NOW, amends=False)
    other = ReportContent(((Section.IMPRESSION, "Pneumothorax."),), ())
    assert report.signature is not None
    assert report.signature.content_sha256 != content_hash(other)


def test_a_residents_signature_is_preliminary() -> None:
    assert signed(_open(RESIDENT), RESIDENT, "", NOW, amends=False).status is ReportStatus.PRELIMINARY


@pytest.mark.parametrize("role", [r for r in Role if r not in (Role.RADIOLOGIST, Role.RESIDENT)])
def test_nobody_else_signs(role: Role) -> None:
    with pytest.raises(NotPermitted):
        signed(_open(), Actor("x", role), "", NOW, amends=False)


def test_a_service_never_signs() -> None:
    with pytest.raises(NotPermitted):
        signed(_open(), SERVICE, "", NOW, amends=False)


def test_a_signed_version_cannot_be_signed_again() -> None:
    report = signed(_open(), DOCTOR, "", NOW, amends=False)
    with pytest.raises(IllegalTransition, match="already"):
        signed(report, DOCTOR, "", NOW, amends=False)


def test_an_empty_report_cannot_be_signed() -> None:
    with pytest.raises(IllegalTransition, match="empty"):
        signed(replace(_open(), content=blank_content()), DOCTOR, "", NOW, amends=False)


def test_an_amendment_starts_from_the_signed_words_and_needs_a_reason() -> None:
    final = signed(_open(), DOCTOR, "", NOW, amends=False)
    amendment = amended_from(final, DOCTOR, " wrong side ")
    assert (amendment.version, amendment.status, amendment.signature) == (2, ReportStatus.PARTIAL, None)
    assert (amendment.content, amendment.amendment_reason) == (WRITTEN, "wrong side")
    with pytest.raises(IllegalTransition, match="reason"):
        amended_from(final, DOCTOR, "  ")


def test_only_a_final_report_can_be_amended() -> None:
    with pytest.raises(IllegalTransition):
        amended_from(_open(), DOCTOR, "why")


def test_the_amended_version_is_signed_as_amended() -> None:
    final = signed(_open(), DOCTOR, "", NOW, amends=False)
    assert signed(successor_for(final, DOCTOR), DOCTOR, "", NOW, amends=True).status is ReportStatus.AMENDED
