"""What a site's reports said in the weeks before a rollout, read as the gates will read what comes after its start: the source of what may be expected."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from wetread.domain.finding import FindingName
from wetread.domain.study import Study
from wetread.governance.cases import Case, first_of_each_patient
from wetread.governance.expected import MOST_DAYS, History
from wetread.governance.gather import truths
from wetread.monitoring.prediction_log import newest_final, opaque_patient
from wetread.monitoring.study_pages import study_pages
from wetread.ports.database import Database, UnitOfWork
from wetread.ports.labeller import Labeller
from wetread.ports.vault import Vault

__all__ = ["recorded"]

_JUST_BEFORE = 200
_Said = tuple[datetime, dict[FindingName, bool | None]]


def recorded(
    database: Database,
    vault: Vault,
    labeller: Labeller,
    site: str,
    findings: Sequence[FindingName],
    now: datetime,
    days: int,
    seen: Callable[[int], None] = lambda _: None,
) -> History:
    """The last `days` before `now`, at most 90: studies of the site that arrived and were signed in them and that a model read. `seen` hears how many studies were looked at so far.

    Reads page by page, each in its own transaction; every study of the time, whatever its site, is passed once.
    """
    since = now - timedelta(days=min(days, MOST_DAYS))
    cases: list[Case] = []
    patients: set[str] = set()
    signed = looked_at = 0
    last: Study | None = None
    first = now

    def said_of(unit: UnitOfWork, study: Study) -> _Said | None:
        return _signed(unit, study, labeller, findings, now) if study.traits.site == site else None

    for page in study_pages(database, since, said_of):
        last, looked_at = page[-1][0], looked_at + len(page)
        for study, said in page:
            if study.traits.site == site:
                first = min(first, study.received_at)
            if said is None:
                continue
            signed_at, truth = said
            patient = opaque_patient(vault, study.study_key)
            signed += 1
            patients.add(patient)
            cases += [
                Case(study.study_key, patient, study.received_at, name, 0.0, False, is_there, signed_at)
                for name, is_there in truth.items()
                if is_there is False
            ]
        seen(looked_at)
    began = since if _read_before(database, site, since, last) else first
    known = {
        name: [
            each.known_at
            for each in first_of_each_patient(case for case in cases if case.finding is name)
            if each.known_at
        ]
        for name in findings
    }
    return History(began, now, signed, len(patients), known)


def _signed(
    unit: UnitOfWork, study: Study, labeller: Labeller, findings: Sequence[FindingName], now: datetime
) -> _Said | None:
    report = newest_final(unit.reports(study.study_key))
    if report is None or report.signature is None or report.signature.signed_at > now:
        return None
    if unit.analysis(study.study_key) is None:
        return None
    return report.signature.signed_at, truths(report, labeller, findings)


def _read_before(database: Database, site: str, since: datetime, last: Study | None) -> bool:
    """Whether the site was at work before the time looked at: by the studies that arrived just before it."""
    with database.begin(write=False) as unit:
        page = unit.studies(older_than=last, limit=_JUST_BEFORE)
    return any(each.traits.site == site and each.received_at < since for each in page)
