"""What came in and does not move, rules that fell silent, scores that say nothing: each is named once, and nothing else is."""

from dataclasses import replace
from datetime import timedelta

from wetread.domain.alarm import AlarmKind
from wetread.domain.commitment import OwedState, OwedTotal
from wetread.domain.critical import CriticalState
from wetread.domain.identity_hold import HoldKind, IdentityHold
from wetread.domain.job import JobKind
from wetread.domain.study_state import StudyState
from wetread.monitoring.rules import rule_notes, rule_silences
from wetread.monitoring.scores import equal_scores, score_notes
from wetread.monitoring.standstill import (
    commitments_untold,
    critical_overdue,
    dead_letters,
    nothing_moves,
    nothing_routed,
    nothing_scored,
    patients_in_doubt,
)
from wetread.ports.watch_store import FiredRule, OpenDelivery, RecentRead, Score, ScoreLimit, Scores, WaitingStudy
from wetread.testing.builders import NOON, STUDY_KEY, a_study, an_analysis
from wetread.testing.critical_builders import a_critical_result

HOUR = timedelta(hours=1)
MODEL = an_analysis().model


def a_read(
    number: int, raw: float, *, site: str = "north", device: str = "unit 1", same_film: bool = False
) -> RecentRead:
    limit = ScoreLimit(0.5)
    score = Score("pneumothorax", raw, raw, limit)
    scores = Scores(MODEL, (score, Score("mass", raw / 2, raw / 2, limit)), "one" if same_film else str(number))
    return RecentRead(STUDY_KEY, site, NOON, device, scores)


def fired(rules: list[str], site: str = "north") -> list[FiredRule]:
    """Newest first, one study every ten minutes."""
    return [FiredRule(NOON - number * HOUR / 6, site, "p1", rule) for number, rule in enumerate(rules)]


def silent_rules(rules: list[str], known: tuple[str, ...] = ("ptx", "mass")) -> list[tuple[AlarmKind, str]]:
    found = rule_silences(fired(rules), "p1", known, false_alarms_per_week=1 / 52, always_after=100)
    return [(each.kind, each.alarm_key) for each in found]


def test_studies_that_wait_for_the_machine_are_one_alarm_per_site_with_their_number_and_the_longest_wait() -> None:
    waiting = [
        WaitingStudy(STUDY_KEY, "north", StudyState.ADMITTED, NOON - HOUR),
        WaitingStudy(STUDY_KEY, "north", StudyState.ANALYSED, NOON - 3 * HOUR),
        WaitingStudy(STUDY_KEY, "south", StudyState.ADMITTED, NOON - HOUR),
    ]
    north, south = nothing_moves(waiting, NOON)
    assert (north.kind, north.site, south.site) == (AlarmKind.NOTHING_READ, "north", "south")
    assert "2 studies" in north.message
    assert "3 h" in north.message
    assert not nothing_moves([], NOON)


def test_a_site_whose_every_last_study_had_no_ai_is_named_and_one_good_read_ends_it() -> None:
    none = RecentRead(STUDY_KEY, "north", NOON, "unit 1", None)
    assert [each.kind for each in nothing_scored([none] * 5, in_a_row=5)] == [AlarmKind.NOTHING_READ]
    assert not nothing_scored([none] * 4, in_a_row=5)
    assert not nothing_scored([a_read(1, 0.5), *[none] * 4], in_a_row=5)


def test_a_model_that_is_gone_is_told_with_the_first_film_and_over_with_the_next_that_is_read() -> None:
    why = "bad_bundle: model bundle small: model.onnx is not the file the bundle was made with"
    gone = RecentRead(STUDY_KEY, "north", NOON, "", None, why)
    (found,) = nothing_scored([gone, a_read(1, 0.5)], in_a_row=20)
    assert (found.kind, found.alarm_key, found.pages) == (AlarmKind.NOTHING_READ, "nothing_read/north/no_model", True)
    assert why in found.message
    odd_film = RecentRead(STUDY_KEY, "north", NOON, "", None, "unsuitable: lateral view")
    assert nothing_scored([odd_film, gone], in_a_row=20) == (found,)
    assert not nothing_scored([a_read(2, 0.5), gone], in_a_row=20)


def test_a_sink_that_does_not_acknowledge_is_named_after_the_limit() -> None:
    late = OpenDelivery(STUDY_KEY, "north", "fhir", NOON - 2 * HOUR)
    fresh = OpenDelivery(STUDY_KEY, "north", "stow", NOON - HOUR / 2)
    (found,) = nothing_routed([late, fresh], NOON, within=HOUR)
    assert found.kind is AlarmKind.NOTHING_ROUTED
    assert "fhir" in found.message


def test_jobs_that_were_given_up_are_named() -> None:
    (found,) = dead_letters([("north", JobKind.DELIVER, 2)])
    assert found.kind is AlarmKind.DEAD_LETTERS
    assert "2" in found.message


def test_who_asked_for_commitment_and_was_not_told_is_named_once() -> None:
    aside = OwedTotal("CT1", OwedState.ASIDE, 2, NOON, "CT1 does not answer: is it running?")
    waiting = replace(aside, ae_title="AX1", state=OwedState.OWED)
    first, second = commitments_untold([waiting, aside, replace(aside, ae_title="XA1", reports=1)])
    assert (first.kind, first.alarm_key, first.pages) == (
        AlarmKind.COMMITMENT_UNTOLD,
        "commitment_untold/CT1",
        False,
    )
    assert "2 requests" in first.message
    assert "CT1 does not answer: is it running?" in first.message
    assert "`wetread ae reports --again XA1`" in second.message
    assert commitments_untold([]) == ()


def test_a_critical_result_past_its_limit_is_named_and_one_that_was_told_is_not() -> None:
    open_result = a_critical_result()
    told = replace(open_result, state=CriticalState.COMMUNICATED, next_due_at=None)
    assert not critical_overdue([open_result, told], NOON + timedelta(minutes=14))
    (found,) = critical_overdue([open_result, told], NOON + timedelta(minutes=16))
    assert found.kind is AlarmKind.CRITICAL_OVERDUE


def test_a_doubt_about_the_patient_is_named_at_once_where_a_report_was_signed_and_after_a_while_where_not() -> None:
    hold = IdentityHold("h1", STUDY_KEY, HoldKind.PATIENT_MISMATCH, NOON, ("patient_id",))
    unsigned, signed = (a_study(state=state) for state in (StudyState.IN_READING, StudyState.DELIVERED))
    assert not patients_in_doubt([(hold, unsigned)], NOON + timedelta(minutes=15))
    (late,) = patients_in_doubt([(hold, unsigned)], NOON + timedelta(minutes=16))
    (at_once,) = patients_in_doubt([(hold, signed)], NOON)
    assert (late.kind, late.pages, at_once.pages) == (AlarmKind.PATIENT_IN_DOUBT, False, True)
    seen = replace(hold, kind=HoldKind.DEMOGRAPHICS)
    assert not patients_in_doubt([(seen, signed)], NOON + timedelta(days=1))


def test_a_rule_that_fell_silent_after_firing_often_is_named_and_a_rare_one_is_not() -> None:
    often = ["default"] * 400 + ["ptx", "default"] * 100
    assert silent_rules(often) == [(AlarmKind.RULE_NEVER_FIRES, "rule_never_fires/north/ptx")]
    rare = ["default"] * 400 + ["ptx"] + ["default"] * 300
    assert silent_rules(rare) == []


def test_a_rule_that_fires_for_every_study_is_named() -> None:
    assert (AlarmKind.RULE_ALWAYS_FIRES, "rule_always_fires/north/mass") in silent_rules(["mass"] * 100)
    assert silent_rules(["mass"] * 99) == []


def test_a_rule_that_has_never_fired_is_a_note_with_its_n() -> None:
    (note,) = rule_notes(fired(["mass"] * 60), "p1", ("ptx", "mass"))
    assert "ptx" in note
    assert "60 studies" in note
    assert "5.00%" in note


def test_equal_scores_on_different_films_are_named_and_equal_films_otherwise() -> None:
    def keys(reads: list[RecentRead]) -> list[str]:
        return [each.alarm_key.rpartition("/")[2] for each in equal_scores(reads, in_a_row=10)]

    assert keys([a_read(number, 0.25) for number in range(10)]) == ["all"]
    assert keys([a_read(number, 0.25, same_film=True) for number in range(10)]) == ["input"]
    assert keys([a_read(number, number / 10) for number in range(10)]) == []
    assert keys([a_read(number, 0.25) for number in range(9)]) == []


def test_one_dead_detector_is_found_among_live_ones() -> None:
    dead = [a_read(number, 0.25, device="unit 2", same_film=True) for number in range(10)]
    live = [a_read(100 + number, number / 10) for number in range(10)]
    (found,) = equal_scores([each for pair in zip(dead, live, strict=True) for each in pair], in_a_row=10)
    assert "unit 2" in found.message


def test_a_finding_that_is_never_called_is_a_note() -> None:
    notes = score_notes([a_read(number, 0.4 + number / 10) for number in range(5)])
    assert [note.partition(" ")[0] for note in notes] == ["mass"]
