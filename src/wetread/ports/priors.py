"""Which other studies a patient has, and how many days before this one they were taken: asked of the vault, answered without a date."""

from wetread.domain.identifiers import StudyKey
from wetread.domain.prior import dicom_day
from wetread.ports.vault import Vault

__all__ = ["dated_priors"]

_MOST_PRIORS = 50


def dated_priors(study_key: StudyKey, vault: Vault) -> tuple[tuple[StudyKey, int | None], ...]:
    """At most 50, newest first; a negative number of days is a later study, None is unknown. Raises StudyNotFound, and what the vault raises."""
    reads = vault.unnamed
    taken = dicom_day(reads.study(study_key).identity.study_date)
    keys = reads.priors(study_key)[:_MOST_PRIORS]
    held = reads.identities(keys)
    days = ((key, dicom_day(held[key].study_date)) for key in keys if key in held)
    return tuple((key, (taken - day).days if taken and day else None) for key, day in days)
