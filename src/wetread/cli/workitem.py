"""`wetread workitem list|show|create|cancel`: the worklist of UPS-RS from the command line."""

from collections.abc import Iterator
from itertools import count

from wetread.bootstrap import Core, build_core, build_desk
from wetread.bootstrap_worklist import build_worklist
from wetread.cli.options import account_options, do_act, parser_for, settings_from
from wetread.cli.sign import opened
from wetread.domain.errors import PermanentError
from wetread.domain.identifiers import StudyKey
from wetread.domain.identity_access import Purpose, Reader
from wetread.domain.priority import Priority
from wetread.domain.reading import Withheld
from wetread.domain.role import Act, Actor, require
from wetread.domain.workitem import StepState, ups_priority
from wetread.ports.vault import Search
from wetread.signoff.exposure import exposure
from wetread.workitems.asked_read import READ_CODE
from wetread.workitems.attributes import KEYWORDS, TAGS
from wetread.workitems.book import Held
from wetread.workitems.data_set import DataSet, code, elements, items, moment, text
from wetread.workitems.desk import WorkitemDesk

__all__ = ["run"]

_PAGE = 1000


def run(argv: list[str]) -> int:
    acts = {"list": _list, "show": _show, "create": _create, "cancel": _cancel}
    return do_act(
        argv,
        "workitem",
        "Work on the worklist (UPS-RS): who asks for it, who does it, how far it is.",
        acts,
        "list: without identity",
    )


def _list(argv: list[str]) -> int:
    parser = parser_for(
        "workitem list", "Workitems that have not ended, the earliest scheduled first, without identity."
    )
    parser.add_argument("--all", action="store_true", help="those that have ended, too")
    args = parser.parse_args(argv)
    desk = build_worklist(build_core(settings_from(args))).desk
    found = [each for each in _standing(desk) if args.all or not each.workitem.state.is_final]
    print("\n".join(map(_row, found)) or "the worklist is empty")
    return 0


def _standing(desk: WorkitemDesk) -> Iterator[Held]:
    """Page after page: what has ended stands before what has not."""
    for offset in count(0, _PAGE):
        page = desk.page(Search(limit=_PAGE, offset=offset))
        yield from filter(None, page)
        if len(page) < _PAGE:
            return


def _row(held: Held) -> str:
    workitem, progress = held.workitem, items(held.data_set, "ProcedureStepProgressInformationSequence")
    percent = text(progress[0], "ProcedureStepProgress") if progress else ""
    parts = (
        workitem.workitem_key,
        f"{workitem.state.value:<11}",
        f"{text(held.data_set, 'ScheduledProcedureStepPriority'):<6}",
        f"study {workitem.study_key or '-'}",
        f"asked {workitem.created_at:%Y-%m-%d %H:%M} UTC by {workitem.created_by}",
        f"performed by {workitem.performer_id}" if workitem.performer_id else "nobody's yet",
        f"{percent} %" if percent else "",
    )
    return "  ".join(filter(None, parts))


def _show(argv: list[str]) -> int:
    parser = parser_for("workitem show", "One workitem, every attribute. It names the patient.")
    parser.add_argument("workitem", help="as `wetread workitem list` shows it")
    account_options(parser, "who looks")
    args = parser.parse_args(argv)
    core, actor = opened(args)
    require(actor, Act.SEE_WORKITEMS)
    held = _held(core, args.workitem)
    print(_row(held))
    performed = TAGS["UnifiedProcedureStepPerformedProcedureSequence"]
    hidden = _is_withheld(core, held, actor)
    print("\n".join(_lines({tag: each for tag, each in held.data_set.items() if not (hidden and tag == performed)})))
    return 0


def _is_withheld(core: Core, held: Held, actor: Actor) -> bool:
    """What was performed names our own results."""
    with core.database.begin(write=False) as unit:
        study = unit.find_study(held.workitem.study_key) if held.workitem.study_key else None
        return (
            study is not None and exposure(unit, build_desk(core).modes, actor, study).withheld is not Withheld.NOTHING
        )


def _lines(data_set: object, indent: str = "  ") -> list[str]:
    lines: list[str] = []
    for tag, element in data_set.items() if isinstance(data_set, dict) else ():
        values = element.get("Value", [])
        name = KEYWORDS.get(tag, tag)
        if element["vr"] == "SQ":
            lines.append(f"{indent}{name}")
            lines += [line for each in values for line in _lines(each, indent + "  ")]
        else:
            lines.append(f"{indent}{name}: {', '.join(_plain(each) for each in values)}")
    return lines


def _plain(value: object) -> str:
    return "=".join(map(str, value.values())) if isinstance(value, dict) else str(value)


def _create(argv: list[str]) -> int:
    parser = parser_for("workitem create", "Ask for a read of a study that is here; it is brought forward, never back.")
    parser.add_argument("study", help="study key, as the worklist shows it")
    parser.add_argument("--priority", choices=[each.value for each in Priority], default=Priority.URGENT.value)
    parser.add_argument("--label", default="Read", help="what the workitem is called")
    account_options(parser, "who asks")
    args = parser.parse_args(argv)
    core, actor = opened(args)
    require(actor, Act.ASK_FOR_READ)
    desk = build_worklist(core).desk
    uid = desk.create(
        "", _asked(core, actor, StudyKey(args.study), Priority(args.priority), args.label), actor.actor_id
    )
    print(desk.book.key(uid))
    return 0


def _asked(core: Core, actor: Actor, study_key: StudyKey, priority: Priority, label: str) -> DataSet:
    study = core.vault.on_behalf_of(Reader(actor.actor_id, Purpose.CONSOLE)).study(study_key)
    who = study.identity
    return elements(
        PatientName={"Alphabetic": who.patient_name} if who.patient_name else None,
        PatientID=who.patient_id or None,
        IssuerOfPatientID=who.issuer_of_patient_id or None,
        PatientBirthDate=who.patient_birth_date or None,
        PatientSex=who.patient_sex.value if who.patient_sex.value != "U" else None,
        ScheduledProcedureStepStartDateTime=moment(core.clock.now()),
        ScheduledWorkitemCodeSequence=code(READ_CODE.value, READ_CODE.scheme, READ_CODE.meaning),
        InputReadinessState="READY",
        InputInformationSequence=elements(TypeOfInstances="DICOM", StudyInstanceUID=study.study_instance_uid),
        ProcedureStepState=StepState.SCHEDULED.value,
        ScheduledProcedureStepPriority=ups_priority(priority),
        ProcedureStepLabel=label,
    )


def _cancel(argv: list[str]) -> int:
    parser = parser_for(
        "workitem cancel",
        "Ask for a workitem's end. What nobody has begun, and what wetread itself performs, is canceled at once.",
    )
    parser.add_argument("workitem", help="as `wetread workitem list` shows it")
    parser.add_argument("--reason", default="", help="in words")
    account_options(parser, "who asks")
    args = parser.parse_args(argv)
    core, actor = opened(args)
    require(actor, Act.ASK_FOR_READ)
    desk = build_worklist(core).desk
    request = elements(ReasonForCancellation=args.reason) if args.reason else {}
    desk.request_cancel(_held(core, args.workitem, desk).uid, request, actor.actor_id)
    print(_row(_held(core, args.workitem, desk)))
    return 0


def _held(core: Core, workitem_key: str, desk: WorkitemDesk | None = None) -> Held:
    book = (desk or build_worklist(core).desk).book
    with core.database.begin(write=False) as unit:
        held = book.find_by_key(unit, workitem_key)
    if held is None:
        raise PermanentError("there is no such workitem: `wetread workitem list` shows those there are", code="C307")
    return held
