"""An erasure cut short at any of its steps is carried on by the next worker; on twins, where nothing costs time."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.erasure_house import ADMIN, POINTS, QUALITY

from wetread.domain.archive_feed import FetchedCopy
from wetread.domain.erasure import ErasureReason, ErasureState, Obstacle, TombstoneState
from wetread.domain.errors import TransientError
from wetread.domain.identifiers import PatientKey, StudyKey
from wetread.domain.legal_hold import HoldReason, HoldScope, LegalHold
from wetread.domain.quality import FrozenFilms, QualityReference
from wetread.domain.report import ReportStatus
from wetread.domain.study_state import StudyState
from wetread.governance import erasing
from wetread.governance.erasing import Elsewhere, Eraser
from wetread.governance.erasure_desk import ErasureDesk
from wetread.governance.study_retention import StudyRetentionRound
from wetread.ingest.suitability import SuitabilityPolicy
from wetread.ports.vault import VaultInstance
from wetread.testing.builders import NOON, a_header, a_report, a_signature, a_study, an_instance
from wetread.testing.clock import FixedClock
from wetread.testing.memory_database import MemoryDatabase
from wetread.testing.memory_erasure import MemoryVaultEraser
from wetread.testing.memory_files import MemoryFileStore
from wetread.testing.memory_orders import MemoryOrderStore
from wetread.testing.memory_vault import MemoryVault

KEY, OTHER = StudyKey("gone"), StudyKey("stays")


_COMMITTING = ("erase_before_commit", "erase_before_end")
"""Inside a transaction, where nobody overtakes."""


class Died(BaseException):
    """As a process does: nothing that catches an error catches it."""


class House:
    def __init__(self) -> None:
        self.database, self.vault, self.files, self.clock = (
            MemoryDatabase(),
            MemoryVault(),
            MemoryFileStore(),
            FixedClock(NOON),
        )
        self.identity = MemoryVaultEraser(self.vault, MemoryOrderStore(self.vault))
        self.took: Counter[str] = Counter()
        elsewhere = Elsewhere(self._take("vectors"), self._take("record"), self._take("documents"))
        self.eraser = Eraser(
            self.database, self.files, self.vault, self.identity, elsewhere, self.clock, b"s" * 32, timedelta(days=30)
        )
        policy = SuitabilityPolicy()
        self.desk = ErasureDesk(self.database, self.vault, self.identity, self.clock, b"s" * 32, policy)
        for number, key in enumerate((KEY, OTHER)):
            self._add(key, number)

    def _take(self, what: str):  # type: ignore[no-untyped-def]
        def take(of: StudyKey | PatientKey) -> int:
            self.took[what] += 1
            return 1

        return take

    def _add(self, key: StudyKey, number: int) -> None:
        incoming = self.files.receive()
        incoming.write(f"film of {key}".encode())
        sha256 = incoming.keep().sha256
        header = replace(a_header(study_instance_uid=f"1.2.{number}"), sop_instance_uid=f"1.2.{number}.1")
        film = an_instance(instance_key=f"film-{key}", study_key=key, content_sha256=sha256)
        self.vault.admit([VaultInstance(film.instance_key, key, sha256, header)])
        with self.database.begin() as unit:
            unit.save_study(a_study(study_key=key, state=StudyState.DELIVERED))
            unit.admit_instance(film)
            report = a_report(study_key=key, status=ReportStatus.FINAL)
            unit.save_report(replace(report, signature=a_signature(report.content)), expected_etag=None)
            films = FrozenFilms("north", "m", "a" * 64, "2026-01-01", "2026-02-01", ((KEY, "p"), (OTHER, "q")))
            unit.save_quality_reference(QualityReference(films=(films,)))
            unit.commit()

    def approve(self, reason: ErasureReason = ErasureReason.COURT_ORDER) -> int:
        return self.desk.approve(ADMIN, self.desk.ask(QUALITY, KEY, reason).number).number


@pytest.fixture
def house() -> House:
    return House()


def assert_gone(house: House) -> None:
    with house.database.begin(write=False) as unit:
        stone, erasure = unit.tombstone(KEY), unit.erasure(1)
        assert (unit.find_study(KEY), unit.find_study(OTHER) is not None) == (None, True)
        assert [each.studies for each in unit.quality_reference().films] == [((OTHER, "q"),)]
    assert stone is not None
    assert erasure is not None
    assert (stone.state, erasure.state, erasure.due_at) == (TombstoneState.ERASED, ErasureState.ERASED, None)
    assert dict(stone.counts)["films"] == 1
    assert len(list(house.files.stored())) == 1
    assert house.vault.unnamed.instances(KEY) == ()
    assert set(house.took) == {"vectors", "record", "documents"}
    assert house.identity.rewritten > 0


@pytest.mark.parametrize("point", POINTS)
def test_whoever_dies_there_is_followed_by_one_that_ends_it(
    house: House, point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(reached: str) -> None:
        if reached == point:
            raise Died

    number = house.approve()
    with monkeypatch.context() as patched:
        patched.setattr(erasing, "reach", die)
        with pytest.raises(Died):
            house.eraser.run_once()
    assert house.eraser.run_once() is None, "it is leased"
    house.clock.advance(3600)
    ended = house.eraser.run_once()
    assert ended is not None
    assert ended.number == number
    assert_gone(house)


def test_what_is_withdrawn_at_the_last_moment_is_not_erased(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def withdraw(reached: str) -> None:
        if reached == "erase_claimed":
            house.desk.withdraw(QUALITY, 1)

    house.approve()
    monkeypatch.setattr(erasing, "reach", withdraw)
    left = house.eraser.run_once()
    assert left is not None
    assert left.state is ErasureState.WITHDRAWN
    with house.database.begin(write=False) as unit:
        assert (unit.find_study(KEY) is not None, unit.tombstone(KEY)) == (True, None)


@pytest.mark.parametrize("point", POINTS)
def test_two_workers_at_once_erase_it_once(house: House, point: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person says `wetread erase run` while a worker is at it: one overtakes the other at that point."""
    overtaken = []

    def overtake(reached: str) -> None:
        if reached == point and not overtaken:
            overtaken.append(house)
            if point not in _COMMITTING:
                house.eraser.run_once(number=1)

    house.approve()
    monkeypatch.setattr(erasing, "reach", overtake)
    house.eraser.run_once()
    assert overtaken
    assert_gone(house)
    done = [each for each in house.database.audit_records() if each.event.action == "erasure.done"]
    assert len(done) == 1


def test_a_film_that_was_fetched_to_hang_beside_it_hangs_beside_nothing(house: House) -> None:
    copy = FetchedCopy(OTHER, "pacs", KEY, NOON)
    with house.database.begin() as unit:
        unit.save_copy(copy)
        unit.commit()
    house.approve()
    house.eraser.run_once()
    with house.database.begin(write=False) as unit:
        assert unit.copy(OTHER) == replace(copy, fetched_for=OTHER)


def test_a_database_that_is_busy_is_said_and_tried_again(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy() -> None:
        raise TransientError("a reader keeps it open", code="database_busy")

    house.approve()
    with monkeypatch.context() as patched:
        patched.setattr(house.database, "rewrite", busy)
        waiting = house.eraser.run_once()
    assert waiting is not None
    assert (waiting.state, waiting.problem) == (ErasureState.ERASING, "a reader keeps it open")
    house.clock.advance(600)
    assert house.eraser.run_once() is not None
    assert_gone(house)


def test_once_a_day_what_is_due_is_proposed_or_erased_and_the_rest_is_counted(house: House) -> None:
    desk = replace(house.desk, kept_for=timedelta(days=30))
    proposing = StudyRetentionRound(desk, executes=False, most=1)
    assert proposing.run_once() is None, "nothing is due"
    house.clock.advance(31 * 86400)
    held = LegalHold(1, HoldScope.STUDY, KEY, HoldReason.COMPLAINT, "quinn", QUALITY.role, NOON)
    with house.database.begin() as unit:
        unit.save_legal_hold(held)
        unit.commit()
    look = proposing.look()
    assert (look.due, look.held_back) == ((OTHER,), ((Obstacle.LEGAL_HOLD, 1),))
    asked = proposing.run_once()
    assert asked is not None
    assert (asked.state, asked.study_keys, asked.asked.actor_id) == (ErasureState.ASKED, (OTHER,), "wetread")
    assert house.eraser.run_once() is None, "nobody approved"
    assert proposing.run_once() is None, "one is open"
    house.desk.withdraw(QUALITY, asked.number)
    assert proposing.run_once() is None, "once a day"
    house.clock.advance(86400)
    by_policy = StudyRetentionRound(desk, executes=True, most=5).run_once()
    assert by_policy is not None
    assert house.eraser.run_once() is not None
    with house.database.begin(write=False) as unit:
        stone = unit.tombstone(OTHER)
        assert (unit.find_study(OTHER), unit.find_study(KEY) is not None) == (None, True)
    assert stone is not None
    assert (stone.reason, stone.approved_by) == (ErasureReason.RETENTION_OVER, "study_retention")


def test_a_study_is_kept_as_long_as_the_site_has_to(house: House) -> None:
    kept = replace(house.desk, kept_for=timedelta(days=30))
    (look,) = kept.look((KEY,), ErasureReason.PATIENT_REQUEST)
    assert [each.value for each in look.in_the_way] == ["retention"]
    assert kept.look((KEY,), ErasureReason.COURT_ORDER)[0].in_the_way == ()
    house.clock.advance(31 * 86400)
    assert kept.look((KEY,), ErasureReason.PATIENT_REQUEST)[0].in_the_way == ()
