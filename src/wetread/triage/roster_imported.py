"""Imported shifts written into a roster file's text: one marked block at its end, the rest byte for byte as its people wrote it."""

import json
import re
from collections.abc import Sequence

from wetread.triage.roster_plan import DatedShift, Roster

__all__ = ["with_imported"]

_BEGIN, _END = (
    "# begin imported shifts (written by `wetread roster import`; the next import replaces them)",
    "# end imported shifts",
)


def with_imported(text: str, roster: Roster, shifts: Sequence[DatedShift]) -> str:
    """`text` with `shifts` instead of the block of an earlier import, on each site's wall clock with its offset."""
    kept = re.sub(rf"\n?{re.escape(_BEGIN)}\n.*?{re.escape(_END)}\n", "\n", text, count=1, flags=re.S).rstrip("\n")
    lines = [_line(roster, shift) for shift in shifts]
    return "\n".join([kept, "", _BEGIN, "imported:" if lines else "imported: []", *lines, _END, ""])


def _line(roster: Roster, shift: DatedShift) -> str:
    site = roster.site(shift.site)
    zone = site.zone if site else shift.starts_at.tzinfo
    starts, ends = (
        moment.astimezone(zone).isoformat(timespec="seconds") for moment in (shift.starts_at, shift.ends_at)
    )
    fields = {"site": shift.site, "duty": shift.duty, "people": list(shift.person_ids), "starts": starts, "ends": ends}
    return "  - {" + ", ".join(f"{name}: {json.dumps(value)}" for name, value in fields.items()) + "}"
