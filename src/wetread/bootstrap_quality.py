"""The prediction log put together: database, vault, labeller and what a draft would have been signed as."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from wetread.domain.finding import FindingName
from wetread.domain.statement import Presence
from wetread.ports.database import Database
from wetread.ports.vault import Vault

if TYPE_CHECKING:
    from wetread.monitoring.logged import PredictionLog

__all__ = ["build_prediction_log"]


def build_prediction_log(database: Database, vault: Vault) -> "PredictionLog":
    from wetread.labelling.aggregation import report_labels
    from wetread.labelling.labeller import RuleLabeller
    from wetread.monitoring.logged import PredictionLog
    from wetread.signoff.signing import content_of

    labeller = RuleLabeller()

    def said(text: str) -> Mapping[FindingName, Presence]:
        return {name: each.presence for name, each in report_labels(labeller.statements(text)).items()}

    return PredictionLog(database, vault, said, content_of)
