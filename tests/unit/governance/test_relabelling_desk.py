"""Two blinded radiologists, a third where they differ, nobody twice; and what the result says of the machine."""

import numpy as np
import pytest

from wetread.domain.audit import AuditEvent
from wetread.domain.errors import PermanentError
from wetread.domain.identifiers import StudyKey
from wetread.domain.relabelling import Answer, Call, RelabelRound, RelabelTask
from wetread.domain.role import Actor, Role
from wetread.evaluation.agreement import cohen_kappa
from wetread.governance.relabelling_desk import answer_task, begin_round, next_task, round_status
from wetread.governance.relabelling_result import round_result
from wetread.governance.relabelling_sample import SignedStudy, bucket_of, draw
from wetread.testing.builders import NOON, a_study
from wetread.testing.memory_database import MemoryDatabase

QA = Actor("qa", Role.QUALITY)
READERS = tuple(Actor(f"dr.{name}", Role.RADIOLOGIST) for name in ("roe", "poe", "loe", "moe"))
POSITIVE, NEGATIVE, UNCERTAIN = Answer
BOTH = ("effusion", "mass")


def a_round(findings: tuple[str, ...] = BOTH) -> RelabelRound:
    return RelabelRound("r1", findings, 1, 99, 99, 0, "", (), "qa", NOON)


def signed(key: str, calls: dict[str, tuple[float, str]]) -> SignedStudy:
    made = tuple(
        Call(name, p, 0.5, label, "text", "net 1.0", bucket_of(p, 0.5, label, "text"))
        for name, (p, label) in calls.items()
    )
    return SignedStudy(StudyKey(key), key, "north", made)


@pytest.fixture
def database() -> MemoryDatabase:
    """A round with two studies, both drawn."""
    database = MemoryDatabase()
    studies = [signed(key * 24, dict.fromkeys(BOTH, (0.9, "negative"))) for key in "ab"]
    keep(database, studies, BOTH)
    return database


def keep(
    database: MemoryDatabase, studies: list[SignedStudy], findings: tuple[str, ...], **sizes: int
) -> tuple[RelabelTask, ...]:
    design = draw(studies, findings, seed=1, **{"per_bucket": 99, "at_random": 99} | sizes)
    with database.begin() as unit:
        for each in studies:
            unit.save_study(a_study(study_key=each.study_key))
        begin_round(unit, QA, design, a_round(findings), NOON)
        unit.commit()
    with database.begin(write=False) as unit:
        return unit.relabel_tasks("r1")


def say(database: MemoryDatabase, reader: Actor, key: str, *answers: Answer) -> RelabelTask:
    return answer_task(database, reader, "r1", StudyKey(key), dict(zip(BOTH, answers, strict=True)), NOON)


def offered(database: MemoryDatabase, reader: Actor) -> str | None:
    with database.begin(write=False) as unit:
        task = next_task(unit, reader, "r1")
    return task.study_key if task else None


def refusal(database: MemoryDatabase, reader: Actor, key: str, *answers: Answer) -> str:
    with pytest.raises(PermanentError) as refused:
        say(database, reader, key, *answers)
    return refused.value.code


A, B = "a" * 24, "b" * 24


def test_two_who_agree_decide_and_a_third_is_not_asked(database: MemoryDatabase) -> None:
    say(database, READERS[0], A, POSITIVE, NEGATIVE)
    task = say(database, READERS[1], A, POSITIVE, NEGATIVE)
    assert task.decided
    assert [task.verdict(each) for each in BOTH] == [POSITIVE, NEGATIVE]
    assert offered(database, READERS[2]) == B
    assert refusal(database, READERS[2], A, POSITIVE, NEGATIVE) == "decided"


def test_a_third_reader_decides_where_two_differ_and_two_against_one_stand(database: MemoryDatabase) -> None:
    say(database, READERS[0], A, POSITIVE, NEGATIVE)
    task = say(database, READERS[1], A, NEGATIVE, NEGATIVE)
    assert not task.decided
    assert task.verdict("effusion") is None
    task = say(database, READERS[2], A, NEGATIVE, POSITIVE)
    assert [task.verdict(each) for each in BOTH] == [NEGATIVE, NEGATIVE]
    assert refusal(database, READERS[3], A, NEGATIVE, NEGATIVE) == "decided"


def test_three_who_say_three_things_leave_it_uncertain(database: MemoryDatabase) -> None:
    for reader, answer in zip(READERS, Answer, strict=False):
        task = say(database, reader, A, answer, NEGATIVE)
    assert task.verdict("effusion") is UNCERTAIN


def test_nobody_answers_twice_for_one_study_nor_is_offered_it(database: MemoryDatabase) -> None:
    say(database, READERS[0], A, POSITIVE, NEGATIVE)
    assert refusal(database, READERS[0], A, NEGATIVE, NEGATIVE) == "answered"
    assert offered(database, READERS[0]) == B
    say(database, READERS[0], B, POSITIVE, NEGATIVE)
    assert offered(database, READERS[0]) is None


@pytest.mark.parametrize("action", ["study.read", "study.open", "report.sign", "critical.acknowledge"])
def test_who_met_the_study_before_is_not_blind(database: MemoryDatabase, action: str) -> None:
    with database.begin() as unit:
        unit.audit(AuditEvent(action, "dr.roe", study_key=StudyKey(A)), NOON)
        unit.commit()
    assert offered(database, READERS[0]) == B
    assert refusal(database, READERS[0], A, POSITIVE, NEGATIVE) == "not_blind"
    say(database, READERS[1], A, POSITIVE, NEGATIVE)


def test_looking_at_the_bare_film_is_what_a_reader_is_there_for(database: MemoryDatabase) -> None:
    with database.begin() as unit:
        unit.audit(AuditEvent("film.read", "dr.roe", study_key=StudyKey(A)), NOON)
        unit.commit()
    say(database, READERS[0], A, POSITIVE, NEGATIVE)


@pytest.mark.parametrize("role", [each for each in Role if each is not Role.RADIOLOGIST])
def test_only_radiologists_adjudicate(database: MemoryDatabase, role: Role) -> None:
    assert refusal(database, Actor("x", role), A, POSITIVE, NEGATIVE) == "not_permitted"
    with database.begin(write=False) as unit, pytest.raises(PermanentError):
        next_task(unit, Actor("x", role), "r1")


def test_who_reads_neither_draws_nor_watches(database: MemoryDatabase) -> None:
    design = draw([signed(A, {"mass": (0.9, "negative")})], ("mass",), seed=1, per_bucket=1, at_random=1)
    with database.begin() as unit, pytest.raises(PermanentError):
        begin_round(unit, READERS[0], design, a_round(), NOON)
    with database.begin(write=False) as unit, pytest.raises(PermanentError):
        round_status(unit, READERS[0], "r1")


def test_every_finding_of_the_round_is_answered(database: MemoryDatabase) -> None:
    with pytest.raises(PermanentError) as refused:
        answer_task(database, READERS[0], "r1", StudyKey(A), {"effusion": POSITIVE}, NOON)
    assert refused.value.code == "bad_answer"


def test_status_counts_and_the_log_says_who_answered_and_not_what(database: MemoryDatabase) -> None:
    say(database, READERS[0], A, POSITIVE, NEGATIVE)
    say(database, READERS[1], A, NEGATIVE, NEGATIVE)
    say(database, READERS[0], B, POSITIVE, NEGATIVE)
    with database.begin(write=False) as unit:
        assert dict(round_status(unit, QA, "r1")) == {"third reader needed": 1, "one read": 1}
    events = [record.event for record in database.audit_records()]
    assert [each.action for each in events] == ["relabel.sample"] + ["relabel.answer"] * 3
    assert "positive" not in str([each.detail for each in events])
    assert dict(events[0].detail)["population"] == "2"


def test_readers_meet_the_studies_in_different_orders() -> None:
    database = MemoryDatabase()
    keep(database, [signed(f"{n:024d}", {"mass": (0.9, "negative")}) for n in range(30)], ("mass",))
    assert len({offered(database, each) for each in READERS}) > 1


def simulated(seed: int) -> tuple[RelabelRound, tuple[RelabelTask, ...]]:
    """2,000 studies, 10 % sick; the machine has sensitivity 0.8 and specificity 0.93; two perfect readers answer for all that were drawn; reports are right 19 times of 20."""
    random = np.random.default_rng(seed)
    sick = random.random(2000) < 0.1
    called = np.where(sick, random.random(2000) < 0.8, random.random(2000) < 0.07)
    said = np.where(random.random(2000) < 0.95, sick, ~sick)
    studies = [
        signed(f"{n:024d}", {"mass": (0.9 if called[n] else 0.1, "positive" if said[n] else "negative")})
        for n in range(2000)
    ]
    database = MemoryDatabase()
    tasks = keep(database, studies, ("mass",), per_bucket=60, at_random=150)
    for task in tasks:
        for reader in READERS[:2]:
            truth = POSITIVE if sick[int(task.study_key)] else NEGATIVE
            answer_task(database, reader, "r1", task.study_key, {"mass": truth}, NOON)
    with database.begin(write=False) as unit:
        drawn = unit.relabel_round("r1")
        assert drawn is not None
        return drawn, unit.relabel_tasks("r1")


def test_the_weighted_rates_find_the_machine_and_the_naive_ones_do_not() -> None:
    drawn, tasks = simulated(5)
    (found,) = round_result(drawn, tasks).findings
    assert found.sensitivity is not None
    assert found.specificity is not None
    assert found.naive_specificity is not None
    assert found.sensitivity.low <= 0.8 <= found.sensitivity.high
    assert found.specificity.low <= 0.93 <= found.specificity.high
    assert found.naive_specificity < 0.85
    bucket = {task.study_key: task.calls[0].bucket for task in tasks}
    plain = {task.study_key: 1 / task.inclusion_probability for task in tasks}
    held = {each: sum(plain[key] for key in plain if bucket[key] is each) for each in set(bucket.values())}
    size = {each.bucket: each.population for each in drawn.strata if each.finding == "mass"}
    weights = {key: plain[key] * size[bucket[key]] / held[bucket[key]] for key in plain}
    well = [task for task in tasks if task.verdict("mass") is NEGATIVE]
    by_hand = sum(weights[t.study_key] for t in well if not t.calls[0].called) / sum(weights[t.study_key] for t in well)
    assert found.specificity.value == pytest.approx(by_hand, abs=1e-12)
    assert found.specificity.n == len(well)


def test_agreement_needs_thirty_pairs_and_is_cohens() -> None:
    database = MemoryDatabase()
    tasks = keep(database, [signed(f"{n:024d}", {"mass": (n / 40, "negative")}) for n in range(40)], ("mass",))
    random = np.random.default_rng(3)
    table = np.zeros((3, 3))
    for number, task in enumerate(tasks):
        first = int(random.random() < 0.4)
        second = first if random.random() < 0.8 else 1 - first
        for reader, place in zip(READERS, (first, second), strict=False):
            answer_task(database, reader, "r1", task.study_key, {"mass": tuple(Answer)[place]}, NOON)
        table[first, second] += 1
        with database.begin(write=False) as unit:
            result = round_result(a_round(("mass",)), unit.relabel_tasks("r1"))
        (found,) = result.findings
        if number + 1 < 30:
            assert found.kappa is None
            assert f"{number + 1} pairs are too few" in " ".join(found.refused)
    assert found.kappa == cohen_kappa(table)
    assert found.kappa is not None
    assert found.kappa.low < found.kappa.value < found.kappa.high
    assert result.disputed == int(table[0, 1] + table[1, 0])


def test_without_a_decided_study_on_one_side_nothing_is_said_of_accuracy() -> None:
    database = MemoryDatabase()
    tasks = keep(database, [signed(f"{n:024d}", {"mass": (0.9, "negative")}) for n in range(12)], ("mass",))
    for task in tasks:
        for reader in READERS[:2]:
            answer_task(database, reader, "r1", task.study_key, {"mass": POSITIVE}, NOON)
    with database.begin(write=False) as unit:
        (found,) = round_result(a_round(("mass",)), unit.relabel_tasks("r1")).findings
    assert (found.sensitivity, found.specificity, found.naive_sensitivity) == (None, None, None)
    assert "cannot be known" in " ".join(found.refused)
    assert (found.overturned, found.compared) == (12, 12)
