"""The pager's parts put together: `wetread pager` and the dead man's switch that the HTTP door's process keeps."""

from functools import partial
from typing import TYPE_CHECKING

from wetread.bootstrap import Core, build_policies
from wetread.bootstrap_notifiers import build_ping, running_notifiers
from wetread.domain.errors import PermanentError
from wetread.paging.deadman import DeadMan
from wetread.paging.signs import SENDING, Pulse, Vital
from wetread.triage.policy_book import LivePaths, PolicyBook
from wetread.triage.roster_book import RosterBook

if TYPE_CHECKING:
    from wetread.channels.ping import DeadMansPing
    from wetread.paging.pager import Chore, Pager

__all__ = ["build_deadman", "build_pager"]

_LOOK_AHEAD_EVERY_S = 60.0
_PING_EVERY_S = 60.0
_POLICY_EVERY_S = 5.0
_ALIVE_WITHIN_S = 60.0
"""The outside is told that all is well only when sweep and sender have done their work within this time."""


def build_pager(core: Core, further: "tuple[Chore, ...]" = ()) -> "Pager":
    """Everything between a critical result and a telephone, and `further` chores."""
    from wetread.bootstrap_watch import build_watch  # here: the door's process holds only the dead man
    from wetread.paging.ahead import LookAhead
    from wetread.paging.pager import Chore, Pager
    from wetread.paging.send import Sender
    from wetread.paging.sweep import Sweep

    settings = core.settings
    book = RosterBook(settings.roster_file, settings.roster_copy)
    policies = build_policies(core)
    paths, wrong = LivePaths(policies), tuple[tuple[str, str], ...]()
    _bad_policy(policies)  # so that its paths are known from the first page on
    chores = [*further, Chore("policy", _POLICY_EVERY_S, policies.deciding)]
    try:
        watch = build_watch(core)
    except PermanentError as error:
        wrong = (("silence_watch", f"nobody watches for silence: {error}"),)
    else:
        chores.append(Chore("watch", settings.watch_every_s, lambda: watch.run_once(core.clock.now())))
    notifiers, broken = running_notifiers(settings)

    def lasting() -> tuple[tuple[str, str], ...]:
        silent = ((f"channel:{name}", f"no page leaves by it: {problem}") for name, problem in broken())
        return *_bad_policy(policies), *silent

    ahead = LookAhead(core.database, book, paths, frozenset(notifiers), (settings.site,), wrong, lasting)
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


def _bad_policy(policies: PolicyBook) -> tuple[tuple[str, str], ...]:
    """What is wrong with the policy now, by name: results that are open already go on climbing."""
    try:
        policies.deciding()
    except PermanentError as error:
        return (("triage_policy", f"no worker starts, and open results climb by the built-in path: {error}"),)
    return ()


def build_deadman(core: Core) -> DeadMan:
    settings = core.settings
    return DeadMan(
        core.database,
        RosterBook(settings.roster_file, settings.roster_copy),
        running_notifiers(settings)[0],
        core.clock,
        settings.deadman_after_s,
        settings.resolved_public_url,
    )
