"""The last round of live monitoring for those who watch over the model: every cell's numbers, and one cell with its subgroups, reliability and trend."""

from dataclasses import asdict, replace

from starlette.responses import Response

from wetread.domain.audit import AuditEvent
from wetread.domain.quality import CellKey, QualityCell, QualityReport
from wetread.domain.role import Act
from wetread.monitoring.measures import MEASURES
from wetread.web.json_answer import json_answer
from wetread.web.operations import Call, Operation, Query
from wetread.web.problems import Refusal
from wetread.web.reading_json import Json

__all__ = ["QUALITY_OPERATIONS", "get_quality", "get_quality_cell"]

_KEYS = ("site", "scanner", "finding", "model")
_LATER = frozenset({"gaps", "reliability", "trend", "psi_shares", "adjudicated", "own"})


def get_quality(call: Call) -> Response:
    """Every cell without what only one cell at a time is looked at for."""
    call.house.audit_seldom(AuditEvent("quality.look", call.signed_in.actor.actor_id))
    report = _last(call)
    answer: Json = {"now": call.house.services.clock.now().isoformat(), "definitions": MEASURES, "report": None}
    if report is not None:
        known = asdict(replace(report, cells=())) | {
            "made_at": report.made_at.isoformat(),
            "cells": [_summary(each) for each in report.cells],
        }
        answer["report"] = known
    return json_answer(answer)


def get_quality_cell(call: Call) -> Response:
    """The whole cell of `site`, `scanner`, `finding` and `model`."""
    query = dict(call.query)
    if set(query) != set(_KEYS):
        raise Refusal(400, "query_misfit", f"a cell is asked for by {', '.join(_KEYS)}")
    key = CellKey(**query)
    report = _last(call)
    found = next((each for each in report.cells if each.key == key), None) if report else None
    if found is None:
        raise Refusal(404, "no_such_cell", "the last round has no such cell: load the page again")
    return json_answer(asdict(found))


def _last(call: Call) -> QualityReport | None:
    with call.house.services.database.begin(write=False) as unit:
        return unit.quality()


def _summary(cell: QualityCell) -> Json:
    worse = sum(each.p_worse is not None and each.p_worse < 0.05 for gap in cell.gaps for each in gap.groups)
    short = asdict(replace(cell, gaps=(), reliability=(), trend=(), psi_shares=(), adjudicated=(), own=None))
    return {name: value for name, value in short.items() if name not in _LATER} | {"worse_groups": worse}


QUALITY_OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "GET", "/api/quality", "quality", "Live monitoring's last round: each cell's numbers with n and interval. Audited.",
        get_quality, "the report, None before the first round; definitions of its numbers", act=Act.SEE_QUALITY,
    ),
    Operation(
        "GET", "/api/quality/cell", "quality_cell", "One cell with subgroups, reliability, weekly trend and drift by bin.",
        get_quality_cell, "the cell", act=Act.SEE_QUALITY, query=tuple(Query(each, "of the cell's key") for each in _KEYS),
    ),
)  # fmt: skip
