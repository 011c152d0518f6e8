"""How a critical finding leaves the screen. No PHI: a study key and a deep link only."""

from typing import Protocol

from wetread.domain.identifiers import StudyKey
from wetread.domain.priority import TriageDecision

__all__ = ["Notifier"]


class Notifier(Protocol):
    def notify(self, study_key: StudyKey, decision: TriageDecision, *, dedupe_key: str) -> None:
        """At least once per key; raises TransientError when the channel is down."""
        ...
