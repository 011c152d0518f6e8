"""Drafts, reports and signatures. Unsigned is never final (law 3): only `Signature` makes a version final."""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256

from wetread.domain.errors import PermanentError
from wetread.domain.finding import FindingName
from wetread.domain.identifiers import StudyKey
from wetread.domain.sentence_act import SentenceAct

__all__ = [
    "REPORTED",
    "Addendum",
    "Certainty",
    "Draft",
    "Evidence",
    "Report",
    "ReportContent",
    "ReportFinding",
    "ReportStatus",
    "Section",
    "Sentence",
    "Signature",
    "addendum_hash",
    "content_hash",
    "is_final",
    "signature_binding",
]


class Section(StrEnum):
    INDICATION = "indication"
    TECHNIQUE = "technique"
    COMPARISON = "comparison"
    FINDINGS = "findings"
    IMPRESSION = "impression"


class ReportStatus(StrEnum):
    """FHIR diagnostic-report-status: an unsigned draft is `partial`, never `preliminary` (which means verified)."""

    PARTIAL = "partial"
    PRELIMINARY = "preliminary"
    FINAL = "final"
    AMENDED = "amended"
    APPENDED = "appended"
    """A signed addendum was added; what was there is unchanged."""


REPORTED = frozenset({ReportStatus.FINAL, ReportStatus.AMENDED, ReportStatus.APPENDED})
"""Of versions that a radiologist signed and that may leave as the report."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a sentence rests on: a finding with its calibrated probability and operating point, a header fact, a prior or a piece of the record.

    `source` is "model", "header:<Keyword>", "archive", "quality:<code>", "measurement:<name>", "prior:<source_id>", "record:<source_id>" ("record:order" for what was ordered), "ai_unavailable" or
    "style" (a site's own sentence); "record" and "measurement" alone stand for pieces that were left out and cannot be named. `days_before` is set for a prior and for the record.
    """

    source: str
    finding: FindingName | None = None
    probability: float | None = None
    threshold: float | None = None
    days_before: int | None = None


class Certainty(StrEnum):
    """How sure a sentence says it is; UNSTATED for sentences that state no finding."""

    UNSTATED = ""
    QUESTIONABLE = "questionable"
    POSSIBLE = "possible"
    PROBABLE = "probable"
    CERTAIN = "certain"


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of a draft with its evidence; `hedge` says why it is worded as cautiously as it is.

    `guarded` names what the guard found wrong with a composer's sentence that this one of the grammar replaces; "" when nothing was replaced.
    """

    section: Section
    text: str
    evidence: tuple[Evidence, ...]
    hedge: str = ""
    certainty: Certainty = Certainty.UNSTATED
    guarded: str = ""


@dataclass(frozen=True, slots=True)
class ReportFinding:
    """A structured finding of a report: present or absent in the eyes of the author, with side."""

    name: FindingName
    present: bool
    laterality: str = ""
    probability: float | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """What the drafter proposes; `composer` names who wrote it (for example `grammar/1`)."""

    sentences: tuple[Sentence, ...]
    findings: tuple[ReportFinding, ...]
    composer: str
    notice: str


@dataclass(frozen=True, slots=True)
class ReportContent:
    """What a person edits: the text of each section in order, and the structured findings."""

    sections: tuple[tuple[Section, str], ...]
    findings: tuple[ReportFinding, ...]


def content_hash(content: ReportContent) -> str:
    """sha256 over canonical JSON of the content: what a signature binds (21 CFR 11.70)."""
    canonical = json.dumps(asdict(content), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return sha256(canonical.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Signature:
    """Who signed what, when and meaning what (21 CFR 11.50). Only a person's account can stand here. `bound_sha256` ties it to the study (`signature_binding`); "" in what was signed before there was one."""

    signer_id: str
    signer_name: str
    role: str
    meaning: str
    signed_at: datetime
    content_sha256: str
    bound_sha256: str = ""


def signature_binding(study_key: str, signature: Signature) -> str:
    """sha256 over canonical JSON of everything a signature says and of the study it was given for: copied to another study's report, it is another's (21 CFR 11.70), also where both say the same words."""
    said = {
        "study_key": study_key,
        "signer_id": signature.signer_id,
        "signer_name": signature.signer_name,
        "role": signature.role,
        "meaning": signature.meaning,
        "signed_at": signature.signed_at.astimezone(UTC).isoformat(),
        "content_sha256": signature.content_sha256,
    }
    return sha256(json.dumps(said, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Addendum:
    """A statement added to a report that was signed before. `appended_to` is the `content_hash` of the words it was added to; its signature binds both (`addendum_hash`)."""

    text: str
    appended_to: str
    signature: Signature


def addendum_hash(text: str, appended_to: str) -> str:
    """sha256 over canonical JSON of an addendum and of what it was added to."""
    canonical = json.dumps({"appended_to": appended_to, "text": text}, sort_keys=True, separators=(",", ":"))
    return sha256(canonical.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Report:
    """One version of a study's report. `etag` grows with every saved edit; a stale one is refused.

    `signature` is of `content`; each of the `addenda`, oldest first, carries its own. An appended version has the content and signature of the version before it, unchanged.
    `judged`: what people did with the draft's sentences, where they did something; no part of what is signed.
    """

    study_key: StudyKey
    version: int
    status: ReportStatus
    content: ReportContent
    author_id: str
    etag: int
    signature: Signature | None = None
    amendment_reason: str = ""
    addenda: tuple[Addendum, ...] = ()
    judged: tuple[SentenceAct, ...] = ()

    @property
    def signatures(self) -> tuple[Signature, ...]:
        """Of the content, then of each addendum; empty while the content is not signed."""
        return (self.signature, *(each.signature for each in self.addenda)) if self.signature else ()

    @property
    def signed_at(self) -> datetime | None:
        """When the last of its signatures was given."""
        return max((each.signed_at for each in self.signatures), default=None)


def is_final(report: Report) -> bool:
    """True for a version that a person signed as final, amended or appended (law 3).

    Raises PermanentError when a version calls itself final without a signature (code 'unsigned_final'), or when what was signed is not what it says now
    (code 'signature_mismatch'): neither may leave.
    """
    if report.status not in REPORTED:
        return False
    if report.signature is None:
        raise PermanentError("the report is marked final but nobody signed it: sign it again", code="unsigned_final")
    if report.signature.content_sha256 != content_hash(report.content):
        raise PermanentError("the report changed after it was signed: sign it again", code="signature_mismatch")
    if any(each.signature.content_sha256 != addendum_hash(each.text, each.appended_to) for each in report.addenda):
        raise PermanentError("an addendum changed after it was signed: add it again", code="signature_mismatch")
    for each in report.signatures:
        if each.bound_sha256 and each.bound_sha256 != signature_binding(report.study_key, each):
            raise PermanentError(
                "a signature here was given for another report: sign it anew", code="signature_mismatch"
            )
    return True
