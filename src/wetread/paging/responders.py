"""Who can be paged now: the roster file with the hand-overs that people made since."""

from dataclasses import dataclass
from datetime import datetime

from wetread.domain.roster import Responder, RosterOverride
from wetread.ports.database import UnitOfWork
from wetread.triage.escalation import EVERYONE, Find
from wetread.triage.roster import everyone, on_call
from wetread.triage.roster_book import RosterBook
from wetread.triage.roster_plan import Roster

__all__ = ["SYSTEM", "Responders"]

SYSTEM = "system"
"""The technical duty: who is told that wetread itself is in trouble."""


@dataclass(frozen=True, slots=True)
class Responders:
    """The roster as the pager sees it; `problem` says what is wrong with its file, '' when nothing is."""

    roster: Roster | None
    overrides: tuple[RosterOverride, ...]
    problem: str

    @staticmethod
    def read(book: RosterBook, unit: UnitOfWork, now: datetime) -> "Responders":
        roster, problem = book.current()
        return Responders(roster, unit.overrides(ends_after=now), problem)

    def at(self, site: str, now: datetime) -> Find:
        """A function from a duty to those who cover it at `site` at `now`.

        For a site that the roster does not have, 'everyone' is everybody in the roster: waking the wrong team beats waking none.
        """

        def find(duty: str) -> tuple[Responder, ...]:
            if self.roster is None:
                return ()
            if duty == EVERYONE:
                return everyone(self.roster, site) or self.roster.people
            return on_call(self.roster, site, duty, now, self.overrides)

        return find

    def expected(self, site: str, duty: str) -> bool:
        """False for a duty that the roster says may be empty."""
        found = self.roster.site(site) if self.roster else None
        plan = found.duty(duty) if found else None
        return plan is None or plan.required

    def technical(self, site: str, now: datetime) -> tuple[Responder, ...]:
        """Who is told of an alarm at `site` ('' for all sites): the technical duty there, or everyone."""
        if self.roster is None:
            return ()
        sites = [site] if self.roster.site(site) else [each.name for each in self.roster.sites]
        found = {r.person_id: r for name in sites for r in self.at(name, now)(SYSTEM) or self.at(name, now)(EVERYONE)}
        return tuple(found.values())

    def person(self, person_id: str) -> Responder | None:
        """A responder by name; None for one who has left the roster since."""
        return self.roster.responder(person_id) if self.roster else None
