"""The roster file: what it means, and what it refuses with which words."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import jsonschema
import pytest
from ruamel.yaml import YAML

from wetread.domain.errors import PermanentError
from wetread.triage.roster import everyone, find_gaps, on_call
from wetread.triage.roster_file import EXAMPLE_ROSTER, load_roster, parse_roster, roster_document_schema
from wetread.triage.roster_plan import WeeklyShift
from wetread.triage.shift_text import parse_shift

EXAMPLE = EXAMPLE_ROSTER.read_text("utf-8")
ROSTER = load_roster(EXAMPLE_ROSTER)
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("local", "duty", "person"),
    [
        ("2026-12-02T09:00", "primary", "dr-lee"),
        ("2026-12-02T18:00", "primary", "dr-weber"),  # turn 47 of the rotation
        ("2026-12-04T17:59", "primary", "dr-lee"),
        ("2026-12-04T18:00", "primary", "dr-okafor"),  # turn 48
        ("2026-12-11T17:59", "secondary", "dr-weber"),
        ("2026-12-11T18:00", "secondary", "dr-okafor"),
        ("2026-12-03T09:00", "primary", "dr-weber"),  # the override
        ("2026-12-25T07:59", "primary", "dr-okafor"),  # the night before a holiday runs to its end
        ("2026-12-25T08:00", "primary", "dr-rossi"),
        ("2026-12-27T07:59", "primary", "dr-rossi"),
        ("2026-12-27T08:00", "primary", "dr-weber"),
        ("2027-01-01T12:00", "primary", "dr-weber"),  # a Friday like a Sunday: not dr-lee
        ("2026-12-02T03:00", "system", "pacs-desk"),
    ],
)
def test_the_example_names_the_right_person(local: str, duty: str, person: str) -> None:
    at = datetime.fromisoformat(local).replace(tzinfo=BERLIN)
    assert [each.person_id for each in on_call(ROSTER, "main", duty, at)] == [person]


def test_the_example_has_no_gap_for_a_year_and_reaches_its_team() -> None:
    start = datetime(2026, 11, 1, tzinfo=UTC)
    assert find_gaps(ROSTER, start, start + timedelta(days=366)) == ()
    assert {each.person_id for each in everyone(ROSTER, "main")} == {each.person_id for each in ROSTER.people}


def test_contacts_keep_their_order_and_every_digit() -> None:
    """YAML would read a bare +4930 as a number and `no` as false; a roster is text."""
    lee = ROSTER.responder("dr-lee")
    assert lee is not None
    assert [(c.channel, c.address) for c in lee.contacts] == [
        ("sms", "+49 30 5550 101"),
        ("email", "lee@hospital.example"),
    ]
    bare = parse_roster(EXAMPLE.replace('"+49 30 5550 101"', "+49305550101").replace("dr-weber", "no"), "r")
    assert bare.people[0].contacts[0].address == "+49305550101"
    assert bare.responder("no") is not None


@pytest.mark.parametrize(
    ("text", "shift"),
    [
        ("Mon-Fri 08:00-18:00", WeeklyShift((0, 1, 2, 3, 4), 480, 600)),
        ("Sat,Sun 20:00-08:00", WeeklyShift((5, 6), 1200, 720)),
        ("Sat-Mon 00:00-24:00", WeeklyShift((0, 5, 6), 0, 1440)),
        ("08:00-08:00", WeeklyShift((0, 1, 2, 3, 4, 5, 6), 480, 1440)),
    ],
)
def test_a_shift_is_written_as_people_write_it(text: str, shift: WeeklyShift) -> None:
    assert parse_shift(text) == shift


def test_a_duty_that_is_not_required_has_no_gaps() -> None:
    """The example without anyone as secondary: a gap, unless the file says that this is meant."""
    start, end = datetime(2026, 12, 1, tzinfo=UTC), datetime(2026, 12, 2, tzinfo=UTC)
    rotation = '- rotation: {people: [dr-weber, dr-okafor], weeks: 1, start: 2026-01-02, hand_over: "18:00"}'
    empty = EXAMPLE.replace(rotation, "[]")
    assert [gap.duty for gap in find_gaps(parse_roster(empty, "r"), start, end)] == ["secondary"]
    meant = empty.replace("      secondary:\n", "      secondary:\n        required: false\n")
    assert find_gaps(parse_roster(meant, "r"), start, end) == ()


def test_a_holiday_stands_above_the_night_that_runs_into_it() -> None:
    """From midnight, where the holiday's own hours begin then; the last day of a layer is the last on which its shifts start."""
    roster = parse_roster(EXAMPLE.replace('["08:00-08:00"]', '["00:00-24:00"]'), "r")
    shown = [on_call(roster, "main", "primary", datetime(2026, 12, day, 12, tzinfo=UTC)) for day in (24, 25)]
    assert [p.person_id for p in on_call(roster, "main", "primary", datetime(2026, 12, 24, 23, tzinfo=UTC))] == [
        "dr-rossi"
    ]
    assert [people[0].person_id for people in shown] == ["dr-lee", "dr-rossi"]


def test_a_layer_begins_and_ends_with_its_days() -> None:
    dated = EXAMPLE.replace(
        "people: [dr-lee]", "people: [dr-lee]\n            first_day: 2026-12-08\n            last_day: 2026-12-09"
    )
    gaps = find_gaps(parse_roster(dated, "r"), datetime(2026, 12, 7, tzinfo=UTC), datetime(2026, 12, 12, tzinfo=UTC))
    assert [gap.starts_at.astimezone(BERLIN).day for gap in gaps] == [7, 10, 11]


def test_a_team_without_a_duty_is_reached_when_everyone_is_called() -> None:
    roster = parse_roster(
        EXAMPLE.replace("- people: [dr-rossi]", "- people: [dr-lee]").replace("people: [dr-rossi]", "people: [dr-lee]"),
        "r",
    )
    assert "dr-rossi" in {each.person_id for each in everyone(roster, "main")}


REFUSED = [
    ("person nobody knows", "people: [dr-lee]", "people: [dr-leigh]", "site main, duty primary, day: dr-leigh is not under people"),
    ("empty rotation", "people: [dr-okafor, dr-weber]", "people: []", "duties.primary.layers.2.rotation.people"),
    ("empty turn", "people: [dr-okafor, dr-weber]", "people: [[], dr-weber]", "a turn of the rotation has no one"),
    ("contact without channel", "{channel: sms, address: ", "{address: ", "people.dr-lee.contacts.1.channel: it is missing"),
    ("no contact", "      - {channel: email, address: pacs@hospital.example}\n", "", "people.pacs-desk.contacts"),
    ("overlapping shifts", '["Mon-Fri 08:00-18:00"]', '["Mon-Fri 08:00-18:00", "Fri 17:00-20:00"]', "duty primary, day: two of its shifts overlap"),
    ("overlap over Sunday night", '["Mon-Fri 08:00-18:00"]', '["Sun 20:00-08:00", "Mon 07:00-18:00"]', "two of its shifts overlap"),
    ("bad hour", "08:00-18:00", "08:00-25:00", "duties.primary.layers.1.shifts.1"),
    ("bad zone", "Europe/Berlin", "Europe/Berlim", "sites.main.time_zone: not an IANA time zone"),
    ("path as zone", "Europe/Berlin", "../../etc/passwd", "sites.main.time_zone: not an IANA time zone"),
    ("unknown key", "weeks: 1, start: 2026-01-02", "weeks: 1, begin: 2026-01-02", "begin: there is no such key here"),
    ("no length", "weeks: 1, ", "", "a rotation has weeks or days"),
    ("no such day", "start: 2026-01-02", "start: 2026-02-30", "a date or time that does not exist"),
    ("override of no duty", "duty: primary, person", "duty: tertiary, person", "override swap-1: the roster has no such site and duty"),
    ("override backwards", "ends: 2026-12-03 18:00", "ends: 2026-12-03 07:00", "override swap-1: it ends before it starts"),
    ("holiday twice", "days: [2027-01-01]", "days: [2026-12-25]", "2026-12-25 is a holiday twice"),
    ("holiday of no duty", "          primary:\n            - shifts", "          prim:\n            - shifts", "holiday Christmas, duty prim: the site has no such duty"),
    ("same key twice", "  dr-okafor:\n    name", "  dr-lee:\n    name", "the same key twice"),
    ("not YAML", "people:  ", "people: [", "it is not YAML"),
]  # fmt: skip


@pytest.mark.parametrize(("what", "old", "new", "told"), REFUSED, ids=[each[0] for each in REFUSED])
def test_a_wrong_roster_is_refused_with_place_and_reason(
    tmp_path: Path, what: str, old: str, new: str, told: str
) -> None:
    assert old in EXAMPLE
    path = tmp_path / "wrong.yaml"
    path.write_text(EXAMPLE.replace(old, new, 1))
    with pytest.raises(PermanentError) as refused:
        load_roster(path)
    assert refused.value.code == "bad_roster"
    assert str(refused.value).startswith("roster wrong.yaml: ")
    assert told in str(refused.value)
    assert "5550" not in str(refused.value)
    assert "hospital.example" not in str(refused.value)


def test_two_overrides_for_one_hour_are_refused_and_every_problem_is_told() -> None:
    second = "      - {id: swap-2, duty: primary, person: dr-x, starts: 2026-12-03 17:00, ends: 2026-12-03 19:00, made_by: dr-lee, reason: r}\n"
    with pytest.raises(PermanentError) as refused:
        parse_roster(EXAMPLE + second, "r")
    assert "swap-1: it overlaps override swap-2" in str(refused.value)
    assert "dr-x is not under people" in str(refused.value)


def test_an_id_used_twice_and_a_site_without_a_required_duty_are_refused() -> None:
    second = "      - {id: swap-1, duty: system, person: dr-lee, starts: 2026-12-05 17:00, ends: 2026-12-05 19:00, made_by: dr-lee, reason: r}\n"
    with pytest.raises(PermanentError, match="swap-1: its id is used twice"):
        parse_roster(EXAMPLE + second, "r")
    idle = EXAMPLE
    for duty in ("primary:", "secondary:", "team_lead:", "system:                 # called when wetread itself stops"):
        idle = idle.replace(
            f"      {duty}\n        layers", f"      {duty}\n        required: false\n        layers", 1
        )
    with pytest.raises(PermanentError, match="site main: no duty is required"):
        parse_roster(idle, "r")


def test_a_missing_or_huge_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match=r"gone\.yaml: No such file"):
        load_roster(tmp_path / "gone.yaml")
    (tmp_path / "huge.yaml").write_text(EXAMPLE + "#" * 1024**2)
    with pytest.raises(PermanentError, match="larger than 1 MiB"):
        load_roster(tmp_path / "huge.yaml")


def test_the_schema_accepts_the_example_and_refuses_what_the_file_may_not_say() -> None:
    schema = roster_document_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    document = YAML(typ="base", pure=True).load(EXAMPLE)
    numbers = [
        layer["rotation"]
        for duty in document["sites"]["main"]["duties"].values()
        for layer in duty["layers"]
        if "rotation" in layer
    ]
    for rotation in numbers:
        rotation["weeks"] = int(rotation["weeks"])
    assert list(validator.iter_errors(document)) == []
    document["people"]["dr-lee"]["pager"] = "1"
    assert len(list(validator.iter_errors(document))) == 1
