"""Facts from where they are: a bundle's own statements, the database's counts, the installed packages."""

import json
import zipfile
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from importlib.metadata import distributions
from pathlib import Path

from wetread.domain.alarm import Alarm
from wetread.domain.errors import PermanentError
from wetread.domain.rollout import Rollout, RolloutDecision
from wetread.governance.evidence import AuditFacts, ModelFacts, RelabelFacts, audit_facts
from wetread.governance.relabelling_result import RoundResult, round_result
from wetread.inference.bundle import ModelBundle
from wetread.ports.database import Database

__all__ = ["DatabaseFacts", "bundle_document", "database_facts", "model_facts", "packages"]


class DatabaseFacts:
    """What the working database says, read once: the audit chain, rounds of relabelling, registered versions, rollouts with their newest decision, studies by state, open alarms."""

    def __init__(self, database: Database, since: datetime | None) -> None:
        self.audit: AuditFacts = audit_facts(database.audit_records(), since)
        self.studies: Mapping[str, int] = {state.value: n for state, n in database.count_studies().items()}
        with database.begin(write=False) as unit:
            self.registered = tuple(f"{each.model.name} {each.model.version}" for each in unit.versions())
            self.alarms: tuple[Alarm, ...] = unit.alarms()
            self.rollouts: tuple[tuple[Rollout, RolloutDecision | None], ...] = tuple(
                (each, unit.last_decision(each.model_key, each.site)) for each in unit.rollouts()
            )
            rounds = [(each, unit.relabel_tasks(each.round_id)) for each in unit.relabel_rounds()]
        self.results: tuple[RoundResult, ...] = tuple(round_result(drawn, tasks) for drawn, tasks in rounds)
        self.rounds = tuple(
            RelabelFacts(drawn.round_id, drawn.drawn_at, drawn.population, found.drawn, found.decided)
            for (drawn, _), found in zip(rounds, self.results, strict=True)
        )


def database_facts(database: Database, since: datetime | None) -> DatabaseFacts:
    """`since`: acts are counted from here on; the chain is checked from its beginning."""
    return DatabaseFacts(database, since)


def model_facts(bundle: ModelBundle, document: Mapping[str, object]) -> ModelFacts:
    """Of a verified bundle and its bundle.json."""
    stated = document.get("findings")
    heads = [each for each in stated if isinstance(each, dict)] if isinstance(stated, list) else []
    aurocs = [each for each in heads if (each.get("auroc_test") or {}).get("value") is not None]
    return ModelFacts(
        bundle.identity.name,
        bundle.identity.version,
        bundle.identity.sha256,
        bundle.intended_use,
        str(document.get("not_for") or ""),
        str(bundle.signature),
        len(bundle.heads),
        sum(each.calibration is not None for each in bundle.heads),
        sum(each.operating_point.sensitivity is not None for each in bundle.heads),
        len(aurocs),
        bundle.gate is not None,
        bundle.ood_threshold is not None,
        bundle.licence,
    )


def bundle_document(path: Path) -> dict[str, object]:
    """bundle.json of a folder or zip that `load_bundle` has accepted."""
    if path.is_file():
        with zipfile.ZipFile(path) as archive:
            text = archive.read("bundle.json")
    else:
        text = (path / "bundle.json").read_bytes()
    document = json.loads(text)
    if not isinstance(document, dict):
        raise PermanentError("bundle.json is not an object", code="bad_bundle")
    return document


@cache
def packages() -> tuple[tuple[str, str], ...]:
    """(name, version) of every third-party package that is installed beside wetread, by name; a process looks once."""
    stated = (each.metadata for each in distributions())
    found = {each["Name"]: each["Version"] for each in stated if each["Name"]}
    return tuple(sorted((name, version) for name, version in found.items() if name.lower() != "wetread"))
