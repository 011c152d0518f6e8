"""The event channel of the worklist (PS3.18 §11.13, WebSocket of RFC 6455): what a subscriber has subscribed to, first as it stands, then as it changes.

Nothing is kept for who is away: at the next connection the state of everything is told again. A channel is a session's, from our own pages or with a token; it only speaks, and who does not listen is let go.
"""

import json
import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import aclosing
from dataclasses import dataclass, field

import anyio
from starlette.concurrency import run_in_threadpool
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from wetread.domain.audit import AuditEvent
from wetread.domain.errors import NotPermitted, TransientError, WetreadError
from wetread.domain.role import Act, require
from wetread.domain.workitem import GLOBAL, EventKind, StepState
from wetread.web.doorkeeper import Principal
from wetread.web.guard import is_same_origin
from wetread.web.house import House
from wetread.web.problems import Refusal, problem_from
from wetread.workitems.book import Held
from wetread.workitems.reports import event_report
from wetread.workitems.subscriptions import SubscriptionDesk

__all__ = ["CHANNEL_PATH", "Channels", "channel_route", "subscription_desk"]

CHANNEL_PATH = "/dicom-web/subscribers/{subscriber}"
_AT_ONCE = 100
_POLICY, _TRY_LATER = 1008, 1013
_log = logging.getLogger("wetread.web")


@dataclass(slots=True)
class Channels:
    """How many are open: `most` in all and `most_each` an account. `send_s`: who takes a message no sooner is let go. Lives in the event loop."""

    most: int = 32
    most_each: int = 4
    send_s: float = 5.0
    _open: Counter[str] = field(default_factory=Counter)

    def take(self, actor_id: str) -> None:
        """Raises Refusal 503."""
        if self._open.total() >= self.most or self._open[actor_id] >= self.most_each:
            raise Refusal(
                503, "too_many_channels", "too many event channels are open: try again later", {"Retry-After": "30"}
            )
        self._open[actor_id] += 1

    def release(self, actor_id: str) -> None:
        self._open[actor_id] -= 1


def channel_route(house: House, channels: Channels) -> WebSocketRoute:
    async def serve(socket: WebSocket) -> None:
        subscriber = socket.path_params["subscriber"]
        try:
            principal = await run_in_threadpool(_admit, house, socket, subscriber)
            channels.take(principal.actor.actor_id)
        except Exception as error:  # noqa: BLE001  as in `operations.to_route`
            await socket.send_denial_response(problem_from(error))
            return
        try:
            after = await run_in_threadpool(house.services.database.change_token)
            await socket.accept()
            await _speak(house, channels, socket, principal, _Teller(house, subscriber, principal, after))
        except* (WebSocketDisconnect, OSError, TransientError):
            _log.debug("an event channel broke off")
        finally:
            channels.release(principal.actor.actor_id)

    return WebSocketRoute(CHANNEL_PATH, serve, name="event_channel")


def _admit(house: House, socket: WebSocket, subscriber: str) -> Principal:
    """Who listens; raises Refusal or NotPermitted. A browser says where its page is from: no page but ours may listen, whatever it holds."""
    by_token = "authorization" in socket.headers
    if not is_same_origin(socket.headers) and (not by_token or "origin" in socket.headers):
        raise Refusal(403, "cross_site", "an event channel is opened from wetread's own pages, or with a token")
    principal = house.doorkeeper.identify(socket.headers, socket.cookies)
    actor = principal.actor
    try:
        if house.doorkeeper.owes(principal):
            raise NotPermitted("set up your second factor first", code="second_factor_owed")
        require(actor, Act.SEE_WORKITEMS)
        with house.services.database.begin(write=False) as unit:
            subscription_desk(house).require_owner(unit, subscriber, actor.actor_id)
    except NotPermitted as error:
        house.audit(AuditEvent("refused", actor.actor_id, error.code, detail=(("operation", "event_channel"),)))
        raise
    house.audit(AuditEvent("workitem.listen", actor.actor_id, detail=(("subscriber", subscriber),)))
    return principal


def subscription_desk(house: House) -> SubscriptionDesk:
    """Raises Refusal 404."""
    if house.services.subscriptions is None:
        raise Refusal(404, "no_worklist", "this server keeps no worklist")
    return house.services.subscriptions


async def _speak(house: House, channels: Channels, socket: WebSocket, principal: Principal, teller: "_Teller") -> None:
    async with anyio.create_task_group() as group:
        group.start_soon(_until_it_speaks, socket, group.cancel_scope)
        async with aclosing(house.pulse.beats()) as beats:
            async for _ in beats:
                if not await _tell(channels, socket, teller):
                    break
        group.cancel_scope.cancel()


async def _tell(channels: Channels, socket: WebSocket, teller: "_Teller") -> bool:
    """False where the channel is over: nobody takes what is said, or it may not be said any more."""
    try:
        while messages := await run_in_threadpool(teller.news):
            for each in messages:
                with anyio.fail_after(channels.send_s):
                    await socket.send_text(each)
    except TransientError:
        return True  # the database is away: told when it is back
    except WetreadError:
        await socket.close(_POLICY)
        return False
    except TimeoutError:
        with anyio.move_on_after(1):
            await socket.close(_TRY_LATER)
        return False
    return True


async def _until_it_speaks(socket: WebSocket, over: anyio.CancelScope) -> None:
    """A subscriber has nothing to say here: whatever it sends ends the channel, as its leaving does."""
    message = await socket.receive()
    if message["type"] != "websocket.disconnect":
        await socket.close(_POLICY)
    over.cancel()


class _Teller:
    """What one channel has not been told yet. Everything is asked again each time: a session and subscriptions end, an account may lose its role."""

    def __init__(self, house: House, subscriber: str, principal: Principal, after: int) -> None:
        self._house, self._subscriber, self._principal, self._after = house, subscriber, principal, after
        self._known: set[str] = set()
        self._number = 0

    def news(self) -> list[str]:
        """The next messages, at most a hundred; none where everything was told. Raises NotPermitted where it may not be told any more."""
        desk, services = subscription_desk(self._house), self._house.services
        if not self._house.doorkeeper.still_valid(self._principal):
            raise NotPermitted("the session has ended")
        with services.database.begin(write=False) as unit:
            account = unit.account(self._principal.actor.actor_id)
            if account is None or account.disabled:
                raise NotPermitted("the account is no longer there")
            require(account.actor, Act.SEE_WORKITEMS)
            held = desk.require_owner(unit, self._subscriber, account.actor.actor_id)
            scopes = {each.scope for each in held} - {GLOBAL}
            self._known &= scopes
            new = sorted(scopes - self._known)[:_AT_ONCE]
            events = () if new else unit.events_for(self._subscriber, after=self._after, limit=_AT_ONCE)
            found = desk.held(unit, {*new, *(each.workitem_key for each in events)})
        self._known.update(new)
        # a page of events may end within one sequence: its rest would be missed, so the page is cut before it
        whole = [each for each in events if len(events) < _AT_ONCE or each.sequence != events[-1].sequence]
        self._after = whole[-1].sequence if whole else self._after
        told = [(EventKind.STATE_REPORT, found[key], found[key].workitem.state) for key in new if key in found]
        told += [(each.kind, found[each.workitem_key], each.state) for each in whole if each.workitem_key in found]
        return list(self._numbered(told))

    def _numbered(self, told: Iterable[tuple[EventKind, Held, StepState]]) -> Iterator[str]:
        for kind, held, state in told:
            self._number += 1
            yield json.dumps(event_report(kind, held, state, self._number - 1), separators=(",", ":"))
