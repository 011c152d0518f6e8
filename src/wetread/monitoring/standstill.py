"""What came in and does not move: studies nobody's machine reads, reports nobody acknowledges, jobs given up, critical results nobody takes."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from wetread.domain.alarm import AlarmKind
from wetread.domain.commitment import OwedState, OwedTotal
from wetread.domain.critical import CriticalResult, CriticalState
from wetread.domain.identity_hold import IdentityHold, stops_signing
from wetread.domain.job import JobKind
from wetread.domain.study import Study
from wetread.domain.study_state import StudyState
from wetread.monitoring.alarms import Silence
from wetread.monitoring.wording import counted, span
from wetread.ports.watch_store import OpenDelivery, RecentRead, WaitingStudy

__all__ = [
    "UNMOVED",
    "commitments_untold",
    "critical_overdue",
    "dead_letters",
    "nothing_moves",
    "nothing_routed",
    "nothing_scored",
    "patients_in_doubt",
]

UNMOVED = frozenset({StudyState.RECEIVED, StudyState.ADMITTED, StudyState.ANALYSED, StudyState.AI_UNAVAILABLE})
"""States that only a worker ends, soon after the last image came."""
_NO_MODEL = "bad_bundle:"
"""How the reason of a study begins whose model could not be loaded: no other film will be read by it."""
_SIGNED = frozenset({StudyState.SIGNED, StudyState.AMENDED, StudyState.DELIVERED})
_DOUBTED = timedelta(minutes=15)
"""How long a doubt about the patient may wait while nothing is signed."""


def nothing_moves(waiting: Iterable[WaitingStudy], now: datetime) -> tuple[Silence, ...]:
    """One alarm per site for studies that waited too long (`waiting` holds only those)."""
    of_site: dict[str, list[WaitingStudy]] = defaultdict(list)
    for study in waiting:
        of_site[study.site].append(study)
    return tuple(_unmoved(site, studies, now) for site, studies in sorted(of_site.items()))


def _unmoved(site: str, studies: Sequence[WaitingStudy], now: datetime) -> Silence:
    states = ", ".join(sorted({study.state.value for study in studies}))
    longest = span(now - min(study.since for study in studies))
    message = (
        f"{counted(len(studies), 'study', 'studies')} of site {site} ({states}) wait for the machine, the longest for {longest}: they can be read without it; "
        "check that a worker runs and what `wetread status` says"
    )
    return Silence(AlarmKind.NOTHING_READ, f"nothing_read/{site}/waiting", site, message, pages=True)


def nothing_scored(reads: Iterable[RecentRead], *, in_a_row: int) -> tuple[Silence, ...]:
    """One alarm per site whose last `in_a_row` studies all lack an analysis, or lacked it when the model was last wanted because it could not be loaded: the next will, too. `reads` newest first."""
    of_site: dict[str, list[RecentRead]] = defaultdict(list)
    for read in reads:
        of_site[read.site].append(read)
    return (*_without_model(of_site), *_without_ai(of_site, in_a_row))


def _without_model(of_site: Mapping[str, Sequence[RecentRead]]) -> Iterator[Silence]:
    for site, mine in sorted(of_site.items()):
        tried = next((each for each in mine if each.scores or each.reason.startswith(_NO_MODEL)), None)
        if tried is not None and not tried.scores:
            message = f"films of site {site} are read without AI, for the model cannot be used ({tried.reason}): put it right, and the next film is read with it"
            yield Silence(AlarmKind.NOTHING_READ, f"nothing_read/{site}/no_model", site, message, pages=True)


def _without_ai(of_site: Mapping[str, Sequence[RecentRead]], in_a_row: int) -> tuple[Silence, ...]:
    return tuple(
        Silence(
            AlarmKind.NOTHING_READ,
            f"nothing_read/{site}/ai_unavailable",
            site,
            f"AI was unavailable for each of the last {in_a_row} studies of site {site}: their pages give the reason; check the model and what the site sends",
            pages=True,
        )
        for site, mine in sorted(of_site.items())
        if len(mine) >= in_a_row and not any(read.scores for read in mine[:in_a_row])
    )


def nothing_routed(deliveries: Iterable[OpenDelivery], now: datetime, *, within: timedelta) -> tuple[Silence, ...]:
    """One alarm per site and sink for signed reports that it has not acknowledged in time."""
    late: dict[tuple[str, str], list[datetime]] = defaultdict(list)
    for each in deliveries:
        if now - each.signed_at > within:
            late[each.site, each.sink].append(each.signed_at)
    return tuple(
        Silence(
            AlarmKind.NOTHING_ROUTED,
            f"nothing_routed/{site}/{sink}",
            site,
            f"{counted(len(signed), 'signed report')} of site {site} not acknowledged by sink {sink}, the oldest for {span(now - min(signed))}: "
            "check the receiver; they are tried again by themselves",
            pages=True,
        )
        for (site, sink), signed in sorted(late.items())
    )


def dead_letters(dead: Iterable[tuple[str, JobKind, int]]) -> tuple[Silence, ...]:
    """One alarm per site and kind of job given up."""
    return tuple(
        Silence(
            AlarmKind.DEAD_LETTERS,
            f"dead_letters/{site}/{kind.value}",
            site,
            f"{counted(count, f'{kind.value} job')} of site {site} given up: `wetread status` gives the reasons, `wetread status --retry JOB` tries one again",
            pages=True,
        )
        for site, kind, count in dead
    )


def commitments_untold(totals: Iterable[OwedTotal]) -> tuple[Silence, ...]:
    """One alarm per AE title that asked whether we answer for its films and could not be told. It keeps them, so nobody is woken."""
    return tuple(
        Silence(
            AlarmKind.COMMITMENT_UNTOLD,
            f"commitment_untold/{each.ae_title}",
            "",
            f"{each.ae_title} was not told what came of {counted(each.reports, 'request')} for storage commitment, so it may keep its films for ever; "
            f"administration, connections, or `wetread ae reports --again {each.ae_title}` calls it once more, when this is mended: {each.problem}",
            pages=False,
        )
        for each in totals
        if each.state is OwedState.ASIDE
    )


def patients_in_doubt(doubts: Iterable[tuple[IdentityHold, Study]], now: datetime) -> tuple[Silence, ...]:
    """Films that may be another patient's, which nobody has looked at: at once, and as a page, where a report was signed already, for it may stand under the wrong name."""
    return tuple(
        _in_doubt(hold, study)
        for hold, study in doubts
        if stops_signing(hold) and (study.state in _SIGNED or now - hold.opened_at > _DOUBTED)
    )


def _in_doubt(hold: IdentityHold, study: Study) -> Silence:
    signed = study.state in _SIGNED
    words = "its report is signed: it may be another patient's" if signed else "it cannot be signed"
    message = (
        f"film and order of a study of site {study.traits.site} are of different patients ({', '.join(hold.differs)}), and nobody has looked: {words} "
        f"(study {study.study_key}): compare them on the reading page or with `wetread identity show`"
    )
    key = f"patient_in_doubt/{study.traits.site}/{hold.hold_key}"
    return Silence(AlarmKind.PATIENT_IN_DOUBT, key, study.traits.site, message, pages=signed)


def critical_overdue(results: Iterable[CriticalResult], now: datetime) -> tuple[Silence, ...]:
    """One alarm per overdue result, so that acknowledging one never hides the next. It pages while nobody has taken the result; who took it is known."""
    return tuple(_overdue(result, now) for result in results if result.overdue(now))


def _overdue(result: CriticalResult, now: datetime) -> Silence:
    untaken = result.state is not CriticalState.ACKNOWLEDGED
    limit, act = (
        (result.acknowledge_by, "acknowledged") if untaken else (result.communicate_by, "communicated to the ward")
    )
    message = (
        f"a {result.priority.value} critical result of site {result.site} is {span(now - limit)} overdue to be {act} "
        f"(study {result.study_key}, escalation step {result.step}): open it in the critical queue"
    )
    key = f"critical_overdue/{result.site}/{result.critical_key}"
    return Silence(AlarmKind.CRITICAL_OVERDUE, key, result.site, message, pages=untaken)
