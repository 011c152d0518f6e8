"""`wetread policy explain`: every rule's verdict on one study, stored or made up."""

import argparse
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from wetread.bootstrap import build_core, build_policies
from wetread.cli.options import parser_for, settings_from
from wetread.domain.analysis import Analysis, Finding, ModelIdentity, OperatingPoint
from wetread.domain.finding import FindingName, concept
from wetread.domain.identifiers import InstanceKey, StudyKey
from wetread.domain.priority import TriageDecision
from wetread.domain.study import Sex, StudyTraits
from wetread.settings import Settings
from wetread.triage.context import KnownFinding, TriageContext, ask_vault, context_of
from wetread.triage.matching import Verdict
from wetread.triage.policy import DEFAULT_POLICY, PATIENT_CLASSES, TriagePolicy, load_policy
from wetread.triage.prioritise import judge_all, prioritise

__all__ = ["run"]


@dataclass(frozen=True, slots=True)
class _Asked:
    """The study to explain. `stored` is what was decided on it at the time."""

    analyses: tuple[Analysis, ...]
    traits: StudyTraits
    context: TriageContext
    unavailable_reason: str = ""
    stored: TriageDecision | None = None


def run(argv: list[str]) -> int:
    parser = _parser()
    args = parser.parse_args(argv)
    if bool(args.study) == bool(args.finding):
        parser.error("name a stored study, or made-up findings with --finding and --probability")
    if len(args.finding) != len(args.probability):
        parser.error("each --finding needs its --probability")
    settings = settings_from(args)
    policy = load_policy(args.policy) if args.policy else _deciding(settings)
    asked = _stored(StudyKey(args.study), settings, policy) if args.study else _made_up(args, settings)
    for line in _told(asked, policy):
        print(line)
    return 0


def _deciding(settings: Settings) -> TriagePolicy:
    """What decides now; the file where there is no installation yet that could hold another."""
    if not settings.database_url.get_secret_value() and not (settings.data_dir / "wetread.db").exists():
        return load_policy(settings.triage_policy or DEFAULT_POLICY)
    return build_policies(build_core(settings)).deciding().policy


def _parser() -> argparse.ArgumentParser:
    parser = parser_for("policy explain", "Which rules match, which one decides, and why not the others.")
    parser.add_argument("study", nargs="?", help="study key of a stored study")
    parser.add_argument("--policy", type=Path, metavar="FILE", help="default: the one that decides now")
    names = [each.value for each in FindingName]
    parser.add_argument("--finding", action="append", default=[], choices=names, metavar="NAME", help="repeatable")
    parser.add_argument("--probability", action="append", default=[], type=float, metavar="P", help="one per --finding")
    parser.add_argument("--operating-point", type=float, metavar="P", help="default: the model's for each finding")
    parser.add_argument("--laterality", default="", choices=["left", "right", "bilateral"], help="of lateralised ones")
    parser.add_argument("--age", type=int, metavar="YEARS")
    parser.add_argument("--patient-class", default="", choices=PATIENT_CLASSES)
    parser.add_argument("--site", help="default: the setting")
    parser.add_argument(
        "--known", type=int, metavar="DAYS", help="the findings are on a signed prior, so many days old"
    )
    return parser


def _stored(study_key: StudyKey, settings: Settings, policy: TriagePolicy) -> _Asked:
    core = build_core(settings)
    facts = ask_vault(study_key, core.vault, policy, last_try=True)
    with core.database.begin(write=False) as unit:
        study = unit.study(study_key)
        analysis = None if study.reason else unit.analysis(study_key)
        context = context_of(study, facts, unit, policy)
        read = analysis.reads if analysis else ()
        return _Asked(read, study.traits, context, study.reason, unit.decision(study_key))


def _made_up(args: argparse.Namespace, settings: Settings) -> _Asked:
    names = [FindingName(each) for each in args.finding]
    points = {} if args.operating_point is not None else _operating_points(settings)
    findings = tuple(
        _finding(name, probability, points.get(name, args.operating_point), args.laterality)
        for name, probability in zip(names, args.probability, strict=True)
    )
    known = tuple(KnownFinding(f.name, f.laterality, args.known) for f in findings if args.known is not None)
    made_at = datetime.now(UTC)
    model = ModelIdentity("made up", "0", "")
    analysis = Analysis(InstanceKey(""), model, findings, (), None, None, "", made_at)
    traits = StudyTraits(args.age, Sex.UNKNOWN, args.site or settings.site)
    return _Asked((analysis,), traits, TriageContext(args.patient_class, known))


def _operating_points(settings: Settings) -> dict[FindingName, float]:
    from wetread.inference.bundle import BUNDLED, load_bundle

    bundle = load_bundle(settings.model_bundle or BUNDLED, trusted_keys_dir=settings.model_trusted_keys_dir)
    return {head.name: head.operating_point.threshold for head in bundle.heads}


def _finding(name: FindingName, probability: float, threshold: float | None, laterality: str) -> Finding:
    """A finding the model does not know has no operating point: 1 is never reached by less than certainty."""
    point = OperatingPoint(1.0 if threshold is None else threshold, "as asked", None, None)
    return Finding(name, 0.0, probability, point, laterality if concept(name).lateralised else "", None)


def _told(asked: _Asked, policy: TriagePolicy) -> list[str]:
    decision = prioritise(
        asked.analyses, asked.traits, policy, context=asked.context, unavailable_reason=asked.unavailable_reason
    )
    lines = [f"policy {policy.policy_version}: {_outcome(decision)}", f"  because  {decision.reason}"]
    if decision.critical:
        lines += [f"  pages    path {decision.escalation_path}: {decision.message}"]
    if asked.stored:
        lines.append(
            f"  stored   {_outcome(asked.stored)} by policy {asked.stored.policy_version}: {asked.stored.reason}"
        )
    lines.append(f"  context  {_context(asked)}")
    verdicts = judge_all(asked.analyses, asked.traits, policy, asked.context) if asked.analyses else ()
    return [*lines, *(f"  {each.rule.rule_id:<24} {_verdict(each, decision)}" for each in verdicts)]


def _outcome(decision: TriageDecision) -> str:
    target = f", read within {decision.read_within_min} min" if decision.read_within_min else ""
    return f"{decision.priority.value}{', critical' if decision.critical else ''} (rule {decision.rule_id}{target})"


def _context(asked: _Asked) -> str:
    age = asked.traits.patient_age_years
    known = ", ".join(f"{concept(k.name).display} {k.days_before} d before" for k in asked.context.known)
    return "; ".join(
        [
            f"site {asked.traits.site or 'unknown'}",
            f"age {'unknown' if age is None else age}",
            f"patient class {asked.context.patient_class or 'unknown'}",
            f"known from a signed prior: {known or 'nothing'}",
        ]
    )


def _verdict(verdict: Verdict, decision: TriageDecision) -> str:
    dissent = f"; {verdict.dissent}" if verdict.dissent else ""
    if verdict.finding is None:
        return f"no: {verdict.missed}{dissent}"
    decides = "DECIDES" if verdict.rule.rule_id == decision.rule_id else "matches, another is more urgent"
    critical = ", critical" if verdict.rule.critical else ""
    return f"{decides}: {verdict.rule.priority.value}{critical}{dissent}"
