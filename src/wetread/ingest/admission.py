"""Decides what an arriving instance does to its study: admit, reject with a reason, read again, or only tell a person (the state table is `domain.study_state`)."""

from dataclasses import dataclass, replace
from datetime import datetime

from wetread.domain.study import InstanceHeader, Study, StudyTraits
from wetread.domain.study_state import READABLE, StudyEvent, StudyState, next_state
from wetread.ingest.suitability import Suitability, Verdict

__all__ = ["MAXIMUM_AGE_YEARS", "Settlement", "is_collecting", "new_study_traits", "settle"]

MAXIMUM_AGE_YEARS = 90
"""HIPAA safe harbour, 45 CFR 164.514(b)(2)(i)(C): older ages are one class."""


@dataclass(frozen=True, slots=True)
class Settlement:
    """The study afterwards, what the audit says of it as (action, outcome), and whether a read of this revision must be asked for. `late`: an image of a reported study, for a person to look at."""

    study: Study
    acts: tuple[tuple[str, str], ...]
    analyse: bool
    late: bool = False


def settle(study: Study, suitability: Suitability, *, collecting: bool, to_compare: bool = False) -> Settlement:
    """`suitability` is the new instance's, `collecting` is `is_collecting` before it came; `to_compare`: it was fetched as an earlier film. Every change goes through the state table."""
    if study.state is StudyState.RECEIVED:
        if to_compare:
            return Settlement(_after(study, StudyEvent.FETCH), (("study.fetch", "success"),), analyse=False)
        return _first(study, suitability)
    if study.state is StudyState.FETCHED:
        # a copy that somebody sends to be read is a study like any other
        return (
            Settlement(study, (), analyse=False) if to_compare else _first(_after(study, StudyEvent.RENEW), suitability)
        )
    if study.state is StudyState.REJECTED:
        again = suitability.readable
        return _first(_after(study, StudyEvent.RENEW), suitability) if again else Settlement(study, (), analyse=False)
    if study.state not in READABLE:
        if suitability.verdict is Verdict.NOT_AN_IMAGE:
            return Settlement(_after(study, StudyEvent.RENEW), (("study.late_instance", "reported"),), analyse=False)
        return Settlement(
            _after(study, StudyEvent.LATE_IMAGE), (("study.late_instance", "new_images"),), False, late=True
        )
    if study.state is StudyState.ADMITTED and collecting:
        return Settlement(study, (), analyse=True)
    # The read of the old revision may have been claimed already, so a new revision gets a job of its own.
    renewed = replace(_after(study, StudyEvent.RENEW), revision=study.revision + 1, reason="")
    return Settlement(renewed, (("study.late_instance", "read_again"),), analyse=True)


def is_collecting(last_arrival: datetime | None, now: datetime, quiet_period_s: float) -> bool:
    """True while a study's read cannot have been claimed: its job waits for the quiet period after the last of its instances came."""
    return last_arrival is not None and (now - last_arrival).total_seconds() < quiet_period_s


def new_study_traits(header: InstanceHeader, site: str) -> StudyTraits:
    """The de-identified facts of a study, from its first instance."""
    age = header.patient_age_years
    capped = None if age is None else min(age, MAXIMUM_AGE_YEARS)
    return StudyTraits(patient_age_years=capped, patient_sex=header.identity.patient_sex, site=site)


def _first(study: Study, suitability: Suitability) -> Settlement:
    if suitability.readable:
        admitted = replace(_after(study, StudyEvent.ADMIT), reason="")
        return Settlement(admitted, (("study.admit", "success"),), analyse=True)
    rejected = replace(_after(study, StudyEvent.REJECT), reason=suitability.advice)
    return Settlement(rejected, (("study.reject", suitability.code),), analyse=False)


def _after(study: Study, event: StudyEvent) -> Study:
    return replace(study, state=next_state(study.state, event))
