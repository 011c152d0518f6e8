"""Scenarios for the simulator's tests: a room that never closes, with or without findings."""

from wetread.simulation.scenario import Finding, Rate, Reading, ReadingTime, Rule, Run, Scenario, Shift

ALWAYS = tuple(range(7))
FIFO, PRIORITY = Run("fifo", Rule.FIFO), Run("priority", Rule.PRIORITY)


def exactly(share: float) -> Rate:
    return Rate(share, share, share)


def a_finding(
    name: str = "pneumothorax", *, urgency: int = 3, critical: bool = True, prevalence: float = 0.2, right: float = 1.0
) -> Finding:
    return Finding(name, prevalence, exactly(right), exactly(right), urgency, critical)


def a_room(
    *findings: Finding,
    per_hour: float = 8,
    reading: Reading | None = None,
    readers: int = 1,
    runs: tuple[Run, ...] = (FIFO,),
    days: int = 28,
    warm_up_days: int = 1,
    shifts: tuple[Shift, ...] = (),
) -> Scenario:
    """Open day and night unless `shifts` are given; exponential readings of six minutes."""
    return Scenario(
        name="a room",
        note="",
        days=days,
        warm_up_days=warm_up_days,
        arrivals_per_hour=((per_hour,) * 24,) * 7,
        reading=reading or Reading(ReadingTime.EXPONENTIAL, 6.0, 1.0),
        shifts=shifts or (Shift("always", ALWAYS, 0, 24 * 60, readers, 1.0),),
        findings=findings,
        requested=(),
        runs=runs,
    )
