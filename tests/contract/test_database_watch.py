"""What the watch over silent failures asks: the same answers from the twin, SQLite and PostgreSQL."""

from dataclasses import replace
from datetime import datetime, timedelta

from wetread.domain.finding import FindingName
from wetread.domain.identifiers import InstanceKey, StudyKey
from wetread.domain.job import JobKind
from wetread.domain.report import ReportStatus
from wetread.domain.role import Actor, Role
from wetread.domain.study import Sex, StudyTraits
from wetread.domain.study_state import StudyState
from wetread.ports.database import Database, UnitOfWork
from wetread.ports.watch_store import ArrivalCount, FiredRule, OpenDelivery, WaitingStudy
from wetread.signoff.signing import appended
from wetread.testing.builders import (
    NOON,
    a_decision,
    a_finding,
    a_job_request,
    a_report,
    a_signature,
    a_study,
    an_analysis,
    an_instance,
    image_traits,
)

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
WAITING = frozenset({StudyState.ADMITTED, StudyState.ANALYSED})


def film(
    unit: UnitOfWork, name: str, at: datetime, *, site: str = "main", modality: str = "DX", **study: object
) -> StudyKey:
    """A study with one image, both received at `at`."""
    key = StudyKey(name)
    unit.save_study(a_study(study_key=key, received_at=at, traits=StudyTraits(50, Sex.FEMALE, site), **study))
    image(unit, key, name, at, modality)
    return key


def image(unit: UnitOfWork, key: StudyKey, name: str, at: datetime, modality: str = "DX") -> None:
    traits = image_traits(modality=modality, manufacturer="Acme", manufacturer_model_name="X1")
    unit.admit_instance(an_instance(instance_key=InstanceKey(name), study_key=key, received_at=at, traits=traits))


def test_arrivals_are_counted_by_study_hour_site_and_modality(database: Database) -> None:
    with database.begin() as unit:
        film(unit, "before", NOON - MINUTE)
        film(unit, "a", NOON)
        image(unit, film(unit, "b", NOON + 59 * MINUTE), "b2", NOON + HOUR)
        film(unit, "c", NOON + 5 * MINUTE, site="north", modality="CR")
        film(unit, "d", NOON + HOUR, modality="CR")
        unit.commit()
    with database.begin(write=False) as unit:
        assert unit.arrivals(NOON) == (
            ArrivalCount(NOON, "main", "", 2, NOON + 59 * MINUTE),
            ArrivalCount(NOON, "main", "DX", 2, NOON + 59 * MINUTE),
            ArrivalCount(NOON, "north", "", 1, NOON + 5 * MINUTE),
            ArrivalCount(NOON, "north", "CR", 1, NOON + 5 * MINUTE),
            ArrivalCount(NOON + HOUR, "main", "", 1, NOON + HOUR),
            ArrivalCount(NOON + HOUR, "main", "CR", 1, NOON + HOUR),
        )
        assert len(unit.arrivals(NOON - HOUR)) == 8


def test_a_study_with_two_modalities_counts_for_each_and_once_for_its_site(database: Database) -> None:
    with database.begin() as unit:
        image(unit, film(unit, "a", NOON), "a2", NOON + MINUTE, "CR")
        image(unit, StudyKey("a"), "a3", NOON + MINUTE, "")
        unit.commit()
    with database.begin(write=False) as unit:
        assert [(each.modality, each.studies, each.last_at) for each in unit.arrivals(NOON)] == [
            ("", 1, NOON),
            ("CR", 1, NOON),
            ("DX", 1, NOON),
        ]


def test_a_study_waits_since_its_newest_image(database: Database) -> None:
    with database.begin() as unit:
        film(unit, "old", NOON, state=StudyState.ADMITTED)
        image(unit, film(unit, "late", NOON - HOUR, state=StudyState.ANALYSED), "late2", NOON + MINUTE)
        image(unit, film(unit, "renewed", NOON - HOUR, state=StudyState.ADMITTED), "renewed2", NOON + HOUR)
        film(unit, "done", NOON, state=StudyState.DRAFTED)
        unit.save_study(a_study(study_key=StudyKey("bare"), received_at=NOON - MINUTE, state=StudyState.ADMITTED))
        unit.commit()
    with database.begin(write=False) as unit:
        site = a_study().traits.site
        bare = WaitingStudy(StudyKey("bare"), site, StudyState.ADMITTED, NOON - MINUTE)
        old = WaitingStudy(StudyKey("old"), "main", StudyState.ADMITTED, NOON)
        late = WaitingStudy(StudyKey("late"), "main", StudyState.ANALYSED, NOON + MINUTE)
        assert unit.waiting_studies(NOON + 2 * MINUTE, WAITING) == (bare, old, late)
        assert unit.waiting_studies(NOON + 2 * MINUTE, WAITING, limit=1) == (bare,)
        assert unit.waiting_studies(NOON, WAITING) == (bare,)


def test_open_deliveries_are_those_of_signed_versions_still_tried(database: Database) -> None:
    with database.begin() as unit:
        key = film(unit, "a", NOON, state=StudyState.SIGNED)
        for version, at in ((1, NOON), (11, NOON + HOUR)):
            signed = a_report(study_key=key, version=version, status=ReportStatus.FINAL)
            unit.save_report(replace(signed, signature=a_signature(signed_at=at)), expected_etag=None)
        for detail in ("1:folder", "1:fhir", "11:folder", "2:folder"):
            unit.enqueue(a_job_request(kind=JobKind.DELIVER, study_key=key, dedupe_key=detail, detail=detail))
        unit.commit()
    folder = database.claim_job(frozenset({JobKind.DELIVER}), now=NOON, lease_s=30)
    fhir = database.claim_job(frozenset({JobKind.DELIVER}), now=NOON, lease_s=30)
    assert folder is not None
    assert fhir is not None
    database.bury_job(folder, reason="no")
    with database.begin(write=False) as unit:
        assert unit.open_deliveries() == (
            OpenDelivery(key, "main", "fhir", NOON),
            OpenDelivery(key, "main", "folder", NOON + HOUR),
        )
        assert len(unit.open_deliveries(limit=1)) == 1
        assert unit.dead_jobs() == (("main", JobKind.DELIVER, 1),)


def test_the_delivery_of_an_addendum_counts_from_the_addendum(database: Database) -> None:
    with database.begin() as unit:
        key = film(unit, "a", NOON, state=StudyState.SIGNED)
        signed = replace(a_report(study_key=key, status=ReportStatus.FINAL), signature=a_signature(signed_at=NOON))
        unit.save_report(appended(signed, Actor("b", Role.RADIOLOGIST), "More.", "", NOON + HOUR), expected_etag=None)
        unit.enqueue(a_job_request(kind=JobKind.DELIVER, study_key=key, dedupe_key="d", detail="2:fhir"))
        unit.commit()
    with database.begin(write=False) as unit:
        assert unit.open_deliveries() == (OpenDelivery(key, "main", "fhir", NOON + HOUR),)


def test_decisions_are_those_of_the_revision_that_counts_newest_first(database: Database) -> None:
    with database.begin() as unit:
        first, second = film(unit, "a", NOON), film(unit, "b", NOON + MINUTE, revision=2)
        film(unit, "undecided", NOON + HOUR)
        unit.save_decision(first, 1, a_decision(rule_id="one"))
        unit.save_decision(second, 1, a_decision(rule_id="stale"))
        unit.save_decision(second, 2, a_decision(rule_id="two", policy_version="7"))
        unit.commit()
    with database.begin(write=False) as unit:
        two, one = FiredRule(NOON + MINUTE, "main", "7", "two"), FiredRule(NOON, "main", "1", "one")
        assert unit.recent_decisions(9) == (two, one)
        assert unit.recent_decisions(1) == (two,)


def test_reads_say_scores_and_device_or_that_no_model_could_read(database: Database) -> None:
    findings = (a_finding(raw_score=float("inf")), a_finding(FindingName.EFFUSION, probability=None))
    with database.begin() as unit:
        read = film(unit, "read", NOON, state=StudyState.DRAFTED)
        unit.save_analysis(read, 1, an_analysis(instance_key=InstanceKey("read"), findings=findings))
        film(unit, "failed", NOON + MINUTE, state=StudyState.DRAFTED, reason="no model")
        film(unit, "opened-early", NOON + HOUR, state=StudyState.IN_READING)
        film(unit, "rejected", NOON + HOUR, state=StudyState.REJECTED, reason="a knee")
        film(unit, "waiting", NOON + HOUR, state=StudyState.ADMITTED, reason="")
        unit.commit()
    with database.begin(write=False) as unit:
        failed, done = unit.recent_reads(9)
        assert (failed.study_key, failed.scores, failed.device) == ("failed", None, "")
        assert (failed.reason, done.reason) == ("no model", "")
        assert (done.study_key, done.site, done.device, done.received_at) == ("read", "main", "Acme X1", NOON)
        assert done.scores is not None
        assert [(f.name, f.raw_score, f.called) for f in done.scores.findings] == [
            (FindingName.PNEUMOTHORAX, float("inf"), True),
            (FindingName.EFFUSION, 1.5, False),
        ]
        assert unit.recent_reads(1) == (failed,)
