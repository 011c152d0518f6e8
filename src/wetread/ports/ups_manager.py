"""A worklist manager elsewhere, as its performer asks it (PS3.18 chapter 11)."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from wetread.domain.workitem import StepState

__all__ = ["NoEvents", "UpsEvents", "UpsManager"]

DataSet = Mapping[str, Mapping[str, object]]


class UpsManager(Protocol):
    """Every question raises TransientError when there is no answer that can be believed (down, slow, no DICOM JSON, cut short), PermanentError 'not_authorised' when we may not ask."""

    name: str
    """Which one it is, stable and without secrets."""

    def scheduled(self, code_value: str, limit: int) -> Sequence[object]:
        """Data sets as they came of SCHEDULED workitems with this workitem code."""
        ...

    def state(self, uid: str) -> StepState | None:
        """None for a workitem that is not there."""
        ...

    def change_state(self, uid: str, wanted: StepState, transaction_uid: str) -> bool:
        """False where the manager refuses."""
        ...

    def update(self, uid: str, transaction_uid: str, change: DataSet) -> bool:
        """False where the manager refuses."""
        ...


class UpsEvents(Protocol):
    """What it tells of workitems that are ours. Raises nothing: who is told nothing performs all the same."""

    def follow(self, uid: str) -> None:
        """From now on; does nothing where that is so already."""
        ...

    def asked_to_stop(self, uid: str) -> object | None:
        """The report of such a request as it came, unchecked; None where nobody asked."""
        ...

    def leave(self, uid: str) -> None: ...


class NoEvents:
    """A manager that tells nothing."""

    def follow(self, uid: str) -> None:
        """Nothing to follow."""

    def asked_to_stop(self, uid: str) -> object | None:
        return None

    def leave(self, uid: str) -> None:
        """Nothing was followed."""
