"""Other archives, as the connections page shows them, and the hint that wakes a feed."""

from dataclasses import replace

from starlette.responses import Response

from wetread.domain.archive_feed import ArchiveProbe, FeedState
from wetread.domain.role import Act
from wetread.web.json_answer import json_answer
from wetread.web.operations import Call, Operation
from wetread.web.problems import Refusal
from wetread.web.reading_json import Json

__all__ = ["ARCHIVE_OPERATIONS", "get_archives", "hint"]


def get_archives(call: Call) -> Response:
    services = call.house.services
    with services.database.begin(write=False) as unit:
        rows = [
            _archive(name, unit.feed(name), unit.probe(name), len(unit.put_asides(name)))
            for name in services.administration.archives
        ]
    return json_answer({"archives": rows})


def hint(call: Call) -> Response:
    """Something may be new there. The feed asks the archive itself: what the caller says of it is neither read nor believed, and a hint that is lost costs one pause between polls."""
    services, name = call.house.services, call.path["name"]
    if name not in services.administration.archives:
        raise Refusal(404, "no_archive", "no such archive is configured")
    with services.database.begin() as unit:
        state = unit.feed(name)
        if state.hinted_at is None:
            unit.save_feed(replace(state, hinted_at=services.clock.now()))
            unit.commit()
    return Response(status_code=204)


def _archive(name: str, state: FeedState, probe: ArchiveProbe | None, aside: int) -> Json:
    return {
        "name": name,
        "product": f"{probe.product} {probe.version}".strip() if probe else "",
        "probed_at": probe.probed_at.isoformat() if probe else "",
        "capabilities": [
            {"service": each.service, "name": each.name, "verdict": each.verdict.value, "note": each.note}
            for each in (probe.found if probe else ())
        ],
        "answered_at": state.answered_at.isoformat() if state.answered_at else "",
        "failing_since": state.failing_since.isoformat() if state.failing_since else "",
        "failure": state.failure,
        "swept_at": state.swept_at.isoformat() if state.swept_at else "",
        "missed": state.missed,
        "incomplete": state.incomplete,
        "put_aside": aside,
    }


ARCHIVE_OPERATIONS: tuple[Operation, ...] = (
    Operation("GET", "/api/archives", "archives", "Other archives: what each can do, and how far its feed came.", get_archives, "archives", act=Act.SEE_SETTINGS),
    Operation("POST", "/api/archives/{name}/hint", "archive_hint", "Something may be new there: ask it soon. The body is not read.", hint, "nothing", act=Act.STORE_INSTANCE, status=204),
)  # fmt: skip
