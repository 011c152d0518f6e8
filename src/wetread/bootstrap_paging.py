"""The pager's parts put together: `wetread pager` and the dead man's switch that the HTTP door's process keeps."""

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from wetread.bootstrap import Core, build_notifiers, build_ping, build_watch
from wetread.domain.critical import EscalationPath
from wetread.domain.errors import PermanentError
from wetread.paging.ahead import LookAhead
from wetread.paging.deadman import DeadMan
from wetread.paging.pager import Chore, Pager
from wetread.paging.send import Sender
from wetread.paging.signs import SENDING, Pulse, Vital
from wetread.paging.sweep import Sweep
from wetread.settings import Settings
from wetread.triage.policy import BUILT_IN_PATH, DEFAULT_POLICY, load_policy
from wetread.triage.roster_book import RosterBook

if TYPE_CHECKING:
    from wetread.channels.ping import DeadMansPing

__all__ = ["build_deadman", "build_pager"]

_LOOK_AHEAD_EVERY_S = 60.0
_PING_EVERY_S = 60.0
_ALIVE_WITHIN_S = 60.0
"""The outside is told that all is well only when sweep and sender have done their work within this time."""


def build_pager(core: Core, further: tuple[Chore, ...] = ()) -> Pager:
    """Everything between a critical result and a telephone, and `further` chores."""
    settings = core.settings
    book = RosterBook(settings.roster_file, settings.roster_copy)
    paths, wrong = _paths(settings)
    chores = [*further]
    try:
        watch = build_watch(core)
    except PermanentError as error:
        wrong += (("silence_watch", f"nobody watches for silence: {error}"),)
    else:
        chores.append(Chore("watch", settings.watch_every_s, lambda: watch.run_once(core.clock.now())))
    notifiers = build_notifiers(settings)
    ahead = LookAhead(core.database, book, paths, frozenset(notifiers), (settings.site,), wrong)
    chores.append(Chore("look_ahead", _LOOK_AHEAD_EVERY_S, lambda: ahead.run_once(core.clock.now())))
    vital = Vital()
    if ping := build_ping(settings):
        chores.append(Chore("ping", _PING_EVERY_S, partial(_ping, ping, vital)))
    pulse = Pulse(SENDING, core.database, core.clock)
    sender = Sender(
        core.database, core.vault, book, paths, notifiers, core.clock, settings.resolved_public_url, settings.lease_s, pulse
    )  # fmt: skip
    return Pager(Sweep(core.database, book, paths, core.clock), sender, tuple(chores), vital)


def _ping(ping: "DeadMansPing", vital: Vital) -> None:
    vital.require(_ALIVE_WITHIN_S)
    ping.ping()


def _paths(settings: Settings) -> tuple[Mapping[str, EscalationPath], tuple[tuple[str, str], ...]]:
    """The policy's escalation paths; or the built-in path and what is wrong: results that are open already must go on climbing."""
    try:
        return load_policy(settings.triage_policy or DEFAULT_POLICY).paths, ()
    except PermanentError as error:
        return {BUILT_IN_PATH.name: BUILT_IN_PATH}, (("triage_policy", f"escalating by the built-in path: {error}"),)


def build_deadman(core: Core) -> DeadMan:
    settings = core.settings
    return DeadMan(
        core.database,
        RosterBook(settings.roster_file, settings.roster_copy),
        build_notifiers(settings),
        core.clock,
        settings.deadman_after_s,
        settings.resolved_public_url,
    )
