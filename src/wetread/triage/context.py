"""What a policy may ask about a study beside its findings: the patient class and what signed priors say. Gathered here, without identity, from vault and database.

Identity stays in the vault (law 4): out come a class from a closed list, a number of days, and study keys.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from wetread.domain.errors import StudyNotFound, TransientError
from wetread.domain.finding import FindingName, concept
from wetread.domain.identifiers import StudyKey
from wetread.domain.prior import days_before, standing_report
from wetread.domain.priority import Priority
from wetread.domain.read_request import asked_priority
from wetread.domain.report import Report
from wetread.domain.study import Study
from wetread.ports.database import UnitOfWork
from wetread.ports.order_store import OrdersOf, no_orders
from wetread.ports.priors import dated_priors
from wetread.ports.vault import Vault
from wetread.triage.policy import TriagePolicy

__all__ = ["KnownFinding", "TriageContext", "VaultFacts", "ask_vault", "context_of", "known_findings"]


@dataclass(frozen=True, slots=True)
class KnownFinding:
    """A finding that the newest signed prior, `days_before`, states as present on `laterality` ("" not said)."""

    name: FindingName
    laterality: str
    days_before: int


@dataclass(frozen=True, slots=True)
class TriageContext:
    """`patient_class` is emergency, inpatient, outpatient or "" (unknown); `gap` says what could not be looked up; `ordered` is how urgently the film was asked for."""

    patient_class: str = ""
    known: tuple[KnownFinding, ...] = ()
    gap: str = ""
    ordered: Priority = Priority.ROUTINE

    def known_as(self, name: FindingName, laterality: str) -> KnownFinding | None:
        """The prior's statement that covers this finding: on the same side where the finding has one. A side that is not said covers nothing."""
        for each in self.known:
            if each.name == name and (not concept(name).lateralised or _covers(each.laterality, laterality)):
                return each
        return None


def _covers(prior: str, now: str) -> bool:
    return bool(now) and prior in (now, "bilateral")


@dataclass(frozen=True, slots=True)
class VaultFacts:
    """What only the vault can tell: the class, and the priors that are recent enough with their age in days (None: no date), newest first."""

    patient_class: str = ""
    priors: tuple[tuple[StudyKey, int | None], ...] = ()
    gap: str = ""
    ordered: Priority = Priority.ROUTINE


def ask_vault(
    study_key: StudyKey, vault: Vault, policy: TriagePolicy, orders: OrdersOf = no_orders, *, last_try: bool
) -> VaultFacts:
    """Before the unit of work begins, so that no lock waits for the vault.

    A vault that is away is a TransientError; on the `last_try` the study goes on without it and says so: no critical finding waits for the vault, and a finding that
    cannot be known is paged.
    """
    try:
        ordered = max(
            (each.priority for each in orders(study_key)), key=lambda each: each.rank, default=Priority.ROUTINE
        )
        of_class = _patient_class(study_key, vault, policy.patient_classes)
        return VaultFacts(of_class, _priors(study_key, vault, policy), ordered=ordered)
    except StudyNotFound:
        return VaultFacts(gap="patient class and priors are unknown: the vault has lost this study")
    except TransientError:
        if not last_try:
            raise
        return VaultFacts(gap="patient class and priors are unknown: the vault is away")


def context_of(study: Study, facts: VaultFacts, unit: UnitOfWork, policy: TriagePolicy) -> TriageContext:
    """The context, with how urgently the read was ordered or asked for, and what the newest signed prior says; an older one that it contradicts does not count."""
    asked = asked_priority(unit.requests_of((study.study_key,)).get(study.study_key, ()))
    ordered = max(facts.ordered, asked, key=lambda each: each.rank)
    for prior_key, dated in facts.priors:
        prior = unit.find_study(prior_key)
        days = days_before(study, prior, dated) if prior else None
        report = standing_report(unit.reports(prior_key)) if _is_recent(days, policy) else None
        if report and days is not None:
            return TriageContext(facts.patient_class, known_findings(report, days), facts.gap, ordered)
    return TriageContext(facts.patient_class, (), facts.gap, ordered)


def known_findings(report: Report, days_before: int) -> tuple[KnownFinding, ...]:
    """What a signed report states as present."""
    return tuple(KnownFinding(f.name, f.laterality, days_before) for f in report.content.findings if f.present)


def _patient_class(study_key: StudyKey, vault: Vault, classes: Mapping[str, str]) -> str:
    departments = (
        (each.header.institutional_department_name for each in vault.unnamed.instances(study_key)) if classes else ()
    )
    return next((classes[name.strip().lower()] for name in departments if name.strip().lower() in classes), "")


def _priors(study_key: StudyKey, vault: Vault, policy: TriagePolicy) -> tuple[tuple[StudyKey, int | None], ...]:
    if policy.known_findings is None:
        return ()
    oldest = policy.known_findings.within_days
    return tuple((key, days) for key, days in dated_priors(study_key, vault) if days is None or 0 <= days <= oldest)


def _is_recent(days: int | None, policy: TriagePolicy) -> bool:
    return days is not None and policy.known_findings is not None and days <= policy.known_findings.within_days
