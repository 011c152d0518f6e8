"""Keeps what a model made of a film, for finding films that look alike. It never holds up a study (law 1)."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from wetread.domain.identifiers import StudyKey
from wetread.ports.case_store import Case, CaseStore
from wetread.ports.clock import Clock

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray

__all__ = ["CaseKeeper"]

_LOG = logging.getLogger(__name__)
_PAUSE = timedelta(minutes=1)


class CaseKeeper:
    """Opens the store on first use. While the store is down a film goes without its vector, and it is asked again a minute later, not for every film."""

    def __init__(self, open_store: Callable[[], CaseStore], clock: Clock) -> None:
        self._open, self._clock = open_store, clock
        self._store: CaseStore | None = None
        self._not_before: datetime | None = None

    def keep(self, study_key: StudyKey, model_sha256: str, features: "NDArray[float32]") -> bool:
        """False when the vector could not be kept; the log says why. Idempotent."""
        now = self._clock.now()
        if self._not_before is not None and now < self._not_before:
            return False
        try:
            self._store = self._store or self._open()
            self._store.keep(Case(study_key, model_sha256, now, features))
        except Exception as error:  # noqa: BLE001 - not even a bug here may make a film AI_UNAVAILABLE; the name is logged
            _LOG.warning("case_not_kept reason=%s", getattr(error, "code", type(error).__name__))
            self._not_before = now + _PAUSE
            return False
        self._not_before = None
        return True
