"""What a reader may see of the machine's words on one study, and the reading without what they may not (ADR-0016).

Only who may edit a draft reads for the record and can be blinded; quality people and administrators look at what was done.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from wetread.domain.analysis import Analysis
from wetread.domain.delivery import Delivery
from wetread.domain.finding import FindingName
from wetread.domain.identifiers import StudyKey
from wetread.domain.late_images import LateImages
from wetread.domain.mark import ReaderMarks
from wetread.domain.priority import TriageDecision
from wetread.domain.reading import ReadingMode, ReadingRecord, Withheld
from wetread.domain.relabelling import RelabelTask
from wetread.domain.report import Draft, Report
from wetread.domain.role import Act, Actor
from wetread.domain.study import Study
from wetread.domain.study_lock import RecoveryCopy, StudyLock
from wetread.domain.study_state import REPORTED, StudyState
from wetread.ports.database import UnitOfWork
from wetread.signoff.marking import shown_marks
from wetread.signoff.modes import ModePolicy

__all__ = ["Exposure", "Reading", "exposure", "tasks_for", "veiled", "withheld_of"]


@dataclass(frozen=True, slots=True)
class Exposure:
    """`record`: how this person reads this study, None before they first looked at it. `asked`: what an adjudicator is asked about."""

    mode: ReadingMode
    withheld: Withheld
    record: ReadingRecord | None = None
    asked: tuple[FindingName, ...] = ()

    @property
    def hides(self) -> bool:
        return self.withheld is not Withheld.NOTHING


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything a reader sees of one study, without what is withheld from them."""

    study: Study
    analysis: Analysis | None
    decision: TriageDecision | None
    draft: Draft | None
    report: Report | None
    reports: tuple[Report, ...]
    deliveries: tuple[Delivery, ...]
    exposure: Exposure = Exposure(ReadingMode.CONCURRENT, Withheld.NOTHING)
    lock: StudyLock | None = None
    recovery: RecoveryCopy | None = None
    marks: tuple[ReaderMarks, ...] = ()
    late: LateImages | None = None


def exposure(unit: UnitOfWork, policy: ModePolicy, actor: Actor, study: Study) -> Exposure:
    """What holds for this person and study now: the mode their reading began in, else the one that holds for them today.

    A study that a person has reported is no longer read blind by others: its signed report tells what it tells. An adjudicator is blind whatever the site's mode is, until they answered or
    asked for the whole.
    """
    if not actor.may(Act.EDIT_DRAFT):
        return Exposure(ReadingMode.CONCURRENT, Withheld.NOTHING)
    record = unit.reading(study.study_key, actor.actor_id)
    tasks = tasks_for(unit, actor, study, record)
    if tasks:
        asked = {name: None for task in tasks for name in task.findings}
        return Exposure(
            ReadingMode.SECOND_READER, Withheld.ADJUDICATION, record, tuple(FindingName(each) for each in asked)
        )
    mode = record.mode if record else policy.effective(actor, unit.reader_profile(actor.actor_id))
    return Exposure(mode, _withheld(mode, study.state, record), record)


def _withheld(mode: ReadingMode, state: StudyState, record: ReadingRecord | None) -> Withheld:
    if mode is ReadingMode.AI_OFF:
        return Withheld.AI_OFF
    revealed = record is not None and record.revealed_at is not None
    if mode is ReadingMode.CONCURRENT or revealed or state in REPORTED:
        return Withheld.NOTHING
    return Withheld.UNTIL_COMMIT


def tasks_for(unit: UnitOfWork, actor: Actor, study: Study, record: ReadingRecord | None) -> tuple[RelabelTask, ...]:
    """The tasks of blinded relabelling that wait for this person's answer on this study: none once they met it otherwise (ADR-0014)."""
    if record is not None or study.state not in REPORTED or not actor.may(Act.ADJUDICATE):
        return ()
    open_ones = tuple(
        task for task in unit.undecided_relabel_tasks() if task.study_key == study.study_key and _waits_for(task, actor)
    )
    if not open_ones or study.study_key in unit.studies_seen_by(actor.actor_id):
        return ()
    return open_ones


def withheld_of(
    unit: UnitOfWork, policy: ModePolicy, actor: Actor, studies: Mapping[StudyKey, StudyState]
) -> dict[StudyKey, Withheld]:
    """For a list: of these studies, those that are withheld from this person.

    An adjudicator's are withheld without a walk through the log, also where they met the study before this release kept who did: a line too much hidden, never one too little.
    """
    if not studies or not actor.may(Act.EDIT_DRAFT):
        return {}
    records = unit.readings_by(actor.actor_id, studies)
    now = policy.effective(actor, unit.reader_profile(actor.actor_id))
    found = {}
    for key, state in studies.items():
        record = records.get(key)
        found[key] = _withheld(record.mode if record else now, state, record)
    if actor.may(Act.ADJUDICATE) and REPORTED & set(studies.values()):
        mine = (each.study_key for each in unit.undecided_relabel_tasks() if _waits_for(each, actor))
        found |= dict.fromkeys((key for key in mine if key in studies and key not in records), Withheld.ADJUDICATION)
    return {key: why for key, why in found.items() if why is not Withheld.NOTHING}


def veiled(reading: Reading, actor: Actor) -> Reading:
    """The reading without what its exposure withholds. Priority and the critical mark stay, but for an adjudicator: safety wins over blinding, and there nobody waits.

    Without AI a colleague's unsigned words are withheld, too: they began as the draft.
    """
    why = reading.exposure.withheld
    reading = replace(reading, marks=shown_marks(reading.marks, actor, why, reading.reports))
    if why is Withheld.NOTHING:
        return reading
    late = reading.late and replace(reading.late, analysis=None, reason="", problem="")
    hidden = replace(reading, analysis=None, draft=None, decision=_without_words(reading.decision), late=late)
    if why is Withheld.AI_OFF:
        seen = (each for each in reading.reports if each.signature or each.author_id == actor.actor_id)
        kept = tuple(replace(each, judged=()) for each in seen)
        return replace(hidden, report=kept[-1] if kept else None, reports=kept)
    if why is Withheld.UNTIL_COMMIT:
        return replace(hidden, report=None, reports=())
    return replace(hidden, decision=None, report=None, reports=(), deliveries=())


def _without_words(decision: TriageDecision | None) -> TriageDecision | None:
    if decision is None:
        return None
    return TriageDecision(decision.priority, decision.critical, "", "", decision.policy_version)


def _waits_for(task: RelabelTask, actor: Actor) -> bool:
    return not task.decided and all(read.reader_id != actor.actor_id for read in task.reads)
