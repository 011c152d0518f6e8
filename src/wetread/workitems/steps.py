"""What a data set must and must not hold when a step is created, changed or ended (PS3.4 table CC.2.5-3), and what ends are written into it."""

from collections.abc import Mapping
from datetime import datetime

from wetread.domain.errors import PermanentError
from wetread.domain.read_request import Failure
from wetread.domain.workitem import StepState
from wetread.workitems.attributes import TAGS
from wetread.workitems.data_set import DataSet, code, elements, first_item, items, merged, moment, text, with_item

__all__ = [
    "DEFAULT_WORKLIST",
    "PUSH_SOP_CLASS",
    "UNSPECIFIED",
    "canceled",
    "changed",
    "created",
    "is_complete",
    "reason_code",
]

PUSH_SOP_CLASS = "1.2.840.10008.5.1.4.34.6.1"
DEFAULT_WORKLIST = "wetread"
UNSPECIFIED = code("110513", "DCM", "Discontinued for unspecified reason")
_CHOICES = {
    "ScheduledProcedureStepPriority": ("HIGH", "MEDIUM", "LOW"),
    "InputReadinessState": ("INCOMPLETE", "UNAVAILABLE", "READY"),
    "ProcedureStepState": ("SCHEDULED",),
}
_REQUIRED = (*_CHOICES, "ProcedureStepLabel", "ScheduledProcedureStepStartDateTime")
_FIXED = (
    "SOPClassUID",
    "SOPInstanceUID",
    "TransactionUID",
    "ProcedureStepState",
    "StudyInstanceUID",
    "AdmissionID",
    "ReferencedRequestSequence",
)
_PROGRESS, _PERFORMED = "ProcedureStepProgressInformationSequence", "UnifiedProcedureStepPerformedProcedureSequence"


def _refuse(problem: str) -> PermanentError:
    return PermanentError(problem, code="bad_data_set")


def created(data_set: DataSet, workitem_uid: str) -> DataSet:
    """What is kept of a new step. Raises PermanentError 'bad_data_set', or 'C309' for one that is not SCHEDULED."""
    if (said := text(data_set, "ProcedureStepState")) and said != "SCHEDULED":
        raise PermanentError("a new workitem is SCHEDULED", code="C309")
    if text(data_set, "TransactionUID") or items(data_set, _PROGRESS) or items(data_set, _PERFORMED):
        raise _refuse("a new workitem has no Transaction UID, no progress and nothing performed")
    if text(data_set, "SOPInstanceUID") not in ("", workitem_uid):
        raise _refuse("the data set names another workitem than the request")
    for keyword in _REQUIRED:
        if not text(data_set, keyword):
            raise _refuse(f"{keyword} is required")
    _check_choices(data_set)
    given = elements(
        SOPClassUID=PUSH_SOP_CLASS,
        SOPInstanceUID=workitem_uid,
        WorklistLabel=text(data_set, "WorklistLabel") or DEFAULT_WORKLIST,
    )
    empty = elements(**dict.fromkeys((_PROGRESS, _PERFORMED)))
    without = {tag: each for tag, each in data_set.items() if tag != TAGS["TransactionUID"]}
    return merged(without, given, empty)


def changed(data_set: DataSet, change: DataSet) -> DataSet:
    """With the attributes of `change` in place of its own. Raises PermanentError 'bad_data_set' for what no update may touch: identifiers, state, and whom it is of."""
    named = {TAGS[each]: each for each in _FIXED}
    for tag, element in change.items():
        if (tag in named and element != data_set.get(tag)) or (tag.startswith("0010") and element != data_set.get(tag)):
            raise _refuse(f"an update does not change {named.get(tag, 'whom a workitem is of')}")
    _check_choices(change)
    return merged(data_set, change)


def _check_choices(data_set: DataSet) -> None:
    for keyword, allowed in _CHOICES.items():
        if TAGS[keyword] in data_set and text(data_set, keyword) not in allowed and keyword != "ProcedureStepState":
            raise _refuse(f"{keyword} is one of {', '.join(allowed)}")


def is_complete(data_set: DataSet, wanted: StepState) -> bool:
    """COMPLETED: who performed what, from when to when, and its output, which may be nothing. CANCELED: why."""
    if wanted is StepState.CANCELED:
        return any(items(each, "ProcedureStepDiscontinuationReasonCodeSequence") for each in items(data_set, _PROGRESS))
    return any(_is_performed(each) for each in items(data_set, _PERFORMED))


def _is_performed(performed: DataSet) -> bool:
    coded = ("PerformedStationNameCodeSequence", "PerformedWorkitemCodeSequence")
    dated = ("PerformedProcedureStepStartDateTime", "PerformedProcedureStepEndDateTime")
    whole = all(items(performed, each) for each in coded) and all(text(performed, each) for each in dated)
    return whole and TAGS["OutputInformationSequence"] in performed


_REASONS: Mapping[Failure, DataSet] = {
    Failure.NEVER_CAME: code("110533", "DCM", "Workitem expired"),
    Failure.INCOMPLETE: code("110523", "DCM", "Object Set incomplete"),
    Failure.UNSUITABLE: code("110522", "DCM", "Object Types not supported"),
    Failure.AI_UNAVAILABLE: code("110527", "DCM", "Resource inadequate"),
    Failure.NOT_FINISHED: code("110501", "DCM", "Equipment failure"),
}


def reason_code(failure: Failure) -> DataSet:
    """Of PS3.16 CID 9300."""
    return _REASONS[failure]


def canceled(data_set: DataSet, now: datetime, reason: DataSet | None = None, words: str = "") -> DataSet:
    """With when and why in its progress; what is there already stays."""
    there = first_item(data_set, _PROGRESS)
    given = elements(
        ProcedureStepCancellationDateTime=moment(now),
        **({"ProcedureStepDiscontinuationReasonCodeSequence": reason} if reason else {}),
        **({"ReasonForCancellation": words} if words else {}),
    )
    return with_item(data_set, _PROGRESS, merged(given, there))
