"""The roster over HTTP: who is on call, who will be, where nobody is, and handing a duty over. Names only; nobody's address leaves."""

from datetime import UTC, datetime, timedelta

from starlette.responses import Response

from wetread.domain.roster import RosterOverride
from wetread.triage.roster import find_gaps, on_call, shifts
from wetread.triage.roster_desk import RosterDesk
from wetread.triage.roster_plan import Roster, RosterSite
from wetread.web.critical_json import gap_json, override_json, shift_json
from wetread.web.json_answer import json_answer
from wetread.web.operations import Call
from wetread.web.problems import Refusal
from wetread.web.reading_json import Json
from wetread.web.schema import Schema, record, text

__all__ = ["HAND_OVER_BODY", "get_roster", "hand_over", "take_back"]

_MOST_DAYS = 31
_NAME = text(64, min_length=1)
_TIME = text(40, min_length=10)
HAND_OVER_BODY: Schema = record(
    {"site": _NAME, "duty": _NAME, "person_id": _NAME, "starts_at": _TIME, "ends_at": _TIME, "reason": text(200)}
)


def get_roster(call: Call) -> Response:
    """By site, from the minute that is now for `days` (7)."""
    asked = dict(call.query).get("days", "7")
    if not asked.isdigit() or not 1 <= int(asked) <= _MOST_DAYS:
        raise Refusal(400, "bad_days", f"days is a number from 1 to {_MOST_DAYS}")
    services = call.house.services
    now = services.clock.now().replace(second=0, microsecond=0)
    until = now + timedelta(days=int(asked))
    roster, problem = services.book.current()
    with services.database.begin(write=False) as unit:
        overrides = unit.overrides(ends_after=now)
    sites = [] if roster is None else [_site(roster, each, now, until, overrides) for each in roster.sites]
    people = [{"person_id": each.person_id, "name": each.display_name} for each in (roster.people if roster else ())]
    hand_overs = [override_json(each) for each in overrides]
    return json_answer(
        {
            "problem": problem,
            "now": now.isoformat(),
            "until": until.isoformat(),
            "people": people,
            "sites": sites,
            "hand_overs": hand_overs,
        }
    )


def _site(
    roster: Roster, site: RosterSite, now: datetime, until: datetime, overrides: tuple[RosterOverride, ...]
) -> Json:
    gaps = [each for each in find_gaps(roster, now, until, overrides) if each.site == site.name]
    held = {duty.name: on_call(roster, site.name, duty.name, now, overrides) for duty in site.duties}
    return {
        "site": site.name,
        "time_zone": str(site.zone),
        "on_call": [
            {"duty": duty, "people": [{"person_id": each.person_id, "name": each.display_name} for each in people]}
            for duty, people in held.items()
        ],
        "shifts": [shift_json(each) for each in shifts(roster, site.name, now, until, overrides)],
        "gaps": [gap_json(each, site) for each in gaps],
    }


def hand_over(call: Call) -> Response:
    override = _desk(call).hand_over(
        call.signed_in.actor,
        site=call.text("site"),
        duty=call.text("duty"),
        person_id=call.text("person_id"),
        starts_at=_time(call.text("starts_at")),
        ends_at=_time(call.text("ends_at")),
        reason=call.text("reason"),
    )
    return json_answer(override_json(override))


def take_back(call: Call) -> Response:
    _desk(call).take_back(call.signed_in.actor, call.path["override_id"])
    return Response(status_code=204)


def _desk(call: Call) -> RosterDesk:
    services = call.house.services
    return RosterDesk(services.database, services.clock, services.book)


def _time(given: str) -> datetime:
    """An instant with its offset (RFC 3339): a wall clock without a zone means two different hours at two sites."""
    try:
        instant = datetime.fromisoformat(given)
    except ValueError:
        raise Refusal(400, "bad_time", "times are RFC 3339, for example 2026-11-24T18:00:00+01:00") from None
    if instant.tzinfo is None:
        raise Refusal(400, "bad_time", "a time needs its offset, for example +01:00 or Z")
    return instant.astimezone(UTC)
