"""Numbers and times as the alarms say them."""

from datetime import timedelta

__all__ = ["counted", "span"]


def span(length: timedelta) -> str:
    """'12 min', '3 h 20 min', '2 d 4 h'."""
    minutes = max(0, int(length.total_seconds() // 60))
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours < 48 else f"{hours // 24} d {hours % 24} h"


def counted(number: int, one: str, many: str = "") -> str:
    """'1 study', '3 studies'."""
    return f"{number} {one if number == 1 else many or one + 's'}"
