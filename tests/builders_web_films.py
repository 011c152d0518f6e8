"""A reading room full of phantoms: films drawn with known truth, and analyses made from that truth, so that every box and map is where it should be."""

import math
import struct
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from builders_web import World, a_world
from migrated import migrated

from wetread.dicom.sandbox import Sandbox
from wetread.domain.analysis import (
    Analysis,
    Finding,
    HeatMaps,
    ModelIdentity,
    OperatingPoint,
    QualityFlag,
    Rate,
    Region,
)
from wetread.domain.finding import FindingName, concept
from wetread.domain.priority import Priority, TriageDecision
from wetread.domain.report import Draft, Evidence, ReportFinding, Section, Sentence
from wetread.domain.study_state import StudyState
from wetread.ports.clock import Clock
from wetread.ports.recorded_vault import RecordedVault
from wetread.storage.database import SqlDatabase
from wetread.storage.files import DiskFileStore
from wetread.storage.vault import SqlVault
from wetread.testing.builders import NOON
from wetread.testing.clock import FixedClock
from wetread.testing.phantom import GroundTruth, PhantomSpec, demo_cohort, uids_from_seed, write_dicom
from wetread.web.services import WebSettings

_N = FindingName
_LOOKED_FOR = (
    _N.PNEUMOTHORAX, _N.EFFUSION, _N.CONSOLIDATION, _N.NODULE, _N.CARDIOMEGALY, _N.EDEMA, _N.ATELECTASIS, _N.FRACTURE,
)  # fmt: skip
_GRID = 16
_CRITICAL = {_N.PNEUMOTHORAX}


def a_reading_room(folder: Path, sandbox: Sandbox, clock: FixedClock) -> World:
    """Real storage in `folder`, the real decoder, no studies yet."""
    settings = WebSettings(version="0.1.0", model_card="A phantom model: it reads nothing but phantoms.")
    return a_world(*real_storage(folder, clock), sandbox, clock, settings)


def real_storage(folder: Path, clock: Clock | None = None) -> tuple[SqlDatabase, RecordedVault, DiskFileStore]:
    """Empty, up to date, in `folder`."""
    work, vault = migrated(folder / "work.db", "work"), migrated(folder / "vault.db", "vault")
    database = SqlDatabase(work)
    return database, RecordedVault(SqlVault(vault), database, clock or FixedClock()), DiskFileStore(folder / "films")


def close(world: World) -> None:
    for each in (world.services.database, world.services.vault):
        each.close()  # type: ignore[attr-defined]


def add_phantom(
    world: World,
    spec: PhantomSpec,
    folder: Path,
    *,
    waited: timedelta,
    state: StudyState = StudyState.DRAFTED,
    **changes: object,
) -> str:
    """One phantom study, read and drafted as its truth says; returns its key."""
    now = world.services.clock.now()
    path = folder / f"{spec.seed}.dcm"
    truth = write_dicom(spec, path, uids_from_seed(spec.seed), now - waited - timedelta(minutes=9))
    header = world.services.decoder.inspect(path)
    analysis = analysis_of(spec, truth)
    called = [finding.name for finding in analysis.called]
    facts = {
        "analysis": analysis,
        "draft": draft_of(analysis),
        "decision": decision_of(called),
        **changes,
    }
    return world.add_study(
        state, content=path.read_bytes(), received_at=now - waited, film=header, **facts
    )  # fmt: skip


def analysis_of(spec: PhantomSpec, truth: Sequence[GroundTruth]) -> Analysis:
    """Called where something was drawn, below the operating point elsewhere."""
    drawn = {each.finding: each for each in truth}
    findings = tuple(_finding(name, at, drawn.get(name), spec.seed) for at, name in enumerate(_LOOKED_FOR))
    side = max(spec.rows, spec.columns)
    top, left = (spec.rows - side) // 2, (spec.columns - side) // 2
    extent = Region(top, top + side, left, left + side)
    values = b"".join(_map(drawn.get(name), extent) for name in _LOOKED_FOR)
    quality = (
        () if spec.view_position == "PA" else (QualityFlag("ap_view", "AP view: the heart looks larger than it is"),)
    )
    return Analysis(
        instance_key="",
        model=ModelIdentity("phantom-truth", "1.0.0", "0" * 64),
        findings=findings,
        quality=quality,
        ood_score=0.3,
        ood_threshold=1.0,
        input_sha256="0" * 64,
        analysed_at=_read_at(spec),
        heat=HeatMaps(_GRID, _GRID, values, extent),
    )


def _read_at(spec: PhantomSpec) -> datetime:
    return NOON + timedelta(seconds=spec.seed % 60)


def _finding(name: FindingName, at: int, drawn: GroundTruth | None, seed: int) -> Finding:
    threshold = (0.31, 0.42, 0.38, 0.27, 0.45, 0.33, 0.4, 0.22)[at]
    level = ((seed >> at) % 17) / 100
    probability = 0.94 - level / 2 if drawn else 0.02 + level * threshold
    rate = Rate(0.88, 0.83, 0.92, 214)
    point = OperatingPoint(threshold, "sensitivity at least 0.90 on the tuning set", rate, rate)
    raw_score = math.log(probability / (1 - probability))
    return Finding(name, raw_score, probability, point, drawn.laterality if drawn else "", drawn.box if drawn else None)


def _map(drawn: GroundTruth | None, extent: Region) -> bytes:
    """A smooth bump over the drawn box; noise-free elsewhere."""
    cell = (extent.row_stop - extent.row_start) / _GRID
    values = []
    for row in range(_GRID):
        for column in range(_GRID):
            centre = (extent.row_start + (row + 0.5) * cell, extent.column_start + (column + 0.5) * cell)
            values.append(_bump(drawn.box, *centre) if drawn else 0.05)
    return struct.pack(f"<{_GRID**2}e", *values)


def _bump(box: Region, row: float, column: float) -> float:
    high, wide = (box.row_stop - box.row_start) / 2, (box.column_stop - box.column_start) / 2
    down, across = (row - box.row_start - high) / max(high, 60), (column - box.column_start - wide) / max(wide, 60)
    return 3.0 * math.exp(-(down**2 + across**2))


def draft_of(analysis: Analysis) -> Draft:
    sentences = [Sentence(Section.TECHNIQUE, "Single frontal chest radiograph.", (Evidence("header"),))]
    for finding in analysis.called:
        evidence = (Evidence("model", finding.name, finding.probability, finding.operating_point.threshold),)
        where = f"{finding.laterality} " if finding.laterality else ""
        words = f"{where}{concept(finding.name).display}".capitalize()
        sentences.append(Sentence(Section.FINDINGS, f"{words} is likely.", evidence, "above the operating point"))
        sentences.append(Sentence(Section.IMPRESSION, f"{words}.", evidence))
    if not analysis.called:
        evidence = tuple(
            Evidence("model", f.name, f.probability, f.operating_point.threshold) for f in analysis.findings[:3]
        )
        sentences.append(
            Sentence(Section.FINDINGS, "No pneumothorax, pleural effusion or consolidation is seen.", evidence)
        )
    found = tuple(ReportFinding(f.name, True, f.laterality, f.probability) for f in analysis.called)
    return Draft(tuple(sentences), found, "grammar/1", "Drafted by software from the findings on this page.")


def decision_of(called: Sequence[FindingName]) -> TriageDecision:
    named = ", ".join(concept(name).display for name in called)
    if any(name in _CRITICAL for name in called):
        return TriageDecision(Priority.STAT, True, "pneumothorax", f"{named} called: read now", "site/1")
    if _N.EFFUSION in called or _N.CONSOLIDATION in called:
        return TriageDecision(Priority.URGENT, False, "effusion", f"{named} called", "site/1")
    if called:
        return TriageDecision(Priority.ASAP, False, "nodule", f"{named} called", "site/1")
    return TriageDecision(Priority.ROUTINE, False, "default", "nothing reached its operating point", "site/1")


def a_cohort(world: World, folder: Path, count: int, seed: int = 3) -> list[str]:
    """`count` phantoms with waiting times from minutes to hours."""
    keys = []
    for at, spec in enumerate(demo_cohort(count, seed)):
        plain = replace(spec, transfer_syntax_uid="1.2.840.10008.1.2.1")
        keys.append(add_phantom(world, plain, folder, waited=timedelta(minutes=4 + 13 * at + (at * at) % 7)))
    return keys
