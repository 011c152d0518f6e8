"""A scenario file (TOML) to a checked `Scenario`; every refusal names the entry that is wrong."""

import math
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

from wetread.simulation.scenario import (
    DAYS,
    BadScenario,
    Finding,
    Published,
    Rate,
    Reading,
    ReadingTime,
    RequestedPriority,
    Rule,
    Run,
    Scenario,
    Shift,
)

__all__ = ["SHIPPED", "load_scenario", "parse_scenario", "scenario_text"]

SHIPPED = {path.stem: path for path in sorted((Path(__file__).parent / "scenarios").glob("*.toml"))}
STATISTICS = ("mean", "median", "p95", "maximum")
MOST_STUDIES_PER_HOUR = 10_000.0
MOST_READERS = 100
LONGEST_MIN = 365 * 24 * 60.0


class _Table:
    """One table of the file, read entry by entry; what nobody read is refused at the end."""

    def __init__(self, content: object, where: str) -> None:
        if not isinstance(content, Mapping):
            raise BadScenario(f"scenario: {where}: a table is needed here")
        self._content: dict[str, object] = dict(content)
        self._where = where

    def _refuse(self, key: str, need: str) -> BadScenario:
        return BadScenario(f"scenario: {f'{self._where}.{key}'.lstrip('.')}: {need}")

    def has(self, key: str) -> bool:
        return key in self._content

    def take(self, key: str) -> object:
        if key not in self._content:
            raise self._refuse(key, "is missing")
        return self._content.pop(key)

    def text(self, key: str, default: str | None = None) -> str:
        value = self.take(key) if default is None or self.has(key) else default
        if not isinstance(value, str):
            raise self._refuse(key, "must be text")
        return value

    def choice(self, key: str, choices: tuple[str, ...]) -> str:
        value = self.text(key)
        if value not in choices:
            raise self._refuse(key, f"must be one of {', '.join(choices)}")
        return value

    def truth(self, key: str, default: bool) -> bool:
        value = self.take(key) if self.has(key) else default
        if not isinstance(value, bool):
            raise self._refuse(key, "must be true or false")
        return value

    def number(self, key: str, low: float, high: float, default: float | None = None) -> float:
        value = self.take(key) if default is None or self.has(key) else default
        return self._checked(key, value, low, high)

    def whole(self, key: str, low: int, high: int, default: int | None = None) -> int:
        value = self.number(key, low, high, default)
        if value != int(value):
            raise self._refuse(key, "must be a whole number")
        return int(value)

    def numbers(self, key: str, count: int, low: float, high: float) -> tuple[float, ...]:
        value = self.take(key)
        if not isinstance(value, list) or len(value) != count:
            raise self._refuse(key, f"must be a list of {count} numbers")
        return tuple(self._checked(key, each, low, high) for each in value)

    def rate(self, key: str) -> Rate:
        if isinstance(self._content.get(key), list):
            estimate, low, high = self.numbers(key, 3, 0, 1)
            if not low <= estimate <= high:
                raise self._refuse(key, "must be [estimate, low, high] with low <= estimate <= high")
            return Rate(estimate, low, high)
        estimate = self.number(key, 0, 1)
        return Rate(estimate, estimate, estimate)

    def clock(self, key: str) -> int:
        hours, colon, minutes = self.text(key).partition(":")
        value = int(hours) * 60 + int(minutes) if colon and hours.isdecimal() and minutes.isdecimal() else -1
        if not 0 <= value <= 24 * 60 or int(minutes or 0) > 59:
            raise self._refuse(key, 'must be a time of day such as "07:30" (the end of the day is "24:00")')
        return value

    def days(self, key: str) -> tuple[int, ...]:
        value = self.take(key)
        if (
            not isinstance(value, list)
            or not value
            or any(each not in DAYS for each in value)
            or len(set(value)) < len(value)
        ):
            raise self._refuse(key, f"must be a list of different days: {', '.join(DAYS)}")
        return tuple(DAYS.index(each) for each in value)

    def table(self, key: str) -> "_Table":
        return _Table(self.take(key), f"{self._where}.{key}".lstrip("."))

    def tables(self, key: str) -> "Iterator[_Table]":
        value = self.take(key) if self.has(key) else []
        if not isinstance(value, list):
            raise self._refuse(key, f"must be a list of tables ([[{key}]])")
        for place, each in enumerate(value, 1):
            name = each.get("name", place) if isinstance(each, Mapping) else place
            yield _Table(each, f"{self._where}.{key}.{name}".lstrip("."))

    def done(self) -> None:
        for key in self._content:
            raise self._refuse(key, "is not known here")

    def _checked(self, key: str, value: object, low: float, high: float) -> float:
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not math.isfinite(value)
            or not low <= value <= high
        ):
            raise self._refuse(key, f"must be a number from {low:g} to {high:g}")
        return float(value)


def load_scenario(source: Path | str) -> Scenario:
    """A file, or the name of a shipped scenario; raises BadScenario."""
    path = SHIPPED.get(str(source), Path(source))
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadScenario(
            f"scenario: cannot read the file; give a TOML file or one of: {', '.join(SHIPPED)}"
        ) from error
    return parse_scenario(text)


def parse_scenario(text: str) -> Scenario:
    """Raises BadScenario naming the first wrong entry."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadScenario(f"scenario: not TOML: {error}") from error
    top = _Table(document, "")
    scenario = Scenario(
        name=top.text("name"),
        note=top.text("note", ""),
        days=top.whole("days", 1, 3650),
        warm_up_days=top.whole("warm_up_days", 0, 365, 7),
        arrivals_per_hour=_arrivals(top.table("arrivals_per_hour")),
        reading=_reading(top.table("reading")),
        shifts=tuple(map(_shift, top.tables("shift"))),
        findings=tuple(map(_finding, top.tables("finding"))),
        requested=tuple(map(_requested, top.tables("requested"))),
        runs=tuple(map(_run, top.tables("run"))),
        published=tuple(map(_published, top.tables("published"))),
    )
    top.done()
    _check_whole(scenario)
    return scenario


def _arrivals(table: _Table) -> tuple[tuple[float, ...], ...]:
    """Each day by name, or `weekday` for Monday to Friday; `scale` multiplies all."""
    scale = table.number("scale", 0, 1000, 1)
    week = [table.numbers(day, 24, 0, MOST_STUDIES_PER_HOUR) if table.has(day) else None for day in DAYS]
    if None in week[:5]:
        weekday = table.numbers("weekday", 24, 0, MOST_STUDIES_PER_HOUR)
        week[:5] = [day or weekday for day in week[:5]]
    filled = [day or table.numbers(name, 24, 0, MOST_STUDIES_PER_HOUR) for day, name in zip(week, DAYS, strict=True)]
    table.done()
    return tuple(tuple(each * scale for each in day) for day in filled)


def _reading(table: _Table) -> Reading:
    distribution = ReadingTime(table.choice("distribution", tuple(ReadingTime)))
    lognormal = distribution is ReadingTime.LOGNORMAL
    reading = Reading(
        distribution, table.number("mean_min", 0.01, 600), table.number("variation", 0.01, 5) if lognormal else 1.0
    )
    table.done()
    return reading


def _shift(table: _Table) -> Shift:
    shift = Shift(
        name=table.text("name", ""),
        days=table.days("days"),
        start_min=table.clock("from"),
        end_min=table.clock("to"),
        readers=table.whole("readers", 1, MOST_READERS),
        speed=table.number("speed", 0.01, 20, 1),
    )
    table.done()
    if shift.start_min >= shift.end_min:
        raise BadScenario(
            f"scenario: shift.{shift.name}.to: must be later than `from`; write a night as two shifts, to 24:00 and from 00:00"
        )
    return shift


def _finding(table: _Table) -> Finding:
    finding = Finding(
        name=table.text("name"),
        prevalence=table.number("prevalence", 0, 1),
        sensitivity=table.rate("sensitivity"),
        specificity=table.rate("specificity"),
        urgency=table.whole("urgency", 0, 100),
        critical=table.truth("critical", False),
    )
    table.done()
    return finding


def _requested(table: _Table) -> RequestedPriority:
    requested = RequestedPriority(table.text("name"), table.number("share", 0, 1), table.whole("urgency", 0, 100))
    table.done()
    return requested


def _run(table: _Table) -> Run:
    name, rule = table.text("name"), Rule(table.choice("rule", tuple(Rule)))
    capped = rule in (Rule.CAP, Rule.CAP_ABOVE_ALL)
    run = Run(
        name=name,
        rule=rule,
        cap_min=table.number("cap_min", 0, LONGEST_MIN) if capped else None,
        minutes_per_urgency=table.number("minutes_per_urgency", 0, LONGEST_MIN)
        if rule is Rule.AGEING or (capped and table.has("minutes_per_urgency"))
        else None,
    )
    table.done()
    return run


def _published(table: _Table) -> Published:
    figure = Published(
        run=table.text("run"),
        group=table.text("group"),
        statistic=table.choice("statistic", STATISTICS),
        minutes=table.number("minutes", 0, 1e9),
        fitted=table.truth("fitted", False),
    )
    table.done()
    return figure


def _check_whole(scenario: Scenario) -> None:
    _need(bool(scenario.shifts), "shift", "at least one is needed")
    _need(bool(scenario.runs), "run", "at least one is needed")
    _need(scenario.studies_per_week > 0, "arrivals_per_hour", "nothing ever arrives")
    _need(sum(each.share for each in scenario.requested) <= 1, "requested", "the shares add up to more than 1")
    for part, names in (("finding", [f.name for f in scenario.findings]), ("run", [r.name for r in scenario.runs])):
        twice = {name for name in names if names.count(name) > 1}
        _need(not twice, part, f"two have the name {', '.join(sorted(twice))}")
    reserved = {"all", "normal", "critical", "urgent"} & {finding.name for finding in scenario.findings}
    _need(not reserved, "finding", f"the name {', '.join(reserved)} is reserved for a group")
    critical = [f.urgency for f in scenario.findings if f.critical]
    other = [f.urgency for f in scenario.findings if not f.critical]
    _need(
        not critical or min(critical) > max(other, default=0),
        "finding",
        "every critical finding must be more urgent than the others",
    )
    for figure in scenario.published:
        _need(figure.run in {run.name for run in scenario.runs}, "published.run", "names no run of this file")
    _need(
        scenario.load < 1,
        "shift",
        f"the readers cannot keep up: {scenario.studies_per_week:.0f} studies a week ask for {scenario.load:.0%} of the time on duty",
    )


def _need(holds: bool, where: str, need: str) -> None:
    if not holds:
        raise BadScenario(f"scenario: {where}: {need}")


def scenario_text(scenario: Scenario) -> str:
    """The TOML that `parse_scenario` reads back as the same scenario (arrivals day by day, no comments)."""
    return "\n".join(_lines(scenario)) + "\n"


def _lines(scenario: Scenario) -> Iterator[str]:
    yield f"name = {_quoted(scenario.name)}"
    yield f"note = {_quoted(scenario.note)}"
    yield f"days = {scenario.days}\nwarm_up_days = {scenario.warm_up_days}\n\n[arrivals_per_hour]"
    for day, hours in zip(DAYS, scenario.arrivals_per_hour, strict=True):
        yield f"{day} = [{', '.join(f'{each:.6g}' for each in hours)}]"
    reading = scenario.reading
    yield f'\n[reading]\ndistribution = "{reading.distribution}"\nmean_min = {reading.mean_min:.6g}'
    if reading.distribution is ReadingTime.LOGNORMAL:
        yield f"variation = {reading.variation:.6g}"
    for shift in scenario.shifts:
        days = ", ".join(f'"{DAYS[day]}"' for day in shift.days)
        yield f"\n[[shift]]\nname = {_quoted(shift.name)}\ndays = [{days}]"
        yield f'from = "{_clock(shift.start_min)}"\nto = "{_clock(shift.end_min)}"\nreaders = {shift.readers}\nspeed = {shift.speed:.6g}'
    for finding in scenario.findings:
        yield f"\n[[finding]]\nname = {_quoted(finding.name)}\nprevalence = {finding.prevalence:.6g}"
        yield f"sensitivity = {_rate(finding.sensitivity)}\nspecificity = {_rate(finding.specificity)}"
        yield f"urgency = {finding.urgency}\ncritical = {str(finding.critical).lower()}"
    for requested in scenario.requested:
        yield f"\n[[requested]]\nname = {_quoted(requested.name)}\nshare = {requested.share:.6g}\nurgency = {requested.urgency}"
    for run in scenario.runs:
        yield f'\n[[run]]\nname = {_quoted(run.name)}\nrule = "{run.rule}"'
        yield from (
            f"{key} = {value:.6g}"
            for key in ("cap_min", "minutes_per_urgency")
            if (value := getattr(run, key)) is not None
        )


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _rate(rate: Rate) -> str:
    if rate.low == rate.high:
        return f"{rate.estimate:.6g}"
    return f"[{rate.estimate:.6g}, {rate.low:.6g}, {rate.high:.6g}]"
