"""What signing, amending and rejecting mean. Pure: reports in, reports out; the clock and the actor are arguments."""

from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from wetread.domain.errors import IllegalTransition, NotPermitted
from wetread.domain.identifiers import StudyKey
from wetread.domain.reading import OwnFindings
from wetread.domain.report import (
    REPORTED,
    Addendum,
    Draft,
    Report,
    ReportContent,
    ReportStatus,
    Section,
    Signature,
    addendum_hash,
    content_hash,
    signature_binding,
)
from wetread.domain.role import PERMITTED, Act, Actor
from wetread.signoff.second_read import with_own

__all__ = [
    "RejectReason",
    "amended_from",
    "appended",
    "blank_content",
    "content_of",
    "first_report",
    "signed",
    "successor_for",
]


class RejectReason(StrEnum):
    """Why a person threw an AI draft away: fixed codes, because free text could carry identity."""

    WRONG_FINDING = "wrong_finding"
    MISSED_FINDING = "missed_finding"
    WRONG_SIDE = "wrong_side"
    IMAGE_QUALITY = "image_quality"
    NOT_USEFUL = "not_useful"


def content_of(draft: Draft) -> ReportContent:
    """The draft's sentences joined by section, in section order, with its structured findings."""
    text = {section: " ".join(s.text for s in draft.sentences if s.section is section) for section in Section}
    return ReportContent(tuple(text.items()), draft.findings)


def blank_content() -> ReportContent:
    """An empty report: every section there, nothing in it."""
    return ReportContent(tuple((section, "") for section in Section), ())


def first_report(study_key: StudyKey, actor: Actor, draft: Draft | None, own: OwnFindings | None = None) -> Report:
    """Version 1, unsigned: what the drafter proposed, or nothing; with a second reader's `own` findings in place of the machine's."""
    content = with_own(content_of(draft) if draft else blank_content(), own)
    return Report(study_key, 1, ReportStatus.PARTIAL, content, actor.actor_id, etag=0)


def successor_for(report: Report, actor: Actor, *, amendment_reason: str = "") -> Report:
    """The next version, unsigned, starting from what the last one said."""
    return Report(
        report.study_key,
        report.version + 1,
        ReportStatus.PARTIAL,
        report.content,
        actor.actor_id,
        etag=0,
        amendment_reason=amendment_reason,
        addenda=report.addenda,
        judged=report.judged,
    )


def amended_from(report: Report, actor: Actor, reason: str) -> Report:
    """Open an amendment of a final report; raises IllegalTransition when there is none, or no reason is given."""
    if report.status not in REPORTED:
        raise IllegalTransition("only a final report can be amended: this one is still open")
    if not reason.strip():
        raise IllegalTransition("an amendment needs a reason")
    return successor_for(report, actor, amendment_reason=reason.strip()[:500])


def signed(report: Report, actor: Actor, meaning: str, now: datetime, *, amends: bool) -> Report:
    """The report under the actor's signature.

    A radiologist's makes it final (amended when an earlier final version exists); a resident's makes it preliminary, to be signed again by a
    radiologist. Anyone else, and every service, is refused (law 1).
    """
    if report.signature is not None:
        raise IllegalTransition("this version is signed already")
    if not any(text.strip() for _, text in report.content.sections):
        raise IllegalTransition("an empty report cannot be signed: write at least an impression")
    status = _status_for(actor, amends)
    signature = _signature(report, actor, meaning, now, content_hash(report.content))
    return replace(report, status=status, signature=signature, author_id=actor.actor_id)


def appended(report: Report, actor: Actor, text: str, meaning: str, now: datetime) -> Report:
    """The next version: the same words under the same signature, and below them the actor's addendum under theirs.

    Raises NotPermitted for who may not sign a final report (a resident's words need a co-signature, and an addendum has no open version to co-sign: law 1), IllegalTransition where nothing
    final stands, or the addendum is empty.
    """
    if Act.SIGN not in PERMITTED[actor.role]:
        raise NotPermitted(f"role {actor.role.value} may not add to a signed report")
    if report.status not in REPORTED:
        raise IllegalTransition("only a final report takes an addendum: sign or finish the open version first")
    if not text.strip():
        raise IllegalTransition("an addendum needs words")
    words, appended_to = text.strip(), content_hash(report.content)
    signature = _signature(report, actor, meaning, now, addendum_hash(words, appended_to))
    addenda = (*report.addenda, Addendum(words, appended_to, signature))
    return replace(report, version=report.version + 1, status=ReportStatus.APPENDED, etag=0, addenda=addenda)


def _signature(report: Report, actor: Actor, meaning: str, now: datetime, sha256: str) -> Signature:
    name = actor.display_name or actor.actor_id
    said = meaning.strip()[:200] or "authored and approved"
    signature = Signature(actor.actor_id, name, actor.role.value, said, now, sha256)
    return replace(signature, bound_sha256=signature_binding(report.study_key, signature))


def _status_for(actor: Actor, amends: bool) -> ReportStatus:
    acts = PERMITTED[actor.role]
    if Act.SIGN in acts:
        return ReportStatus.AMENDED if amends else ReportStatus.FINAL
    if Act.SIGN_PRELIMINARY in acts:
        return ReportStatus.PRELIMINARY
    raise NotPermitted(f"role {actor.role.value} may not sign")
