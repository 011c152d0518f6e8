"""Random rosters for the property tests: sites in awkward zones, shifts, rotations, holidays, dated shifts and overrides."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from wetread.domain.roster import Contact, Responder, RosterOverride
from wetread.triage.roster_plan import DatedShift, Duty, Holiday, Layer, Roster, RosterSite, Rotation, WeeklyShift

PEOPLE = ("dr-a", "dr-b", "dr-c", "dr-d")
ZONES = ("Europe/Berlin", "America/New_York", "America/Santiago", "Asia/Beirut", "Australia/Lord_Howe", "UTC")
START = datetime(2026, 1, 1, tzinfo=UTC)
YEAR_MINUTES = 366 * 24 * 60

instants = st.integers(0, YEAR_MINUTES).map(lambda minutes: START + timedelta(minutes=minutes))
quarters = st.integers(0, 95).map(lambda n: n * 15)
weekdays = st.sets(st.integers(0, 6), min_size=1).map(lambda days: tuple(sorted(days)))
people = st.lists(st.sampled_from(PEOPLE), min_size=1, max_size=2, unique=True).map(tuple)
days = st.integers(0, 365).map(lambda n: date(2026, 1, 1) + timedelta(days=n))
shifts = st.builds(WeeklyShift, weekdays, quarters, st.integers(1, 96).map(lambda n: n * 15))
rotations = st.builds(
    Rotation,
    st.lists(people, min_size=1, max_size=3).map(tuple),
    st.integers(1, 20),
    days,
    st.integers(0, 23).map(time),
)


@st.composite
def layers(draw: st.DrawFn) -> Layer:
    held = draw(st.one_of(people, rotations))
    hours = tuple(draw(st.lists(shifts, min_size=1, max_size=2)))
    if isinstance(held, Rotation):
        return Layer("layer", hours, (), held)
    return Layer("layer", hours, held, None, draw(st.none() | days), None)


duty_layers = st.lists(layers(), max_size=3).map(tuple)
holidays = st.builds(
    Holiday,
    st.just("holiday"),
    st.lists(days, min_size=1, max_size=5).map(tuple),
    st.none() | st.integers(0, 6),
    st.lists(duty_layers.map(lambda found: Duty("primary", found)), max_size=1).map(tuple),
)


@st.composite
def spans(draw: st.DrawFn) -> tuple[datetime, datetime]:
    start = draw(instants)
    return start, start + timedelta(minutes=draw(st.integers(1, 20_000)))


@st.composite
def overrides(draw: st.DrawFn, person: str = "") -> RosterOverride:
    start, end = draw(spans())
    who = person or draw(st.sampled_from(PEOPLE))
    return RosterOverride(f"o{draw(st.integers(0, 99))}", "main", "primary", who, start, end, "dr-a", "swap")


@st.composite
def rosters(draw: st.DrawFn) -> Roster:
    zone = ZoneInfo(draw(st.sampled_from(ZONES)))
    duties = (Duty("primary", draw(duty_layers)), Duty("secondary", draw(duty_layers)))
    site = RosterSite("main", zone, (), duties, tuple(draw(st.lists(holidays, max_size=2))))
    dated = tuple(DatedShift("main", "primary", draw(people), *draw(spans())) for _ in range(draw(st.integers(0, 2))))
    known = tuple(Responder(p, f"Dr {p[-1].upper()}", (Contact("email", f"{p}@x.example"),)) for p in PEOPLE)
    return Roster("t", known, (site,), dated, tuple(draw(st.lists(overrides(), max_size=2))))
