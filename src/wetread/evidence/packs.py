"""The five packs: which sections each has, in the order in which the people who read it ask."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wetread.evidence.framework_sections import framework_section, risk_section
from wetread.evidence.gather import DatabaseFacts, model_facts
from wetread.evidence.in_use import (
    log_section,
    oversight_section,
    packages_section,
    relabelling_section,
    studies_section,
    versions_section,
)
from wetread.evidence.incident_form import StudyRecord, incident_sections
from wetread.evidence.measured import findings_section, hold_out_section, served_worse, subgroup_sections
from wetread.evidence.model_sections import model_sections
from wetread.evidence.pack import Input, Pack, Section, Table, share_text
from wetread.evidence.plan_sections import measured_rates, plan_sections
from wetread.governance.change_plan import ChangePlan
from wetread.governance.evidence import Facts
from wetread.governance.evidence_checklist import checklist
from wetread.governance.incident import Incident
from wetread.inference.bundle import ModelBundle
from wetread.scorecard.assess import Assessment

__all__ = ["Material", "bias_review", "incident_pack", "model_facts_pack", "plan_pack", "quarterly"]


@dataclass(frozen=True, slots=True)
class Material:
    """What a pack is made from; None where it was not given."""

    facts: Facts
    inputs: tuple[Input, ...]
    made_on: str
    made_by: str
    bundle: ModelBundle
    document: Mapping[str, Any]
    measured: Assessment | None = None
    database: DatabaseFacts | None = None

    def pack(self, kind: str, title: str, subject: str, *sections: Section) -> Pack:
        return Pack(kind, title, subject, self.made_on, self.made_by, self.inputs, sections, checklist(self.facts))


_NO_PREDICTIONS = (
    "not available because no predictions were given (--predictions, or --as for those of this installation)",
)


def bias_review(material: Material) -> Pack:
    """Who is served worse, then every finding by every axis."""
    sections: tuple[Section, ...] = (Section("Who is served worse", missing=_NO_PREDICTIONS),)
    if material.measured is not None:
        sections = (*subgroup_sections(material.measured), findings_section(material.measured))
    return material.pack(
        "Bias review",
        "Does it work for everybody?",
        _subject(material),
        *sections,
        relabelling_section(material.database),
    )


def quarterly(material: Material, since: str) -> Pack:
    """Performance, change, people, failures, data, log, software."""
    measured = (
        (findings_section(material.measured), hold_out_section(material.measured, since))
        if material.measured is not None
        else (Section("Performance by finding", missing=_NO_PREDICTIONS),)
    )
    return material.pack(
        "Quarterly review",
        f"Review of the period from {since} on",
        _subject(material),
        _glance(material),
        *measured,
        *(subgroup_sections(material.measured)[:1] if material.measured is not None else ()),
        oversight_section(material.database),
        relabelling_section(material.database),
        versions_section(material.database),
        studies_section(material.database),
        log_section(material.facts.audit),
        packages_section(material.facts),
        risk_section(),
        framework_section(material.facts),
    )


def incident_pack(material: Material, incident: Incident, study: StudyRecord | None) -> Pack:
    """One incident."""
    return material.pack(
        "Incident",
        f"Incident report {incident.report_number}",
        f"{incident.event_type.value}, {incident.date_of_event}, {incident.device_problem}",
        *incident_sections(incident, study),
        log_section(material.facts.audit),
    )


def model_facts_pack(material: Material) -> Pack:
    """One bundle."""
    facts = model_facts(material.bundle, material.document)
    sections = model_sections(facts, material.bundle, material.document)
    return material.pack("Model facts", f"{facts.name} {facts.version}", "From the bundle's own statements.", *sections)


def plan_pack(material: Material, plan: ChangePlan) -> Pack:
    """One change control plan."""
    rates = measured_rates(material.measured) if material.measured is not None else None
    subject = f"{plan.device or 'device not stated'}; {len(plan.modifications)} foreseen modifications"
    return material.pack(
        "Predetermined change control plan", f"Plan {plan.plan_id}", subject, *plan_sections(plan, rates)
    )


def _glance(material: Material) -> Section:
    """What a reader must not miss, in a line each."""
    rows = []
    if material.measured is not None:
        report, worse = material.measured.report, served_worse(material.measured)
        rows.append(("findings measured", f"{len(report.findings)} of {len(report.findings) + len(report.absent)}"))
        rows.append(
            (
                "groups served worse",
                "; ".join(f"{each[3]} ({each[0]}, {each[2]} by {each[1]})" for each in worse) or "none beyond chance",
            )
        )
    if material.database is not None:
        audit, seen = material.database.audit, material.database.audit.oversight
        rows.append(("audit chain", "holds" if audit.broken is None else f"BROKEN at record {audit.broken.sequence}"))
        rows.append(("drafts rejected", share_text(seen.rejected, seen.signed)))
        rows.append(("open alarms now", f"{len(material.database.alarms)}"))
        rows.append(("relabelled studies decided", f"{sum(each.decided for each in material.database.rounds):,}"))
    states = Counter(each.state.value for each in checklist(material.facts))
    rows.append(("checklist", ", ".join(f"{n} {state}" for state, n in states.most_common())))
    return Section("At a glance", (), (), (Table("The period in short", ("fact", "value"), tuple(rows)),))


def _subject(material: Material) -> str:
    if material.measured is None:
        return f"{material.bundle.identity.name} {material.bundle.identity.version}"
    data = material.measured.report.data
    return f"{data.model or 'model not named in the predictions'}; {data.rows:,} rows of {data.file}"
