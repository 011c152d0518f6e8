"""Blinded double reading: who may look at which drawn study, and what an answer does.

A reader sees neither the machine's nor the report's words nor another reader's answers, is never told whether theirs is the third opinion, and meets the studies in an order of
their own, so that the order tells nothing either. Who touched the study before, otherwise than by its bare film, is not blind and does not get it.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from hashlib import sha256

from wetread.domain.audit import AuditEvent
from wetread.domain.errors import NotPermitted, PermanentError
from wetread.domain.identifiers import StudyKey
from wetread.domain.relabelling import Answer, Read, RelabelRound, RelabelTask
from wetread.domain.role import Act, Actor, require
from wetread.governance.relabelling_sample import Design, design_sha256
from wetread.ports.database import Database, UnitOfWork
from wetread.ports.relabel_store import RelabelStore

__all__ = ["RoundStatus", "answer_task", "begin_round", "next_task", "round_status"]

RoundStatus = Mapping[str, int]
"""Tasks by how far they are: 'unread', 'one read', 'third reader needed', 'decided'."""


def begin_round(
    unit: UnitOfWork,
    actor: Actor,
    design: Design,
    asked: RelabelRound,
    now: datetime,
) -> RelabelRound:
    """Keep a drawn sample; `asked` carries its name, findings and numbers, the rest is filled in. Audited. Raises NotPermitted, PermanentError ('round_exists')."""
    require(actor, Act.DRAW_RELABELLING)
    drawn = replace(
        asked,
        population=len(design.studies),
        design_sha256=design_sha256(design),
        strata=design.strata,
        drawn_by=actor.actor_id,
        drawn_at=now,
    )
    unit.add_relabel_round(
        drawn,
        (
            RelabelTask(
                drawn.round_id,
                each.study.study_key,
                each.study.patient,
                each.study.site,
                drawn.findings,
                each.study.calls,
                each.probability,
            )
            for each in design.sample
        ),
    )
    facts = (
        ("round", drawn.round_id),
        ("population", str(drawn.population)),
        ("drawn", str(len(design.sample))),
        ("seed", str(drawn.seed)),
        ("design_sha256", drawn.design_sha256),
    )
    unit.audit(AuditEvent("relabel.sample", actor.actor_id, detail=facts), now)
    return drawn


def next_task(store: RelabelStore, actor: Actor, round_id: str) -> RelabelTask | None:
    """The study this reader looks at next, None when nothing is left for them. Raises NotPermitted, PermanentError ('no_round')."""
    require(actor, Act.ADJUDICATE)
    _known(store, round_id)
    seen = store.studies_seen_by(actor.actor_id)
    open_to_me = [each for each in store.relabel_tasks(round_id) if _why_not(each, actor.actor_id, seen) is None]
    return min(open_to_me, key=lambda each: _own_order(actor.actor_id, each), default=None)


def answer_task(
    database: Database,
    actor: Actor,
    round_id: str,
    study_key: StudyKey,
    answers: Mapping[str, Answer],
    now: datetime,
) -> RelabelTask:
    """Keep one reader's answers, one for every finding of the round, in one commit. Audited without the answers: who reads the log is not to be led by them.

    Raises NotPermitted ('not_permitted', 'not_blind'), PermanentError ('no_round', 'no_task', 'answered', 'decided', 'bad_answer').
    """
    require(actor, Act.ADJUDICATE)
    with database.begin(write=False) as unit:  # a walk through the log: nobody who writes waits for it
        seen = unit.studies_seen_by(actor.actor_id)
    with database.begin() as unit:
        drawn = _known(unit, round_id)
        task = unit.relabel_task(round_id, study_key)
        if task is None:
            raise PermanentError(f"study {study_key} is not in round {round_id}", code="no_task")
        refusal = _why_not(task, actor.actor_id, seen)
        if refusal is not None:
            raise refusal
        if set(answers) != set(drawn.findings):
            raise PermanentError(f"answer for each of {', '.join(drawn.findings)}, and nothing else", code="bad_answer")
        read = Read(actor.actor_id, tuple(answers[each] for each in drawn.findings), now)
        saved = unit.save_relabel_task(replace(task, reads=(*task.reads, read)), expected_etag=task.etag)
        facts = (("round", round_id),)
        unit.audit(AuditEvent("relabel.answer", actor.actor_id, study_key=study_key, detail=facts), now)
        unit.commit()
    return saved


def round_status(store: RelabelStore, actor: Actor, round_id: str) -> RoundStatus:
    """How far a round is. Raises NotPermitted, PermanentError ('no_round')."""
    require(actor, Act.SEE_RELABELLING)
    _known(store, round_id)
    return Counter(_stage(each) for each in store.relabel_tasks(round_id))


def _stage(task: RelabelTask) -> str:
    if task.decided:
        return "decided"
    return {0: "unread", 1: "one read"}.get(len(task.reads), "third reader needed")


def _known(store: RelabelStore, round_id: str) -> RelabelRound:
    drawn = store.relabel_round(round_id)
    if drawn is None:
        raise PermanentError(f"no round {round_id}: `wetread relabel status` lists them", code="no_round")
    return drawn


def _why_not(task: RelabelTask, reader_id: str, seen: frozenset[StudyKey]) -> PermanentError | None:
    if any(each.reader_id == reader_id for each in task.reads):
        return PermanentError("you have answered for this study already", code="answered")
    if task.decided:
        return PermanentError("enough readers have answered for this study", code="decided")
    if task.study_key in seen:
        return NotPermitted(
            "you have opened, reported or otherwise met this study: somebody who has not must judge it",
            code="not_blind",
        )
    return None


def _own_order(reader_id: str, task: RelabelTask) -> bytes:
    return sha256(f"{task.round_id}\0{reader_id}\0{task.study_key}".encode()).digest()
