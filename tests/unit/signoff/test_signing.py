from dataclasses import replace
from datetime import UTC, datetime

import pytest

from wetread.domain.errors import IllegalTransition, NotPermitted, PermanentError
from wetread.domain.identifiers import StudyKey
from wetread.domain.report import Report, ReportContent, ReportStatus, Section, addendum_hash, content_hash, is_final
from wetread.domain.role import SERVICE, Actor, Role
from wetread.signoff.signing import amended_from, appended, blank_content, first_report, signed, successor_for

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


OTHER = Actor("dr-b", Role.RADIOLOGIST, "Dr B")


def test_an_addendum_leaves_the_words_and_their_signature_and_carries_its_own() -> None:
    final = signed(_open(), DOCTOR, "", NOW, amends=False)
    later = NOW.replace(hour=9)
    added = appended(final, OTHER, "  A rib is broken.  ", "addendum", later)
    assert (added.version, added.status) == (2, ReportStatus.APPENDED)
    assert (added.content, added.signature, added.author_id) == (final.content, final.signature, final.author_id)
    (addendum,) = added.addenda
    assert (addendum.text, addendum.appended_to) == ("A rib is broken.", content_hash(WRITTEN))
    assert (addendum.signature.signer_id, addendum.signature.signed_at) == ("dr-b", later)
    assert addendum.signature.content_sha256 == addendum_hash(addendum.text, addendum.appended_to)
    assert (is_final(added), added.signed_at) == (True, later)


def test_addenda_stay_in_order_also_below_an_amendment() -> None:
    final = signed(_open(), DOCTOR, "", NOW, amends=False)
    twice = appended(appended(final, OTHER, "One.", "", NOW), DOCTOR, "Two.", "", NOW)
    assert (twice.version, [each.text for each in twice.addenda]) == (3, ["One.", "Two."])
    amended = signed(amended_from(twice, DOCTOR, "wrong side"), DOCTOR, "", NOW, amends=True)
    assert (amended.version, amended.status, amended.addenda) == (4, ReportStatus.AMENDED, twice.addenda)
    assert is_final(amended)


@pytest.mark.parametrize("role", [each for each in Role if each is not Role.RADIOLOGIST])
def test_only_who_may_amend_may_add(role: Role) -> None:
    final = signed(_open(), DOCTOR, "", NOW, amends=False)
    with pytest.raises(NotPermitted):
        appended(final, Actor("x", role), "Words.", "", NOW)


def test_nothing_is_added_to_what_is_not_final_and_no_empty_words() -> None:
    preliminary = signed(_open(RESIDENT), RESIDENT, "", NOW, amends=False)
    for report in (_open(), preliminary):
        with pytest.raises(IllegalTransition, match="final"):
            appended(report, DOCTOR, "Words.", "", NOW)
    with pytest.raises(IllegalTransition, match="words"):
        appended(signed(_open(), DOCTOR, "", NOW, amends=False), DOCTOR, " \n ", "", NOW)


@pytest.mark.parametrize("changed", [{"text": "Other words."}, {"appended_to": "0" * 64}])
def test_an_addendum_that_changed_after_its_signature_may_not_leave(changed: dict[str, str]) -> None:
    added = appended(signed(_open(), DOCTOR, "", NOW, amends=False), DOCTOR, "Words.", "", NOW)
    with pytest.raises(PermanentError, match="addendum") as caught:
        is_final(replace(added, addenda=(replace(added.addenda[0], **changed),)))
    assert caught.value.code == "signature_mismatch"
