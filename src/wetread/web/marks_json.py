"""Marks on films as JSON: their words may name anybody, and go to who may read the study alone."""

from wetread.domain.mark import ReaderMarks
from wetread.signoff.exposure import Reading
from wetread.web.reading_json import Json

__all__ = ["marks_json"]


def marks_json(reading: Reading, actor_id: str) -> Json:
    """`mine`, and those of others that this reader may see."""
    mine = next((each for each in reading.marks if each.reader_id == actor_id), None)
    others = [_marks(each) for each in reading.marks if each.reader_id != actor_id]
    return {"mine": _marks(mine) if mine else None, "others": others}


def _marks(marks: ReaderMarks) -> Json:
    return {
        "reader_id": marks.reader_id,
        "reader_name": marks.reader_name,
        "version": marks.version,
        "saved_at": marks.saved_at.isoformat(),
        "films": [
            {
                "instance_key": each.instance_key,
                "marks": [{"kind": mark.kind.value, "points": mark.points, "text": mark.text} for mark in each.marks],
            }
            for each in marks.films
        ],
    }
