"""`wetread monitor report|run|freeze`: what signed reports say of the model, cell by cell; the nightly round by hand or by cron; a new reference."""

import argparse
import json
import os
import sys
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

from wetread.bootstrap import Core, build_core
from wetread.bootstrap_quality import build_quality_watch
from wetread.bootstrap_retrieval import case_store_opener
from wetread.cli.monitor_table import quality_lines
from wetread.cli.options import account_options, do_act, parser_for, settings_from
from wetread.cli.processes import configure_logging, leave_with_parent
from wetread.cli.sign import opened
from wetread.domain.audit import AuditEvent
from wetread.domain.quality import QualityReport
from wetread.domain.role import Act, Actor, require
from wetread.monitoring.measures import MEASURES
from wetread.monitoring.quality_rules import KINDS

__all__ = ["run"]

_NICE = 10


def run(argv: list[str]) -> int:
    acts = {"report": _report, "run": _run, "freeze": _freeze}
    return do_act(
        argv,
        "monitor",
        "What signed reports say of the model, by site, scanner, finding and model version.",
        acts,
        "report (measure now and print), run (the nightly round), freeze (a new reference)",
    )


def _report(argv: list[str]) -> int:
    parser = _asks(
        "report",
        "Measure now and print; nothing is kept, no alarm changes. Audited. Exit status 1 without a signed study.",
    )
    parser.add_argument(
        "--days", type=_days, metavar="N", help="studies received in the last N days; default: setting monitor_days"
    )
    parser.add_argument("--json", action="store_true", help="print every number as JSON")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write one self-contained page")
    args = parser.parse_args(argv)
    core, actor = opened(args)
    require(actor, Act.SEE_QUALITY)
    settings = core.settings
    report, _ = build_quality_watch(
        settings, core.database, core.vault, args.days, cases=case_store_opener(settings)
    ).measure(core.clock.now())
    _audit(core, actor, "quality.report", report)
    if args.html:
        from wetread.scorecard.quality_page import quality_page

        args.html.write_text(quality_page(report), "utf-8")
    print(_as_json(report) if args.json else "\n".join(quality_lines(report)))
    if args.html:
        print(f"{args.html}: the page with every interval, plot and definition", file=sys.stderr)
    return 0 if report.cells else 1


def _run(argv: list[str]) -> int:
    parser = parser_for(
        "monitor run",
        "The nightly round: measure, keep the numbers for the quality page and the metrics, raise and clear alarms. The pager makes one a night by itself.",
    )
    args = parser.parse_args(argv)
    settings = settings_from(args)
    configure_logging(settings)
    leave_with_parent()
    os.nice(_NICE)  # reading films comes first
    core = build_core(settings)
    report = build_quality_watch(settings, core.database, core.vault, cases=case_store_opener(settings)).run_once(
        core.clock.now()
    )
    print(_said(core, report))
    return 0


def _freeze(argv: list[str]) -> int:
    parser = _asks(
        "freeze",
        "Freeze a new reference for every cell from the studies at hand, and make a round against it: after a change that was meant. Audited.",
    )
    core, actor = opened(parser.parse_args(argv))
    require(actor, Act.FREEZE_REFERENCE)
    watch = build_quality_watch(core.settings, core.database, core.vault, cases=case_store_opener(core.settings))
    report = watch.run_once(core.clock.now(), refreeze=True)
    _audit(core, actor, "quality.freeze", report)
    print(_said(core, report))
    return 0


def _asks(act: str, description: str) -> argparse.ArgumentParser:
    parser = parser_for(f"monitor {act}", description)
    account_options(parser, "who asks (quality; report: admin, too)")
    return parser


def _audit(core: Core, actor: Actor, action: str, report: QualityReport) -> None:
    facts = (("days", str(report.days)), ("studies", str(report.studies)), ("cells", str(len(report.cells))))
    with core.database.begin() as unit:
        unit.audit(AuditEvent(action, actor.actor_id, detail=facts), core.clock.now())
        unit.commit()


def _as_json(report: QualityReport) -> str:
    return json.dumps({"definitions": MEASURES, **asdict(report)}, default=str, indent=1)


def _said(core: Core, report: QualityReport) -> str:
    with core.database.begin(write=False) as unit:
        ringing = sum(each.kind in KINDS for each in unit.alarms(limit=100_000))
    since = (report.made_at - timedelta(days=report.days)).date()
    return f"{report.studies} signed studies since {since}, {len(report.cells)} cells, {len(report.notes)} without a reference, {ringing} quality alarms open"


def _days(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 3660:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of days from 1 to 3660")
    return int(text)
