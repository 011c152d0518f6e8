"""Rows of what the machine concluded, one per study revision: analyses, triage decisions, drafts."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Select, Table, bindparam, select

from wetread.domain.analysis import Analysis
from wetread.domain.identifiers import StudyKey
from wetread.domain.priority import TriageDecision
from wetread.domain.report import Draft
from wetread.storage import schema
from wetread.storage.codec import decode, encode
from wetread.storage.transaction import Transaction, replacing

__all__ = ["ResultRows"]


def _newest(table: Table) -> Select[Any]:
    return select(table).where(table.c.study_key == bindparam("key")).order_by(table.c.revision.desc()).limit(1)


_TABLES = (schema.analyses, schema.decisions, schema.drafts)
_SAVE_ANALYSIS, _SAVE_DECISION, _SAVE_DRAFT = map(replacing, _TABLES)
_ANALYSIS, _DECISION, _DRAFT = map(_newest, _TABLES)
_DECISIONS = (
    select(schema.decisions)
    .where(schema.decisions.c.study_key.in_(bindparam("keys", expanding=True)))
    .order_by(schema.decisions.c.revision)
)


class ResultRows(Transaction):
    def save_analysis(self, study_key: StudyKey, revision: int, analysis: Analysis) -> None:
        body, heat_values = encode(_without_heat_values(analysis)), analysis.heat and analysis.heat.values
        row = {"study_key": study_key, "revision": revision, "body": body, "heat_values": heat_values}
        self._write(_SAVE_ANALYSIS, row)

    def analysis(self, study_key: StudyKey) -> Analysis | None:
        row = self._read(_ANALYSIS, {"key": study_key}).one_or_none()
        return None if row is None else _with_heat_values(decode(Analysis, row.body), row.heat_values)

    def save_decision(self, study_key: StudyKey, revision: int, decision: TriageDecision) -> None:
        self._write(_SAVE_DECISION, {"study_key": study_key, "revision": revision, "body": encode(decision)})

    def decision(self, study_key: StudyKey) -> TriageDecision | None:
        row = self._read(_DECISION, {"key": study_key}).one_or_none()
        return None if row is None else decode(TriageDecision, row.body)

    def decisions_of(self, study_keys: Sequence[StudyKey]) -> dict[StudyKey, TriageDecision]:
        found = {StudyKey(row.study_key): row.body for row in self._of_keys(_DECISIONS, study_keys)}
        return {key: decode(TriageDecision, body) for key, body in found.items()}

    def save_draft(self, study_key: StudyKey, revision: int, draft: Draft) -> None:
        self._write(_SAVE_DRAFT, {"study_key": study_key, "revision": revision, "body": encode(draft)})

    def draft(self, study_key: StudyKey) -> Draft | None:
        row = self._read(_DRAFT, {"key": study_key}).one_or_none()
        return None if row is None else decode(Draft, row.body)


def _without_heat_values(analysis: Analysis) -> Analysis:
    return replace(analysis, heat=replace(analysis.heat, values=b"")) if analysis.heat else analysis


def _with_heat_values(analysis: Analysis, values: bytes | None) -> Analysis:
    return replace(analysis, heat=replace(analysis.heat, values=bytes(values or b""))) if analysis.heat else analysis
