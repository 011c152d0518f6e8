"""The log read out of a database: signed studies only, by the day they came, as what was signed, and whose words were changed."""

from dataclasses import replace
from datetime import timedelta

import pytest
from builders_web import World, a_world

from wetread.bootstrap_quality import build_prediction_log
from wetread.domain.identifiers import StudyKey
from wetread.domain.report import ReportContent, Section
from wetread.domain.role import Actor, Role
from wetread.domain.study_state import StudyState
from wetread.monitoring.prediction_log import PredictionRow
from wetread.settings import Settings
from wetread.testing.builders import NOON, a_finding, an_analysis
from wetread.testing.clock import FixedClock

READER = Actor("radiologist", Role.RADIOLOGIST, "Radiologist")


@pytest.fixture
def world() -> World:
    return a_world(clock=FixedClock(NOON + timedelta(hours=1)))


def sign(world: World, key: StudyKey, *, impression: str = "") -> None:
    desk = world.services.desk
    report = desk.open(READER, key).report
    assert report is not None
    if impression:
        content = ReportContent(((Section.IMPRESSION, impression),), ())
        report = desk.save(READER, key, content, report.etag)
    desk.sign(READER, key, report.etag, "approved")


def logged(world: World, **options: object) -> list[PredictionRow]:
    return list(build_prediction_log(Settings(), world.services.database, world.services.vault).rows(**options))  # type: ignore[arg-type]


def test_only_what_was_signed_is_logged_with_its_score_input_and_sampling(world: World) -> None:
    signed = world.add_study()
    world.add_study()
    sign(world, signed)
    (row,) = logged(world)
    finding = an_analysis().findings[0]
    assert (row.study, row.label, row.truth_probability) == (signed, "positive", 1.0)
    assert (row.raw_score, row.input_sha256) == (finding.raw_score, an_analysis().input_sha256)


def test_words_that_a_person_changed_are_an_edit(world: World) -> None:
    kept, changed = world.add_study(), world.add_study()
    sign(world, kept)
    sign(world, changed, impression="No pneumothorax.")
    rows = {each.study: each for each in logged(world)}
    assert (rows[kept].edited, rows[changed].edited) == (False, True)
    assert rows[changed].label == "negative"


def test_the_log_goes_back_to_a_day_and_no_further(world: World) -> None:
    old = world.add_study(received_at=NOON - timedelta(days=40))
    new = world.add_study(received_at=NOON - timedelta(days=2))
    for key in (old, new):
        sign(world, key)
    assert {each.study for each in logged(world)} == {old, new}
    assert {each.study for each in logged(world, since=NOON - timedelta(days=30))} == {new}


def test_what_is_in_no_row_is_counted_by_why(world: World) -> None:
    late = an_analysis(analysed_at=NOON + timedelta(days=9))
    for analysis in (late, replace(an_analysis(), findings=(a_finding(probability=None),))):
        sign(world, world.add_study(analysis=analysis))
    unread = world.add_study(StudyState.AI_UNAVAILABLE, reason="no model")
    sign(world, unread, impression="No pneumothorax.")
    log = build_prediction_log(Settings(), world.services.database, world.services.vault)
    assert list(log.rows()) == []
    assert dict(log.left_out) == {
        "no model had read it when it was signed": 2,
        "the model that read it is not calibrated": 1,
    }


def test_the_films_of_one_patient_share_a_key_that_names_nobody(world: World) -> None:
    for patient in ("Z9", "Z9", "Q1"):
        sign(world, world.add_study(patient_id=patient))
    rows = logged(world)
    assert len({each.patient for each in rows}) == 2
    assert {each.patient for each in rows} <= {each.study for each in rows}
