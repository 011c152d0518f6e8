"""The change control plan laid out: each foreseen change, its protocol, its impact, and its criteria beside what was measured."""

from collections.abc import Mapping

from wetread.domain.analysis import Rate
from wetread.evidence.pack import Section, Table, rate_text
from wetread.governance.change_plan import ChangePlan, Modification, Outcome, judge
from wetread.scorecard.assess import Assessment

__all__ = ["measured_rates", "plan_sections"]


def measured_rates(found: Assessment) -> dict[tuple[str, str], Rate]:
    """By finding and metric what may be said of a model's predictions."""
    rates: dict[tuple[str, str], Rate] = {}
    for each in found.report.findings:
        if each.auroc is not None:
            rates[each.finding, "auroc"] = Rate(each.auroc.value, each.auroc.low, each.auroc.high, each.n)
        if each.point is not None:
            rates[each.finding, "sensitivity"] = each.point.sensitivity
            rates[each.finding, "specificity"] = each.point.specificity
    return rates


def plan_sections(plan: ChangePlan, measured: Mapping[tuple[str, str], Rate] | None) -> tuple[Section, ...]:
    """A section per modification, led by a summary of the criteria."""
    return (_summary(plan, measured), *(_modification(each, measured) for each in plan.modifications))


def _summary(plan: ChangePlan, measured: Mapping[tuple[str, str], Rate] | None) -> Section:
    rows = []
    for each in plan.modifications:
        found = [judge(one, measured or {}).outcome for one in each.acceptance]
        counts = ", ".join(f"{found.count(outcome)} {outcome.value}" for outcome in Outcome if outcome in found)
        rows.append((each.modification_id, counts or "no criterion stated", ", ".join(each.missing) or "nothing"))
    words = (
        "A criterion is met when the lower end of the 95 % interval reaches it. What is not measured is not met.",
        "A modification is bound to its plan by its id; that an authority has authorised the plan is not recorded here.",
    )
    table = Table(
        "Foreseen modifications", ("modification", "criteria", "parts that the plan does not say"), tuple(rows)
    )
    missing = (
        ()
        if measured is not None
        else ("measurements: not available because no predictions were given (--predictions)",)
    )
    return Section("Where the plan stands", words, (), (table,), missing)


def _modification(stated: Modification, measured: Mapping[tuple[str, str], Rate] | None) -> Section:
    parts = (
        *stated.protocol,
        ("benefits", stated.benefits),
        ("risks", stated.risks),
        ("mitigations", stated.mitigations),
    )
    told = tuple((name.replace("_", " "), text) for name, text in parts if text)
    judged = [judge(each, measured or {}) for each in stated.acceptance]
    criteria = tuple(
        (
            f"{each.criterion.finding}, {each.criterion.metric}",
            f"at least {each.criterion.at_least:g}",
            rate_text(each.measured),
            each.outcome.value,
        )
        for each in judged
    )
    tables = [Table("Protocol and impact", ("part", "as planned"), told)] if told else []
    tables += [Table("Acceptance", ("criterion", "limit", "measured", "outcome"), criteria)] if criteria else []
    missing = tuple(f"{each.replace('_', ' ')}: not available because the plan does not say" for each in stated.missing)
    return Section(
        f"Modification {stated.modification_id}",
        (stated.description,) if stated.description else (),
        (),
        tuple(tables),
        missing,
    )
