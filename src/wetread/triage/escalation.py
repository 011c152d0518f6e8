"""Who is told next about a critical result, and when after that. Pure: the sweep in `pager` reads, asks here, and writes in one transaction.

No step ends in silence: a duty that nobody covers is said aloud (alarm) and the next step is taken at once; when the whole path finds nobody, every responder of the site is
paged; when there is none, that is the loudest alarm, and the same is tried again a minute later.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from wetread.domain.alarm import AlarmKind
from wetread.domain.critical import (
    CriticalEvent,
    CriticalResult,
    CriticalState,
    EscalationPath,
    EscalationStep,
    next_critical_state,
)
from wetread.domain.page import Page, page_key
from wetread.domain.priority import TriageDecision
from wetread.domain.roster import Responder
from wetread.domain.study import Study

__all__ = [
    "EVERYONE",
    "Escalation",
    "Trouble",
    "escalate",
    "hastened",
    "is_obsolete",
    "notified",
    "open_critical",
    "rearm",
]

EVERYONE = "everyone"
_NOBODY_AGAIN = timedelta(minutes=1)
"""A roster without anybody is asked again so soon, whatever the step's wait: once it is mended, nobody should wait for the next step."""
Find = Callable[[str], tuple[Responder, ...]]


@dataclass(frozen=True, slots=True)
class Trouble:
    """What went wrong while escalating: the alarm to raise."""

    kind: AlarmKind
    duty: str
    message: str


@dataclass(frozen=True, slots=True)
class Escalation:
    """One escalation: the result as it stands after it, the pages to queue, and what was found wrong."""

    result: CriticalResult
    pages: tuple[Page, ...]
    troubles: tuple[Trouble, ...]


def open_critical(study: Study, decision: TriageDecision, path: EscalationPath, now: datetime) -> CriticalResult:
    """A new critical result, due for its first step at once."""
    return CriticalResult(
        critical_key=f"{study.study_key}:{study.revision}",
        study_key=study.study_key,
        site=study.traits.site,
        priority=decision.priority,
        rule_id=decision.rule_id,
        reason=decision.reason,
        message=decision.message,
        path=path.name,
        state=CriticalState.OPEN,
        opened_at=now,
        acknowledge_by=now + path.acknowledge_within,
        communicate_by=now + path.communicate_within,
        next_due_at=now,
        findings=decision.critical_findings,
    )


def escalate(
    result: CriticalResult, path: EscalationPath, find: Find, now: datetime, *, holder: Responder | None = None
) -> Escalation:
    """Take the step that is due: page everybody whom it names, or, where nobody covers it, the next one that finds somebody.

    `find(duty)` answers who covers a duty at the result's site now; `holder`, who has acknowledged it and told nobody yet, is paged too. The result comes back with its step
    counted and its next time set.
    """
    troubles: list[Trouble] = []
    number = result.step
    while number - result.step < len(path.steps):
        step = _step(path, number - result.path_began)
        if found := find(step.duty):
            return _paged(result, _with(holder, found), number, step, now, troubles)
        troubles.append(_gap(result, step.duty))
        number += 1
    last = path.steps[-1]
    if found := _with(holder, find(EVERYONE)):
        return _paged(result, found, number, last, now, troubles)
    troubles.append(_nobody(result))
    again = now + min(_NOBODY_AGAIN, _wait(last, result))
    return Escalation(replace(result, next_due_at=again), (), tuple(troubles))


def _with(holder: Responder | None, found: tuple[Responder, ...]) -> tuple[Responder, ...]:
    return found if holder is None else (holder, *(each for each in found if each.person_id != holder.person_id))


def _paged(
    result: CriticalResult,
    found: tuple[Responder, ...],
    number: int,
    step: EscalationStep,
    now: datetime,
    troubles: list[Trouble],
) -> Escalation:
    pages = tuple(_page(result, each, number, now) for each in found)
    after = replace(result, step=number + 1, next_due_at=now + _wait(step, result))
    return Escalation(after, pages, tuple(troubles))


def _page(result: CriticalResult, responder: Responder, number: int, now: datetime) -> Page:
    key = page_key(result.critical_key, number, responder.person_id)
    return Page(key, result.critical_key, result.study_key, result.site, responder.person_id, number, now, now)


def _step(path: EscalationPath, number: int) -> EscalationStep:
    return path.steps[min(number, len(path.steps) - 1)]


def _wait(step: EscalationStep, result: CriticalResult) -> timedelta:
    return step.wait[result.priority]


def _gap(result: CriticalResult, duty: str) -> Trouble:
    message = f"nobody is on call for {duty} at {result.site}: a critical result went on to the next step"
    return Trouble(AlarmKind.ROSTER_GAP, duty, message)


def _nobody(result: CriticalResult) -> Trouble:
    message = f"a critical result at {result.site} has nobody to go to: the roster names no responder for this site"
    return Trouble(AlarmKind.NOBODY_TO_PAGE, "", message)


def notified(result: CriticalResult) -> CriticalResult:
    """After a channel accepted a page. Late receipts move nothing back."""
    return replace(result, state=next_critical_state(result.state, CriticalEvent.NOTIFY))


def hastened(result: CriticalResult, path: EscalationPath, now: datetime) -> CriticalResult:
    """After a page that no channel took: its next step at once, as long as the path has one left. Then its last step repeats at its own pace: a dead channel must not breed pages."""
    if result.next_due_at is None or result.path_step >= len(path.steps):
        return result
    return replace(result, next_due_at=min(result.next_due_at, now))


def is_obsolete(page: Page, result: CriticalResult | None) -> bool:
    """True for a page that would tell what a person has dealt with since its step. No clock is asked: it may have been set back since."""
    if result is None or result.state in (CriticalState.COMMUNICATED, CriticalState.CLOSED):
        return True
    taken = result.acknowledgement
    return result.state is CriticalState.ACKNOWLEDGED and taken is not None and page.step < taken.step


def rearm(result: CriticalResult, path: EscalationPath, now: datetime) -> CriticalResult:
    """After the clock went back: what nobody was told of is due now; the next step comes no later than its wait from now, limits no later than their length from now."""
    if result.next_due_at is None:
        return result
    longest = {
        CriticalState.OPEN: timedelta(0),
        CriticalState.ACKNOWLEDGED: path.communicate_within,
    }.get(result.state, _wait(_step(path, result.path_step), result))
    return replace(
        result,
        next_due_at=min(result.next_due_at, now + longest),
        acknowledge_by=min(result.acknowledge_by, now + path.acknowledge_within),
        communicate_by=min(result.communicate_by, now + path.communicate_within),
    )
