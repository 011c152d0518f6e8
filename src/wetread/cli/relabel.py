"""`wetread relabel sample|next|answer|status|result`: signed studies looked at again by blinded readers, and what that says of the model."""

import argparse
import json
from collections.abc import Iterable
from dataclasses import asdict
from itertools import groupby
from pathlib import Path

from wetread.bootstrap_quality import build_prediction_log
from wetread.cli.options import account_options, do_act, finding_option, parser_for
from wetread.cli.relabel_table import result_lines, round_lines, task_lines, write_labels
from wetread.cli.sign import opened
from wetread.domain.audit import AuditEvent
from wetread.domain.errors import PermanentError
from wetread.domain.identifiers import StudyKey
from wetread.domain.relabelling import Answer, Call, RelabelRound
from wetread.domain.role import Act, require
from wetread.governance.relabelling_desk import answer_task, begin_round, next_task, round_status
from wetread.governance.relabelling_result import RoundResult, round_result
from wetread.governance.relabelling_sample import SignedStudy, bucket_of, design_lines, draw
from wetread.monitoring.prediction_log import PredictionRow

__all__ = ["run"]


def run(argv: list[str]) -> int:
    acts = {"sample": _sample, "next": _next, "answer": _answer, "status": _status, "result": _result}
    return do_act(
        argv,
        "relabel",
        "Look at signed studies again, blinded: draw, read, answer, and see what it says.",
        acts,
        "each has its own --help",
    )


def _sample(argv: list[str]) -> int:
    parser = _asks(
        "sample", "Draw signed studies from every kind of disagreement, and some at random. Audited.", "round"
    )
    finding_option(parser, "--finding", "what readers are asked; may be repeated", required=True)
    parser.add_argument(
        "--per-bucket", type=int, default=20, metavar="N", help="from each bucket, per site; default 20"
    )
    parser.add_argument("--random", type=int, default=30, metavar="N", help="from all, per site; default 30")
    parser.add_argument("--seed", type=int, required=True, help="the same seed draws the same studies")
    parser.add_argument("--site", action="append", default=[], help="only this site; may be repeated")
    parser.add_argument("--since", default="", metavar="DATE", help="only studies received from this day on (ISO)")
    parser.add_argument("--design", type=Path, required=True, metavar="CSV", help="write down every study's chance")
    args = parser.parse_args(argv)
    core, actor = opened(args)
    require(actor, Act.DRAW_RELABELLING)
    log = build_prediction_log(core.settings, core.database, core.vault)
    studies = _signed_studies(log.rows(), args.finding, args.site, args.since)
    findings = tuple(dict.fromkeys(args.finding))
    design = draw(studies, findings, seed=args.seed, per_bucket=args.per_bucket, at_random=args.random)
    now = core.clock.now()
    asked = RelabelRound(args.round, findings, args.seed, args.per_bucket, args.random, 0, "", (), actor.actor_id, now)
    with core.database.begin() as unit:
        drawn = begin_round(unit, actor, design, asked, now)
        args.design.write_text("".join(f"{line}\n" for line in design_lines(design)), "utf-8")
        unit.commit()
    print("\n".join(round_lines(drawn, len(design.sample))))
    print(f"every study's chance: {args.design}, sha256 {drawn.design_sha256}; keep it with the result")
    for why, n in log.left_out.items():
        print(f"not in the population: {n} studies, {why}")
    return 0


def _next(argv: list[str]) -> int:
    args = _asks("next", "The study you look at next. Only radiologists, each study once.", "round").parse_args(argv)
    core, actor = opened(args)
    with core.database.begin(write=False) as unit:
        task = next_task(unit, actor, args.round)
    if task is None:
        print("nothing is left for you in this round")
        return 1
    print("\n".join(task_lines(task, f"http://{core.settings.host}:{core.settings.port}")))
    return 0


def _answer(argv: list[str]) -> int:
    parser = _asks(
        "answer", "Say what you see, for every finding of the round. It cannot be changed afterwards.", "round"
    )
    parser.add_argument("study", help="study key, as `next` shows it")
    parser.add_argument(
        "answers", nargs="+", type=_said, metavar="FINDING=ANSWER", help="positive, negative or uncertain"
    )
    args = parser.parse_args(argv)
    core, actor = opened(args)
    answer_task(core.database, actor, args.round, StudyKey(args.study), dict(args.answers), core.clock.now())
    print(f"kept; next: wetread relabel next {args.round} --as {actor.actor_id}")
    return 0


def _said(text: str) -> tuple[str, Answer]:
    finding, _, answer = text.partition("=")
    try:
        return finding, Answer(answer)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not FINDING=positive, negative or uncertain") from None


def _status(argv: list[str]) -> int:
    args = _asks("status", "Rounds, and how far each is.").parse_args(argv)
    core, actor = opened(args)
    with core.database.begin(write=False) as unit:
        require(actor, Act.SEE_RELABELLING)
        rounds = [(each, round_status(unit, actor, each.round_id)) for each in unit.relabel_rounds()]
    for drawn, stages in rounds:
        counted = ", ".join(f"{n} {stage}" for stage, n in sorted(stages.items()))
        print(f"{drawn.round_id}  {', '.join(drawn.findings)}  drawn {drawn.drawn_at:%Y-%m-%d}: {counted}")
    if not rounds:
        print("no round was drawn yet")
    return 0


def _result(argv: list[str]) -> int:
    parser = _asks(
        "result", "What a round says: agreement of readers, accuracy weighted to all studies. Audited.", "round"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every number")
    parser.add_argument("--labels", type=Path, metavar="CSV", help="write the verdicts as labels of a dataset")
    args = parser.parse_args(argv)
    core, actor = opened(args)
    require(actor, Act.SEE_RELABELLING)
    with core.database.begin() as unit:
        drawn = unit.relabel_round(args.round)
        if drawn is None:
            raise PermanentError(f"no round {args.round}: `wetread relabel status` lists them", code="no_round")
        tasks = unit.relabel_tasks(args.round)
        unit.audit(AuditEvent("relabel.result", actor.actor_id, detail=(("round", args.round),)), core.clock.now())
        unit.commit()
    result = round_result(drawn, tasks)
    print("\n".join(result_lines(result)))
    if args.json:
        args.json.write_text(_json(drawn, result), "utf-8")
    if args.labels:
        print(f"{args.labels}: {write_labels(args.labels, tasks)} adjudicated labels")
    return 0 if result.decided else 1


def _json(drawn: RelabelRound, result: RoundResult) -> str:
    return json.dumps({"round": asdict(drawn), "result": asdict(result)}, default=str, indent=1, allow_nan=False)


def _asks(act: str, says: str, *named: str) -> argparse.ArgumentParser:
    parser = parser_for(f"relabel {act}", says)
    for each in named:
        parser.add_argument(each, help="the name of the round, for example 2026-q4")
    account_options(parser, "who asks; asks for the password")
    return parser


def _signed_studies(
    rows: Iterable[PredictionRow], findings: list[str], sites: list[str], since: str
) -> Iterable[SignedStudy]:
    for key, group in groupby(rows, key=lambda each: each.study):
        mine = [each for each in group if each.finding in findings]
        if not mine or (sites and mine[0].site not in sites) or mine[0].date < since:
            continue
        yield SignedStudy(StudyKey(key), mine[0].patient, mine[0].site, tuple(map(_call, mine)))


def _call(row: PredictionRow) -> Call:
    bucket = bucket_of(row.probability, row.threshold, row.label, row.label_source)
    return Call(row.finding, row.probability, row.threshold, row.label, row.label_source, row.model, bucket)
