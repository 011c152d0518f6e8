"""Keeping what the model made of a film, and the signed studies that look like it."""

from dataclasses import replace

import numpy as np
import pytest

from wetread.context.cases import CaseKeeper
from wetread.context.similar import similar_studies
from wetread.domain.errors import NotPermitted, PermanentError, StudyNotFound, TransientError
from wetread.domain.finding import FindingName
from wetread.domain.identifiers import StudyKey
from wetread.domain.report import ReportContent, ReportFinding, ReportStatus
from wetread.domain.role import Actor, Role
from wetread.ports.case_store import Case
from wetread.testing.builders import NOON, a_report, a_signature, a_study, an_analysis
from wetread.testing.clock import FixedClock
from wetread.testing.memory_cases import MemoryCaseStore
from wetread.testing.memory_database import MemoryDatabase

MODEL = an_analysis().model.sha256
READER = Actor("dr.roe", Role.RADIOLOGIST)
FEATURES = np.array([1, 0], np.float32)
THIS = StudyKey("this")


class Store(MemoryCaseStore):
    """`failure` is raised instead of keeping."""

    failure: Exception | None = None
    asked = 0

    def keep(self, case: Case) -> None:
        self.asked += 1
        if self.failure:
            raise self.failure
        super().keep(case)


def test_a_vector_is_kept_with_its_model_and_time() -> None:
    store, clock = Store(), FixedClock()
    assert CaseKeeper(lambda: store, clock).keep(THIS, MODEL, FEATURES)
    assert store.held[THIS, MODEL] == Case(THIS, MODEL, clock.now(), FEATURES)


@pytest.mark.parametrize("failure", [TransientError("down", code="database_down"), ValueError("Roe^Jane")])
def test_a_store_that_fails_holds_up_no_film_and_is_left_alone_for_a_minute(
    failure: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    store, clock = Store(), FixedClock()
    keeper = CaseKeeper(lambda: store, clock)
    store.failure = failure
    assert not keeper.keep(THIS, MODEL, FEATURES)
    assert "case_not_kept" in caplog.text
    assert "Roe" not in caplog.text
    store.failure = None
    clock.advance(59)
    assert not keeper.keep(THIS, MODEL, FEATURES)
    assert store.asked == 1
    clock.advance(1)
    assert keeper.keep(THIS, MODEL, FEATURES)


def test_a_store_that_cannot_be_opened_is_opened_later() -> None:
    store, clock, doors = Store(), FixedClock(), iter([TransientError("down"), None])

    def open_store() -> Store:
        if (failure := next(doors)) is not None:
            raise failure
        return store

    keeper = CaseKeeper(open_store, clock)
    assert not keeper.keep(THIS, MODEL, FEATURES)
    clock.advance(60)
    assert keeper.keep(THIS, MODEL, FEATURES)
    assert keeper.keep(StudyKey("next"), MODEL, FEATURES)


@pytest.fixture
def house() -> tuple[MemoryDatabase, MemoryCaseStore]:
    """ "this" is read, and so are ten others that look less and less like it; every second of them is signed."""
    database, cases = MemoryDatabase(), MemoryCaseStore()
    with database.begin() as unit:
        for number, key in enumerate([THIS, *(StudyKey(f"s{n}") for n in range(10))]):
            unit.save_study(a_study(study_key=key))
            unit.save_analysis(key, 1, an_analysis())
            cases.keep(Case(key, MODEL, NOON, np.array([1, number / 10], np.float32)))
            if number and number % 2 == 0:
                content = ReportContent((), (ReportFinding(FindingName.EFFUSION, True, "left"),))
                signed = a_report(
                    study_key=key, status=ReportStatus.FINAL, content=content, signature=a_signature(content)
                )
                unit.save_report(signed, expected_etag=None)
        unit.commit()
    return database, cases


def found(house: tuple[MemoryDatabase, MemoryCaseStore], limit: int = 10, **given: object) -> list[str]:
    actor, key = given.get("actor", READER), given.get("key", THIS)
    similar = similar_studies(actor, key, limit=limit, database=house[0], cases=house[1], now=NOON)  # type: ignore[arg-type]
    return [each.study_key for each in similar]


def test_signed_studies_come_nearest_first_with_what_was_signed(house: tuple[MemoryDatabase, MemoryCaseStore]) -> None:
    assert found(house) == ["s1", "s3", "s5", "s7", "s9"]
    assert found(house, limit=1) == ["s1"]
    assert found(house, limit=3) == ["s1", "s3", "s5"]
    (nearest,) = similar_studies(READER, THIS, limit=1, database=house[0], cases=house[1], now=NOON)
    assert nearest.findings == (ReportFinding(FindingName.EFFUSION, True, "left"),)
    assert nearest.distance == pytest.approx(1 - 1 / 1.04**0.5, abs=1e-5)


def test_what_counts_is_the_newest_final_version(house: tuple[MemoryDatabase, MemoryCaseStore]) -> None:
    key, content = StudyKey("s1"), ReportContent((), (ReportFinding(FindingName.MASS, True),))
    signature = a_signature(content)
    amended = a_report(study_key=key, version=2, status=ReportStatus.AMENDED, content=content, signature=signature)
    begun = replace(amended, version=3, status=ReportStatus.PARTIAL, content=ReportContent((), ()), signature=None)
    with house[0].begin() as unit:
        unit.save_report(amended, expected_etag=None)
        unit.save_report(begun, expected_etag=None)
        unit.commit()
    (nearest,) = similar_studies(READER, THIS, limit=1, database=house[0], cases=house[1], now=NOON)
    assert nearest.findings == content.findings


def test_comparing_is_audited_with_the_study_it_was_asked_for(house: tuple[MemoryDatabase, MemoryCaseStore]) -> None:
    found(house, limit=2)
    (record,) = house[0].audit_records()
    assert (record.event.action, record.event.actor_id, record.event.study_key) == ("study.compare", "dr.roe", THIS)
    assert record.event.detail == (("found", "2"),)


@pytest.mark.parametrize("role", [Role.TECHNOLOGIST, Role.ML_ENGINEER, Role.ADMIN, Role.SERVICE])
def test_only_who_may_read_studies_may_compare_them(house: tuple[MemoryDatabase, MemoryCaseStore], role: Role) -> None:
    with pytest.raises(NotPermitted):
        found(house, actor=Actor("x", role))


def test_an_unknown_study_or_one_without_a_read_is_refused(house: tuple[MemoryDatabase, MemoryCaseStore]) -> None:
    with pytest.raises(StudyNotFound):
        found(house, key=StudyKey("nobody"))
    with house[0].begin() as unit:
        unit.save_study(a_study(study_key=StudyKey("unread")))
        unit.commit()
    with pytest.raises(PermanentError) as refusal:
        found(house, key=StudyKey("unread"))
    assert refusal.value.code == "not_analysed"
