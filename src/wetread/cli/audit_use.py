"""`wetread audit use`: every use of a model, with what it said and what a person made of it."""

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TextIO

from wetread.bootstrap import build_core
from wetread.bootstrap_quality import build_labels
from wetread.cli.options import moment, new_file, parser_for, settings_from
from wetread.domain.audit import AuditEvent
from wetread.domain.role import CONSOLE
from wetread.governance.audit_table import csv_row
from wetread.monitoring.model_use import ModelUse, model_uses

__all__ = ["lines_of", "run"]

_OF_USE = ("sequence", "used_at", "study", "action", "outcome", "model", "model_sha256", "input_sha256", "called", "review", "reviewer", "reviewer_role", "signed_at", "content_sha256", "reading_mode", "reason")  # fmt: skip
_OF_FINDING = ("finding", "probability", "threshold", "is_called", "signed", "override")


def run(argv: list[str]) -> int:
    parser = parser_for(
        "audit use",
        "Every use of a model (EU AI Act art. 12): model and input by their hashes, output and threshold by finding, who reviewed it, where that person said otherwise and why. Recorded itself.",
    )
    parser.add_argument("study", nargs="?", default="", help="of this study; default: of all")
    parser.add_argument("--since", type=moment, metavar="TIME", help="from then on (ISO 8601; without a zone UTC)")
    parser.add_argument("--until", type=moment, metavar="TIME", help="before then")
    parser.add_argument("--format", choices=("text", "jsonl", "csv"), default="text", help="csv has a line per finding")
    parser.add_argument("--out", type=Path, metavar="FILE", help="never over one that is there; default: the terminal")
    args = parser.parse_args(argv)
    core = build_core(settings_from(args))
    uses = model_uses(core.database, build_labels(core.settings), args.study, args.since, args.until)
    number = _written(args, uses)
    with core.database.begin() as unit:
        unit.audit(AuditEvent("audit.use", CONSOLE.actor_id, detail=(("records", str(number)),)), core.clock.now())
        unit.commit()
    if args.out:
        print(f"{args.out}: {number} uses")
    return 0


def _written(args: argparse.Namespace, uses: Iterable[ModelUse]) -> int:
    if args.out is None:
        return _write(sys.stdout, args.format, uses)
    with new_file(args.out) as out:
        return _write(out, args.format, uses)


def _write(out: TextIO, form: str, uses: Iterable[ModelUse]) -> int:
    number = 0
    if form == "csv":
        out.write(csv_row((*_OF_USE, *_OF_FINDING)))
    for use in uses:
        number += 1
        out.writelines(lines_of(form, use))
    return number


def lines_of(form: str, use: ModelUse) -> Iterator[str]:
    """`form`: text, jsonl or csv."""
    return {"csv": _csv, "jsonl": _json, "text": _text}[form](use)


def _json(use: ModelUse) -> Iterator[str]:
    yield json.dumps(asdict(use), default=_time, ensure_ascii=False) + "\n"


def _time(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _csv(use: ModelUse) -> Iterator[str]:
    """A line per finding; one without any where only the log is left."""
    own = [_cell(getattr(use, name)) for name in _OF_USE]
    for each in use.findings:
        found = (each.name, f"{each.probability:.4f}", f"{each.threshold:.4f}", each.called, each.signed, each.override)
        yield csv_row((*own, *map(_cell, found)))
    if not use.findings:
        yield csv_row((*own, *[""] * len(_OF_FINDING)))


def _cell(value: object) -> str:
    return "" if value is None else _time(value)


def _text(use: ModelUse) -> Iterator[str]:
    who = f" by {use.reviewer} ({use.reviewer_role}), {use.reading_mode or 'mode not kept'}" if use.reviewer else ""
    yield f"{use.sequence:>7} {use.used_at.isoformat()} {use.study} {use.model or use.outcome}: {use.review}{who}\n"
    if use.model_sha256:
        yield f"        model {use.model_sha256}\n        input {use.input_sha256}\n"
    for each in use.findings:
        if each.called or each.override:
            signed = f", signed {each.signed}" if each.signed else ""
            against = f": {each.override}" if each.override else ""
            yield f"        {each.name} {each.probability:.2f} ({'at or above' if each.called else 'below'} {each.threshold:.2f}){signed}{against}\n"
    if use.reason:
        yield f"        the draft was thrown away: {use.reason}\n"
