"""Sections from the working database: what people did with drafts, blinded relabelling, studies and the log; and the annex of packages."""

from wetread.evidence.gather import DatabaseFacts
from wetread.evidence.pack import Section, Table, count_text, rate_text, share_text
from wetread.governance.evidence import AuditFacts, Facts
from wetread.governance.relabelling_result import NAIVE, RoundResult

__all__ = [
    "log_section",
    "oversight_section",
    "packages_section",
    "relabelling_section",
    "studies_section",
    "versions_section",
]

_NO_DATABASE = ("not available because no database was opened (--as)",)


def oversight_section(found: DatabaseFacts | None) -> Section:
    """Overrides with their interval, by reason and by week."""
    if found is None:
        return Section("What people did with drafts", missing=_NO_DATABASE)
    seen = found.audit.oversight
    rows = tuple(
        (name, share_text(count, seen.signed))
        for name, count in (
            ("draft rejected", seen.rejected),
            ("an edit saved", seen.edited),
            ("amended after signing", seen.amended),
        )
    )
    weeks = tuple(
        (week, count_text(signed), share_text(seen.rejected_by_week.get(week, 0), signed))
        for week, signed in seen.signed_by_week.items()
    )
    reasons = tuple((reason, count_text(count)) for reason, count in seen.reasons.items())
    tables = [Table(f"Of {count_text(seen.signed)} signed studies", ("act", "share"), rows)]
    tables += [Table("Rejected drafts by reason", ("reason", "times"), reasons)] if reasons else []
    tables += [Table("By week of signing", ("week", "signed", "draft rejected"), weeks)] if weeks else []
    return Section(
        "What people did with drafts",
        ("Counted by study, from the audit log. A saved edit is any change of the draft, also of a word.",),
        (),
        tuple(tables),
        ("time on task: not available because it is not measured",),
    )


def relabelling_section(found: DatabaseFacts | None) -> Section:
    """Each round: agreement, weighted accuracy, and the naive figure under its name."""
    heading = "Blinded relabelling"
    if found is None:
        return Section(heading, missing=_NO_DATABASE)
    if not found.results:
        return Section(heading, missing=("not available because no round was drawn (wetread relabel sample)",))
    tables = tuple(_round(each) for each in found.results)
    missing = tuple(
        f"{each.round_id}, {one.finding}: {why}"
        for each in found.results
        for one in each.findings
        for why in one.refused
    )
    return Section(
        heading,
        (
            "Radiologists who saw neither the AI nor the report; each study weighs 1 / its chance of being drawn. Kappa is that of a sample rich in disagreement.",
        ),
        (),
        tables,
        missing,
    )


def _round(result: RoundResult) -> Table:
    rows = tuple(
        (
            each.finding,
            "not available"
            if each.kappa is None
            else f"{each.kappa.value:.3f} ({each.kappa.low:.3f} to {each.kappa.high:.3f}), n {each.kappa.n}",
            rate_text(each.sensitivity),
            _naive(each.naive_sensitivity),
            rate_text(each.specificity),
            _naive(each.naive_specificity),
        )
        for each in result.findings
    )
    caption = f"Round {result.round_id}: {result.decided} of {result.drawn} drawn studies decided, of {result.population:,} signed ones"
    return Table(
        caption, ("finding", "readers' kappa", "sensitivity, weighted", NAIVE, "specificity, weighted", NAIVE), rows
    )


def _naive(value: float | None) -> str:
    return "not available" if value is None else f"{value:.3f}"


def studies_section(found: DatabaseFacts | None) -> Section:
    """How many studies are in which state (AI unavailable is a technical failure), and what is wrong with the service now."""
    heading = "Studies and failures"
    if found is None:
        return Section(heading, missing=_NO_DATABASE)
    total = sum(found.studies.values())
    failed = found.studies.get("ai_unavailable", 0)
    states = tuple((state, count_text(n)) for state, n in sorted(found.studies.items()))
    alarms = tuple(
        (
            each.kind.value,
            each.site or "all",
            f"{each.raised_at:%Y-%m-%d}",
            f"{each.seen:,}",
            each.acknowledged_by or "nobody",
        )
        for each in found.alarms
    )
    tables = [Table("Studies by their state now", ("state", "studies"), states)] if states else []
    heads = ("alarm", "site", "since", "times seen", "acknowledged by")
    tables += [Table("Alarms that are open now", heads, alarms)] if alarms else []
    words = (
        f"{total:,} studies in all; now without an AI read: {share_text(failed, total)}. Open alarms now: {len(alarms)}.",
    )
    return Section(heading, words, (), tuple(tables))


def versions_section(found: DatabaseFacts | None) -> Section:
    """Which version is how far at which site, and what its gates said last."""
    heading = "Model versions and their gates"
    if found is None:
        return Section(heading, missing=_NO_DATABASE)
    rows = tuple(
        (
            rollout.model_key,
            rollout.site,
            f"{rollout.state.value}, {rollout.percent} %",
            f"{rollout.since:%Y-%m-%d}",
            "not looked at yet"
            if last is None
            else f"{last.verdict.value} at look {last.look}, {last.decided_at:%Y-%m-%d}, n {last.studies:,}",
            rollout.held or (last.reason if last else "") or "nothing",
        )
        for rollout, last in found.rollouts
    )
    heads = ("version", "site", "state", "since", "newest decision", "held, or why")
    words = (f"Registered model versions: {', '.join(found.registered) or 'none'}.",)
    missing = () if rows else ("rollouts: not available because none was begun; the installed bundle reads",)
    return Section(heading, words, (), (Table("Rollouts", heads, rows),) if rows else (), missing)


def log_section(audit: AuditFacts | None) -> Section:
    """What the log of the period holds, by act."""
    if audit is None:
        return Section("The audit log", missing=_NO_DATABASE)
    held = "holds" if audit.broken is None else f"is BROKEN at record {audit.broken.sequence}: {audit.broken.problem}"
    words = [
        f"{audit.records:,} records; the chain was checked from its beginning and {held}. Last hash {audit.last_hash or 'none'}: compare it with a copy kept elsewhere."
    ]
    if audit.since is not None:
        words.append(f"Acts below are counted from {audit.since:%Y-%m-%d} on.")
    rows = tuple((name, f"{n:,}") for name, n in audit.actions.items())
    return Section("The audit log", tuple(words), (), (Table("Acts", ("act", "records"), rows),) if rows else ())


def packages_section(facts: Facts) -> Section:
    """Annex: software of unknown provenance."""
    said = "; ".join(f"{name} {version}" for name, version in facts.packages)
    return Section(f"Annex: {len(facts.packages)} installed packages", (said,))
