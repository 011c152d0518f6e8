"""The state table: one dict, every pair tested, the diagram in the docs drawn from it.

A person can open and sign from any state after ADMITTED: a failing model or a slow queue never blocks reading (law 1). Events of the machine
that arrive after a person took over are recorded but move nothing back.
"""

from enum import StrEnum

from wetread.domain.errors import IllegalTransition

__all__ = ["READABLE", "REPORTED", "TRANSITIONS", "StudyEvent", "StudyState", "next_state"]


class StudyState(StrEnum):
    RECEIVED = "received"
    REJECTED = "rejected"
    ADMITTED = "admitted"
    ANALYSED = "analysed"
    AI_UNAVAILABLE = "ai_unavailable"
    TRIAGED = "triaged"
    DRAFTED = "drafted"
    IN_READING = "in_reading"
    SIGNED = "signed"
    DELIVERED = "delivered"
    AMENDED = "amended"
    NEW_IMAGES = "new_images"
    """Reported, and images came since: a person looks at them, and the report stands until then."""
    FETCHED = "fetched"
    """A copy of an earlier study, brought from an archive to compare with: nobody's work here, never read by a model."""


class StudyEvent(StrEnum):
    ADMIT = "admit"
    REJECT = "reject"
    ANALYSE = "analyse"
    FAIL_ANALYSIS = "fail_analysis"
    TRIAGE = "triage"
    DRAFT = "draft"
    OPEN = "open"
    SIGN = "sign"
    AMEND = "amend"
    APPEND = "append"
    DELIVER = "deliver"
    RENEW = "renew"  # a late instance arrived: read the study again
    FETCH = "fetch"
    LATE_IMAGE = "late_image"  # an image arrived after the report was signed
    NO_CHANGE = "no_change"  # a person looked at it: the report stands


_S, _E = StudyState, StudyEvent

READABLE = frozenset({_S.ADMITTED, _S.ANALYSED, _S.AI_UNAVAILABLE, _S.TRIAGED, _S.DRAFTED, _S.IN_READING})
"""States in which a person may open, edit and sign the first report."""

REPORTED = frozenset({_S.SIGNED, _S.DELIVERED, _S.AMENDED, _S.NEW_IMAGES})
"""States in which a final version exists."""
_MACHINE_EVENTS = (_E.ANALYSE, _E.FAIL_ANALYSIS, _E.TRIAGE, _E.DRAFT)

TRANSITIONS: dict[tuple[StudyState, StudyEvent], StudyState] = {
    (_S.RECEIVED, _E.ADMIT): _S.ADMITTED,
    (_S.RECEIVED, _E.REJECT): _S.REJECTED,
    (_S.REJECTED, _E.RENEW): _S.RECEIVED,
    (_S.ADMITTED, _E.ANALYSE): _S.ANALYSED,
    (_S.ADMITTED, _E.FAIL_ANALYSIS): _S.AI_UNAVAILABLE,
    (_S.ANALYSED, _E.TRIAGE): _S.TRIAGED,
    (_S.AI_UNAVAILABLE, _E.TRIAGE): _S.TRIAGED,
    (_S.TRIAGED, _E.DRAFT): _S.DRAFTED,
    **{(state, _E.OPEN): _S.IN_READING for state in READABLE},
    **{(state, _E.SIGN): _S.SIGNED for state in READABLE},
    **{(state, event): state for state in (_S.IN_READING, *REPORTED) for event in _MACHINE_EVENTS},
    **{(state, event): _S.AMENDED for state in REPORTED for event in (_E.AMEND, _E.APPEND)},
    **{(state, _E.DELIVER): _S.DELIVERED for state in REPORTED - {_S.NEW_IMAGES}},
    (_S.NEW_IMAGES, _E.DELIVER): _S.NEW_IMAGES,
    **{(state, _E.LATE_IMAGE): _S.NEW_IMAGES for state in REPORTED},
    (_S.NEW_IMAGES, _E.NO_CHANGE): _S.SIGNED,
    (_S.RECEIVED, _E.FETCH): _S.FETCHED,
    (_S.FETCHED, _E.RENEW): _S.RECEIVED,
    **{(state, _E.RENEW): _S.ADMITTED for state in READABLE - {_S.IN_READING}},
    **{(state, _E.RENEW): state for state in (_S.IN_READING, *REPORTED)},
}


def next_state(state: StudyState, event: StudyEvent) -> StudyState:
    """The state after `event`; raises IllegalTransition for a pair the table does not hold."""
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise IllegalTransition(f"a study that is {state.value} cannot take the event {event.value}") from None
