"""A person's marks on a study's films come in."""

from typing import cast

from starlette.responses import Response

from wetread.domain.identifiers import InstanceKey
from wetread.domain.mark import FilmMarks, Mark, MarkKind
from wetread.signoff.marking import LONGEST_TEXT, MOST_MARKS, MarkDesk
from wetread.web.json_answer import json_answer
from wetread.web.operations import Call
from wetread.web.schema import Schema, array, choice, number, record, text
from wetread.web.studies import study_key_of

__all__ = ["MARKS_BODY", "keep_marks"]

_FAR = 1e6
_MARK = record(
    {"kind": choice(*MarkKind), "points": array(array(number(-_FAR, _FAR), 2), 4), "text": text(LONGEST_TEXT)}
)
MARKS_BODY: Schema = record(
    {
        "films": array(
            record({"instance_key": text(64, min_length=1, pattern=r"[a-z2-7]+"), "marks": array(_MARK, MOST_MARKS)}),
            64,
        )
    }
)


def keep_marks(call: Call) -> Response:
    films = [_film(each) for each in cast(list[dict[str, object]], call.body["films"])]
    services = call.house.services
    kept = MarkDesk(services.database, services.clock).keep(call.signed_in.actor, study_key_of(call), films)
    return json_answer({"version": kept.version, "saved_at": kept.saved_at.isoformat()})


def _film(given: dict[str, object]) -> FilmMarks:
    marks = cast(list[dict[str, object]], given["marks"])
    return FilmMarks(InstanceKey(cast(str, given["instance_key"])), tuple(map(_mark, marks)))


def _mark(given: dict[str, object]) -> Mark:
    points = cast(list[list[float]], given["points"])
    pairs = tuple((float(each[0]), float(each[1])) for each in points if len(each) == 2)
    return Mark(MarkKind(cast(str, given["kind"])), pairs, cast(str, given["text"]))
