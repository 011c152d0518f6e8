"""Marks that a person lays on a study's films: kept for them and for the version of the report that they work on, shown to others who may see it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from wetread.domain.audit import AuditEvent
from wetread.domain.errors import PermanentError
from wetread.domain.identifiers import StudyKey
from wetread.domain.mark import POINTS, FilmMarks, Mark, MarkKind, ReaderMarks
from wetread.domain.reading import Withheld
from wetread.domain.report import Report
from wetread.domain.role import Act, Actor, require
from wetread.domain.study import Instance
from wetread.ports.clock import Clock
from wetread.ports.database import Database

__all__ = ["LONGEST_TEXT", "MOST_MARKS", "MarkDesk", "shown_marks"]

MOST_MARKS = 200
"""On all films of a study."""
LONGEST_TEXT = 80


@dataclass(frozen=True, slots=True)
class MarkDesk:
    database: Database
    clock: Clock

    def keep(self, actor: Actor, study_key: StudyKey, films: Sequence[FilmMarks]) -> ReaderMarks:
        """In place of this person's earlier ones for the same version; those of a signed version stay as they were. Nobody's lock is asked for: marks are their author's own.

        Raises PermanentError ('bad_marks') for marks that are none of this study's films.
        """
        require(actor, Act.EDIT_DRAFT)
        with self.database.begin() as unit:
            unit.study(study_key)
            _check(films, unit.instances(study_key))
            name = actor.display_name or actor.actor_id
            version, now = _version(unit.report(study_key)), self.clock.now()
            kept = ReaderMarks(study_key, actor.actor_id, name, version, now, tuple(films))
            unit.save_marks(kept)
            facts = (("version", str(version)), ("marks", str(sum(len(each.marks) for each in films))))
            unit.audit(AuditEvent("marks.save", actor.actor_id, study_key=study_key, detail=facts), now)
            unit.commit()
        return kept


def shown_marks(
    marks: Iterable[ReaderMarks], actor: Actor, withheld: Withheld, reports: Sequence[Report]
) -> tuple[ReaderMarks, ...]:
    """The newest of each person that this one may see, their own first.

    Before a commit nobody else's are: they point at what there is to find. Without AI only those of signed versions are, as with a colleague's words (`exposure.veiled`).
    """
    newest = {each.reader_id: each for each in sorted(marks, key=lambda each: each.version)}
    mine = newest.pop(actor.actor_id, None)
    others = sorted(newest.values(), key=lambda each: each.reader_id)
    if withheld in (Withheld.UNTIL_COMMIT, Withheld.ADJUDICATION):
        others = []
    elif withheld is Withheld.AI_OFF:
        signed = {each.version for each in reports if each.signature}
        others = [each for each in others if each.version in signed]
    return (*((mine,) if mine else ()), *others)


def _version(report: Report | None) -> int:
    """The version that marks made now belong to: the open one, or the one that would come next."""
    if report is None:
        return 1
    return report.version + 1 if report.signature else report.version


def _check(films: Sequence[FilmMarks], instances: Sequence[Instance]) -> None:
    sizes = {each.instance_key: each.traits for each in instances if each.traits.has_pixel_data}
    if len({each.instance_key for each in films}) < len(films) or any(each.instance_key not in sizes for each in films):
        raise PermanentError("each film of the study may be named once, and no other", code="bad_marks")
    if sum(len(each.marks) for each in films) > MOST_MARKS:
        raise PermanentError(f"at most {MOST_MARKS} marks are kept with a study", code="bad_marks")
    for film in films:
        traits = sizes[film.instance_key]
        for mark in film.marks:
            _check_one(mark, traits.rows, traits.columns)


def _check_one(mark: Mark, rows: int, columns: int) -> None:
    if len(mark.points) != POINTS[mark.kind]:
        raise PermanentError(f"a {mark.kind.value} has {POINTS[mark.kind]} points", code="bad_marks")
    if (mark.kind is MarkKind.ARROW) != bool(mark.text.strip()):
        raise PermanentError("an arrow has words, and nothing else has", code="bad_marks")
    near = all(-columns <= x <= 2 * columns and -rows <= y <= 2 * rows for x, y in mark.points)
    if not near:
        raise PermanentError("a mark lies on its film or beside it", code="bad_marks")
