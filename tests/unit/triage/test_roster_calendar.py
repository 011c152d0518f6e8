"""The roster to iCalendar and back: the same people at any time, nothing dropped in silence, nothing hostile let in."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from tests.unit.triage import roster_strategies as some

from wetread.domain.errors import HostileInput
from wetread.triage.recurrence import days_of, parse_recurrence
from wetread.triage.roster import on_call, shifts
from wetread.triage.roster_calendar import CalendarImport, export_calendar, import_calendar
from wetread.triage.roster_file import EXAMPLE_ROSTER, load_roster, parse_roster
from wetread.triage.roster_imported import with_imported
from wetread.triage.roster_plan import DatedShift, Duty, Roster

ROSTER = load_roster(EXAMPLE_ROSTER)
START, END = datetime(2026, 10, 1, tzinfo=UTC), datetime(2027, 4, 1, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


def event(*lines: str, summary: str = "dr-lee", start: str = "20261201T080000Z", end: str = "20261201T180000Z") -> str:
    head = ["BEGIN:VEVENT", "UID:one", f"DTSTART{_value(start)}", f"DTEND{_value(end)}", f"SUMMARY:{summary}"]
    return "\r\n".join([*head, *lines, "END:VEVENT"])


def _value(text: str) -> str:
    return text if text.startswith(";") else f":{text}"


def calendar(*events: str) -> bytes:
    return "\r\n".join(
        ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//planner//EN", *events, "END:VCALENDAR", ""]
    ).encode()


def imported(*events: str) -> CalendarImport:
    return import_calendar(calendar(*events), ROSTER, starts_at=START, ends_at=END, site="main", duty="primary")


def local(found: CalendarImport) -> list[str]:
    return [
        f"{each.starts_at.astimezone(BERLIN):%d %b %H:%M}-{each.ends_at.astimezone(BERLIN):%H:%M}"
        for each in found.shifts
    ]


def only_dated(roster: Roster, dated: tuple[DatedShift, ...]) -> Roster:
    duties = tuple(Duty(duty.name, ()) for duty in roster.sites[0].duties)
    return replace(roster, sites=(replace(roster.sites[0], duties=duties, holidays=()),), dated=dated, overrides=())


# --- there and back


@settings(max_examples=40, deadline=None)
@given(some.rosters(), some.spans(), st.lists(st.floats(0, 0.999), min_size=5, max_size=5))
def test_an_exported_roster_comes_back_as_the_same_people(
    roster: Roster, span: tuple[datetime, datetime], moments: list[float]
) -> None:
    content = export_calendar(shifts(roster, "main", *span), made_at=START)
    found = import_calendar(content, roster, starts_at=span[0], ends_at=span[1])
    assert (found.unplaced, found.outside) == ((), 0)
    back = only_dated(roster, found.shifts)
    for share in moments:
        at = span[0] + (span[1] - span[0]) * share
        for duty in ("primary", "secondary"):
            assert set(on_call(back, "main", duty, at)) == set(on_call(roster, "main", duty, at))


def test_an_import_is_a_marked_block_that_the_next_one_replaces() -> None:
    text = EXAMPLE_ROSTER.read_text("utf-8")
    found = imported(event(summary="dr-rossi")).shifts
    once = with_imported(text, ROSTER, found)
    assert once.startswith(text)
    assert with_imported(once, ROSTER, found) == once
    roster = parse_roster(once, "new")
    assert roster.dated == found
    at = datetime(2026, 12, 1, 9, tzinfo=UTC)
    assert [p.person_id for p in on_call(roster, "main", "primary", at)] == ["dr-rossi"]
    assert on_call(roster, "main", "primary", at + timedelta(hours=12)) == on_call(
        ROSTER, "main", "primary", at + timedelta(hours=12)
    )


def test_an_export_holds_no_address_and_the_same_shift_keeps_its_uid() -> None:
    one, two = (export_calendar(shifts(ROSTER, "main", START, END), made_at=at) for at in (START, END))
    assert b"Dr Min Lee" in one
    assert b"5550" not in one
    assert b"@hospital" not in one
    uids = [{line for line in content.splitlines() if line.startswith(b"UID")} for content in (one, two)]
    assert uids[0] == uids[1]
    assert len(uids[0]) == one.count(b"BEGIN:VEVENT")


# --- rules


NAMES = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
PLAIN_DAYS = st.sets(st.sampled_from(NAMES), min_size=1)
NUMBERED_DAYS = st.sets(
    st.tuples(st.sampled_from(["1", "2", "4", "-1", "-2"]), st.sampled_from(NAMES)).map("".join), min_size=1
)
MONTH_DAYS = st.sets(st.sampled_from([1, 13, 28, -1, -2, -28]), min_size=1)  # in every month, with 29 to 31 below


@st.composite
def rules(draw: st.DrawFn) -> dict[str, list[object]]:
    """Rules that name some day: dateutil looks for those of one that names none until the year 9999. It also reads a mix of MO and 1MO as neither."""
    frequency = draw(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]))
    parts: dict[str, list[object]] = {"FREQ": [frequency], "INTERVAL": [draw(st.integers(1, 4))]}
    parts["WKST"] = [draw(st.sampled_from(NAMES))]
    numbered = frequency in ("MONTHLY", "YEARLY")
    shape = draw(st.sampled_from(["none", "day", "month day"]))
    if shape == "day":
        parts["BYDAY"] = sorted(draw(PLAIN_DAYS | NUMBERED_DAYS if numbered else PLAIN_DAYS))
    if shape == "month day" and frequency != "WEEKLY":
        parts["BYMONTHDAY"] = sorted(draw(MONTH_DAYS) | draw(st.sets(st.integers(29, 31))))
    if shape != "none":
        parts["BYMONTH"] = sorted(draw(st.sets(st.integers(1, 12), max_size=3)))
    ending = draw(st.sampled_from(["never", "COUNT", "UNTIL"]))
    if ending == "COUNT":
        parts["COUNT"] = [draw(st.integers(1, 30))]
    if ending == "UNTIL":
        parts["UNTIL"] = [datetime.fromisoformat("2025-01-01T08:00") + timedelta(days=draw(st.integers(0, 900)))]
    return {name: values for name, values in parts.items() if values}


@settings(max_examples=120, deadline=None, phases=(Phase.generate, Phase.shrink))
@given(rules(), st.integers(0, 900).map(lambda n: datetime.fromisoformat("2024-01-01T08:00") + timedelta(days=n)))
def test_a_rule_names_the_days_that_dateutil_names(parts: dict[str, list[object]], first: datetime) -> None:
    until = parts.get("UNTIL", [None])[0]
    assert until is None or isinstance(until, datetime)
    shown = {**parts, "UNTIL": [f"{until:%Y%m%dT%H%M%S}"]} if until else parts
    text = ";".join(f"{name}={','.join(map(str, values))}" for name, values in shown.items())
    start, end = datetime.fromisoformat("2025-06-01T00:00"), datetime.fromisoformat("2026-12-31T23:59")
    expected = [moment.date() for moment in rrulestr(text, dtstart=first).between(start, end, inc=True)]
    assert list(days_of(parse_recurrence(parts, first, until), start.date(), end.date())) == expected


def test_a_recurring_shift_keeps_its_wall_clock_over_a_change_and_leaves_no_hole() -> None:
    zone = ";TZID=Europe/Berlin:"
    night = event("RRULE:FREQ=DAILY;COUNT=3", start=f"{zone}20261024T200000", end=f"{zone}20261025T080000")
    day = event("RRULE:FREQ=DAILY;COUNT=3", start=f"{zone}20261024T080000", end=f"{zone}20261024T200000")
    found = imported(night, day).shifts
    assert len(found) == 6
    assert all(one.ends_at == two.starts_at for one, two in pairwise(found))
    assert found[1].ends_at - found[1].starts_at == timedelta(hours=13)


def test_exceptions_moved_and_cancelled_occurrences_are_heeded() -> None:
    weekly = event("RRULE:FREQ=WEEKLY;UNTIL=20261229T080000Z", "EXDATE:20261208T080000Z", "RDATE:20261210T080000Z")
    moved = event("RECURRENCE-ID:20261215T080000Z", start="20261216T080000Z", end="20261216T180000Z")
    cancelled = event(
        "RECURRENCE-ID:20261222T080000Z", "STATUS:CANCELLED", start="20261222T080000Z", end="20261222T180000Z"
    )
    found = imported(weekly, moved, cancelled)
    assert local(found) == ["01 Dec 09:00-19:00", "10 Dec 09:00-19:00", "16 Dec 09:00-19:00", "29 Dec 09:00-19:00"]
    assert [each.reason for each in found.unplaced] == ["it is cancelled"]


@pytest.mark.parametrize(
    ("start", "end", "told"),
    [
        (";VALUE=DATE:20261201", ";VALUE=DATE:20261202", "01 Dec 00:00-00:00"),
        ("20261201T080000", "20261201T180000", "01 Dec 08:00-18:00"),
        (";TZID=W. Europe Standard Time:20261201T080000", ";TZID=Europe/London:20261201T180000", "01 Dec 08:00-19:00"),
    ],
)
def test_days_and_floating_times_are_the_sites(start: str, end: str, told: str) -> None:
    assert local(imported(event(start=start, end=end))) == [told]


# --- people


def test_people_are_found_by_address_or_by_name() -> None:
    both = event("ATTENDEE;CN=x:MAILTO:Lee@hospital.example", "ATTENDEE:mailto:rossi@hospital.example", summary="call")
    assert imported(both).shifts[0].person_ids == ("dr-lee", "dr-rossi")
    assert imported(event(summary="On call: Dr Ada Okafor")).shifts[0].person_ids == ("dr-okafor",)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (event(summary="team lunch"), "no one of the roster"),
        (event(summary="dr-lee or dr-weber"), "several people"),
        (event("ATTENDEE:mailto:x@elsewhere", summary="dr-lee or dr-weber"), "several people"),
        (event(summary="dr-lee-smith"), "no one of the roster"),
        (event("X-WETREAD-PERSON:dr-who"), "no one of the roster"),
        (event("X-WETREAD-DUTY:tertiary"), "no duty tertiary at site main"),
        (event("RRULE:FREQ=SECONDLY"), "more often than daily"),
        (event("RRULE:FREQ=YEARLY;BYWEEKNO=3"), "BYWEEKNO"),
        (event("RRULE:FREQ=DAILY;BYHOUR=1,2,3"), "BYHOUR"),
        (event(end="20261201T070000Z"), "ends before it starts"),
        (event(start="99991231T080000Z", end="99991231T180000Z"), "between 1971 and 2199"),
        (event(end="2026"), "cannot be read"),
    ],
)
def test_an_event_that_cannot_be_placed_is_listed_with_the_reason(text: str, reason: str) -> None:
    found = imported(text, event(summary="dr-rossi"))
    assert [each.person_ids for each in found.shifts] == [("dr-rossi",)]
    assert len(found.unplaced) == 1
    assert reason in found.unplaced[0].reason


def test_a_stranger_among_the_attendees_is_told_and_a_summary_cannot_command_the_terminal() -> None:
    found = imported(event("ATTENDEE:mailto:lee@hospital.example", "ATTENDEE:mailto:x@elsewhere", summary="a\x1b[2Jb"))
    assert found.shifts[0].person_ids == ("dr-lee",)
    assert "not in the roster" in found.unplaced[0].reason
    assert found.unplaced[0].summary.isprintable()


# --- hostile files

RULE = "RRULE:FREQ=DAILY"
HOSTILE = {
    "ten thousand events": calendar(*[event()] * 10_000),
    "too many rules": calendar(*[event(RULE, "X-A:B")] * 1_900),
    "large": calendar(event(summary="x" * 1024**2)),
    "unknown zone": calendar(event(start=";TZID=Mars/Base:20261201T080000", end=";TZID=Mars/Base:20261201T180000")),
    "own zone": calendar(
        "BEGIN:VTIMEZONE\r\nTZID:Own\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nRRULE:FREQ=SECONDLY\r\n"
        "TZOFFSETFROM:+0100\r\nTZOFFSETTO:+0100\r\nEND:STANDARD\r\nEND:VTIMEZONE",
        event(start=";TZID=Own:20261201T080000", end=";TZID=Own:20261201T180000"),
    ),
    "not a calendar": b"\x00\xff" * 500,
    "empty": b"",
    "never closed": b"BEGIN:VCALENDAR\r\n" + b"BEGIN:VEVENT\r\n" * 1_900,
}


@pytest.mark.timeout(120)
@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_calendar_is_refused(content: bytes) -> None:
    with pytest.raises(HostileInput) as refused:
        import_calendar(
            content, ROSTER, starts_at=START, ends_at=START + timedelta(days=800), site="main", duty="primary"
        )
    assert refused.value.code == "bad_calendar"


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    "rule",
    ["FREQ=DAILY", "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "FREQ=YEARLY;INTERVAL=999999", "FREQ=DAILY;COUNT=999999"],
)
def test_a_rule_without_an_end_is_expanded_within_the_span_only(rule: str) -> None:
    found = imported(event(f"RRULE:{rule}"))
    assert len(found.shifts) <= (END - START).days
    assert all(each.ends_at > START and each.starts_at < END for each in found.shifts)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2**16), st.binary(max_size=6)), min_size=1, max_size=4))
def test_a_damaged_calendar_is_read_or_refused_never_a_crash(damage: list[tuple[int, bytes]]) -> None:
    zone = ";TZID=Europe/Berlin:"
    content = calendar(
        event(
            "RRULE:FREQ=WEEKLY;BYDAY=MO,TU;COUNT=9", "EXDATE:20261208T080000Z", "ATTENDEE:mailto:lee@hospital.example"
        ),
        event("RDATE:20261210T080000Z", "DURATION:PT1H", start=f"{zone}20261024T200000", end=f"{zone}20261025T080000"),
    )
    for where, what in damage:
        at = where % len(content)
        content = content[:at] + what + content[at + len(what) :]
    try:
        found = import_calendar(content, ROSTER, starts_at=START, ends_at=END, site="main", duty="primary")
    except HostileInput:
        return
    assert all(each.person_ids for each in found.shifts)
