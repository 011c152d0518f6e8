"""A study that was erased and comes again: kept, shown as rejected with its reason, read by no model until a person says so (ADR-0025)."""

from dataclasses import replace

from wetread.domain.erasure import Tombstone, TombstoneState
from wetread.domain.errors import PermanentError
from wetread.domain.job import JobKind, JobRequest
from wetread.domain.study import Study
from wetread.domain.study_state import StudyEvent, StudyState, next_state
from wetread.ingest.admission import Settlement
from wetread.ingest.suitability import SuitabilityPolicy, assess_header
from wetread.ports.database import UnitOfWork
from wetread.ports.file_store import FileStore, StoredFile

__all__ = ["CAME_AGAIN", "is_held_back", "readmit", "settle_returned"]

CAME_AGAIN = "This study was erased before and came again: a person has to say whether it may be read."


def is_held_back(tombstone: Tombstone | None, files: FileStore, stored: StoredFile) -> bool:
    """True for a study that was erased before. Raises PermanentError (code 'being_erased'), with the bytes gone, while it is being erased: its sender keeps it and sends it later."""
    if tombstone is None or tombstone.state is TombstoneState.RELEASED:
        return False
    if tombstone.state is TombstoneState.ERASING:
        files.erase(stored.sha256)
        raise PermanentError("this study is being erased: keep it, and send it again later", code="being_erased")
    files.path_of(stored.sha256)  # an erasure that ended since they were stored may have taken them
    return True


def settle_returned(study: Study) -> Settlement:
    """Kept and rejected, whatever it holds."""
    if study.state is StudyState.REJECTED:
        return Settlement(study, (), analyse=False)
    state = next_state(study.state, StudyEvent.REJECT)
    return Settlement(
        replace(study, state=state, reason=CAME_AGAIN), (("study.reject", "erased_before"),), analyse=False
    )


def readmit(unit: UnitOfWork, study: Study, policy: SuitabilityPolicy) -> None:
    """A person let it in: it goes the way of any study, or is rejected for what it holds."""
    found = [assess_header(each.traits, policy) for each in unit.instances(study.study_key)]
    received = next_state(study.state, StudyEvent.RENEW)
    if any(each.readable for each in found):
        unit.save_study(replace(study, state=next_state(received, StudyEvent.ADMIT), reason=""))
        key = f"{JobKind.ANALYSE.value}:{study.study_key}:{study.revision}"
        unit.enqueue(JobRequest(JobKind.ANALYSE, study.study_key, key, study.priority.rank))
        return
    reason = found[0].advice if found else study.reason
    unit.save_study(replace(study, state=next_state(received, StudyEvent.REJECT), reason=reason))
