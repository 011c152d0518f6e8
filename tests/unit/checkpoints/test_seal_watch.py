"""A log that is no longer sealed rings, whoever is at fault: the key, the second place, the clock or time alone; and is quiet again when a checkpoint was made."""

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from wetread.checkpoints.folder import CheckpointFolder
from wetread.checkpoints.keeper import CheckpointKeeper
from wetread.checkpoints.note import public_bytes
from wetread.checkpoints.seal_watch import SealWatch, is_late, late_after
from wetread.domain.alarm import Alarm, AlarmKind
from wetread.domain.audit import AuditEvent
from wetread.domain.errors import PermanentError, TransientError, WetreadError
from wetread.monitoring.alarms import Silence, raise_alarm
from wetread.testing.builders import NOON
from wetread.testing.memory_database import MemoryDatabase

KEY = Ed25519PrivateKey.generate()
HOUR_S = 3600.0
LATE_S = late_after(HOUR_S)


class House:
    """A pager's process for as long as it lives; `another` is the next one, or one beside it."""

    def __init__(self, folder: Path, database: MemoryDatabase | None = None) -> None:
        self.database, self.now_s = database or MemoryDatabase(), 0.0
        self.refusal: WetreadError | None = None
        self.folder = CheckpointFolder(folder, lambda: (public_bytes(self.key()),))
        self.keeper = CheckpointKeeper(self.database, self.folder, self.key, "wetread/north/audit")
        self.watch = SealWatch(self.database, self.folder, lambda: self.keeper, self.key, LATE_S, lambda: self.now_s)

    def key(self) -> Ed25519PrivateKey:
        if self.refusal:
            raise self.refusal
        return KEY

    def another(self) -> "House":
        return House(self.folder.folder, self.database)

    def happens(self, at: timedelta = timedelta(0)) -> None:
        with self.database.begin() as unit:
            unit.audit(AuditEvent("study.open", "ada"), NOON + at)
            unit.commit()

    def look(self, after_s: float = 0, age_s: float | None = None) -> Alarm | None:
        """The open alarm after a look; `age_s`: what the clock says, where it says something else."""
        self.now_s = after_s
        self.watch.look(NOON + timedelta(seconds=after_s if age_s is None else age_s))
        with self.database.begin(write=False) as unit:
            alarm = unit.alarm(AlarmKind.AUDIT_UNSEALED.value)
        return alarm if alarm and alarm.is_open else None

    def kinds(self) -> list[AlarmKind]:
        with self.database.begin(write=False) as unit:
            return [each.kind for each in unit.alarms()]

    def seal(self, after_s: float = 0) -> None:
        self.watch.seal(NOON + timedelta(seconds=after_s))


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path / "elsewhere")


@pytest.mark.parametrize("code", ["key_missing", "other_key", "bad_key"])
def test_a_key_that_is_gone_or_another_rings_at_once_until_a_checkpoint_is_made(house: House, code: str) -> None:
    house.happens()
    house.seal()
    house.refusal = PermanentError("the audit key is missing: restore it", code=code)
    rings = house.look(60)
    assert rings is not None
    assert rings.pages
    assert "not sealed: 0 records" in rings.message
    assert "the audit key is missing: restore it" in rings.message
    with pytest.raises(PermanentError):
        house.seal(3600)
    assert house.kinds() == [AlarmKind.AUDIT_UNSEALED]
    house.refusal = None
    assert house.look(3660) is not None
    house.seal(7200)
    assert house.look(7260) is None
    assert house.look(7320) is None


def test_another_process_that_has_its_key_does_not_clear_and_ring_in_turn(house: House) -> None:
    house.happens()
    house.seal()
    other = house.another()
    house.refusal = PermanentError("the audit key is missing", code="key_missing")
    for minute in range(1, 6):
        assert house.look(60 * minute) is not None
        assert other.look(60 * minute) is not None
    other.seal(3600)
    assert other.look(3601) is None


def test_what_is_never_sealed_rings_when_it_has_waited_too_long(house: House) -> None:
    house.happens()
    assert house.look() is None
    assert house.look(LATE_S - 1) is None
    rings = house.look(LATE_S)
    assert rings is not None
    assert f"1 records have no checkpoint, since {NOON:%Y-%m-%d %H:%M} UTC" in rings.message
    house.seal(LATE_S)
    assert house.look(LATE_S + 60) is None


def test_a_second_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    house = House(tmp_path / "file" / "below")
    house.happens()
    house.look()
    with pytest.raises(TransientError):
        house.seal()
    rings = house.look(LATE_S)
    assert rings is not None
    assert "the folder for audit checkpoints cannot be written" in rings.message


def test_a_key_that_cannot_be_had_for_a_while_rings_when_it_is_late_only(house: House) -> None:
    house.happens()
    house.refusal = TransientError("a key cannot be had: command kms ended with status 1", code="key_unavailable")
    assert house.look() is None
    rings = house.look(LATE_S)
    assert rings is not None
    assert "command kms" in rings.message


def test_a_clock_that_was_set_back_hides_nothing(house: House) -> None:
    house.happens(timedelta(days=3))
    assert house.look(0) is None
    assert house.look(LATE_S) is not None
    house.seal(LATE_S)
    assert house.look(LATE_S + 60) is None


def test_after_a_week_without_a_service_there_is_time_for_the_walk(house: House) -> None:
    house.happens(timedelta(days=-7))
    assert house.look(0) is None
    assert house.look(599) is None
    assert house.look(600) is not None


def test_a_log_that_does_not_hold_rings_as_that(house: House) -> None:
    house.happens()
    house.look()
    broken = Silence(AlarmKind.AUDIT_BROKEN, AlarmKind.AUDIT_BROKEN.value, "", "it does not hold", pages=True)
    with house.database.begin() as unit:
        raise_alarm(unit, broken, NOON)
        unit.commit()
    assert house.look(LATE_S) is None


@pytest.mark.parametrize(
    ("waited_s", "age_s", "late"),
    [(0, 10**6, False), (599, 7200, False), (600, 7200, True), (600, 7199, False), (7200, -(10**6), True)],
)
def test_late_is_what_waited_here_or_bears_an_old_time(waited_s: float, age_s: float, late: bool) -> None:
    assert is_late(waited_s, age_s, 7200) is late
