"""What a reader wants to know beside a critical result: who was paged last, which duty is next, and the names of colleagues behind account names."""

from collections.abc import Iterable, Mapping, Sequence

from wetread.domain.critical import CriticalResult, CriticalState, EscalationPath
from wetread.domain.page import Page
from wetread.ports.database import UnitOfWork
from wetread.triage.roster_book import RosterBook

__all__ = ["last_pages", "names_of", "next_duty", "people_in"]

_DONE = (CriticalState.COMMUNICATED, CriticalState.CLOSED)


def last_pages(pages: Sequence[Page]) -> tuple[Page, ...]:
    """The pages of the newest step; one step may page several people."""
    newest = max((page.step for page in pages), default=-1)
    return tuple(page for page in pages if page.step == newest)


def next_duty(result: CriticalResult, paths: Mapping[str, EscalationPath]) -> str | None:
    """The duty that the next step pages; None when nothing is due any more or the policy does not know the path."""
    path = paths.get(result.path) or paths.get("default")
    if path is None or result.state in _DONE:
        return None
    return path.steps[min(result.path_step, len(path.steps) - 1)].duty


def people_in(result: CriticalResult, pages: Iterable[Page]) -> frozenset[str]:
    """Everybody whom the result and these pages name, by account name."""
    said = [act for each in result.earlier for act in (each.acknowledgement, each.communication)]
    acts = (result.acknowledgement, result.communication, result.closure, *said)
    return frozenset({*(act.actor_id for act in acts if act), *(page.person_id for page in pages)})


def names_of(person_ids: Iterable[str], unit: UnitOfWork, book: RosterBook) -> dict[str, str]:
    """The display name of each, from the accounts, else from the roster; who is in neither is left out."""
    roster, _ = book.current()
    names = {}
    for person_id in sorted(person_ids):
        account, responder = unit.account(person_id), roster.responder(person_id) if roster else None
        name = (account.actor.display_name if account else "") or (responder.display_name if responder else "")
        if name:
            names[person_id] = name
    return names
