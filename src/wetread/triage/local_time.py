"""A site's wall clock to UTC, without a hole or a double at a change of the clocks (PEP 495).

The map never runs backwards: a repeated hour resolves to its first pass, a skipped hour to the instant of the change. Spans that meet on the wall therefore meet in
UTC, whatever the zone does between them.
"""

from datetime import UTC, datetime, timedelta, tzinfo

__all__ = ["on_the_wall", "to_utc"]


def to_utc(wall: datetime, zone: tzinfo) -> datetime:
    """The UTC instant at which a clock in `zone` first shows `wall` (naive) or, where it skips `wall`, the instant of the skip."""
    instant = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if on_the_wall(instant, zone) == wall:
        return instant
    return _instant_of_skip(wall.replace(microsecond=0), zone)


def on_the_wall(instant: datetime, zone: tzinfo) -> datetime:
    """What a clock in `zone` shows at `instant` (aware), as a naive datetime."""
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)


def _instant_of_skip(wall: datetime, zone: tzinfo) -> datetime:
    before = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    after = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    offset_after = after.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = (before + (after - before) / 2).replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == offset_after:
            after = middle
        else:
            before = middle
    return after
