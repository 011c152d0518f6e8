"""`wetread critical list|show|acknowledge|communicate|close|release`: the critical queue from the command line, for when no browser is at hand."""

import argparse
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from wetread.bootstrap import Core, build_core, build_desk
from wetread.cli.options import account_options, parser_for, settings_from
from wetread.cli.sign import opened
from wetread.domain.critical import ClosureReason, CriticalResult
from wetread.domain.errors import PermanentError
from wetread.domain.page import Page
from wetread.domain.role import Actor
from wetread.triage.critical_desk import HOW, CriticalDesk

__all__ = ["run"]

_Act = Callable[[CriticalDesk, Actor, argparse.Namespace], CriticalResult]


def run(argv: list[str]) -> int:
    if argv[:1] == ["list"]:
        return _list(argv[1:])
    if argv[:1] == ["show"]:
        return _show(argv[1:])
    if argv[:1] and argv[0] in _ACTS:
        return _do(argv[0], argv[1:])
    parser = parser_for(
        "critical", "Critical results: what is open, what was sent for it, and what people do about it."
    )
    parser.add_argument("act", choices=["list", "show", *_ACTS], help="list: exit status 1 when one is overdue")
    parser.parse_args(argv)
    return 2


def _list(argv: list[str]) -> int:
    parser = parser_for("critical list", "Open critical results, oldest first. Exit status 1 when one is overdue.")
    parser.add_argument("--closed", action="store_true", help="the closed ones instead, newest first")
    args = parser.parse_args(argv)
    core = build_core(settings_from(args))
    with core.database.begin(write=False) as unit:
        results = unit.criticals(closed=args.closed)
    now = core.clock.now()
    print(
        "\n".join(_row(each, now) for each in results) or f"no critical result is {'closed' if args.closed else 'open'}"
    )
    return int(any(each.overdue(now) for each in results))


def _row(result: CriticalResult, now: datetime) -> str:
    waited_min = int((now - result.opened_at).total_seconds() // 60)
    loud = "  OVERDUE" if result.overdue(now) else ""
    return (
        f"{result.critical_key}  {result.priority.value}  {result.state.value}{loud}\n"
        f"  {result.reason}; {result.site}, open for {waited_min} min, {result.step} steps taken"
    )


def _show(argv: list[str]) -> int:
    parser = parser_for("critical show", "One critical result with every page that was sent for it.")
    parser.add_argument("key", help="as `wetread critical list` shows it")
    args = parser.parse_args(argv)
    core = build_core(settings_from(args))
    result = _found(core, args.key)
    with core.database.begin(write=False) as unit:
        pages = unit.pages(args.key)
    print("\n".join([_row(result, core.clock.now()), *map(_page_row, pages)]))
    return 0


def _page_row(page: Page) -> str:
    when = f"{page.sent_at:%Y-%m-%d %H:%M:%S} UTC by {page.channel}" if page.sent_at else "not sent"
    failed = f"; failed: {', '.join(page.failed)}" if page.failed else ""
    return f"  step {page.step + 1}, {page.person_id}: {page.state.value}, {when}{failed}"


def _found(core: Core, key: str) -> CriticalResult:
    with core.database.begin(write=False) as unit:
        result = unit.critical(key)
    if result is None:
        raise PermanentError("there is no such critical result: see `wetread critical list`", code="no_such_critical")
    return result


def _acknowledge(desk: CriticalDesk, actor: Actor, args: argparse.Namespace) -> CriticalResult:
    return desk.acknowledge(actor, args.key, None, args.read_back)


def _communicate(desk: CriticalDesk, actor: Actor, args: argparse.Namespace) -> CriticalResult:
    return desk.communicate(
        actor, args.key, None,
        to_whom=args.to, how=args.how, read_back_confirmed=args.read_back_confirmed,
    )  # fmt: skip


def _close(desk: CriticalDesk, actor: Actor, args: argparse.Namespace) -> CriticalResult:
    return desk.close(actor, args.key, None, ClosureReason(args.reason), args.note)


def _release(desk: CriticalDesk, actor: Actor, args: argparse.Namespace) -> CriticalResult:
    return desk.release(actor, args.key, None)


_ACTS: dict[str, tuple[str, _Act]] = {
    "acknowledge": ("Take it: paging stops. Read back what you understood.", _acknowledge),
    "communicate": ("Say who was told, and how.", _communicate),
    "close": ("Close it, with the reason.", _close),
    "release": ("Hand it back: the next person is paged at once.", _release),
}


def _do(name: str, argv: list[str]) -> int:
    text, act = _ACTS[name]
    parser = parser_for(f"critical {name}", text)
    parser.add_argument("key", help="as `wetread critical list` shows it")
    account_options(parser, "the account that acts")
    if name == "acknowledge":
        parser.add_argument("--read-back", required=True, metavar="TEXT", help="the finding in your own words")
    if name == "communicate":
        parser.add_argument("--to", required=True, metavar="WHO", help="who was told")
        parser.add_argument("--how", required=True, choices=HOW)
        parser.add_argument("--read-back-confirmed", action="store_true", help="they read it back")
    if name == "close":
        parser.add_argument("--reason", required=True, choices=[each.value for each in ClosureReason])
        parser.add_argument("--note", default="", metavar="TEXT", help="required when nobody was told")
    args = parser.parse_args(argv)
    core, actor = opened(args)
    _found(core, args.key)  # says where keys are shown, when there is none of this name
    done = act(CriticalDesk(core.database, core.clock), actor, args)
    hidden = build_desk(core).exposure(actor, done.study_key).hides
    print(
        _row(replace(done, reason="withheld until you commit your own findings") if hidden else done, core.clock.now())
    )
    return 0
