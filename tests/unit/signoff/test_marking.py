"""Marks on films: whose they are, which version they belong to, what is refused, and who is not shown them."""

from dataclasses import replace

import pytest

from wetread.domain.errors import NotPermitted, PermanentError
from wetread.domain.identifiers import InstanceKey
from wetread.domain.mark import FilmMarks, Mark, MarkKind
from wetread.domain.reading import ReadingMode, Withheld
from wetread.domain.report import ReportStatus
from wetread.domain.role import Actor, Role
from wetread.signoff.desk import ReadingDesk
from wetread.signoff.marking import MarkDesk, shown_marks
from wetread.signoff.modes import ModePolicy
from wetread.testing.builders import STUDY_KEY, a_draft, a_report, a_signature, a_study, an_instance, image_traits
from wetread.testing.clock import FixedClock
from wetread.testing.memory_database import MemoryDatabase

DOCTOR, OTHER = Actor("dr-a", Role.RADIOLOGIST, "Dr A"), Actor("dr-b", Role.RADIOLOGIST, "Dr B")
FILM = an_instance().instance_key
RULER = Mark(MarkKind.RULER, ((10.0, 20.0), (110.5, 20.0)))
ARROW = Mark(MarkKind.ARROW, ((5.0, 5.0), (50.0, 50.0)), "told Mrs Vale")


def films(*marks: Mark, key: InstanceKey = FILM) -> tuple[FilmMarks, ...]:
    return (FilmMarks(key, marks),)


class Ward:
    def __init__(self, mode: ReadingMode = ReadingMode.CONCURRENT) -> None:
        self.database, self.clock = MemoryDatabase(), FixedClock()
        self.marks = MarkDesk(self.database, self.clock)
        self.desk = ReadingDesk(self.database, self.clock, (), ModePolicy(mode))
        with self.database.begin() as unit:
            unit.save_study(a_study())
            unit.admit_instance(an_instance(traits=image_traits(rows=2500, columns=2048)))
            unit.save_draft(STUDY_KEY, 1, a_draft())
            unit.commit()

    def shown_to(self, actor: Actor) -> list[tuple[str, int]]:
        return [(each.reader_id, each.version) for each in self.desk.look(actor, STUDY_KEY).marks]


def test_marks_are_kept_for_their_author_and_the_version_in_hand() -> None:
    ward = Ward()
    assert ward.marks.keep(DOCTOR, STUDY_KEY, films(RULER)).version == 1
    ward.marks.keep(DOCTOR, STUDY_KEY, films(RULER, ARROW))
    ward.marks.keep(OTHER, STUDY_KEY, films(ARROW))
    mine, theirs = ward.desk.look(DOCTOR, STUDY_KEY).marks
    assert (mine.reader_id, mine.films, theirs.reader_name) == ("dr-a", films(RULER, ARROW), "Dr B")


def test_those_of_a_signed_version_stay_and_later_ones_belong_to_the_next() -> None:
    ward = Ward()
    ward.marks.keep(DOCTOR, STUDY_KEY, films(RULER))
    opened = ward.desk.open(DOCTOR, STUDY_KEY).report
    assert opened is not None
    ward.desk.sign(DOCTOR, STUDY_KEY, opened.etag, "authored")
    assert ward.marks.keep(DOCTOR, STUDY_KEY, films(ARROW)).version == 2
    assert ward.shown_to(OTHER) == [("dr-a", 2)]
    with ward.database.begin(write=False) as unit:
        assert [each.films for each in unit.marks(STUDY_KEY)] == [films(RULER), films(ARROW)]


@pytest.mark.parametrize(
    "wrong",
    [
        films(RULER, key=InstanceKey("x" * 24)),
        (*films(RULER), *films(RULER)),
        films(replace(RULER, points=RULER.points[:1])),
        films(replace(RULER, text="a name")),
        films(replace(ARROW, text=" ")),
        films(replace(RULER, points=((10.0, 20.0), (99_999.0, 20.0)))),
        films(*[RULER] * 201),
    ],
    ids=["another study's film", "twice", "half a ruler", "words on a ruler", "no words", "far away", "too many"],
)
def test_marks_that_are_none_are_refused_without_repeating_their_words(wrong: tuple[FilmMarks, ...]) -> None:
    ward = Ward()
    with pytest.raises(PermanentError) as refused:
        ward.marks.keep(DOCTOR, STUDY_KEY, wrong)
    assert refused.value.code == "bad_marks"
    assert "name" not in str(refused.value).replace("named", "")
    assert ward.shown_to(DOCTOR) == []


def test_only_who_writes_reports_marks_films_and_the_log_holds_no_words() -> None:
    ward = Ward()
    for role in Role:
        if role not in (Role.RADIOLOGIST, Role.RESIDENT):
            with pytest.raises(NotPermitted):
                ward.marks.keep(Actor("x", role), STUDY_KEY, films(RULER))
    ward.marks.keep(DOCTOR, STUDY_KEY, films(ARROW))
    (record,) = [each.event for each in ward.database.audit_records() if each.event.action == "marks.save"]
    assert dict(record.detail) == {"version": "1", "marks": "1"}
    assert "Vale" not in repr(list(ward.database.audit_records()))


def test_a_second_reader_sees_their_own_marks_and_nobody_elses_before_the_commit() -> None:
    ward = Ward(ReadingMode.SECOND_READER)
    ward.marks.keep(OTHER, STUDY_KEY, films(ARROW))
    ward.marks.keep(DOCTOR, STUDY_KEY, films(RULER))
    assert ward.shown_to(DOCTOR) == [("dr-a", 1)]
    ward.desk.commit_findings(DOCTOR, STUDY_KEY, ())
    assert ward.shown_to(DOCTOR) == [("dr-a", 1), ("dr-b", 1)]
    assert ward.shown_to(Actor("q", Role.QUALITY)) == [("dr-a", 1), ("dr-b", 1)]


def test_without_ai_a_colleagues_marks_are_shown_once_their_version_is_signed() -> None:
    ward = Ward()
    ward.marks.keep(OTHER, STUDY_KEY, films(ARROW))
    with ward.database.begin(write=False) as unit:
        marks = unit.marks(STUDY_KEY)
    unsigned, signed = a_report(), a_report(status=ReportStatus.FINAL, signature=a_signature())
    assert shown_marks(marks, DOCTOR, Withheld.AI_OFF, [unsigned]) == ()
    assert shown_marks(marks, DOCTOR, Withheld.AI_OFF, [signed]) == marks
    assert shown_marks(marks, DOCTOR, Withheld.ADJUDICATION, [signed]) == ()
