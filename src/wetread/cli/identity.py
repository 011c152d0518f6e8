"""`wetread identity list|show|answer|merges|undo`: films that may be another patient's, and merged patients."""

from wetread.bootstrap import build_core
from wetread.bootstrap_orders import build_order_desk, build_order_store
from wetread.cli.options import account_options, do_act, parser_for, settings_from
from wetread.cli.sign import opened
from wetread.domain.identifiers import StudyKey
from wetread.domain.identity_access import Purpose, Reader
from wetread.domain.identity_hold import IdentityHold, Resolution, stops_signing
from wetread.domain.order import Person, person_of
from wetread.domain.role import CONSOLE, Act, require
from wetread.signoff.identity import IdentityDesk

__all__ = ["run"]


def run(argv: list[str]) -> int:
    acts = {"list": _list, "show": _show, "answer": _answer, "merges": _merges, "undo": _undo}
    return do_act(
        argv,
        "identity",
        "Doubts about who a study is of, and merged patients.",
        acts,
        "list: exit status 1 when one stops a signature",
    )


def _list(argv: list[str]) -> int:
    parser = parser_for(
        "identity list",
        "Doubts that nobody has answered, then films found to be another patient's. Exit status 1 when one stops a signature.",
    )
    core = build_core(settings_from(parser.parse_args(argv)))
    with core.database.begin(write=False) as unit:
        holds = (*unit.open_holds(), *unit.wrong_patients())
    print("\n".join(map(_row, holds)) or "nobody is in doubt")
    return int(any(map(stops_signing, holds)))


def _row(hold: IdentityHold) -> str:
    stops = "  STOPS SIGNING" if stops_signing(hold) else ""
    differs = f": {', '.join(hold.differs)}" if hold.differs else ""
    answer = f"; {hold.resolution.value} ({hold.resolved_by})" if hold.resolution else ""
    return f"{hold.study_key}  {hold.hold_key}  {hold.kind.value}{differs}{answer}{stops}"


def _show(argv: list[str]) -> int:
    parser = parser_for("identity show", "What film and order say of the patient, side by side. It names them.")
    parser.add_argument("study", help="study key")
    account_options(parser, "who looks")
    args = parser.parse_args(argv)
    core, actor = opened(args)
    require(actor, Act.READ_STUDY)
    key, store = StudyKey(args.study), build_order_store(core.settings)
    with core.database.begin(write=False) as unit:
        holds = unit.holds_of((key,)).get(key, ())
    print(
        "\n".join(
            [
                _named(
                    "film",
                    person_of(core.vault.on_behalf_of(Reader(actor.actor_id, Purpose.COMPARE)).study(key).identity),
                ),
                *(_said(each, store.claim(each.hold_key)) for each in holds),
            ]
        )
    )
    return 0


def _said(hold: IdentityHold, person: Person | None) -> str:
    return _row(hold) + (f"\n{_named('said', person)}" if person else "")


def _named(who: str, person: Person) -> str:
    number = "^".join(filter(None, (person.number.patient_id, person.number.issuer_of_patient_id)))
    return f"  {who}: {person.name or '-'}, born {person.birth_date or '-'}, {person.sex.value}, number {number or '-'}"


def _answer(argv: list[str]) -> int:
    parser = parser_for("identity answer", "Say whether the film is of the patient that the hospital says.")
    parser.add_argument("study", help="study key")
    parser.add_argument("hold", help="as `wetread identity list` shows it")
    parser.add_argument(
        "answer", choices=[each.value for each in Resolution], help="seen: for what only has to be known"
    )
    account_options(parser, "who answers")
    args = parser.parse_args(argv)
    core, actor = opened(args)
    answered = IdentityDesk(core.database, core.clock).answer(
        actor, StudyKey(args.study), args.hold, Resolution(args.answer)
    )
    print(_row(answered))
    return 0


def _merges(argv: list[str]) -> int:
    parser = parser_for("identity merges", "Patients that the hospital merged, newest first, without their numbers.")
    core = build_core(settings_from(parser.parse_args(argv)))
    lines = [
        f"{each.merge_key}  {each.merged_at:%Y-%m-%d %H:%M} UTC  {len(each.study_keys)} studies{'  undone' if each.undone_at else ''}"
        for each in build_order_store(core.settings).merges()
    ]
    print("\n".join(lines) or "no patients were merged")
    return 0


def _undo(argv: list[str]) -> int:
    parser = parser_for(
        "identity undo", "Undo a merge: its studies go back to the number they came under, each with a hold to look at."
    )
    parser.add_argument("merge", help="as `wetread identity merges` shows it")
    args = parser.parse_args(argv)
    core = build_core(settings_from(args))
    desk = build_order_desk(core.settings, core.database, core.vault, core.clock, core.secret)
    undone = desk.undo_merge(args.merge, CONSOLE.actor_id)
    print(f"{len(undone.study_keys)} studies moved back")
    return 0
