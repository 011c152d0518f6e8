"""`wetread hold set|lift|list`: legal holds. What is under one is not erased, whoever asks."""

from wetread.bootstrap import Core, build_core
from wetread.bootstrap_erasure import build_legal_hold_desk
from wetread.cli.options import account_options, do_act, parser_for, settings_from
from wetread.cli.sign import opened
from wetread.domain.identifiers import StudyKey
from wetread.domain.legal_hold import HoldReason, LegalHold
from wetread.governance.legal_hold_desk import LegalHoldDesk

__all__ = ["run"]


def run(argv: list[str]) -> int:
    acts = {"set": _set, "lift": _lift, "list": _list}
    return do_act(
        argv,
        "hold",
        "Legal holds: a study, or all of a patient, is kept whatever else asks for its erasure.",
        acts,
        "lift: somebody else than who set it, in the other role",
    )


def _set(argv: list[str]) -> int:
    parser = parser_for("hold set", "Hold a study, or all of its patient with what comes later.")
    parser.add_argument("study", help="study key")
    parser.add_argument("--whole-patient", action="store_true", help="everything of its patient")
    parser.add_argument("--reason", required=True, choices=[each.value for each in HoldReason], help="a code")
    parser.add_argument("--reference", default="", metavar="NUMBER", help="of your own file; it stays for ever")
    account_options(parser, "who sets it")
    args = parser.parse_args(argv)
    core, actor = opened(args)
    reason, whole = HoldReason(args.reason), args.whole_patient
    hold = _desk(core).set_hold(actor, StudyKey(args.study), reason, reference=args.reference, whole_patient=whole)
    print(_row(hold))
    return 0


def _lift(argv: list[str]) -> int:
    parser = parser_for("hold lift", "End a hold that somebody in the other role (quality, admin) set.")
    parser.add_argument("number", type=int, help="as `wetread hold list` shows it")
    account_options(parser, "who lifts it")
    args = parser.parse_args(argv)
    core, actor = opened(args)
    print(_row(_desk(core).lift(actor, args.number)))
    return 0


def _list(argv: list[str]) -> int:
    parser = parser_for("hold list", "Holds that stand, newest first.")
    parser.add_argument("--lifted", action="store_true", help="those that were lifted")
    args = parser.parse_args(argv)
    core = build_core(settings_from(args))
    with core.database.begin(write=False) as unit:
        holds = unit.legal_holds(lifted=args.lifted)
    print("\n".join(map(_row, holds)) or "no hold stands")
    return 0


def _desk(core: Core) -> LegalHoldDesk:
    return build_legal_hold_desk(core.settings, core.database, core.vault, core.clock, core.secret)


def _row(hold: LegalHold) -> str:
    reference = f"  [{hold.reference}]" if hold.reference else ""
    ended = f"; lifted by {hold.lifted_by} {hold.lifted_at:%Y-%m-%d}" if hold.lifted_at else ""
    return (
        f"{hold.number}  {hold.scope.value} {hold.subject}  {hold.reason.value}  "
        f"set by {hold.set_by} {hold.set_at:%Y-%m-%d}{ended}{reference}"
    )
