"""The watch over silent failures, put together: whom the settings name, and when one of them is too silent."""

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from wetread.bootstrap import Core, build_policies
from wetread.bootstrap_certificates import certificate_ends
from wetread.bootstrap_quality import site_zone
from wetread.dimse_neighbours import worklist_of
from wetread.ingest.noted_inspector import DECODER
from wetread.monitoring.neighbours import Neighbour
from wetread.monitoring.watch import Limits, Watch, WatchedPolicy
from wetread.settings import Settings

if TYPE_CHECKING:
    from wetread.triage.policy_book import PolicyBook

__all__ = ["build_watch"]


def build_watch(core: Core) -> Watch:
    """Its owner calls `run_once(clock.now())` every `watch_every_s` seconds."""
    settings, zone = core.settings, site_zone(core.settings)
    limits = Limits(
        settings.watch_false_alarms_per_year / 52,
        timedelta(minutes=settings.watch_waiting_min),
        timedelta(minutes=settings.watch_acknowledging_min),
        settings.watch_in_a_row,
        settings.watch_always_after,
        timedelta(minutes=settings.archive_silent_min),
        backup=timedelta(hours=settings.backup_within_h),
    )
    policy = partial(_watched_policy, build_policies(core), settings.site)
    archives = [each.name for each in settings.archives]
    ends = partial(certificate_ends, settings)
    return Watch(core.database, lambda _: zone, policy, limits, archives, _neighbours(settings), ends)


def _watched_policy(policies: "PolicyBook", site: str) -> WatchedPolicy:
    """The rules that can fire at this site, by the policy that decides now."""
    policy = policies.deciding().policy
    here = (rule.rule_id for rule in policy.rules if not rule.when.sites or site in rule.when.sites)
    return WatchedPolicy(policy.policy_version, tuple(here))


def _neighbours(settings: Settings) -> list[Neighbour]:
    """Under the names that those who ask note."""
    loses = "films are refused and stay with their senders: look at the memory, process and open-file limits of wetread"
    found = [Neighbour(DECODER, loses)]
    if settings.fhir_requests is not None:
        every = timedelta(seconds=settings.fhir_requests.every_s)
        loses = "orders and requests for a read do not come from there, and it hears nothing"
        found.append(Neighbour("fhir_requests", loses, "requests", every))
    if settings.ups_manager is not None:
        every = timedelta(seconds=settings.ups_manager.every_s)
        found.append(Neighbour("ups_manager", "nothing of its worklist is read", "performer", every))
    if worklist := worklist_of(settings):
        found.append(Neighbour(f"worklist:{worklist.ae_title}", "films are read without their orders"))
    return found
