"""What a pack says of an installation is what its database holds: versions with their gates' newest word, open alarms, failures, relabelling, overrides."""

from datetime import timedelta

import pytest

from wetread.domain.audit import AuditEvent
from wetread.domain.identifiers import StudyKey
from wetread.domain.relabelling import Answer, Call, Read, RelabelRound, RelabelTask
from wetread.domain.study_state import StudyState
from wetread.evidence.framework_sections import framework_section
from wetread.evidence.gather import DatabaseFacts
from wetread.evidence.in_use import (
    log_section,
    oversight_section,
    packages_section,
    relabelling_section,
    studies_section,
    versions_section,
)
from wetread.evidence.pack import Section, share_text
from wetread.governance.evidence import Facts
from wetread.governance.relabelling_sample import bucket_of
from wetread.testing.builders import NOON, a_study
from wetread.testing.critical_builders import an_alarm
from wetread.testing.memory_database import MemoryDatabase
from wetread.testing.rollout_builders import a_decision_of_gates, a_rollout


@pytest.fixture
def database() -> MemoryDatabase:
    """40 studies, 12 of them unread; a rollout with two looks; an alarm; 40 signatures with 15 rejected drafts; a relabelled round of 40."""
    database = MemoryDatabase()
    keys = [StudyKey(f"{n:024d}") for n in range(40)]
    with database.begin() as unit:
        for n, key in enumerate(keys):
            unit.save_study(a_study(study_key=key, state=StudyState.AI_UNAVAILABLE if n < 12 else StudyState.SIGNED))
            if n < 15:
                reason = (("reason", "wrong_side" if n else "other"),)
                unit.audit(AuditEvent("draft.reject", "dr.roe", study_key=key, detail=reason), NOON)
            unit.audit(AuditEvent("report.sign", "dr.roe", study_key=key), NOON + timedelta(days=n % 14))
        unit.save_alarm(an_alarm())
        rollout = unit.save_rollout(a_rollout(), expected_etag=None)
        for look in (1, 2):
            unit.add_decision(a_decision_of_gates(model_key=rollout.model_key, site=rollout.site, look=look))
        unit.add_relabel_round(RelabelRound("r1", ("mass",), 1, 5, 5, 40, "", (), "qa", NOON), map(_task, keys))
        unit.commit()
    return database


def _task(key: StudyKey) -> RelabelTask:
    sick, called = int(key) % 3 == 0, int(key) % 2 == 0
    call = Call("mass", 0.9 if called else 0.1, 0.5, "negative", "text", "net", bucket_of(0.9, 0.5, "negative", "text"))
    answer = Answer.POSITIVE if sick else Answer.NEGATIVE
    reads = tuple(Read(reader, (answer,), NOON) for reader in ("a", "b"))
    return RelabelTask("r1", key, key, "north", ("mass",), (call,), 1.0, reads)


def cells(section: Section) -> str:
    return "\n".join(" | ".join(row) for table in section.tables for row in table.rows)


def test_a_version_stands_with_the_newest_word_of_its_gates(database: MemoryDatabase) -> None:
    section = versions_section(DatabaseFacts(database, None))
    decision, rollout = a_decision_of_gates(look=2), a_rollout()
    assert f"{decision.verdict.value} at look 2" in cells(section)
    assert f"{rollout.state.value}, {rollout.percent} %" in cells(section)
    assert "look 1" not in cells(section)
    assert versions_section(DatabaseFacts(MemoryDatabase(), None)).missing


def test_failures_and_alarms_are_counted(database: MemoryDatabase) -> None:
    section = studies_section(DatabaseFacts(database, None))
    assert "12 of 40, 0.300 (0.181-0.454)" in section.words[0]
    assert an_alarm().kind.value in cells(section)
    assert an_alarm().message not in cells(section)


def test_overrides_come_with_n_and_interval_and_small_cells_do_not(database: MemoryDatabase) -> None:
    section = oversight_section(DatabaseFacts(database, None))
    said = cells(section)
    assert "draft rejected | 15 of 40, 0.375 (0.242-0.530)" in said
    assert "other | fewer than 10" in said
    assert "wrong_side | 14" in said
    assert share_text(3, 40).startswith("withheld")
    assert share_text(38, 40).startswith("withheld")
    assert share_text(0, 0) == "no study"


def test_relabelling_stands_beside_the_naive_figure_under_its_name(database: MemoryDatabase) -> None:
    (table,) = relabelling_section(DatabaseFacts(database, None)).tables
    assert table.heads.count("naive, biased") == 2
    assert table.rows[0][:3] == ("mass", "1.000 (0.779 to 1.000), n 40", table.rows[0][2])
    assert "n 14" in table.rows[0][2]
    assert table.rows[0][3] == "0.500"


def test_the_log_is_said_to_hold_with_its_last_hash(database: MemoryDatabase) -> None:
    facts = DatabaseFacts(database, None)
    section = log_section(facts.audit)
    assert list(database.audit_records())[-1].hash in section.words[0]
    assert "report.sign | 40" in cells(section)


def test_without_a_database_every_section_says_so() -> None:
    for make in (oversight_section, relabelling_section, studies_section, versions_section, log_section):
        assert "no database was opened" in make(None).missing[0]  # type: ignore[operator]


def test_packages_are_listed_with_their_versions() -> None:
    section = packages_section(Facts(packages=(("numpy", "2.4"), ("scipy", "1.17"))))
    assert section.words == ("numpy 2.4; scipy 1.17",)


def test_the_framework_s_mapping_says_in_the_pack_what_it_was_held_against() -> None:
    section = framework_section(Facts())
    assert any("as others quote it, not with NIST's own file" in each for each in section.words)
    assert "MANAGE 4.1" in cells(section)
