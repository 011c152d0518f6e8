"""Live monitoring put together: the prediction log (database, vault, labeller, what a draft would have been signed as) and the round that measures it."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from wetread.domain.errors import PermanentError
from wetread.domain.finding import FindingName
from wetread.domain.statement import Presence
from wetread.ports.case_store import CaseStore
from wetread.ports.database import Database
from wetread.ports.vault import Vault
from wetread.settings import Settings

if TYPE_CHECKING:
    from wetread.monitoring.logged import PredictionLog
    from wetread.monitoring.quality import QualityWatch

__all__ = ["build_labels", "build_prediction_log", "build_quality_watch", "site_zone"]


def build_prediction_log(settings: Settings, database: Database, vault: Vault) -> "PredictionLog":
    from wetread.monitoring.logged import PredictionLog
    from wetread.signoff.signing import content_of

    return PredictionLog(database, vault, build_labels(settings), content_of)


def build_labels(settings: Settings) -> Callable[[str], Mapping[FindingName, Presence]]:
    """What a signed text says of each finding."""
    from wetread.labelling.aggregation import presences
    from wetread.labelling.labeller import RuleLabeller

    labeller = RuleLabeller(settings.drafting_language)

    def said(text: str) -> Mapping[FindingName, Presence]:
        return presences(labeller.statements(text))

    return said


def build_quality_watch(
    settings: Settings,
    database: Database,
    vault: Vault,
    days: int | None = None,
    *,
    cases: Callable[[], CaseStore] | None,
) -> "QualityWatch":
    """`days` instead of the setting's; `cases` opens the store of films' vectors, None where the site keeps none."""
    from wetread.monitoring.cells import QualityLimits
    from wetread.monitoring.quality import QualityWatch

    limits = QualityLimits(
        days or settings.monitor_days,
        settings.monitor_unmentioned,
        settings.monitor_reference_studies,
        settings.monitor_tolerance,
    )
    log = partial(build_prediction_log, settings, database, vault)
    return QualityWatch(database, log, limits, settings.watch_false_alarms_per_year, cases)


def site_zone(settings: Settings) -> ZoneInfo:
    """Raises PermanentError(code='bad_settings')."""
    try:
        return ZoneInfo(settings.site_time_zone)
    except (KeyError, ValueError, OSError):
        raise PermanentError("site_time_zone is no IANA time zone, like Europe/Berlin", code="bad_settings") from None
