"""Header, priors and record of one study as what may go to a composer: texts scrubbed, days counted on the patient's own axis, sources named by keyed hashes.

A date inside a text becomes its distance to the day that the text itself is of, not to the study: what is stored must mean the same for the next study. Source ids
are made anew for each draft, so that two drafts of one patient share none.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from wetread.context.deidentify import PLACEHOLDER, KnownIdentity, scrub
from wetread.context.indexing import RecordText
from wetread.context.priors import SignedPrior, prior_text
from wetread.domain.drafting_context import RecordKind, Snippet
from wetread.domain.finding import Code
from wetread.domain.identifiers import PatientKey, StudyKey, patient_day, patient_key, source_id
from wetread.domain.order import Order, Person
from wetread.domain.prior import dicom_day
from wetread.domain.record import RecordEntry
from wetread.domain.study import Indication, InstanceHeader, PatientIdentity

__all__ = [
    "SourceText",
    "Subject",
    "day_of",
    "for_this_draft",
    "indication_of",
    "prior_texts",
    "raw_indication",
    "record_texts",
    "subject_of",
]

_SCHEMES = frozenset({"SCT", "SRT", "LN", "I10", "I10C", "I9C", "RADLEX", "DCM"})
"""Of these a value names a concept; of any other it may name a person."""
_CODE_VALUE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,15}", re.ASCII)
_MOST_CODES = 10
_WORD = re.compile(r"[^\W\d_]{2,}")


@dataclass(frozen=True, slots=True)
class Subject:
    """Who and when a study is of, as far as scrubbing and counting need it: it identifies, and stays inside one gathering.

    `day` is the study's date, or the day it arrived where the header has none; `key` is None for a patient without a number.
    """

    key: PatientKey | None
    known: KnownIdentity
    day: date

    def scrubbed(self, text: str, day: date | None) -> str:
        """Without identity; dates in it are counted from `day`."""
        return scrub(text, self.known, day).text


def subject_of(
    headers: Sequence[InstanceHeader],
    arrived: date,
    secret: bytes,
    current: PatientIdentity | None = None,
    ordered: Iterable[Person] = (),
) -> Subject:
    """From the headers of one study's instances, who it stands under now, and whom its orders name; what any of them says of the person is known."""
    people = [each for each in (current, *(header.identity for header in headers)) if each]
    names = {name for each in people for name in (each.patient_name, each.referring_physician_name) if name}
    ids = {name for each in people for name in (each.patient_id, each.accession_number, each.study_id) if name}
    born = next((day for each in people if (day := dicom_day(each.patient_birth_date))), None)
    taken = next((day for each in people if (day := dicom_day(each.study_date))), arrived)
    number = next(((each.patient_id, each.issuer_of_patient_id) for each in people if each.patient_id.strip()), None)
    for each in ordered:
        names |= {each.name} - {""}
        ids |= {each.number.patient_id} - {""}
    known = KnownIdentity(tuple(sorted(names)), tuple(sorted(ids)), born)
    return Subject(patient_key(secret, *number) if number else None, known, taken)


def indication_of(said: Indication, subject: Subject) -> Indication:
    """Scrubbed text, and codes of terminologies that everybody can look up."""
    codes = (_public(code, subject) for code in said.codes[:_MOST_CODES])
    return Indication(_worth_saying(subject.scrubbed(said.text, subject.day)), tuple(filter(None, codes)))


def raw_indication(headers: Sequence[InstanceHeader], orders: Sequence[Order] = ()) -> Indication:
    """Of the first order that has one, else of the first instance: as it came."""
    said = (*(each.indication for each in orders), *(each.indication for each in headers))
    return next((each for each in said if each != Indication()), Indication())


def _public(code: Code, subject: Subject) -> Code | None:
    if code.scheme not in _SCHEMES or not _CODE_VALUE.fullmatch(code.value):
        return None
    return replace(code, meaning=_worth_saying(subject.scrubbed(code.meaning, subject.day)) or code.value)


@dataclass(frozen=True, slots=True)
class SourceText:
    """A text of the record that may be stored, and the injection scanner's score of what it was before it was scrubbed: scrubbing can take the telling word."""

    scrubbed: RecordText
    suspicion: float


def record_texts(
    entries: Iterable[RecordEntry], subject: Subject, secret: bytes, suspicion: Callable[[str], float]
) -> Iterator[SourceText]:
    """One for each entry that says anything once it is scrubbed, each scrubbed as it is reached."""
    found = ((each.source_id, each.kind, day_of(each), each.text) for each in entries)
    return _source_texts(found, subject, secret, suspicion)


def day_of(entry: RecordEntry) -> date | None:
    """The last day it can have happened on: an end where there is one, else the beginning."""
    span = entry.ended or entry.began
    return (span.last or span.first) if span else None


def prior_texts(
    priors: Iterable[SignedPrior], subject: Subject, secret: bytes, suspicion: Callable[[str], float]
) -> Iterator[SourceText]:
    """The words of signed priors, as pieces of the record."""
    found = (
        (
            source_id(secret, "report", each.study_key),
            RecordKind.DIAGNOSTIC_REPORT,
            subject.day - timedelta(days=each.days_before),
            prior_text(each),
        )
        for each in priors
    )
    return _source_texts(found, subject, secret, suspicion)


def _source_texts(
    found: Iterable[tuple[str, RecordKind, date | None, str]],
    subject: Subject,
    secret: bytes,
    suspicion: Callable[[str], float],
) -> Iterator[SourceText]:
    for named, kind, day, raw in found:
        text = _worth_saying(subject.scrubbed(raw, day))
        if text and subject.key is not None:
            axis_day = patient_day(secret, subject.key, day) if day else None
            yield SourceText(RecordText(named, kind, axis_day, text), suspicion(raw))


def _worth_saying(text: str) -> str:
    """ "" for a text that has no word left beside what stands for what was taken out."""
    return text.strip() if _WORD.search(PLACEHOLDER.sub(" ", text)) else ""


def for_this_draft(
    snippets: Iterable[Snippet], suspicions: Mapping[str, float], study_key: StudyKey, secret: bytes
) -> tuple[Snippet, ...]:
    """The same with source ids of this draft alone, each as suspicious as the whole text that it is from."""
    return tuple(
        replace(
            each,
            source_id=quoted_as(each.source_id, study_key, secret),
            suspicion=max(each.suspicion, suspicions.get(each.source_id, 0.0)),
        )
        for each in snippets
    )


def quoted_as(stored_id: str, study_key: StudyKey, secret: bytes) -> str:
    """What a draft of this study calls a stored source: no other draft calls it that."""
    return source_id(secret, "draft", study_key, stored_id)
