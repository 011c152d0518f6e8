"""Checkpoints are made while the log holds and kept once; when it does not, somebody is told and nothing is signed."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from wetread.checkpoints.folder import CheckpointFolder
from wetread.checkpoints.keeper import CheckpointKeeper
from wetread.checkpoints.note import public_bytes
from wetread.checkpoints.proof import check_proof, prove
from wetread.domain.alarm import AlarmKind
from wetread.domain.audit import AuditEvent
from wetread.domain.errors import PermanentError, TransientError
from wetread.testing.builders import NOON
from wetread.testing.memory_database import MemoryDatabase

KEY = Ed25519PrivateKey.generate()
ORIGIN = "wetread/north/audit"


class Place:
    def __init__(self, folder: Path) -> None:
        self.database = MemoryDatabase()
        self.folder = CheckpointFolder(folder, lambda: (public_bytes(KEY),))
        self.keeper = CheckpointKeeper(self.database, self.folder, lambda: KEY, ORIGIN)

    def happens(self, times: int = 1) -> None:
        for _ in range(times):
            with self.database.begin() as unit:
                unit.audit(AuditEvent("study.open", "ada"), NOON)
                unit.commit()

    def alarms(self) -> list[AlarmKind]:
        with self.database.begin(write=False) as unit:
            return [each.kind for each in unit.alarms()]

    def sizes(self) -> list[int]:
        return [each.size for each in self.folder.all()]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "elsewhere")


def test_a_checkpoint_is_made_of_what_is_new_and_of_nothing_else(place: Place) -> None:
    assert place.keeper.run_once(NOON) is None
    place.happens(5)
    made = place.keeper.run_once(NOON)
    assert made is not None
    assert (made.size, made.made_at) == (5, NOON)
    assert place.keeper.run_once(NOON + timedelta(hours=1)) is None
    place.happens()
    place.keeper.run_once(NOON + timedelta(hours=2))
    assert place.sizes() == [5, 6]
    assert place.alarms() == []


def test_two_keepers_sign_one_size_once(place: Place) -> None:
    place.happens(3)
    other = CheckpointKeeper(place.database, place.folder, lambda: KEY, ORIGIN)
    assert place.keeper.run_once(NOON) is not None
    assert other.run_once(NOON) is None
    assert place.sizes() == [3]


def test_a_cut_log_rings_signs_nothing_and_is_quiet_again_when_restored(place: Place) -> None:
    place.happens(5)
    place.keeper.run_once(NOON)
    last = place.database.state.audit.pop(5)
    assert place.keeper.run_once(NOON) is None
    assert place.alarms() == [AlarmKind.AUDIT_BROKEN]
    assert place.sizes() == [5]
    alarm_rows = [number for number in place.database.state.audit if number >= 5]
    for number in alarm_rows:
        del place.database.state.audit[number]
    place.database.state.audit[5] = last
    place.keeper.run_once(NOON)
    assert place.alarms() == []


def test_a_record_changed_long_before_the_last_is_found_within_a_day(place: Place) -> None:
    place.happens(5)
    place.keeper.run_once(NOON)
    old = place.database.state.audit[2]
    place.database.state.audit[2] = replace(old, event=AuditEvent("study.open", "eve"))
    place.happens()
    assert place.keeper.run_once(NOON + timedelta(hours=23)) is not None
    assert place.keeper.run_once(NOON + timedelta(hours=24)) is None
    assert place.alarms() == [AlarmKind.AUDIT_BROKEN]


def test_a_checkpoint_that_somebody_else_put_there_rings(place: Place) -> None:
    place.happens(5)
    place.keeper.run_once(NOON)
    (file,) = place.folder.folder.iterdir()
    file.write_text(file.read_text("utf-8").replace("\n5\n", "\n4\n"), "utf-8")
    place.happens()
    assert place.keeper.run_once(NOON) is None
    assert place.alarms() == [AlarmKind.AUDIT_BROKEN]


def test_a_renamed_checkpoint_is_not_believed(place: Place) -> None:
    place.happens(5)
    place.keeper.run_once(NOON)
    (file,) = place.folder.folder.iterdir()
    file.rename(file.with_name(f"{4:016d}.checkpoint"))
    with pytest.raises(PermanentError, match="name"):
        list(place.folder.all())


def test_a_folder_that_cannot_be_written_is_tried_again(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    place = Place(tmp_path / "file" / "below")
    place.happens()
    with pytest.raises(TransientError, match="cannot be written"):
        place.keeper.run_once(NOON)


@pytest.mark.parametrize("sequence", [1, 3, 7])
def test_a_record_is_proved_and_no_other(place: Place, sequence: int) -> None:
    place.happens(7)
    place.keeper.run_once(NOON)
    place.happens(2)
    found = place.folder.note_covering(sequence)
    assert found is not None
    proof = prove(place.database.audit_records(), sequence, *found)
    record, checkpoint = check_proof(proof.encode(), public_bytes(KEY))
    assert (record.sequence, checkpoint.size, record.event.actor_id) == (sequence, 7, "ada")
    for changed in (
        proof.replace('"ada"', '"eve"'),
        proof.replace(f'"sequence": {sequence}', '"sequence": 2'),
        "{}",
        "[]",
        "x",
    ):
        with pytest.raises(PermanentError):
            check_proof(changed.encode(), public_bytes(KEY))
    with pytest.raises(PermanentError):
        check_proof(proof.encode(), public_bytes(Ed25519PrivateKey.generate()))


def test_a_record_that_no_checkpoint_covers_has_no_proof(place: Place) -> None:
    place.happens(2)
    place.keeper.run_once(NOON)
    place.happens()
    assert place.folder.note_covering(3) is None
