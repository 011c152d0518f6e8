"""What a subscriber is told: event reports of PS3.4 table CC.2.4-1 as PS3.18 §11.13 sends them. Each tells what stands when it is sent, so that one that was missed is made good by the next."""

from wetread.domain.workitem import EventKind, StepState
from wetread.workitems.attributes import TAGS
from wetread.workitems.book import Held
from wetread.workitems.data_set import DataSet, elements, first_item

__all__ = ["event_report"]

_EVENT_SOP_CLASS = "1.2.840.10008.5.1.4.34.6.4"
_PROGRESS = "ProcedureStepProgressInformationSequence"
_WHY = ("ReasonForCancellation", "ProcedureStepDiscontinuationReasonCodeSequence")
_LONGEST_MESSAGE_ID = 65_535


def event_report(kind: EventKind, held: Held, state: StepState, number: int) -> DataSet:
    """`number` counts the messages of a channel. `state` is the one that the event is of: a workitem may have gone on since."""
    head: DataSet = {
        "00000002": {"vr": "UI", "Value": [_EVENT_SOP_CLASS]},
        "00000110": {"vr": "US", "Value": [number % _LONGEST_MESSAGE_ID + 1]},
        "00001000": {"vr": "UI", "Value": [held.uid]},
        "00001002": {"vr": "US", "Value": [int(kind.value)]},
    }
    return {**head, **_told(kind, held, state)}


def _told(kind: EventKind, held: Held, state: StepState) -> DataSet:
    match kind:
        case EventKind.STATE_REPORT:
            why = first_item(held.data_set, _PROGRESS) if state is StepState.CANCELED else {}
            said = elements(ProcedureStepState=state.value)
            return {**_of(held.data_set, "InputReadinessState"), **said, **_of(why, *_WHY)}
        case EventKind.CANCEL_REQUESTED:
            return _of(held.cancel_request, "RequestingAE", *_WHY)
        case EventKind.PROGRESS_REPORT:
            return _of(held.data_set, _PROGRESS)
        case EventKind.ASSIGNED:
            return _of(held.data_set, "ScheduledStationNameCodeSequence", "ScheduledHumanPerformersSequence")


def _of(data_set: DataSet, *keywords: str) -> DataSet:
    return {TAGS[each]: data_set[TAGS[each]] for each in keywords if TAGS[each] in data_set}
