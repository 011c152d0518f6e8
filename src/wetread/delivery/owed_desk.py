"""What a person sees and does of the reports on storage commitment that we owe, at the command line and at the administration page alike."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import timedelta

from wetread.domain.audit import AuditEvent
from wetread.domain.commitment import OwedState, OwedTotal
from wetread.domain.role import Act, Actor, require
from wetread.ports.clock import Clock
from wetread.ports.database import Database

__all__ = ["OwedDesk"]

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class OwedDesk:
    """`tried_for`: how long what is put back is tried before it is put aside again."""

    database: Database
    clock: Clock
    tried_for: timedelta

    def totals(self) -> tuple[OwedTotal, ...]:
        with self.database.begin(write=False) as unit:
            return unit.owed_totals()

    def put_back(self, actor: Actor, ae_titles: Collection[str] = ()) -> int:
        """Everything that was put aside for these (none: for all) is due again; how many. Raises NotPermitted."""
        require(actor, Act.RETRY_WORK)
        back = some = self._put_some_back(actor, ae_titles)
        while some == _AT_ONCE:
            some = self._put_some_back(actor, ae_titles)
            back += some
        return back

    def _put_some_back(self, actor: Actor, ae_titles: Collection[str]) -> int:
        now = self.clock.now()
        with self.database.begin() as unit:
            aside = unit.owed_reports(OwedState.ASIDE, of=ae_titles, limit=_AT_ONCE)
            for each in aside:
                until = now + self.tried_for
                again = replace(each, state=OwedState.OWED, deaths=0, tries=0, due_at=now, until=until, ended_at=None)
                unit.save_owed_report(again)
            if aside:
                titles = ", ".join(sorted({each.ae_title for each in aside}))
                facts = (("ae_titles", titles), ("reports", str(len(aside))))
                unit.audit(AuditEvent("dimse.commit_again", actor.actor_id, detail=facts), now)
                unit.commit()
        return len(aside)
