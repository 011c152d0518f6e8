"""The checklist never claims what the facts do not show; the audit's facts are counted, and a broken chain is said; a plan is judged on the lower bound."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from wetread.domain.analysis import Rate
from wetread.domain.audit import AuditEvent
from wetread.domain.errors import PermanentError
from wetread.domain.identifiers import StudyKey
from wetread.governance.ai_rmf import SUBCATEGORIES
from wetread.governance.change_plan import Criterion, Outcome, judge, read_plan
from wetread.governance.evidence import Facts, audit_facts
from wetread.governance.evidence_checklist import State, checklist, mapped
from wetread.testing.builders import NOON
from wetread.testing.memory_database import MemoryDatabase

PLAN = json.loads((Path(__file__).parents[3] / "docs/examples/change-plan.json").read_text())


def a_log(signed: int = 40, rejected: int = 12) -> MemoryDatabase:
    database = MemoryDatabase()
    with database.begin() as unit:
        for n in range(signed):
            key, at = StudyKey(f"s{n}"), NOON + timedelta(days=n)
            unit.audit(AuditEvent("report.save", "dr.roe", study_key=key), at)
            unit.audit(AuditEvent("report.save", "dr.roe", study_key=key), at)
            if n < rejected:
                unit.audit(AuditEvent("draft.reject", "dr.roe", study_key=key, detail=(("reason", "wrong_side"),)), at)
            unit.audit(AuditEvent("report.sign", "dr.roe", study_key=key), at)
        unit.audit(AuditEvent("predictions.export", "qa"), NOON + timedelta(days=signed))
        unit.commit()
    return database


def test_without_facts_nothing_is_shown_and_every_item_says_why() -> None:
    items = checklist(Facts())
    assert [each.number for each in items] == [f"G{n}" for n in range(1, 21)]
    assert not [each.number for each in items if each.state is State.HELD]
    for each in items:
        if each.state is State.ABSENT:
            assert "not available because" in each.shown


def test_the_log_is_counted_by_study_and_week() -> None:
    found = audit_facts(a_log().audit_records())
    seen = found.oversight
    assert (found.records, found.broken) == (40 * 3 + 12 + 1, None)
    assert (seen.signed, seen.rejected, seen.edited, seen.amended) == (40, 12, 40, 0)
    assert seen.reasons == {"wrong_side": 12}
    assert sum(seen.signed_by_week.values()) == 40
    assert sum(seen.rejected_by_week.values()) == 12
    assert found.actions["report.save"] == 80
    items = {each.number: each for each in checklist(Facts(audit=found, rounds=(), registered=()))}
    assert items["G1"].state is State.HELD
    assert "of 40 signed studies 12 had their draft rejected" in items["G4"].shown
    assert "1 exports" in items["G19"].shown


def test_acts_are_counted_from_the_day_asked_but_the_chain_from_its_beginning() -> None:
    found = audit_facts(a_log().audit_records(), NOON + timedelta(days=30))
    assert (found.records, found.oversight.signed, found.oversight.rejected) == (133, 10, 0)


def test_a_changed_record_is_said_and_the_rest_is_counted_all_the_same() -> None:
    records = list(a_log().audit_records())
    records[20] = replace(records[20], event=replace(records[20].event, actor_id="somebody else"))
    found = audit_facts(iter(records))
    assert found.broken is not None
    assert (found.broken.sequence, found.records) == (21, 133)
    item = checklist(Facts(audit=found))[0]
    assert item.state is State.PARTLY
    assert "BROKEN at record 21" in item.shown


def test_small_counts_single_nobody_out() -> None:
    few = {each.number: each for each in checklist(Facts(audit=audit_facts(a_log(40, 3).audit_records())))}
    assert "fewer than 10 had their draft rejected" in few["G4"].shown
    tiny = {each.number: each for each in checklist(Facts(audit=audit_facts(a_log(9, 1).audit_records())))}
    assert tiny["G4"].state is State.PARTLY
    assert "no rate" in tiny["G4"].shown
    empty = checklist(Facts(audit=audit_facts(iter(()))))[0]
    assert empty.state is State.ABSENT


@pytest.mark.parametrize(
    ("low", "outcome"), [(0.8, Outcome.MET), (0.79, Outcome.NOT_MET), (None, Outcome.NOT_MEASURED)]
)
def test_a_criterion_is_met_by_the_lower_bound_or_not_at_all(low: float | None, outcome: Outcome) -> None:
    measured = {} if low is None else {("mass", "auroc"): Rate(0.9, low, 0.95, 200)}
    assert judge(Criterion("mass", "auroc", 0.8), measured).outcome is outcome


def test_the_example_plan_is_read_and_says_what_it_lacks() -> None:
    plan = read_plan(PLAN)
    first, second = plan.modifications
    assert (plan.plan_id, first.missing, len(first.acceptance)) == ("PCCP-1", (), 3)
    assert set(second.missing) == {
        "data_management", "retraining", "update_procedure", "benefits", "risks", "mitigations", "acceptance",
    }  # fmt: skip


@pytest.mark.parametrize(
    "plan",
    [
        [],
        {},
        {"plan_id": "x", "modifications": []},
        {"plan_id": "", "modifications": [{"id": "a"}]},
        {"plan_id": "x", "modifications": [{"id": "a"}, {"id": "a"}]},
        {"plan_id": "x", "modifications": [{"id": "a", "acceptance": [{"finding": "m", "metric": "mood", "at_least": 0.5}]}]},
        {"plan_id": "x", "modifications": [{"id": "a", "acceptance": [{"finding": "m", "metric": "auroc", "at_least": 80}]}]},
        {"plan_id": "x", "modifications": [{"id": "a", "impact_assessment": "good"}]},
    ],
)  # fmt: skip
def test_what_is_no_plan_is_refused(plan: object) -> None:
    with pytest.raises(PermanentError) as refusal:
        read_plan(plan)
    assert refusal.value.code == "bad_plan"


def test_a_subcategory_is_as_well_shown_as_the_items_that_answer_it() -> None:
    """Without facts G14 and G13 stand as they do; with a log G1 is shown, so what G1 and an absent card answer is shown in part."""
    none = {each.number: state for each, state in mapped(Facts())}
    some = {each.number: state for each, state in mapped(Facts(audit=audit_facts(a_log().audit_records())))}
    assert none["MEASURE 2.8"] is State.ABSENT
    assert some["MEASURE 2.8"] is State.PARTLY
    assert (none["GOVERN 3.2"], some["GOVERN 3.2"]) == (State.ABSENT, State.HELD)
    known = {each.number for each in checklist(Facts())} - {"G15"}
    assert {number for each in SUBCATEGORIES for number in each.items} <= known
    item = next(each for each in checklist(Facts()) if each.number == "G15")
    assert f"{len(SUBCATEGORIES)} subcategories" in item.shown
