"""What live monitoring keeps between its nights comes back as it was, replaced as a whole, and not before its transaction is over."""

from dataclasses import replace

from wetread.domain.quality import QualityReference
from wetread.domain.reliability import Reliability, ScoreShare
from wetread.ports.database import Database
from wetread.testing.builders import NOON
from wetread.testing.quality_builders import (
    a_blind_verdict,
    a_frozen_cell,
    a_frozen_films,
    a_frozen_own,
    a_frozen_tag,
    a_quality_report,
)


def test_nothing_was_measured_at_first(database: Database) -> None:
    with database.begin(write=False) as uow:
        assert (uow.quality(), uow.quality_reference(), uow.reliability()) == (None, QualityReference(), None)


def test_a_report_and_a_reference_come_back_and_are_replaced(database: Database) -> None:
    first, later = a_quality_report(blind=(a_blind_verdict(),)), a_quality_report(made_at=NOON.replace(day=3), cells=())
    reference = QualityReference(
        (a_frozen_cell(), replace(a_frozen_cell(), edges=(), counts=())),
        (a_frozen_tag(),),
        (a_frozen_films(),),
        (a_frozen_own(),),
    )
    with database.begin() as uow:
        uow.save_quality(first)
        uow.save_quality_reference(reference)
        uow.commit()
    with database.begin() as uow:
        assert (uow.quality(), uow.quality_reference()) == (first, reference)
        uow.save_quality(later)
    with database.begin(write=False) as uow:
        assert uow.quality() == first
    with database.begin() as uow:
        uow.save_quality(later)
        uow.commit()
    with database.begin(write=False) as uow:
        assert uow.quality() == later


def test_shares_by_score_come_back_and_are_replaced(database: Database) -> None:
    share = ScoreShare("north", "effusion", "f" * 64, "naive", 0.6, 0.7, 412, 128, 0.27, 0.36)
    first, later = Reliability(NOON, "2026-01-01", (share,)), Reliability(NOON.replace(day=3), "2026-01-02")
    for kept in (first, later):
        with database.begin() as uow:
            uow.save_reliability(kept)
            uow.commit()
        with database.begin(write=False) as uow:
            assert uow.reliability() == kept
