"""Versions on trial beside the installed model: a shadow is never shown and costs nothing, a canary's read counts for its share, and no version that fails costs a study its read."""

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.films import another_instance, film
from tests.journey.test_one_study import DOCTOR, House, prediction
from tests.unit.inference.test_bundle import write_bundle

from wetread.domain.errors import PermanentError
from wetread.domain.identifiers import StudyKey
from wetread.domain.job import JobKind, JobState
from wetread.domain.model_version import ModelVersion, VersionState
from wetread.domain.priority import Priority
from wetread.domain.rollout import Rollout, ShadowRead
from wetread.governance.assignment import place_of
from wetread.governance.readers import LoadVersion
from wetread.inference.bundle import load_bundle
from wetread.ports.predictor import Prediction
from wetread.testing.predictor import ScriptedPredictor
from wetread.testing.rollout_builders import a_rollout

SEES, SEES_NOT, NO_CHEST = prediction(4.0), prediction(-4.0), prediction(4.0, gate=-5.0)


class Trial:
    """A house with one more version, registered; what it says can be set."""

    def __init__(self, folder: Path) -> None:
        self.house = House(folder)
        bundle = load_bundle(write_bundle(folder / "next", name="tiny", version="2.0.0"))
        self.version = ModelVersion(bundle.identity, "d" * 64, "m.engineer", self.house.clock.now())
        self.says = ScriptedPredictor(SEES_NOT)
        self.load: LoadVersion = lambda _: (bundle, self.says)
        pipeline = replace(self.house.worker.pipeline, registered=lambda version: self.load(version))
        self.house.worker = replace(self.house.worker, pipeline=pipeline)
        with self.house.database.begin() as unit:
            unit.add_version(self.version)
            unit.commit()

    def roll_out(self, state: VersionState, percent: int = 0) -> Rollout:
        with self.house.database.begin() as unit:
            rollout = a_rollout(model_key=self.version.key, site="main", state=state, percent=percent)
            saved = unit.save_rollout(rollout, expected_etag=None)
            unit.commit()
        return saved

    def read(self, number: int = 1) -> StudyKey:
        key = self.house.receive(film(number))
        self.house.work()
        return key

    def shadow_read(self, key: StudyKey) -> ShadowRead:
        with self.house.database.begin(write=False) as unit:
            (read,) = unit.shadow_reads(key)
        return read

    def model(self, key: StudyKey) -> str:
        with self.house.database.begin(write=False) as unit:
            analysis = unit.analysis(key)
        assert analysis is not None
        return analysis.model.version

    def actions(self) -> list[str]:
        return [each.event.action for each in self.house.database.audit_records()]


@pytest.fixture
def trial(tmp_path: Path) -> Trial:
    return Trial(tmp_path)


def test_without_a_rollout_nothing_is_different(trial: Trial, tmp_path: Path) -> None:
    """Byte for byte: rows and audit chain are those of a house that knows of no registry."""
    (tmp_path / "plain").mkdir()
    plain = House(tmp_path / "plain")
    keys = [trial.read(), plain.receive(film(1))]
    plain.work()
    states = [trial.house.database.state, plain.database.state]
    for table in ("analyses", "decisions", "drafts", "jobs", "studies", "audit", "shadow_reads"):
        with_registry, without = (getattr(each, table) for each in states)
        assert list(with_registry.values()) == list(without.values()), table
    assert keys[0] == keys[1]
    assert trial.says.seen == []


def test_a_shadow_reads_what_the_installed_model_reads_and_shows_nothing(trial: Trial) -> None:
    trial.roll_out(VersionState.SHADOW)
    trial.house.predictor.prediction, trial.says.prediction = SEES_NOT, SEES
    key = trial.read()
    read = trial.shadow_read(key)
    assert (read.model.version, read.problem) == ("2.0.0", "")
    assert read.findings[0].called
    with trial.house.database.begin(write=False) as unit:
        analysis, decision, draft = unit.analysis(key), unit.decision(key), unit.draft(key)
        study = unit.study(key)
    assert analysis is not None
    assert decision is not None
    assert (analysis.model.version, analysis.further, analysis.called) == ("1.2.3", (), ())
    assert (decision.critical, study.critical, study.priority) == (False, False, Priority.ROUTINE)
    assert "2.0.0" not in repr(analysis) + repr(decision) + repr(draft)
    assert trial.house.desk.open(DOCTOR, key).analysis == analysis


def test_a_shadow_comes_after_everything_that_somebody_waits_for(trial: Trial) -> None:
    trial.roll_out(VersionState.SHADOW)
    first, second = (trial.house.receive(film(number)) for number in (1, 2))
    trial.house.work()
    acts = [(each.event.action, each.event.study_key) for each in trial.house.database.audit_records()]
    shadows = [place for place, (action, _) in enumerate(acts) if action == "study.shadow"]
    drafts = [place for place, (action, _) in enumerate(acts) if action == "study.draft"]
    assert {key for action, key in acts if action == "study.shadow"} == {first, second}
    assert min(shadows) > max(drafts)


@pytest.mark.parametrize(
    ("fault", "problem", "unsuitable"),
    [
        (RuntimeError("a bug that quotes Doe^Jane"), "RuntimeError", False),
        (PermanentError("its numbers are not finite", code="model_failed"), "model_failed", False),
        (MemoryError(), "MemoryError", False),
        (None, "other", True),
    ],
)
def test_a_shadow_that_cannot_read_is_noted_and_that_is_all(
    trial: Trial, fault: Exception | None, problem: str, unsuitable: bool
) -> None:
    trial.roll_out(VersionState.SHADOW)
    trial.says.failure, trial.says.prediction = fault, NO_CHEST
    key = trial.read()
    read = trial.shadow_read(key)
    assert (read.problem, read.unsuitable, read.findings) == (problem, unsuitable, ())
    reading = trial.house.desk.open(DOCTOR, key)
    assert reading.analysis is not None
    assert reading.study.priority is Priority.STAT
    assert trial.house.database.jobs(JobState.DEAD) == ()
    assert "Jane" not in repr(list(trial.house.database.audit_records()))


def test_a_shadow_whose_bundle_is_gone_is_noted(trial: Trial) -> None:
    def gone(_: ModelVersion) -> object:
        raise PermanentError("a registered model bundle is gone", code="bad_bundle")

    trial.roll_out(VersionState.SHADOW)
    trial.load = gone  # type: ignore[assignment]
    assert trial.shadow_read(trial.read()).problem == "bad_bundle"


def test_a_shadow_that_kills_its_workers_is_given_up_and_noted(trial: Trial) -> None:
    trial.roll_out(VersionState.SHADOW)
    key = trial.house.receive(film(1))
    worker = trial.house.worker
    trial.house.worker = replace(worker, kinds=frozenset(JobKind) - {JobKind.SHADOW})
    trial.house.work()
    for _ in range(3):
        job = worker.database.claim_job(frozenset({JobKind.SHADOW}), now=worker.clock.now(), lease_s=60)
        assert job is not None
        trial.house.clock.advance(61)  # type: ignore[attr-defined]
    trial.house.worker = worker
    trial.house.work()
    assert trial.shadow_read(key).problem == "worker_died"
    assert trial.house.database.jobs(JobState.DEAD) == ()
    assert trial.house.desk.open(DOCTOR, key).analysis is not None


def test_a_rollout_that_ended_in_between_leaves_the_shadow_nothing_to_do(trial: Trial) -> None:
    rollout = trial.roll_out(VersionState.SHADOW)
    trial.house.worker, worker = (
        replace(trial.house.worker, kinds=frozenset(JobKind) - {JobKind.SHADOW}),
        trial.house.worker,
    )
    key = trial.read()
    with trial.house.database.begin() as unit:
        unit.save_rollout(replace(rollout, state=VersionState.RETIRED), expected_etag=rollout.etag)
        unit.commit()
    trial.house.worker = worker
    trial.house.work()
    with trial.house.database.begin(write=False) as unit:
        assert unit.shadow_reads(key) == ()
    assert "study.shadow" in trial.actions()


def test_a_late_image_has_the_shadow_read_again(trial: Trial) -> None:
    trial.roll_out(VersionState.SHADOW)
    trial.read()
    trial.house.receive(another_instance(film(1), "2.25.99"))
    trial.house.work()
    assert {revision for _, revision, _ in trial.house.database.state.shadow_reads} == {1, 2}


def test_a_canary_reads_its_share_and_no_other_study(trial: Trial) -> None:
    trial.roll_out(VersionState.CANARY, 50)
    keys = [trial.read(number) for number in range(1, 9)]
    read_by = {key: trial.model(key) for key in keys}
    expected = {key: "2.0.0" if place_of(key, "tiny@2.0.0", "main") < 0.5 else "1.2.3" for key in keys}
    assert read_by == expected
    assert set(expected.values()) == {"2.0.0", "1.2.3"}
    assert "study.shadow" not in trial.actions()


def test_an_active_version_reads_the_whole_site_and_what_it_calls_counts(trial: Trial) -> None:
    trial.roll_out(VersionState.ACTIVE, 100)
    key = trial.read()
    assert trial.model(key) == "2.0.0"
    assert (
        trial.house.desk.open(DOCTOR, key).study.priority is Priority.ROUTINE
    )  # it sees nothing, the installed one would
    assert trial.house.predictor.seen == []


@pytest.mark.parametrize("site_state", [VersionState.CANARY, VersionState.ACTIVE])
@pytest.mark.parametrize("fault", [RuntimeError("a bug"), PermanentError("not finite", code="model_failed")])
def test_a_version_that_fails_costs_no_study_its_read(trial: Trial, site_state: VersionState, fault: Exception) -> None:
    trial.roll_out(site_state, 100)
    trial.says.failure = fault
    key = trial.read()
    reading = trial.house.desk.open(DOCTOR, key)
    assert reading.analysis is not None
    assert reading.analysis.model.version == "1.2.3"
    (flag,) = [each for each in reading.analysis.quality if each.code == "other_version_read"]
    assert "tiny 2.0.0 could not read this film" in flag.message
    assert "tiny 1.2.3 read it" in flag.message
    assert trial.shadow_read(key).problem in ("RuntimeError", "model_failed")
    assert reading.study.priority is Priority.STAT


def test_a_version_that_kills_its_worker_is_passed_over_from_the_third_try_on(trial: Trial) -> None:
    trial.roll_out(VersionState.CANARY, 100)
    key = trial.house.receive(film(1))
    trial.house.clock.advance(3600)
    database, clock = trial.house.database, trial.house.clock
    for _ in range(2):
        assert database.claim_job(frozenset({JobKind.ANALYSE}), now=clock.now(), lease_s=60) is not None
        clock.advance(61)
    trial.house.work()
    assert trial.model(key) == "1.2.3"


def test_a_film_that_the_canary_must_not_read_is_not_read_by_another(trial: Trial) -> None:
    """The gate's word is about the film; a second opinion on it would hide it."""
    trial.roll_out(VersionState.CANARY, 100)
    trial.says.prediction = NO_CHEST
    key = trial.read()
    reading = trial.house.desk.open(DOCTOR, key)
    assert reading.analysis is None
    assert "gate" in reading.study.reason


def test_many_workers_read_one_shadow_once(trial: Trial) -> None:
    trial.roll_out(VersionState.SHADOW)
    key = trial.house.receive(film(1))
    trial.house.clock.advance(3600)
    threads = [threading.Thread(target=_drain(trial.house)) for _ in range(3)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    trial.house.work()
    assert trial.actions().count("study.shadow") == 1
    assert trial.shadow_read(key).problem == ""
    assert len(trial.says.seen) == 1


def _drain(house: House) -> Callable[[], None]:
    def run() -> None:
        while house.worker.run_one():
            pass

    return run


def test_two_shadows_read_apart(trial: Trial, tmp_path: Path) -> None:
    other = load_bundle(write_bundle(tmp_path / "third", name="tiny", version="3.0.0"))
    third = ModelVersion(other.identity, "e" * 64, "m.engineer", trial.house.clock.now())
    answers: dict[str, Prediction] = {"2.0.0": SEES, "3.0.0": SEES_NOT}
    load = trial.load
    trial.load = lambda version: (
        load(version)[0] if version != third else other,
        ScriptedPredictor(answers[version.model.version]),
    )
    trial.roll_out(VersionState.SHADOW)
    with trial.house.database.begin() as unit:
        unit.add_version(third)
        unit.save_rollout(a_rollout(model_key=third.key, site="main"), expected_etag=None)
        unit.commit()
    key = trial.read()
    with trial.house.database.begin(write=False) as unit:
        called = {each.model.version: each.findings[0].called for each in unit.shadow_reads(key)}
    assert called == {"2.0.0": True, "3.0.0": False}


def test_where_a_canary_fails_the_active_version_reads_and_then_the_installed_one(trial: Trial, tmp_path: Path) -> None:
    other = load_bundle(write_bundle(tmp_path / "third", name="tiny", version="3.0.0"))
    active = ModelVersion(other.identity, "e" * 64, "m.engineer", trial.house.clock.now())
    load, reads = trial.load, ScriptedPredictor(SEES)
    trial.load = lambda version: (other, reads) if version == active else load(version)
    trial.says.failure = RuntimeError("a bug")
    trial.roll_out(VersionState.CANARY, 100)
    with trial.house.database.begin() as unit:
        unit.add_version(active)
        unit.save_rollout(
            a_rollout(model_key=active.key, site="main", state=VersionState.ACTIVE, percent=100), expected_etag=None
        )
        unit.commit()
    assert trial.model(trial.read(1)) == "3.0.0"
    reads.failure = RuntimeError("another")
    key = trial.read(2)
    assert trial.model(key) == "1.2.3"
    with trial.house.database.begin(write=False) as unit:
        assert [each.model_key for each in unit.shadow_reads(key)] == ["tiny@2.0.0", "tiny@3.0.0"]
