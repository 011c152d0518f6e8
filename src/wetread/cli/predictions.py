"""`wetread predictions --as USER --out FILE`: what the model said beside what was signed, one row per signed study and finding, for `wetread evaluate`."""

import argparse
import csv
import sys
from collections import Counter
from dataclasses import astuple
from pathlib import Path

from wetread.bootstrap_quality import build_prediction_log
from wetread.cli.options import account_options, parser_for
from wetread.cli.sign import opened
from wetread.domain.audit import AuditEvent
from wetread.domain.role import Act, require
from wetread.monitoring.prediction_log import COLUMNS

__all__ = ["run"]


def run(argv: list[str]) -> int:
    args = _parser().parse_args(argv)
    core, actor = opened(args)
    require(actor, Act.EXPORT_PREDICTIONS)
    log = build_prediction_log(core.settings, core.database, core.vault)
    sources: Counter[str] = Counter()
    studies: set[str] = set()
    with args.out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for row in log.rows():
            writer.writerow(astuple(row))
            studies.add(row.study)
            sources[row.label_source] += 1
            if row.label_source == "conflict":
                print(f"{row.study}: {row.finding} is marked one way and written another", file=sys.stderr)
    with core.database.begin() as unit:
        facts = (("studies", str(len(studies))), ("rows", str(sources.total())))
        unit.audit(AuditEvent("predictions.export", actor.actor_id, detail=facts), core.clock.now())
        unit.commit()
    print(_summary(args.out, len(studies), sources, log.left_out))
    return 0 if studies else 1


def _parser() -> argparse.ArgumentParser:
    parser = parser_for(
        "predictions",
        "Every signed study's probabilities beside the labels of its signed report, without identity. The export is audited.",
    )
    account_options(parser, "who asks (quality, ML engineer); asks for the password")
    parser.add_argument("--out", type=Path, required=True, metavar="CSV", help="the table `wetread evaluate` reads")
    return parser


def _summary(out: Path, studies: int, sources: Counter[str], left_out: Counter[str]) -> str:
    counted = ", ".join(f"{n} {source}" for source, n in sources.most_common()) or "none"
    lines = [f"{out}: {studies} signed studies, {sources.total()} rows; labels: {counted}"]
    lines += [f"left out: {n} studies, {why}" for why, n in left_out.items()]
    return "\n".join(
        [
            *lines,
            "The readers saw the AI's findings: this measures agreement with what was signed, not accuracy against an independent truth.",
            f"next: wetread evaluate {out} --html report.html",
        ]
    )
