"""A worklist manager elsewhere, as its performer asks it (PS3.18 chapter 11)."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from wetread.domain.workitem import StepState

__all__ = ["UpsManager"]

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
