"""`wetread alarms list|acknowledge|watch`: what is wrong, where, since when, how often, and what to do next."""

import json
from dataclasses import asdict
from datetime import datetime

from wetread.bootstrap import build_core
from wetread.bootstrap_watch import build_watch
from wetread.cli.options import account_options, do_act, parser_for, settings_from
from wetread.cli.sign import opened
from wetread.domain.alarm import Alarm
from wetread.monitoring.alarms import Silence, acknowledge_alarm
from wetread.monitoring.silence import Judgement, Verdict
from wetread.monitoring.watch import Round

__all__ = ["run"]

_DRY = "Look once for silent failures and print what is found. Nothing is raised, cleared or paged."


def run(argv: list[str]) -> int:
    acts = {"list": _list, "acknowledge": _acknowledge, "watch": _watch}
    return do_act(
        argv,
        "alarms",
        "Alarms say that something the service should do is not happening.",
        acts,
        "list (exit status 1 when any is open), acknowledge, watch",
    )


def _list(argv: list[str]) -> int:
    parser = parser_for("alarms list", "Open alarms, newest first. Exit status 1 when there is one.")
    parser.add_argument("--cleared", action="store_true", help="those that are over instead")
    parser.add_argument("--json", action="store_true", help="print JSON")
    args = parser.parse_args(argv)
    with build_core(settings_from(args)).database.begin(write=False) as unit:
        alarms = unit.alarms(cleared=args.cleared)
    if args.json:
        print(json.dumps([asdict(each) for each in alarms], default=str, indent=1))
    else:
        print("\n".join(map(_row, alarms)) or ("no alarm is over" if args.cleared else "no alarm is open"))
    return int(bool(alarms) and not args.cleared)


def _row(alarm: Alarm) -> str:
    if alarm.cleared_at is not None:
        how = f"over since {_utc(alarm.cleared_at)}"
    elif alarm.acknowledged_at is not None:
        how = f"acknowledged by {alarm.acknowledged_by}, {_utc(alarm.acknowledged_at)}"
    else:
        how = "pages hourly until acknowledged" if alarm.pages else "does not page"
    again = f", episode {alarm.episode}" if alarm.episode > 1 else ""
    return (
        f"{alarm.alarm_key}\n  since {_utc(alarm.raised_at)}, seen {alarm.seen} times{again}; {how}\n  {alarm.message}"
    )


def _utc(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M} UTC"


def _acknowledge(argv: list[str]) -> int:
    parser = parser_for("alarms acknowledge", "Make an alarm quiet: it stays open until its cause ends.")
    parser.add_argument("key", help="the alarm's key, as `wetread alarms list` shows it")
    account_options(parser, "the account that has seen it")
    args = parser.parse_args(argv)
    core, actor = opened(args)
    with core.database.begin() as unit:
        alarm = acknowledge_alarm(unit, args.key, actor.actor_id, core.clock.now())
        unit.commit()
    print(_row(alarm))
    return 0


def _watch(argv: list[str]) -> int:
    parser = parser_for("alarms watch", "Look once for silent failures, as the pager does every minute.")
    parser.add_argument("--dry-run", action="store_true", help=_DRY)
    args = parser.parse_args(argv)
    core = build_core(settings_from(args))
    watch, now = build_watch(core), core.clock.now()
    found = watch.look(now, ahead=True) if args.dry_run else watch.run_once(now)
    print(_said(found))
    return int(bool(found.silences))


def _said(found: Round) -> str:
    alarms = [_alarm(each) for each in found.silences] or ["no alarm"]
    sources = [_source(each) for each in found.sources if each.verdict is not Verdict.YOUNG]
    return "\n".join([*alarms, *sources, *(f"note: {each}" for each in found.notes)])


def _alarm(silence: Silence) -> str:
    return f"ALARM {silence.alarm_key}\n  {silence.message}"


def _source(judged: Judgement) -> str:
    name = f"{judged.site} {judged.modality or '(all)'}"
    if judged.verdict is Verdict.SILENT:
        noticed = "silent"
    elif judged.notice_at is None:
        noticed = "so few that silence is noticed after more than two weeks"
    else:
        noticed = f"silence would be noticed at {_utc(judged.notice_at)}"
    return f"arrivals {name}: {judged.per_week:.0f} a week, last {_utc(judged.last_at)}, {noticed}"
