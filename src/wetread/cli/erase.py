"""`wetread erase ACT`: ask for a study to be erased, approve it, see what is in the way, what was erased, and what came again."""

import argparse

from wetread.bootstrap import Core, build_core
from wetread.bootstrap_erasure import build_eraser, build_erasure_desk
from wetread.cli.options import account_options, do_act, parser_for, settings_from
from wetread.cli.sign import opened
from wetread.domain.erasure import A_PERSONS_REASONS, Erasure, ErasureReason, ErasureState, Tombstone
from wetread.domain.errors import PermanentError
from wetread.domain.identifiers import StudyKey
from wetread.domain.role import Act, Actor, require
from wetread.governance.erasure_desk import ErasureDesk, Look
from wetread.governance.study_retention import StudyRetentionRound

__all__ = ["run"]


def run(argv: list[str]) -> int:
    acts = {
        "ask": _ask,
        "approve": _approve,
        "withdraw": _withdraw,
        "dry-run": _dry_run,
        "list": _list,
        "show": _show,
        "run": _run,
        "retention": _retention,
        "release": _release,
    }
    return do_act(
        argv,
        "erase",
        "Erase a study, or all of a patient: one person asks, another in the other role approves, a worker does it.",
        acts,
        "dry-run: exit status 1 when something is in the way; show NUMBER or a study key; run: now, not when a worker looks",
    )


def _ask(argv: list[str]) -> int:
    parser = parser_for(
        "erase ask", "Ask for a study to be erased. Somebody of the other role (quality, admin) approves."
    )
    _subject(parser)
    parser.add_argument("--reference", default="", metavar="NUMBER", help="of your own file; it stays for ever")
    account_options(parser, "who asks")
    args = parser.parse_args(argv)
    desk, actor = _acting(args)
    erasure = desk.ask(
        actor,
        StudyKey(args.study),
        ErasureReason(args.reason),
        reference=args.reference,
        whole_patient=args.whole_patient,
    )
    print("\n".join([_row(erasure), *map(_in_the_way, desk.look(erasure.study_keys, erasure.reason))]))
    print(f"next: wetread erase approve {erasure.number} --as SOMEBODY_ELSE, in the other role")
    return 0


def _approve(argv: list[str]) -> int:
    erasure = _step(
        argv, "approve", "Agree to what somebody in the other role asked for. A worker begins within a minute."
    )
    print(_row(erasure))
    return 0


def _withdraw(argv: list[str]) -> int:
    print(_row(_step(argv, "withdraw", "Take an erasure back that has not begun.")))
    return 0


def _step(argv: list[str], act: str, says: str) -> Erasure:
    parser = parser_for(f"erase {act}", says)
    parser.add_argument("number", type=int, help="as `wetread erase list` shows it")
    account_options(parser, "who acts")
    args = parser.parse_args(argv)
    desk, actor = _acting(args)
    return desk.approve(actor, args.number) if act == "approve" else desk.withdraw(actor, args.number)


def _dry_run(argv: list[str]) -> int:
    parser = parser_for("erase dry-run", "What an erasure would take, and what is in its way now. Changes nothing.")
    _subject(parser)
    args = parser.parse_args(argv)
    desk = _desk(build_core(settings_from(args)))
    looks = desk.look(
        desk.studies_of(StudyKey(args.study), whole_patient=args.whole_patient), ErasureReason(args.reason)
    )
    print("\n".join(map(_in_the_way, looks)))
    return int(any(each.in_the_way for each in looks))


def _list(argv: list[str]) -> int:
    parser = parser_for("erase list", "Erasures, newest first, and erased studies that came again.")
    parser.add_argument("--open", action="store_true", help="only what is not over")
    args = parser.parse_args(argv)
    core = build_core(settings_from(args))
    with core.database.begin(write=False) as unit:
        erasures, returned = unit.erasures(only_open=args.open), unit.returned()
    print("\n".join(map(_row, erasures)) or "nothing was asked for")
    for each in returned:
        print(
            f"CAME AGAIN {each.study_key}  erased {each.erased_at:%Y-%m-%d} ({each.reason.value}): release it, or ask again"
        )
    return 0


def _show(argv: list[str]) -> int:
    parser = parser_for(
        "erase show", "An erasure with the tombstones of its studies: what went, and what left the house before."
    )
    parser.add_argument("which", help="the number of an erasure, or a study key")
    args = parser.parse_args(argv)
    core, which = build_core(settings_from(args)), args.which
    with core.database.begin(write=False) as unit:
        erasure = unit.erasure(int(which)) if which.isdigit() else None
        keys = erasure.study_keys if erasure else (StudyKey(which),)
        stones = [each for each in map(unit.tombstone, keys) if each is not None]
    if erasure is None and not stones:
        raise PermanentError("no erasure of that number, and no erased study of that key", code="no_erasure")
    lines = [_row(erasure)] if erasure else []
    print("\n".join(lines + [line for each in stones for line in _stone(each)]))
    return 0


def _run(argv: list[str]) -> int:
    parser = parser_for("erase run", "Carry out an approved erasure now, also one that a worker left halfway.")
    parser.add_argument("number", type=int, help="as `wetread erase list` shows it")
    args = parser.parse_args(argv)
    core = build_core(settings_from(args))
    eraser = build_eraser(core.settings, core.database, core.files, core.vault, core.clock, core.secret)
    erasure = eraser.run_once(number=args.number)
    if erasure is None:
        raise PermanentError("no erasure of that number is approved and not over", code="no_erasure")
    print(_row(erasure))
    return int(erasure.state is not ErasureState.ERASED)


def _retention(argv: list[str]) -> int:
    parser = parser_for(
        "erase retention", "What the next round of the retention period would take, and what is held back."
    )
    core = build_core(settings_from(parser.parse_args(argv)))
    kept = core.settings.study_retention
    if kept is None:
        print("no retention period is set")
        return 0
    look = StudyRetentionRound(_desk(core), False, kept.studies_per_night).look()
    print("\n".join([f"{len(look.due)} studies are due", *(f"  {each}" for each in look.due)]))
    print("\n".join(f"held back: {count}: {each.words}" for each, count in look.held_back) or "nothing is held back")
    return 0


def _release(argv: list[str]) -> int:
    parser = parser_for("erase release", "Let a study be read that was erased before and came again.")
    parser.add_argument("study", help="study key")
    account_options(parser, "who says so")
    args = parser.parse_args(argv)
    desk, actor = _acting(args)
    print(f"{desk.release(actor, StudyKey(args.study)).study_key} is read like any other")
    return 0


def _subject(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("study", help="study key")
    parser.add_argument(
        "--whole-patient", action="store_true", help="every study of its patient, orders and merges too"
    )
    parser.add_argument(
        "--reason",
        required=True,
        choices=[each.value for each in A_PERSONS_REASONS],
        help="a code; it stays with the tombstone",
    )


def _acting(args: argparse.Namespace) -> tuple[ErasureDesk, Actor]:
    core, actor = opened(args)
    require(actor, Act.SEE_ERASURES)
    return _desk(core), actor


def _desk(core: Core) -> ErasureDesk:
    return build_erasure_desk(core.settings, core.database, core.vault, core.clock, core.secret)


def _row(erasure: Erasure) -> str:
    who = ", ".join(f"{each.action} {each.actor_id} {each.acted_at:%Y-%m-%d}" for each in erasure.acts)
    scope = "whole patient, " if erasure.patient else ""
    reference = f"  [{erasure.reference}]" if erasure.reference else ""
    waits = f"\n  waits: {erasure.problem}" if erasure.problem else ""
    keys = " ".join(erasure.study_keys)
    return f"{erasure.number}  {erasure.state.value}  {erasure.reason.value}  {scope}{keys}  ({who}){reference}{waits}"


def _in_the_way(look: Look) -> str:
    found = "; ".join(each.words for each in look.in_the_way)
    return f"  {look.study_key}  {found or 'nothing is in the way'}"


def _stone(stone: Tombstone) -> list[str]:
    counts = ", ".join(f"{count} {name}" for name, count in stone.counts)
    ended = f"{stone.erased_at:%Y-%m-%d %H:%M} UTC" if stone.erased_at else "not finished"
    return [
        f"  {stone.study_key}  {stone.state.value} {ended}: {counts}",
        f"    objects {stone.objects_sha256}",
        *(
            f"    left the house before: {each.sink}, report version {each.report_version}, {each.state} {each.at:%Y-%m-%d}"
            for each in stone.sent_out
        ),
    ]
