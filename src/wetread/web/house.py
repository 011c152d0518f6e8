"""What the door keeps while it is open: the doorkeeper, the films just shown, the live view's pulse."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from threading import Lock

import anyio

from wetread.domain.acting_from import located
from wetread.domain.audit import AuditEvent
from wetread.domain.errors import PermanentError
from wetread.triage.policy import OrderRule
from wetread.web.audit_view import ChainWatch
from wetread.web.doorkeeper import Doorkeeper
from wetread.web.films import FilmCache
from wetread.web.pulse import Pulse
from wetread.web.quality_metrics import QualityLines
from wetread.web.services import WebServices
from wetread.web.worklist import WorklistView

__all__ = ["House"]

_SLOW_LANE = 4
_ERRANDS = 4
_MAX_PIXEL_BYTES = 64 * 2**20  # four films of 2500 x 3056 x 16 bit
_ONCE_IN = timedelta(minutes=10)


class House:
    """One per server process; every part of it is safe to use from many threads."""

    def __init__(self, services: WebServices, contract: Mapping[str, object]) -> None:
        self.services, self.contract = services, contract
        self.doorkeeper = Doorkeeper(services)
        self.films = FilmCache(services.decoder, services.file_store)
        self.pixels = FilmCache(services.decoder, services.file_store, _MAX_PIXEL_BYTES)
        self.pulse = Pulse(
            services.database.change_token,
            max_clients=services.settings.max_live_clients,
            heartbeat_s=services.settings.heartbeat_s,
        )
        self._worklist = self._list_by(services.order)
        self.chain = ChainWatch(services.database)
        self.quality = QualityLines()
        self._seen: dict[AuditEvent, datetime] = {}
        self._seen_lock = Lock()
        self.slow_lane = anyio.CapacityLimiter(_SLOW_LANE)
        self.errands = anyio.CapacityLimiter(
            _ERRANDS
        )  # who waits for a provider elsewhere takes no thread from readers

    @property
    def worklist(self) -> WorklistView:
        """By the waiting rule of the policy that decides: where another one does, a new list, which every page then asks for as a whole."""
        rule = self._waiting_rule()
        if rule != self._worklist.rule:
            self._worklist = self._list_by(rule)
        return self._worklist

    def _list_by(self, rule: OrderRule) -> WorklistView:
        return WorklistView(self.services.database, self.services.vault, self.services.clock, rule)

    def _waiting_rule(self) -> OrderRule:
        if self.services.policies is None:
            return self.services.order
        try:
            return self.services.policies.deciding().policy.order
        except PermanentError:
            return self.services.order

    def audit(self, event: AuditEvent) -> None:
        """Write down an act that changes nothing else."""
        with self.services.database.begin() as unit:
            unit.audit(event, self.services.clock.now())
            unit.commit()

    def audit_seldom(self, event: AuditEvent) -> None:
        """As `audit`, but the same act of the same person from the same address on the same study only once in `_ONCE_IN`: a live view refreshes itself."""
        now, event = self.services.clock.now(), located(event)
        with self._seen_lock:
            self._seen = {known: at for known, at in self._seen.items() if now - at < _ONCE_IN}
            if event in self._seen:
                return
        self.audit(event)
        with self._seen_lock:
            self._seen[event] = now
