"""Rows of erasures, legal holds and tombstones; and the removal of every row that tells of a study."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, Table, bindparam, delete, func, select, text

from wetread.domain.erasure import Erasure, Tombstone, TombstoneState
from wetread.domain.errors import PermanentError
from wetread.domain.identifiers import StudyKey
from wetread.domain.legal_hold import LegalHold
from wetread.storage import schema
from wetread.storage.codec import decode, encode
from wetread.storage.erasure_schema import erasures, legal_holds, tombstones
from wetread.storage.schema import metadata_of
from wetread.storage.studies import FilmRows
from wetread.storage.transaction import batches, replacing
from wetread.storage.workitem_schema import read_requests

__all__ = ["ASKED_BY", "KEPT", "SENT_OF", "TELLS_OF_NO_STUDY", "ErasureRows", "rewritten_tables"]

KEPT = {
    "audit": "a chain that nobody changes, with the pseudonym alone",
    "audit_studies": "which records of that chain name the pseudonym",
    "tombstones": "what stays, to know the study again",
}
"""Tables that name a study and keep it, and why."""
ASKED_BY = {
    "asked_tasks": "task_key",
    "foreign_steps": "step_key",
    "workitems": "workitem_key",
    "workitem_events": "workitem_key",
    "workitem_subscriptions": "scope",
}
"""Tables whose rows belong to a request for a read of the study, by the column that has its key."""
SENT_OF = {"commitments": "sent"}
"""Tables whose rows are of a sent report, by the column that begins with the study's key and a colon."""
TELLS_OF_NO_STUDY = {
    "accounts": "people who work here",
    "archive_feeds": "how far an archive was read",
    "archive_probes": "what an archive can do",
    "alarms": "the service, a site or a model",
    "audit_exports": "how far the audit log was handed on",
    "audit_head": "the chain's end",
    "beats": "processes",
    "upkeep": "counts; of the first damaged film the pseudonym, while a look goes on",
    "confirmations": "people who work here, and the hash of an act",
    "erasures": "who asked and who approved; the pseudonym stays, as on the tombstone",
    "external_identities": "people who work here",
    "external_sessions": "people who work here",
    "failed_sign_ins": "people who work here, and hashes of names that are nobody's",
    "legal_holds": "a study under a hold is not erased; one that was lifted stays with the pseudonym",
    "model_versions": "models",
    "news_cursors": "how far a server was read",
    "owed_reports": "who asked for storage commitment, when, and of how many films",
    "preferences": "people who work here",
    "put_asides": "instances that never came in, by the archive's own name or a pseudonym of no study",
    "quality": "counts and rates; the reference's list of films is cleaned by who erases",
    "reader_profiles": "people who work here",
    "relabel_rounds": "counts of strata",
    "rollout_decisions": "counts and rates",
    "rollouts": "models and sites",
    "roster_overrides": "people who work here",
    "second_factors": "people who work here",
    "seen_incidents": "public reports on devices",
    "sessions": "people who work here",
    "token_limits": "systems that work here",
    "triage_policies": "rules",
    "used_once": "hashes of tokens",
}
"""The others, and what they are of. A test fails for a table that is nowhere here and has no `study_key`."""

_SAVE_ERASURE, _SAVE_HOLD, _SAVE_TOMBSTONE = map(replacing, (erasures, legal_holds, tombstones))
_DUE = (
    select(erasures.c.body)
    .where(schema.IS_DUE_ONCE, erasures.c.due_at <= bindparam("now"))
    .order_by(erasures.c.due_at, erasures.c.number)
    .limit(1)
)
_STANDS = text("lifted_at IS NULL")
_TOMBSTONES = select(tombstones.c.study_key, tombstones.c.body).where(
    tombstones.c.study_key.in_(bindparam("keys", expanding=True))
)
_NEWEST_TOMBSTONE = select(tombstones.c.body).order_by(tombstones.c.began_at.desc(), tombstones.c.study_key)
_JOBS = schema.jobs.c
_OPEN_JOBS = select(func.count()).where(_JOBS.study_key == bindparam("key"), schema.IS_DUE_ONCE)


class ErasureRows(FilmRows):
    def save_erasure(self, erasure: Erasure) -> None:
        row = {"number": erasure.number, "is_open": int(erasure.is_open), "due_at": erasure.due_at}
        self._write(_SAVE_ERASURE, {**row, "body": encode(erasure)})

    def erasure(self, number: int) -> Erasure | None:
        return self._one(Erasure, select(erasures.c.body).where(erasures.c.number == number))

    def erasures(self, *, only_open: bool = False, limit: int = 100) -> tuple[Erasure, ...]:
        query = select(erasures.c.body).order_by(erasures.c.number.desc()).limit(limit)
        return self._all(Erasure, query.where(erasures.c.is_open == 1) if only_open else query)

    def due_erasure(self, now: datetime) -> Erasure | None:
        return self._one(Erasure, _DUE, {"now": now})

    def save_legal_hold(self, hold: LegalHold) -> None:
        row = {"number": hold.number, "subject": hold.subject, "lifted_at": hold.lifted_at, "body": encode(hold)}
        self._write(_SAVE_HOLD, row)

    def legal_hold(self, number: int) -> LegalHold | None:
        return self._one(LegalHold, select(legal_holds.c.body).where(legal_holds.c.number == number))

    def legal_holds(self, *, lifted: bool = False, limit: int = 500) -> tuple[LegalHold, ...]:
        wanted = text("lifted_at IS NOT NULL") if lifted else _STANDS
        query = select(legal_holds.c.body).where(wanted).order_by(legal_holds.c.number.desc())
        return self._all(LegalHold, query.limit(limit))

    def last_legal_hold(self) -> int:
        return self._read(select(func.max(legal_holds.c.number))).scalar_one() or 0

    def legal_holds_on(self, subjects: Collection[str]) -> tuple[LegalHold, ...]:
        query = select(legal_holds.c.body).where(_STANDS, legal_holds.c.subject.in_(list(subjects)))
        return self._all(LegalHold, query.order_by(legal_holds.c.number))

    def save_tombstone(self, tombstone: Tombstone) -> None:
        row = {"study_key": tombstone.study_key, "state": tombstone.state.value, "began_at": tombstone.began_at}
        self._write(_SAVE_TOMBSTONE, {**row, "body": encode(tombstone)})

    def tombstone(self, study_key: StudyKey) -> Tombstone | None:
        return self.tombstones_of([study_key]).get(study_key)

    def tombstones_of(self, study_keys: Collection[StudyKey]) -> dict[StudyKey, Tombstone]:
        found = self._of_keys(_TOMBSTONES, study_keys)
        return {StudyKey(key): decode(Tombstone, body) for key, body in found}

    def tombstones(self, limit: int = 100) -> tuple[Tombstone, ...]:
        return self._all(Tombstone, _NEWEST_TOMBSTONE.limit(limit))

    def returned(self, limit: int = 100) -> tuple[Tombstone, ...]:
        here = tombstones.c.study_key == schema.studies.c.study_key
        query = _NEWEST_TOMBSTONE.join(schema.studies, here).where(tombstones.c.state == TombstoneState.ERASED.value)
        return self._all(Tombstone, query.limit(limit))

    def open_jobs(self, study_key: StudyKey) -> int:
        return int(self._read(_OPEN_JOBS, {"key": study_key}).scalar_one())

    def erase_rows(self, study_key: StudyKey, asked_for: Collection[str] = ()) -> dict[str, int]:
        tombstone = self.tombstone(study_key)
        if tombstone is None or tombstone.state is not TombstoneState.ERASING:
            raise PermanentError("this study is not being erased", code="not_erasing")
        requests = select(read_requests.c.request_key).where(read_requests.c.study_key == study_key)
        asked = [*asked_for, *self._read(requests).scalars()]
        counts = {
            name: sum(self._delete(_TABLES[name], _TABLES[name].c[by].in_(batch)) for batch in batches(asked))
            for name, by in ASKED_BY.items()
        }
        for name, by in SENT_OF.items():
            counts[name] = self._delete(_TABLES[name], _TABLES[name].c[by].startswith(f"{study_key}:"))
        for table in reversed(metadata_of("work").sorted_tables):  # what refers to others first
            if "study_key" in table.c and table.name not in KEPT:
                counts[table.name] = self._delete(table, table.c.study_key == study_key)
        return {name: count for name, count in counts.items() if count}

    def _delete(self, table: Table, unwanted: ColumnElement[bool]) -> int:
        return self._write(delete(table).where(unwanted)).rowcount


_TABLES = metadata_of("work").tables
_LOG = ("audit", "audit_studies")


def rewritten_tables() -> tuple[str, ...]:
    """What `Database.rewrite` rewrites on PostgreSQL: every table that a study's rows were in, and where its erasure was planned."""
    named = (each.name for each in metadata_of("work").sorted_tables if "study_key" in each.c and each.name not in _LOG)
    return (*named, *ASKED_BY, *SENT_OF, "quality")
