"""Who reads in which mode, what a commit does, and that what is withheld is not in what the desk gives away."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from wetread.domain.errors import IllegalTransition, NotPermitted, PermanentError
from wetread.domain.finding import FindingName
from wetread.domain.identifiers import StudyKey
from wetread.domain.page import PageState
from wetread.domain.reading import OwnFinding, OwnFindings, ReadingMode, Withheld
from wetread.domain.relabelling import RelabelRound, RelabelTask
from wetread.domain.report import ReportStatus, Section
from wetread.domain.role import Actor, Role
from wetread.domain.statement import Presence
from wetread.domain.study_state import StudyState
from wetread.governance.relabelling_desk import next_task
from wetread.signoff.desk import ReadingDesk
from wetread.signoff.modes import ModePolicy
from wetread.signoff.reader_desk import ReaderDesk, Sight
from wetread.signoff.second_read import Agreement, checked, compared
from wetread.testing.builders import (
    NOON,
    STUDY_KEY,
    a_decision,
    a_draft,
    a_finding,
    a_report,
    a_signature,
    a_study,
    an_analysis,
)
from wetread.testing.clock import FixedClock
from wetread.testing.critical_builders import a_critical_result, a_page
from wetread.testing.memory_database import MemoryDatabase

ROE = Actor("dr.roe", Role.RADIOLOGIST, "Richard Roe")
DOE = Actor("dr.doe", Role.RADIOLOGIST, "Dora Doe")
RESIDENT = Actor("res", Role.RESIDENT, "Resi Dent")
QA = Actor("qa", Role.QUALITY)
SECOND, CONCURRENT, OFF = ReadingMode.SECOND_READER, ReadingMode.CONCURRENT, ReadingMode.AI_OFF
EFFUSION, PNEUMOTHORAX, MASS = FindingName.EFFUSION, FindingName.PNEUMOTHORAX, FindingName.MASS


class Ward:
    """A database with one drafted study, and desks over it. The mode that the site reads in can change."""

    def __init__(self, default: ReadingMode, choices: Mapping[str, tuple[ReadingMode, ...]] | None = None) -> None:
        self.database, self.clock = MemoryDatabase(), FixedClock()
        self.modes = ModePolicy(default, choices or {})
        self.desk = ReadingDesk(self.database, self.clock, ("folder",), self.modes)
        self.readers = ReaderDesk(self.database, self.clock, self.modes)
        self.put(a_study(state=StudyState.DRAFTED, received_at=self.clock.now()))

    def put(self, study: object) -> None:
        with self.database.begin() as unit:
            unit.save_study(study)  # type: ignore[arg-type]
            unit.save_analysis(STUDY_KEY, 1, an_analysis())
            unit.save_decision(STUDY_KEY, 1, a_decision())
            unit.save_draft(STUDY_KEY, 1, a_draft())
            unit.commit()

    def events(self, action: str) -> list[dict[str, str]]:
        records = self.database.audit_records()
        return [dict(each.event.detail) for each in records if each.event.action == action]


def own(*findings: tuple[FindingName, Presence]) -> list[OwnFinding]:
    return [OwnFinding(name, presence) for name, presence in findings]


def test_who_may_choose_what() -> None:
    policy = ModePolicy(SECOND, {"resident": (SECOND,), "dr.doe": (CONCURRENT, OFF)})
    assert policy.allowed(ROE) == (SECOND, OFF)
    assert policy.allowed(RESIDENT) == (SECOND,)
    assert policy.allowed(DOE) == (CONCURRENT, SECOND, OFF)
    assert ModePolicy().allowed(ROE) == (CONCURRENT, SECOND, OFF)
    assert ModePolicy(OFF).allowed(ROE) == (OFF,)


def test_a_mode_is_chosen_for_studies_not_met_yet_and_written_down() -> None:
    ward = Ward(CONCURRENT)
    ward.desk.look(ROE, STUDY_KEY)
    ward.readers.choose_mode(ROE, SECOND)
    assert ward.desk.look(ROE, STUDY_KEY).exposure.withheld is Withheld.NOTHING
    assert ward.events("mode.choose") == [{"mode": "second_reader", "before": "concurrent"}]
    other = StudyKey("t" * 24)
    with ward.database.begin() as unit:
        unit.save_study(a_study(study_key=other, state=StudyState.DRAFTED))
        unit.commit()
    assert ward.desk.look(ROE, other).exposure.withheld is Withheld.UNTIL_COMMIT
    ward.readers.choose_mode(ROE, CONCURRENT)
    assert ward.desk.look(ROE, other).exposure.withheld is Withheld.UNTIL_COMMIT


def test_a_mode_that_the_site_does_not_allow_is_refused_and_does_not_hold() -> None:
    ward = Ward(SECOND)
    with pytest.raises(NotPermitted) as refused:
        ward.readers.choose_mode(ROE, CONCURRENT)
    assert refused.value.code == "mode_not_allowed"
    with ward.database.begin() as unit:  # chosen while the site still allowed it
        unit.save_reader_profile(replace(unit.reader_profile("dr.roe"), mode=CONCURRENT))
        unit.commit()
    assert ward.desk.look(ROE, STUDY_KEY).exposure.mode is SECOND


def test_a_second_reader_is_given_nothing_and_nothing_is_begun() -> None:
    ward = Ward(SECOND)
    for reading in (ward.desk.look(ROE, STUDY_KEY), ward.desk.open(ROE, STUDY_KEY)):
        assert (reading.analysis, reading.draft, reading.report, reading.reports) == (None, None, None, ())
        assert reading.decision is not None
        assert (reading.decision.reason, reading.decision.rule_id) == ("", "")
        assert reading.decision.critical
    with ward.database.begin(write=False) as unit:
        assert unit.report(STUDY_KEY) is None
        assert unit.study(STUDY_KEY).state is StudyState.IN_READING
    assert [each["ai"] for each in ward.events("study.open")] == ["withheld"]


def test_a_second_reader_writes_and_signs_only_after_the_commit() -> None:
    ward = Ward(SECOND)
    ward.desk.open(ROE, STUDY_KEY)
    with ward.database.begin() as unit:
        unit.save_report(a_report(), expected_etag=None)
        unit.commit()
    for act in (
        lambda: ward.desk.sign(ROE, STUDY_KEY, 1, "m"),
        lambda: ward.desk.save(ROE, STUDY_KEY, a_report().content, 1),
    ):
        with pytest.raises(IllegalTransition) as refused:
            act()
        assert refused.value.code == "commit_first"


def test_a_commit_shows_the_ai_and_begins_the_report_with_ones_own_findings() -> None:
    ward = Ward(SECOND)
    ward.desk.open(ROE, STUDY_KEY)
    reading = ward.desk.commit_findings(ROE, STUDY_KEY, own((EFFUSION, Presence.POSITIVE), (MASS, Presence.UNCERTAIN)))
    assert reading.analysis is not None
    assert reading.report is not None
    assert [(each.name, each.present) for each in reading.report.content.findings] == [(EFFUSION, True)]
    assert dict(reading.report.content.sections)[Section.FINDINGS] == "Left pneumothorax."
    assert ward.events("findings.commit") == [{"findings": "2", "blind": "yes", "revision": "1"}]
    assert ward.events("ai.reveal") == [{"after": "commit"}]
    ward.clock.advance(90)
    ward.desk.sign(ROE, STUDY_KEY, 1, "m")
    (signed,) = ward.events("report.sign")
    assert (signed["mode"], signed["own"], signed["reading_s"]) == ("second_reader", "blind", "90")


def test_a_commit_is_made_once_and_by_each_reader_for_themselves() -> None:
    ward = Ward(SECOND)
    ward.desk.commit_findings(ROE, STUDY_KEY, [])
    with pytest.raises(IllegalTransition):
        ward.desk.commit_findings(ROE, STUDY_KEY, own((EFFUSION, Presence.POSITIVE)))
    assert ward.desk.look(DOE, STUDY_KEY).exposure.withheld is Withheld.UNTIL_COMMIT
    assert ward.desk.look(QA, STUDY_KEY).analysis is not None


def test_a_colleagues_preliminary_report_is_withheld_too() -> None:
    ward = Ward(CONCURRENT, {})
    ward.desk.open(RESIDENT, STUDY_KEY)
    ward.desk.sign(RESIDENT, STUDY_KEY, 1, "m")
    ward.desk = replace(ward.desk, modes=ModePolicy(SECOND))
    assert ward.desk.open(ROE, STUDY_KEY).reports == ()
    reading = ward.desk.commit_findings(ROE, STUDY_KEY, [])
    assert [each.status for each in reading.reports] == [ReportStatus.PRELIMINARY, ReportStatus.PARTIAL]


def test_a_signed_report_is_no_longer_withheld() -> None:
    ward = Ward(SECOND)
    ward.put(a_study(state=StudyState.SIGNED))
    assert ward.desk.look(ROE, STUDY_KEY).analysis is not None


@pytest.mark.parametrize(
    ("paged", "chosen_after", "told"), [(True, False, "paged"), (False, True, "mode_chosen_later"), (False, False, "")]
)
def test_a_commit_says_whether_it_was_blind(paged: bool, chosen_after: bool, told: str) -> None:
    ward = Ward(CONCURRENT if chosen_after else SECOND)
    if chosen_after:
        ward.clock.advance(60)
        ward.readers.choose_mode(ROE, SECOND)
    if paged:
        with ward.database.begin() as unit:
            unit.save_critical(a_critical_result(), expected_etag=None)
            unit.queue_page(replace(a_page(), state=PageState.SENT))
            unit.commit()
    committed = ward.desk.commit_findings(ROE, STUDY_KEY, []).exposure.record
    assert committed is not None
    assert committed.own is not None
    assert (committed.own.blind, committed.own.told) == (not told, told)


def test_a_critical_study_can_be_shown_at_once_and_the_log_says_so() -> None:
    ward = Ward(SECOND)
    with pytest.raises(IllegalTransition):
        ward.desk.reveal(ROE, STUDY_KEY)
    ward.put(a_study(state=StudyState.DRAFTED, critical=True))
    reading = ward.desk.reveal(ROE, STUDY_KEY)
    assert reading.analysis is not None
    assert reading.report is not None
    assert ward.events("ai.reveal") == [{"after": "critical"}]
    with pytest.raises(IllegalTransition):
        ward.desk.commit_findings(ROE, STUDY_KEY, [])
    ward.desk.sign(ROE, STUDY_KEY, 1, "m")
    assert ward.events("report.sign")[0]["own"] == "none"


def test_without_ai_the_report_begins_empty_and_never_shows_it() -> None:
    ward = Ward(OFF)
    reading = ward.desk.open(ROE, STUDY_KEY)
    assert reading.report is not None
    assert not any(text for _, text in reading.report.content.sections)
    assert reading.report.content.findings == ()
    assert (reading.analysis, reading.draft) == (None, None)
    ward.put(a_study(state=StudyState.DELIVERED))
    assert ward.desk.look(ROE, STUDY_KEY).analysis is None


def test_without_ai_a_colleagues_unsaved_words_are_put_aside_for_them() -> None:
    ward = Ward(CONCURRENT, {"dr.doe": (OFF,)})
    ward.desk.open(ROE, STUDY_KEY)
    ward.readers.choose_mode(DOE, OFF)
    assert ward.desk.look(DOE, STUDY_KEY).reports == ()
    reading = ward.desk.open(DOE, STUDY_KEY)
    assert reading.report is not None
    assert not any(text for _, text in reading.report.content.sections)
    mine = ward.desk.look(ROE, STUDY_KEY).recovery
    assert mine is not None
    assert dict(mine.content.sections)[Section.FINDINGS] == "Left pneumothorax."


def test_what_a_page_showed_is_written_down_and_what_it_cannot_have_shown_refused() -> None:
    ward = Ward(SECOND)
    with pytest.raises(NotPermitted) as refused:
        ward.readers.saw(ROE, STUDY_KEY, Sight.HEAT_MAP, PNEUMOTHORAX)
    assert refused.value.code == "ai_withheld"
    ward.desk.commit_findings(ROE, STUDY_KEY, [])
    ward.readers.saw(ROE, STUDY_KEY, Sight.HEAT_MAP, PNEUMOTHORAX)
    ward.readers.saw(ROE, STUDY_KEY, Sight.DRAFT, None)
    assert ward.events("ai.seen") == [{"what": "heat_map", "finding": "pneumothorax"}, {"what": "draft"}]


def sampled(ward: Ward) -> None:
    content = a_report().content
    with ward.database.begin() as unit:
        unit.save_study(a_study(state=StudyState.SIGNED, critical=True))
        signature = a_signature(content)
        unit.save_report(a_report(status=ReportStatus.FINAL, signature=signature), expected_etag=None)
        drawn = RelabelRound("r1", ("effusion",), 1, 1, 1, 1, "", (), "qa", NOON)
        unit.add_relabel_round(drawn, [RelabelTask("r1", STUDY_KEY, "p", "north", ("effusion",), (), 1.0)])
        unit.commit()


def test_an_adjudicator_sees_neither_ai_nor_report_and_stays_blind_by_the_log() -> None:
    ward = Ward(CONCURRENT)
    sampled(ward)
    reading = ward.desk.look(DOE, STUDY_KEY)
    assert reading.exposure.withheld is Withheld.ADJUDICATION
    assert reading.exposure.asked == (EFFUSION,)
    assert (reading.analysis, reading.decision, reading.draft, reading.report) == (None, None, None, None)
    assert (reading.reports, reading.deliveries) == ((), ())
    with ward.database.begin(write=False) as unit:
        assert next_task(unit, DOE, "r1") is not None
        assert unit.reading(STUDY_KEY, "dr.doe") is None


def test_an_adjudicator_who_needs_the_whole_gets_it_and_is_one_no_longer() -> None:
    ward = Ward(CONCURRENT)
    sampled(ward)
    assert ward.desk.reveal(DOE, STUDY_KEY).report is not None
    assert ward.events("ai.reveal") == [{"after": "adjudication_given_up"}]
    with ward.database.begin(write=False) as unit:
        assert next_task(unit, DOE, "r1") is None
    assert ward.desk.look(DOE, STUDY_KEY).exposure.withheld is Withheld.NOTHING


def test_who_met_the_study_before_is_not_blinded_by_a_round() -> None:
    ward = Ward(CONCURRENT)
    ward.desk.open(ROE, STUDY_KEY)
    with ward.database.begin() as unit:
        unit.save_study(a_study(state=StudyState.SIGNED))
        drawn = RelabelRound("r1", ("effusion",), 1, 1, 1, 1, "", (), "qa", NOON)
        unit.add_relabel_round(drawn, [RelabelTask("r1", STUDY_KEY, "p", "north", ("effusion",), (), 1.0)])
        unit.commit()
    assert ward.desk.look(ROE, STUDY_KEY).exposure.withheld is Withheld.NOTHING


def test_findings_side_by_side() -> None:
    analysis = an_analysis(
        findings=(a_finding(), a_finding(EFFUSION), a_finding(MASS, probability=0.1), a_finding(FindingName.NODULE))
    )
    said = OwnFindings(
        (
            OwnFinding(PNEUMOTHORAX, Presence.POSITIVE, "right"),
            OwnFinding(EFFUSION, Presence.POSITIVE, "left"),
            OwnFinding(MASS, Presence.POSITIVE),
            OwnFinding(FindingName.FRACTURE, Presence.POSITIVE),
            OwnFinding(FindingName.EDEMA, Presence.NEGATIVE),
        ),
        NOON,
    )
    found = {each.name: (each.agreement, each.called) for each in compared(said, analysis)}
    assert found == {
        PNEUMOTHORAX: (Agreement.SIDE, True),
        EFFUSION: (Agreement.AGREE, True),
        MASS: (Agreement.READER_ONLY, False),
        FindingName.FRACTURE: (Agreement.READER_ONLY, None),
        FindingName.EDEMA: (Agreement.AGREE, None),
        FindingName.NODULE: (Agreement.AI_ONLY, True),
    }
    assert [each.agreement for each in compared(said, analysis)][-1] is Agreement.AGREE
    assert {each.agreement for each in compared(said, None)} == {Agreement.READER_ONLY, Agreement.AGREE}


@pytest.mark.parametrize(
    "findings",
    [
        own((MASS, Presence.POSITIVE), (MASS, Presence.NEGATIVE)),
        [OwnFinding(FindingName.CARDIOMEGALY, Presence.POSITIVE, "left")],
        [OwnFinding(EFFUSION, Presence.NEGATIVE, "left")],
    ],
)
def test_findings_that_contradict_themselves_are_refused(findings: list[OwnFinding]) -> None:
    with pytest.raises(PermanentError) as refused:
        checked(findings)
    assert refused.value.code == "bad_findings"
