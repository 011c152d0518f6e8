"""A worklist of thousands of made-up studies on real storage, for the benchmarks of this folder. Nobody in it exists."""

import random
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))

from builders_web import SECRET, World, a_world

from wetread.domain.audit import AuditEvent
from wetread.domain.identifiers import StudyKey, instance_key, study_key
from wetread.domain.priority import Priority
from wetread.domain.study import Sex, StudyTraits
from wetread.domain.study_state import StudyState
from wetread.ports.database import UnitOfWork
from wetread.ports.recorded_vault import RecordedVault
from wetread.ports.vault import VaultInstance
from wetread.storage.database import SqlDatabase
from wetread.storage.files import DiskFileStore
from wetread.storage.migrate import upgrade
from wetread.storage.vault import SqlVault
from wetread.testing.builders import a_decision, a_header, a_study, an_identity, an_instance, image_traits

__all__ = ["RealClock", "a_long_worklist", "add_one"]

_FAMILIES = ["Aster", "Birch", "Cedar", "Dahlia", "Elder", "Fern", "Gorse", "Hazel", "Iris", "Juniper"]
_GIVEN = ["Quartz", "Beryl", "Onyx", "Opal", "Topaz", "Jasper", "Agate", "Garnet"]
_SITES = ["north", "south", "harbour"]


class RealClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def advance(self, _: float) -> None:
        raise NotImplementedError


def a_long_worklist(folder: Path, studies: int) -> World:
    """Accounts of every role and `studies` to read, of three sites, 2 % critical, waiting up to 14 hours."""
    for which in ("work", "vault"):
        upgrade(f"sqlite:///{folder}/{which}.db", which)
    database = SqlDatabase(f"sqlite:///{folder}/work.db")
    vault = RecordedVault(SqlVault(f"sqlite:///{folder}/vault.db"), database, RealClock())
    world = a_world(database, vault, DiskFileStore(folder / "films"), clock=RealClock())  # type: ignore[arg-type]
    chance, now = random.Random(20261129), datetime.now(UTC)  # noqa: S311
    for start in range(0, studies, 1000):
        with database.begin() as unit:
            for number in range(start, min(start + 1000, studies)):
                waited = timedelta(minutes=chance.random() ** 3 * 14 * 60)
                _add(unit, vault, chance, number, now - waited)
            unit.commit()
    return world


def add_one(world: World, number: int, priority: Priority = Priority.STAT) -> StudyKey:
    """Another one arrives now."""
    with world.services.database.begin() as unit:
        key = _add(unit, world.services.vault, random.Random(number), number, datetime.now(UTC), priority)  # type: ignore[arg-type]  # noqa: S311
        unit.audit(AuditEvent("study.triage", "wetread", study_key=key), datetime.now(UTC))
        unit.commit()
    return key


def _add(
    unit: UnitOfWork,
    vault: RecordedVault,
    chance: random.Random,
    number: int,
    received_at: datetime,
    priority: Priority | None = None,
) -> StudyKey:
    uid = f"2.25.{number + 1}"
    key, film = study_key(SECRET, uid), instance_key(SECRET, f"{uid}.1.1")
    name = f"{chance.choice(_FAMILIES)}^{chance.choice(_GIVEN)}^{number}"
    who = an_identity(patient_name=name, patient_id=f"P{number:06}", accession_number=f"A{number:06}")
    header = a_header(
        study_instance_uid=uid, series_instance_uid=f"{uid}.1", sop_instance_uid=f"{uid}.1.1", identity=who
    )
    vault.admit([VaultInstance(film, key, "0" * 64, header)])
    critical = priority is None and chance.random() < 0.02
    given = Priority.STAT if critical else priority or chance.choices(list(Priority), [70, 18, 9, 3])[0]
    probability = chance.random()
    reason = (
        f"pneumothorax {probability:.2f}, operating point 0.31"
        if given is not Priority.ROUTINE
        else "no finding at or above its operating point"
    )
    traits = StudyTraits(chance.randrange(18, 90), chance.choice((Sex.FEMALE, Sex.MALE)), chance.choice(_SITES))
    state = chance.choices([StudyState.DRAFTED, StudyState.IN_READING, StudyState.AI_UNAVAILABLE], [96, 3, 1])[0]
    unit.save_study(
        a_study(study_key=key, state=state, received_at=received_at, traits=traits, priority=given, critical=critical)
    )
    unit.admit_instance(
        an_instance(instance_key=film, study_key=key, traits=image_traits(view_position=chance.choice(("PA", "AP"))))
    )
    unit.save_decision(key, 1, a_decision(priority=given, critical=critical, reason=reason))
    return key
