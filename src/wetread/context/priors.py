"""Earlier studies of the same patient as a composer may know them: what a person signed, and how many days before. What nobody signed, or what changed since, is no prior here."""

from collections.abc import Callable
from dataclasses import dataclass

from wetread.domain.archive_feed import PriorOutcome, PriorSearch
from wetread.domain.drafting_context import PriorFinding, PriorStudy
from wetread.domain.identifiers import StudyKey
from wetread.domain.prior import days_before, standing_report
from wetread.domain.report import Report, Section
from wetread.domain.study import Study
from wetread.ports.database import UnitOfWork

__all__ = ["SignedPrior", "fetch_problems", "prior_study", "prior_text", "signed_priors"]

_UNSURE = {
    PriorOutcome.AMBIGUOUS: "archive {}: it cannot be told whose earlier films it has, and none was fetched",
    PriorOutcome.AWAY: "archive {}: it does not answer, and earlier films there are unknown",
    PriorOutcome.PARTLY: "archive {}: not all earlier films came",
}
_TOLD = (Section.FINDINGS, Section.IMPRESSION)


@dataclass(frozen=True, slots=True)
class SignedPrior:
    """A prior with the version of its report that stands."""

    study_key: StudyKey
    days_before: int
    report: Report


def signed_priors(
    study: Study, dated: tuple[tuple[StudyKey, int | None], ...], unit: UnitOfWork, *, most: int, within_days: int
) -> tuple[SignedPrior, ...]:
    """Newest first, at most `most`, none older than `within_days`; `dated` as `ports.priors` gives it."""
    found = []
    for key, days_apart in dated:
        prior = unit.find_study(key)
        days = days_before(study, prior, days_apart) if prior else None
        report = standing_report(unit.reports(key)) if days is not None and days <= within_days else None
        if report and days is not None:
            found.append(SignedPrior(key, days, report))
    return tuple(sorted(found, key=lambda each: each.days_before)[:most])


def prior_study(prior: SignedPrior, named: Callable[[StudyKey], str]) -> PriorStudy:
    """With the source id that `named` gives it."""
    said = tuple(PriorFinding(each.name, each.present, each.laterality) for each in prior.report.content.findings)
    return PriorStudy(named(prior.study_key), prior.days_before, said)


def prior_text(prior: SignedPrior) -> str:
    """Findings, impression and addenda as they were signed: free text that may name anybody."""
    told = (text for section, text in prior.report.content.sections if section in _TOLD and text.strip())
    return "\n\n".join((*told, *(each.text for each in prior.report.addenda)))


def fetch_problems(search: PriorSearch | None) -> tuple[str, ...]:
    """What of the earlier films in other archives could not be had."""
    asked = search.fetches if search else ()
    return tuple(_UNSURE[each.outcome].format(each.archive) for each in asked if each.outcome in _UNSURE)
