"""From gates to one verdict per site: rollback before hold before recommendation, shared error budget, one site never for another."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from governance_cases import EFFUSION, PNEUMOTHORAX, calibrated, cases

from wetread.domain.finding import FindingName
from wetread.domain.model_version import VersionState
from wetread.domain.rollout import FindingLimits, GateEvidence, GateName, GateResult, Verdict
from wetread.evaluation.final_look import final_look
from wetread.governance.cases import Case
from wetread.governance.gates import evidence_needed
from wetread.governance.judge import Judgement, SiteCases, may_widen, weigh
from wetread.testing.builders import NOON
from wetread.testing.rollout_builders import a_gate_plan, a_rollout, evidence

DAY = timedelta(days=1)
G, R = GateName, GateResult


def good_rows() -> tuple[Case, ...]:
    """Few false alarms, few misses, probabilities that hold."""
    rows = []
    for place in range(1500):
        truth = place % 10 == 0
        called = place % 100 != 0 if truth else place % 37 == 1
        stated = 0.70 if called else 0.012
        at = NOON + 20 * DAY * (place + 1) / 1501
        rows.append(Case(f"g{place:05}", f"g{place:05}", at, PNEUMOTHORAX, stated, called, truth, at))
    return tuple(rows)


GOOD = good_rows()


def judged(
    rows: tuple[Case, ...] = GOOD, *, after: timedelta = 20 * DAY, failed: int = 0, **changes: object
) -> Judgement:
    rollout = a_rollout(**{"plan": a_gate_plan(min_dwell_days=14)} | changes)
    (judgement,) = weigh([SiteCases(rollout, rows, len(rows) + failed, failed)], rollout.since + after)
    return judgement


def of(judgement: Judgement, gate: GateName) -> GateEvidence:
    (found,) = [each for each in judgement.evidence if each.gate is gate]
    return found


def test_a_good_version_is_recommended_and_no_more() -> None:
    judgement = judged(GOOD)
    assert [each.result for each in judgement.evidence] == [R.PASSES] * 6, judgement.evidence
    assert judgement.verdict is Verdict.PROMOTE
    assert "two people" in judgement.reason
    assert may_widen(judgement.verdict, judgement.evidence)


@pytest.mark.parametrize(
    ("since", "after", "result"),
    [
        (NOON, 13.9 * DAY, R.UNDECIDED),
        (NOON, 14 * DAY, R.PASSES),
        (NOON, 60 * DAY, R.HOLDS),
    ],
)
def test_it_stays_between_the_shortest_and_the_longest_time(
    since: datetime, after: timedelta, result: GateResult
) -> None:
    assert of(judged(after=after, since=since), G.DWELL).result is result


@pytest.mark.parametrize(
    ("start", "days", "result"),
    [
        ("2026-03-02", 5, R.UNDECIDED),
        ("2026-03-02", 6.9, R.UNDECIDED),
        ("2026-03-02", 7, R.PASSES),
        ("2026-03-07", 4, R.UNDECIDED),
    ],
)
def test_a_short_stay_still_sees_a_whole_weekend(start: str, days: float, result: GateResult) -> None:
    """2026-03-02 is a Monday; a start on a Saturday does not see the whole of that one."""
    since = datetime.fromisoformat(f"{start}T00:30:00+00:00")
    found = judged(since=since, after=days * DAY, plan=a_gate_plan(min_dwell_days=3))
    assert of(found, G.DWELL).result is result


def test_too_few_positives_never_pass_and_in_the_end_people_decide() -> None:
    plan = a_gate_plan(min_positives=500)
    early, late = judged(GOOD, plan=plan), judged(GOOD, plan=plan, after=61 * DAY)
    assert of(early, G.SENSITIVITY).result is R.INSUFFICIENT
    assert early.verdict is Verdict.CONTINUE
    assert not may_widen(early.verdict, early.evidence)
    assert late.verdict is Verdict.HOLD
    assert "people decide" in late.reason
    assert may_widen(late.verdict, late.evidence)


def test_false_alarms_take_it_back_whatever_else_passes() -> None:
    judgement = judged(cases(600, 66, positives=100, misses=5), after=61 * DAY)
    assert judgement.verdict is Verdict.ROLL_BACK
    assert "false positives of pneumothorax" in judgement.reason
    failed = of(judgement, G.FALSE_POSITIVES)
    assert failed.value is not None
    assert failed.threshold == 20.0
    assert failed.value >= 20
    assert not may_widen(judgement.verdict, judgement.evidence)


def test_probabilities_that_are_off_take_it_back() -> None:
    judgement = judged(calibrated(600, shift=0.2))
    assert judgement.verdict is Verdict.ROLL_BACK
    assert "calibration" in judgement.reason


def drifting() -> tuple[Case, ...]:
    """After eight days all scores are a hundredth higher: twice what they are spread over, and too little to be off."""
    return tuple(
        replace(each, probability=each.probability + 0.01) if place >= 600 else each
        for place, each in enumerate(spread_scores())
    )


def spread_scores() -> tuple[Case, ...]:
    return tuple(
        replace(each, probability=(0.008 if not each.called else 0.7) + 0.0005 * (place * 7 % 20))
        for place, each in enumerate(good_rows())
    )


def test_drift_holds_and_never_takes_back() -> None:
    steady, moved = judged(spread_scores()), judged(drifting())
    assert of(steady, G.DRIFT).result is R.PASSES
    assert of(moved, G.DRIFT).result is R.HOLDS
    assert moved.verdict is Verdict.HOLD
    assert "drift of pneumothorax" in moved.reason
    assert not may_widen(moved.verdict, moved.evidence)
    late = judged(drifting(), after=61 * DAY)
    assert not may_widen(late.verdict, late.evidence) or of(late, G.DRIFT).result is not R.HOLDS


def test_after_people_resumed_it_drift_is_told_against_what_came_since() -> None:
    again = judged(drifting(), baseline_since=NOON + 8 * DAY)
    assert of(again, G.DRIFT).result is R.PASSES


def test_a_version_that_often_fails_to_read_is_held() -> None:
    judgement = judged(GOOD, failed=100)
    assert judgement.verdict is Verdict.HOLD
    assert "reads" in judgement.reason
    assert judged(GOOD, failed=50).verdict is Verdict.PROMOTE


def test_a_rollout_that_read_nothing_says_so() -> None:
    nothing = judged(())
    assert nothing.verdict is Verdict.CONTINUE
    assert "read nothing yet" in nothing.reason


def test_the_error_budget_is_shared_critical_findings_first() -> None:
    limits = (
        FindingLimits(PNEUMOTHORAX, 0.75, 0.05, 0.1, critical=True),
        FindingLimits(EFFUSION, 0.25, 0.05, 0.1),
    )
    rows = (*cases(400, 30), *cases(400, 30, finding=EFFUSION))
    judgement = judged(rows, plan=a_gate_plan(limits=limits))
    alarms = {each.finding: each for each in judgement.evidence if each.gate is G.FALSE_POSITIVES}
    assert alarms[PNEUMOTHORAX].value == alarms[EFFUSION].value
    assert alarms[PNEUMOTHORAX].threshold == pytest.approx(20 / 0.75)
    assert alarms[EFFUSION].threshold == pytest.approx(20 / 0.25)


def test_a_canary_stakes_on_its_share_of_the_patients_expected() -> None:
    limits = FindingLimits(PNEUMOTHORAX, 1.0, 0.05, 0.1, least=1800, most=2000)
    plan = a_gate_plan(limits=(limits,), stake=0.8)
    shadow = of(judged(GOOD, plan=plan), G.FALSE_POSITIVES)
    canary = of(judged(GOOD, plan=plan, state=VersionState.CANARY, percent=25), G.FALSE_POSITIVES)
    assert "staked on the end of the stay or the first 2,000" in shadow.statistic
    assert "staked on the end of the stay or the first 500" in canary.statistic
    alone = judged(GOOD, plan=a_gate_plan(), state=VersionState.CANARY, percent=25)
    assert "staked" not in of(alone, G.FALSE_POSITIVES).statistic


def test_the_last_look_comes_with_the_end_of_the_stay_and_takes_back_at_two_sites_as_at_one() -> None:
    """Evidence that is exactly what is needed must not fall short by a rounding, whatever the shares."""
    for findings in ((PNEUMOTHORAX,), (PNEUMOTHORAX, EFFUSION, FindingName.EDEMA)):
        plan = a_gate_plan(*findings, stake=0.8, sites=2)
        rollouts = [a_rollout(site=site, plan=plan) for site in ("a", "b")]
        enough = final_look(1000, 0.05, evidence_needed(plan, plan.limits[0].weight), (4.8, 55.2), 1 - 0.8).enough
        rows = cases(1000, enough, days=59), cases(1000, 45, days=59)
        sites = [SiteCases(r, c, len(c)) for r, c in zip(rollouts, rows, strict=True)]
        before, after = (
            [next(e for e in each.evidence if e.gate is G.FALSE_POSITIVES) for each in weigh(sites, NOON + days * DAY)]
            for days in (59.9, 60)
        )
        assert [each.result for each in before] == [R.UNDECIDED, R.PASSES]
        assert [each.result for each in after] == [R.FAILS, R.PASSES]
        assert after[0].value == pytest.approx(after[0].threshold)


def test_more_sites_ask_for_more_evidence_and_one_bad_site_blocks_no_other() -> None:
    bad = cases(600, 66)
    rollouts = [a_rollout(site=site, state=VersionState.CANARY, percent=5) for site in ("a", "b", "c")]
    rows = (bad, GOOD, GOOD)
    found = weigh([SiteCases(r, c, len(c), 0) for r, c in zip(rollouts, rows, strict=True)], NOON + 20 * DAY)
    assert [each.verdict for each in found] == [Verdict.ROLL_BACK, Verdict.PROMOTE, Verdict.PROMOTE]
    assert of(found[1], G.FALSE_POSITIVES).threshold == pytest.approx(60.0)


def test_evidence_beside_a_hold_by_stay_alone_lets_people_decide() -> None:
    dwell = evidence(gate=G.DWELL, finding=None, result=R.HOLDS)
    assert may_widen(Verdict.HOLD, (evidence(), dwell))
    assert not may_widen(Verdict.HOLD, (evidence(gate=G.DRIFT, result=R.HOLDS), dwell))
    assert not may_widen(Verdict.CONTINUE, (evidence(),))
    assert not may_widen(Verdict.ROLL_BACK, (evidence(result=R.FAILS),))
