"""The roster file: YAML read as text only (a telephone number is no number, `no` is no boolean), checked against its schema and for contradictions, frozen."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from wetread.domain.errors import PermanentError
from wetread.domain.roster import Contact, Responder, RosterOverride
from wetread.triage.local_time import to_utc
from wetread.triage.roster_check import problems
from wetread.triage.roster_plan import DatedShift, Duty, Holiday, Layer, Roster, RosterSite, Rotation
from wetread.triage.roster_schema import (
    HolidayDocument,
    HolidayLayerDocument,
    LayerDocument,
    RosterDocument,
    RotationDocument,
    SiteDocument,
)
from wetread.triage.said_of_file import in_words
from wetread.triage.shift_text import WHOLE_DAY, parse_shift, parse_weekday

__all__ = ["EXAMPLE_ROSTER", "load_roster", "parse_roster", "roster_document_schema", "roster_text"]

EXAMPLE_ROSTER = Path(__file__).parent / "example_roster.yaml"
MAX_BYTES = 1024**2


def load_roster(path: Path) -> Roster:
    """Read a roster; raises PermanentError(code='bad_roster') naming the file, the place in it and every problem, never an address."""
    return parse_roster(roster_text(path), path.name)


def roster_text(path: Path) -> str:
    """What stands in the file; raises as load_roster does when that is no text, or too much."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        text = content.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise _bad(path.name, str(reason)) from None
    if len(content) > MAX_BYTES:
        raise _bad(path.name, "it is larger than 1 MiB")
    return text


def parse_roster(text: str, name: str) -> Roster:
    """The roster in `text`; `name` stands in the errors, which are those of load_roster."""
    try:
        roster = _roster(RosterDocument.model_validate(_yaml(text, name)))
    except ValidationError as error:
        raise _bad(name, "; ".join(_in_words(error))) from None
    except RecursionError:
        raise _bad(name, "it is nested too deeply") from None
    except (ValueError, OverflowError) as error:
        raise _bad(name, f"a date or time that does not exist ({error})") from None
    if found := tuple(problems(roster)):
        raise _bad(name, "; ".join(found))
    return roster


def roster_document_schema() -> dict[str, object]:
    """JSON Schema (draft 2020-12) of the roster file, for editors."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **RosterDocument.model_json_schema()}


def _bad(name: str, reason: str) -> PermanentError:
    return PermanentError(f"roster {name}: {reason}", code="bad_roster")


def _yaml(text: str, name: str) -> object:
    from ruamel.yaml import YAML
    from ruamel.yaml.constructor import DuplicateKeyError
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        return YAML(typ="base", pure=True).load(text)
    except YAMLError as error:
        mark = error.problem_mark if isinstance(error, MarkedYAMLError) else None
        line = f"line {mark.line + 1}: " if mark else ""
        what = "the same key twice" if isinstance(error, DuplicateKeyError) else "it is not YAML"
        raise _bad(name, line + what) from None


def _in_words(error: ValidationError) -> Iterable[str]:
    for each in error.errors(include_input=False, include_url=False):
        place = ".".join(str(part + 1) if isinstance(part, int) else part for part in each["loc"])
        yield f"{place or 'document'}: {in_words(each['type'], each['msg'])}"


def _roster(document: RosterDocument) -> Roster:
    people = tuple(
        Responder(person_id, person.name, tuple(Contact(c.channel, c.address) for c in person.contacts))
        for person_id, person in document.people.items()
    )
    zones = {name: ZoneInfo(site.time_zone) for name, site in document.sites.items()}
    dated = tuple(
        DatedShift(d.site, d.duty, d.people, _instant(d.starts, zones.get(d.site)), _instant(d.ends, zones.get(d.site)))
        for d in document.imported
    )
    overrides = tuple(o for name, site in document.sites.items() for o in _overrides(name, site, zones[name]))
    sites = tuple(_site(name, site, zones[name]) for name, site in document.sites.items())
    return Roster(document.roster_version, people, sites, dated, overrides)


def _overrides(name: str, site: SiteDocument, zone: ZoneInfo) -> Iterable[RosterOverride]:
    for o in site.overrides:
        starts, ends = _instant(o.starts, zone), _instant(o.ends, zone)
        yield RosterOverride(o.id, name, o.duty, o.person, starts, ends, o.made_by, o.reason)


def _site(name: str, site: SiteDocument, zone: ZoneInfo) -> RosterSite:
    duties = tuple(
        Duty(duty_name, tuple(_layer(layer, number) for number, layer in enumerate(duty.layers, 1)), duty.required)
        for duty_name, duty in site.duties.items()
    )
    return RosterSite(name, zone, site.team, duties, tuple(map(_holiday, site.holidays)))


def _holiday(holiday: HolidayDocument) -> Holiday:
    duties = tuple(
        Duty(name, tuple(_layer(layer, number) for number, layer in enumerate(layers, 1)))
        for name, layers in holiday.duties.items()
    )
    like = parse_weekday(holiday.like) if holiday.like else None
    return Holiday(holiday.name, tuple(map(date.fromisoformat, holiday.days)), like, duties)


def _layer(layer: LayerDocument | HolidayLayerDocument, number: int) -> Layer:
    weekly = layer if isinstance(layer, LayerDocument) else None
    return Layer(
        layer.name or f"layer {number}",
        tuple(map(parse_shift, layer.shifts)) or (WHOLE_DAY,),
        layer.people,
        _rotation(layer.rotation) if layer.rotation else None,
        date.fromisoformat(weekly.first_day) if weekly and weekly.first_day else None,
        date.fromisoformat(weekly.last_day) if weekly and weekly.last_day else None,
    )


def _rotation(rotation: RotationDocument) -> Rotation:
    turns = tuple((turn,) if isinstance(turn, str) else turn for turn in rotation.people)
    length_days = rotation.days or 7 * (rotation.weeks or 0)
    return Rotation(turns, length_days, date.fromisoformat(rotation.start), time.fromisoformat(rotation.hand_over))


def _instant(text: str, zone: ZoneInfo | None) -> datetime:
    """Without an offset: the site's wall clock. `zone` is None for a site that the checks will refuse."""
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC) if moment.tzinfo else to_utc(moment, zone or ZoneInfo("UTC"))
