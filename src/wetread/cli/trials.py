"""`wetread trials check|match|explain`: which patients may be asked to join a trial, and why. It recommends; asking and enrolling is people's."""

import argparse
import json
from collections import Counter
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from wetread.bootstrap import Core, build_core
from wetread.bootstrap_context import build_patient_record
from wetread.cli.options import account_options, day, parser_for, settings_from
from wetread.cli.sign import authenticate
from wetread.domain.audit import AuditEvent
from wetread.domain.errors import NotPermitted
from wetread.domain.identifiers import StudyKey
from wetread.domain.role import Act, Actor, require
from wetread.trials.criteria import TrialCriteria
from wetread.trials.criteria_file import read_criteria
from wetread.trials.find import Found, TrialSearch
from wetread.trials.truth import Truth
from wetread.trials.verdict import Verdict
from wetread.trials.words import in_words

__all__ = ["run"]

_ADVICE = "It recommends. Whether a patient is asked, and agrees, is people's to decide."


def run(argv: list[str]) -> int:
    args = _parser().parse_args(argv)
    criteria = read_criteria(args.criteria)
    if args.act == "check":
        return _check(criteria)
    core = build_core(settings_from(args))
    if not core.settings.trials_enabled:
        raise NotPermitted("looking for trial patients is off: set trials_enabled where your ethics board agreed to it")
    actor = authenticate(core, args.account, args.password_stdin)
    require(actor, Act.MATCH_TRIALS)
    record = build_patient_record(core.settings, core.vault, core.secret)
    search = TrialSearch(core.database, core.vault, record, core.secret)
    return (_match if args.act == "match" else _explain)(core, actor, criteria, search, args)


def _parser() -> argparse.ArgumentParser:
    parser = parser_for("trials", "Which patients may be asked to join a trial, by a criteria file, with the reasons.")
    acts = parser.add_subparsers(dest="act", required=True)
    check = acts.add_parser("check", help="read a criteria file back in words; nothing is looked up")
    check.add_argument("criteria", type=Path, metavar="FILE")
    match = acts.add_parser("match", help="judge studies, newest first; exit status 1 when none matches")
    match.add_argument("--criteria", type=Path, metavar="FILE", required=True)
    match.add_argument("--since", type=day, metavar="YYYY-MM-DD", help="studies that arrived since then")
    match.add_argument("--limit", type=int, default=500, metavar="N", help="most studies looked at (500)")
    match.add_argument("--json", action="store_true", help="every verdict of every study, one JSON object a line")
    explain = acts.add_parser("explain", help="every criterion for one study")
    explain.add_argument("criteria", type=Path, metavar="FILE")
    explain.add_argument("study", metavar="STUDY", help="study key, as the worklist shows it")
    for each in (match, explain):
        account_options(each, "who asks; asks for the password")
    return parser


def _check(criteria: TrialCriteria) -> int:
    print(f"{criteria.trial}: {criteria.title}")
    for each in criteria.criteria:
        print(f"  {'exclude' if each.excludes else 'include'}  {each.name:<20} {in_words(each.rule)}")
    return 0


def _match(core: Core, actor: Actor, criteria: TrialCriteria, search: TrialSearch, args: argparse.Namespace) -> int:
    since = datetime(args.since.year, args.since.month, args.since.day, tzinfo=UTC) if args.since else None
    outcomes: Counter[Truth] = Counter()
    read = 0
    for found in search.studies(criteria, since, args.limit):
        outcomes[found.assessment.outcome] += 1
        read += found.record_read
        if args.json:
            print(json.dumps(asdict(found)))
        elif found.assessment.outcome is not Truth.NO:
            print(_row(found))
    counts = {"studies": outcomes.total(), "matched": outcomes[Truth.YES], "unknown": outcomes[Truth.UNKNOWN]}
    _audit(core, actor, "trials.match", criteria, None, **counts, records_read=read)
    if not args.json:
        print(
            f"{criteria.trial}: {counts['studies']} studies, {counts['matched']} match, {counts['unknown']} unknown, {outcomes[Truth.NO]} do not. {_ADVICE}"
        )
    return 0 if outcomes[Truth.YES] else 1


def _row(found: Found) -> str:
    open_ones = [each.criterion for each in found.assessment.verdicts if each.truth is Truth.UNKNOWN]
    said = "matches" if not open_ones else f"unknown: {', '.join(open_ones)}"
    return f"{found.assessment.study_key}  {said}"


def _explain(core: Core, actor: Actor, criteria: TrialCriteria, search: TrialSearch, args: argparse.Namespace) -> int:
    found = search.study(criteria, StudyKey(args.study))
    outcome = found.assessment.outcome
    _audit(core, actor, "trials.explain", criteria, found.assessment.study_key, records_read=int(found.record_read))
    said = {Truth.YES: "matches", Truth.NO: "does not match", Truth.UNKNOWN: "is not decided: find out what is unknown"}
    print(f"{criteria.trial}: {found.assessment.study_key} {said[outcome]}. {_ADVICE}")
    for each in found.assessment.verdicts:
        print(_verdict(each))
    for problem in found.problems:
        print(f"  problem: {problem}")
    return 0 if outcome is Truth.YES else 1


def _verdict(verdict: Verdict) -> str:
    part = "exclude" if verdict.excludes else "include"
    lines = [f"  {part}  {verdict.criterion:<20} {verdict.truth.value:<8} {verdict.reason}"]
    for each in verdict.sources:
        age = "undated" if each.days_before is None else f"{each.days_before} days before the film"
        lines.append(f"           {'':<20} {'':<8} {age}, {each.source_id}")
    return "\n".join(lines)


def _audit(
    core: Core, actor: Actor, action: str, criteria: TrialCriteria, study: StudyKey | None, **counts: int
) -> None:
    facts = (("trial", criteria.trial), ("criteria_sha256", criteria.sha256))
    numbers = tuple((name, str(count)) for name, count in counts.items())
    with core.database.begin() as unit:
        unit.audit(AuditEvent(action, actor.actor_id, "success", study, facts + numbers), core.clock.now())
        unit.commit()
