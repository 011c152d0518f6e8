"""What rules ask of a medical AI in use, item by item, each with what we can show for it or why we cannot. Not legal advice.

The items are wetread's own list (docs/evidence.md), G1 to G20, drawn from the EU AI Act, MDR, FDA guidance, ISO 14971, IEC 62304, NIST AI RMF, the reporting guidelines and GDPR. An item is HELD only when the data at hand show it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from wetread.evaluation.slices import MIN_CASES
from wetread.governance.ai_rmf import SUBCATEGORIES, Subcategory
from wetread.governance.evidence import Facts
from wetread.governance.risk_register import REGISTER

__all__ = ["ChecklistItem", "State", "checklist", "mapped"]


class State(StrEnum):
    HELD = "shown here"
    PARTLY = "in part"
    ABSENT = "not available"


@dataclass(frozen=True, slots=True)
class ChecklistItem:
    """`number` as in docs/evidence.md; `shown` says what there is, with its counts, or "not available because ..."."""

    number: str
    source: str
    asked: str
    state: State
    shown: str


_Answer = tuple[State, str]
_NO_DATABASE = "no database was opened (--as)"


def checklist(facts: Facts) -> tuple[ChecklistItem, ...]:
    """All items, in order."""
    return tuple(ChecklistItem(number, source, asked, *answer(facts)) for number, source, asked, answer in _ITEMS)


def mapped(facts: Facts) -> tuple[tuple[Subcategory, State], ...]:
    """Subcategories of the NIST AI RMF: shown where every item that answers them is, absent where none is, else in part."""
    states = {number: answer(facts)[0] for number, _, _, answer in _ITEMS if answer is not _mapping}
    found = []
    for each in SUBCATEGORIES:
        said = {states[number] for number in each.items}
        found.append((each, said.pop() if len(said) == 1 else State.PARTLY))
    return tuple(found)


def _absent(why: str) -> _Answer:
    return State.ABSENT, f"not available because {why}"


def _logs(facts: Facts) -> _Answer:
    audit = facts.audit
    if audit is None:
        return _absent(_NO_DATABASE)
    if audit.broken is not None:
        return (
            State.PARTLY,
            f"{audit.records:,} records, but the chain is BROKEN at record {audit.broken.sequence}: {audit.broken.problem}",
        )
    if audit.first_at is None or audit.last_at is None:
        return _absent("the audit log is empty")
    return (
        State.HELD,
        f"{audit.records:,} records from {audit.first_at:%Y-%m-%d} to {audit.last_at:%Y-%m-%d}; the whole chain was checked and holds, last hash {audit.last_hash[:16]}…",
    )


def _retention(facts: Facts) -> _Answer:
    audit = facts.audit
    if audit is None or audit.first_at is None or audit.last_at is None:
        return _absent(_NO_DATABASE if audit is None else "the audit log is empty")
    days = (audit.last_at - audit.first_at).days
    return (
        State.PARTLY,
        f"the log goes back {days} days; the database refuses to change or delete its records. A retention policy and a legal hold are not recorded here",
    )


def _instructions(facts: Facts) -> _Answer:
    model = facts.model
    if model is None:
        return _absent("no model bundle was given")
    return State.PARTLY, (
        f"{model.name} {model.version} states its intended use and what it is not for; {model.stated} of {model.findings} findings have an AUROC and {model.points} an operating point with n and interval. "
        "Instructions for reading the log are in the docs, not in the bundle"
    )


def _oversight(facts: Facts) -> _Answer:
    if facts.audit is None:
        return _absent(_NO_DATABASE)
    seen = facts.audit.oversight
    if seen.signed < MIN_CASES:
        return (
            State.PARTLY,
            f"fewer than {MIN_CASES} studies were signed in the period: no rate is shown; only a person's account can sign",
        )
    return State.HELD, (
        f"of {seen.signed:,} signed studies {_count(seen.rejected)} had their draft rejected, {_count(seen.edited)} a saved edit and {_count(seen.amended)} an amendment; only a person's account can sign"
    )


def _accuracy(facts: Facts) -> _Answer:
    if facts.predictions is None and facts.model is None:
        return _absent("neither predictions nor a model bundle were given")
    said = []
    if facts.predictions is not None:
        said.append(f"{facts.predictions.measured} findings measured on {facts.predictions.rows:,} rows")
    if facts.model is not None:
        said.append(f"bundle: {facts.model.signature}")
    return State.PARTLY, "; ".join(said) + ". Drift and input-robustness results are not in this pack"


def _monitoring_plan(facts: Facts) -> _Answer:
    if facts.plan is None:
        return _absent("no monitoring plan was given (--monitoring-plan)")
    return State.PARTLY, f"plan {facts.plan[0]}, sha256 {facts.plan[1][:16]}…; its content is not judged here"


def _incidents(facts: Facts) -> _Answer:
    if facts.audit is None:
        return _absent(_NO_DATABASE)
    made, read = (facts.audit.actions.get(name, 0) for name in ("evidence.incident", "evidence.import"))
    return (
        State.PARTLY,
        f"{made} incident forms made and {read} lists of outside incidents read in the period; whether an event is reportable is for a person to judge",
    )


def _timing(facts: Facts) -> _Answer:
    return State.PARTLY, "the table of dates by jurisdiction stands in docs/evidence.md, with the day it was read"


def _change_plan(facts: Facts) -> _Answer:
    if facts.change_plan is None:
        return _absent("no predetermined change control plan was given")
    return State.PARTLY, f"plan {facts.change_plan}; that the FDA has authorised it is not recorded here"


def _subgroups(facts: Facts) -> _Answer:
    if facts.predictions is None:
        return _absent("no predictions were given")
    if not facts.predictions.axes:
        return _absent("the predictions hold no subgroup with two values")
    return (
        State.HELD,
        f"sensitivity and specificity by {', '.join(facts.predictions.axes)}; groups below {MIN_CASES} withheld",
    )


def _five_headings(facts: Facts) -> _Answer:
    parts = {
        "metrics": facts.predictions is not None,
        "evaluation in use": facts.predictions is not None and facts.audit is not None,
        "data quality": facts.predictions is not None,
        "triggers and responses": facts.plan is not None,
        "human-AI interaction": facts.audit is not None,
    }
    held = [name for name, there in parts.items() if there]
    if not held:
        return _absent("neither predictions, database nor plan were given")
    missing = [name for name in parts if name not in held]
    return (State.PARTLY if missing else State.HELD), f"answered: {', '.join(held)}" + (
        f"; not: {', '.join(missing)}" if missing else ""
    )


def _inventory(facts: Facts) -> _Answer:
    if facts.registered is None:
        return _absent(_NO_DATABASE)
    if not facts.registered:
        return State.PARTLY, "no model version is registered; the installed bundle is named in this pack"
    return State.HELD, f"{len(facts.registered)} registered versions: {', '.join(facts.registered)}"


def _risk(facts: Facts) -> _Answer:
    controls = sum(len(each.controls) for each in REGISTER)
    return State.PARTLY, (
        f"risk register: {len(REGISTER)} hazards with {controls} controls, each with its test (in the quarterly review); severity, probability and what remains are for the manufacturer and the site"
    )


def _life_cycle(facts: Facts) -> _Answer:
    if not facts.packages:
        return _absent("the installed packages could not be listed")
    return (
        State.PARTLY,
        f"{len(facts.packages)} third-party packages installed, each with its version (listed in the quarterly review); requirement ids are not kept",
    )


def _mapping(facts: Facts) -> _Answer:
    states = [state for _, state in mapped(facts)]
    counted = ", ".join(f"{states.count(each)} {each.value}" for each in State)
    return State.PARTLY, (
        f"{len(states)} subcategories mapped to this list (in the quarterly review): {counted}; written without the framework's text at hand, to be compared before a formal claim"
    )


def _reporting(facts: Facts) -> _Answer:
    found = facts.predictions
    if found is None:
        return _absent("no predictions were given")
    return State.PARTLY, (
        f"flow: {found.rows:,} rows, {found.uncertain:,} uncertain and {found.unlabelled:,} unlabelled left out and counted; calibration for {found.calibrations} findings; "
        f"subgroups by {', '.join(found.axes) or 'none'}. Eligibility and sample size are for the study's authors"
    )


def _early_use(facts: Facts) -> _Answer:
    if facts.audit is None:
        return _absent(_NO_DATABASE)
    if facts.audit.oversight.signed < MIN_CASES:
        return _absent(f"fewer than {MIN_CASES} studies were signed in the period")
    weeks = len(facts.audit.oversight.signed_by_week)
    return State.PARTLY, f"rejected drafts by week over {weeks} weeks; time on task and human factors are not measured"


def _card(facts: Facts) -> _Answer:
    if facts.model is None:
        return _absent("no model bundle was given")
    return (
        State.HELD,
        f"the bundle's card of {facts.model.name} {facts.model.version} (wetread model card), network sha256 {facts.model.sha256[:16]}…",
    )


def _privacy(facts: Facts) -> _Answer:
    shown = f"no patient's identity is in this pack; groups and counts below {MIN_CASES} are withheld"
    if facts.audit is None:
        return State.PARTLY, f"{shown}; who had access: not available because {_NO_DATABASE}"
    exports = facts.audit.actions.get("predictions.export", 0)
    return State.HELD, f"{shown}; {exports} exports of predictions are in the log of the period"


def _retraining(facts: Facts) -> _Answer:
    audit, rounds = facts.audit, facts.rounds
    if audit is None or rounds is None:
        return _absent(_NO_DATABASE)
    decided = sum(each.decided for each in rounds)
    said = (
        f"{len(rounds)} rounds of relabelling with {decided:,} decided studies; in the period {audit.actions.get('dataset.version', 0)} dataset versions, "
        f"{audit.actions.get('retraining.propose', 0)} retraining proposals, {audit.actions.get('evidence.bias-review', 0)} bias reviews"
    )
    return State.PARTLY, f"{said}. Signatures under this pack are for people"


def _count(n: int) -> str:
    """A count that cannot single anybody out."""
    return f"{n:,}" if n == 0 or n >= MIN_CASES else f"fewer than {MIN_CASES}"


_ITEMS: tuple[tuple[str, str, str, Callable[[Facts], _Answer]], ...] = (
    ("G1", "EU AI Act art. 12", "events are logged over the system's life so that risks can be traced", _logs),
    ("G2", "EU AI Act art. 19, 26 (6)", "logs are kept at least six months", _retention),
    ("G3", "EU AI Act art. 13", "instructions state use, accuracy, subgroups and risks", _instructions),
    ("G4", "EU AI Act art. 14", "people can override and stop it, and do", _oversight),
    ("G5", "EU AI Act art. 15", "accuracy, robustness and cybersecurity are declared and kept", _accuracy),
    ("G6", "EU AI Act art. 72", "a monitoring plan after market entry, and reports by it", _monitoring_plan),
    ("G7", "EU AI Act art. 73, MDR art. 87, 21 CFR 803", "serious incidents are recorded, evidenced and reported in time", _incidents),
    ("G8", "EU AI Act, dates of application", "which duty applies where from when", _timing),
    ("G9", "FDA PCCP guidance", "foreseen changes have a protocol, criteria and an impact assessment", _change_plan),
    ("G10", "FDA draft of January 2025", "performance by subgroup, monitoring, a model card", _subgroups),
    ("G11", "FDA request for comment, 2025", "measures, evaluation in use, data quality, triggers, human-AI interaction", _five_headings),
    ("G12", "ACR-SIIM practice parameter", "an inventory of AI with versions, tests before use, tracking", _inventory),
    ("G13", "ISO 14971, TS 24971-2", "hazards, controls and their tests", _risk),
    ("G14", "IEC 62304, 81001-5-1", "software of unknown provenance and traceability", _life_cycle),
    ("G15", "NIST AI RMF", "measures mapped to its functions", _mapping),
    ("G16", "TRIPOD+AI, STARD-AI, CLAIM", "flow of cases, indeterminate results, calibration, subgroups", _reporting),
    ("G17", "DECIDE-AI", "early use: overrides over time, failures, human factors", _early_use),
    ("G18", "Model cards (Mitchell 2019), CHAI", "intended use, factors, measures with intervals, caveats", _card),
    ("G19", "GDPR art. 9, HIPAA", "no more data than needed, small cells withheld, access logged", _privacy),
    ("G20", "Quarterly review of retraining", "bias review, relabelling, dataset versions, proposals, signatures", _retraining),
)  # fmt: skip
