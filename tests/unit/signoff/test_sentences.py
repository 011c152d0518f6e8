"""What is kept of each of the machine's sentences: the act, whose it was and since when; nothing of who never saw them."""

from datetime import timedelta

from wetread.domain.reading import ReadingMode
from wetread.domain.report import Report, ReportContent, Section, Sentence
from wetread.domain.role import Actor, Role
from wetread.domain.sentence_act import SentenceFate, sentence_id
from wetread.signoff.desk import ReadingDesk
from wetread.signoff.modes import ModePolicy
from wetread.signoff.signing import RejectReason
from wetread.testing.builders import NOON, STUDY_KEY, a_draft, a_study, an_analysis
from wetread.testing.clock import FixedClock
from wetread.testing.memory_database import MemoryDatabase

DOCTOR, RESIDENT = Actor("dr-a", Role.RADIOLOGIST, "Dr A"), Actor("dr-r", Role.RESIDENT, "Dr R")
ONE, TWO = "There is a left effusion.", "The heart is not enlarged."
IDS = {each: sentence_id("findings", each) for each in (ONE, TWO)}


class Ward:
    def __init__(self, mode: ReadingMode = ReadingMode.CONCURRENT) -> None:
        self.database, self.clock = MemoryDatabase(), FixedClock(NOON)
        self.desk = ReadingDesk(self.database, self.clock, (), ModePolicy(mode))
        sentences = tuple(Sentence(Section.FINDINGS, each, ()) for each in (ONE, TWO))
        with self.database.begin() as unit:
            unit.save_study(a_study())
            unit.save_analysis(STUDY_KEY, 1, an_analysis())
            unit.save_draft(STUDY_KEY, 1, a_draft(sentences=sentences))
            unit.commit()

    def opened(self, actor: Actor) -> Report:
        report = self.desk.open(actor, STUDY_KEY).report
        assert report is not None
        return report

    def save(self, actor: Actor, report: Report, text: str, accepted: list[str] | None = None) -> Report:
        self.clock.advance(60)
        content = ReportContent(((Section.FINDINGS, text),), ())
        return self.desk.save(actor, STUDY_KEY, content, report.etag, accepted=accepted)


def acts(report: Report) -> dict[str, tuple[SentenceFate, str, int]]:
    """By sentence: what, by whom, minutes past noon."""
    named = {key: text for text, key in IDS.items()}
    return {
        named[each.sentence_id]: (each.fate, each.by, int((each.at - NOON) / timedelta(minutes=1)))
        for each in report.judged
    }


def test_an_act_keeps_whose_it_was_and_since_when() -> None:
    ward = Ward()
    first = ward.save(RESIDENT, ward.opened(RESIDENT), f"{ONE} {TWO}", [IDS[ONE]])
    assert acts(first) == {ONE: (SentenceFate.ACCEPTED, "dr-r", 1)}
    second = ward.save(RESIDENT, first, f"{ONE} The heart is enlarged.", [IDS[ONE]])
    signed = ward.desk.sign(RESIDENT, STUDY_KEY, second.etag, "preliminary")
    assert acts(signed) == {ONE: (SentenceFate.ACCEPTED, "dr-r", 1), TWO: (SentenceFate.EDITED, "dr-r", 2)}
    attending = ward.opened(DOCTOR)
    assert acts(attending) == acts(signed)
    third = ward.save(DOCTOR, attending, "The heart is enlarged.", [])
    assert acts(third) == {ONE: (SentenceFate.DELETED, "dr-a", 3), TWO: (SentenceFate.EDITED, "dr-r", 2)}


def test_only_what_stands_word_for_word_is_accepted_and_who_does_not_say_changes_nothing() -> None:
    ward = Ward()
    first = ward.save(DOCTOR, ward.opened(DOCTOR), f"There is a right effusion. {TWO}", [IDS[ONE], IDS[TWO], "0" * 16])
    assert [each[0] for each in acts(first).values()] == [SentenceFate.EDITED, SentenceFate.ACCEPTED]
    assert acts(ward.save(DOCTOR, first, f"There is a right effusion. {TWO}")) == acts(first)
    assert acts(ward.save(DOCTOR, ward.opened(DOCTOR), f"{ONE} {TWO}", [])) == {}


def test_a_draft_that_is_thrown_away_is_deleted_by_who_did_it() -> None:
    ward = Ward()
    blank = ward.desk.reject(DOCTOR, STUDY_KEY, RejectReason.NOT_USEFUL, ward.opened(DOCTOR).etag)
    assert acts(blank) == dict.fromkeys((ONE, TWO), (SentenceFate.DELETED, "dr-a", 0))


def test_who_reads_without_ai_did_nothing_with_its_sentences_and_is_not_told_what_others_did() -> None:
    ward = Ward(ReadingMode.AI_OFF)
    saved = ward.save(DOCTOR, ward.opened(DOCTOR), "Mine.", [IDS[ONE]])
    assert saved.judged == ()
    colleague = ReadingDesk(ward.database, ward.clock, (), ModePolicy(ReadingMode.CONCURRENT))
    judged = ward.desk.sign(DOCTOR, STUDY_KEY, saved.etag, "authored")
    opened = colleague.amend(Actor("dr-b", Role.RADIOLOGIST), STUDY_KEY, "size")
    content = ReportContent(((Section.FINDINGS, ONE),), ())
    amended = colleague.save(Actor("dr-b", Role.RADIOLOGIST), STUDY_KEY, content, opened.etag, accepted=[IDS[ONE]])
    signed = colleague.sign(Actor("dr-b", Role.RADIOLOGIST), STUDY_KEY, amended.etag, "authored")
    assert (judged.judged, len(signed.judged)) == ((), 2)
    assert [each.judged for each in ward.desk.look(DOCTOR, STUDY_KEY).reports] == [(), ()]
