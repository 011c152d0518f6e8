"""Who a study key belongs to. A separate database with its own credentials; the working rooms never import its adapter."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from wetread.domain.identifiers import InstanceKey, StudyKey
from wetread.domain.study import InstanceHeader, PatientIdentity

__all__ = ["Vault", "VaultInstance", "VaultStudy"]


@dataclass(frozen=True, slots=True)
class VaultStudy:
    """A study with its identity, for those who may see it: delivery, QIDO, and people whose role allows it."""

    study_key: StudyKey
    study_instance_uid: str
    identity: PatientIdentity
    modalities: tuple[str, ...]
    number_of_instances: int
    number_of_series: int = 1


@dataclass(frozen=True, slots=True)
class VaultInstance:
    """One instance's identifiers and header as received, with the content address of its bytes."""

    instance_key: InstanceKey
    study_key: StudyKey
    content_sha256: str
    header: InstanceHeader


class Vault(Protocol):
    def admit(self, instances: list[VaultInstance]) -> None:
        """Record instances, in one durable commit; repeating it changes nothing.

        Raises PermanentError(code='identity_conflict') when a study already belongs to another patient (PatientID, issuer) or an instance to another study: never
        merged, and then nothing of the call is recorded.
        """
        ...

    def study(self, study_key: StudyKey) -> VaultStudy:
        """Raises StudyNotFound."""
        ...

    def identities(self, study_keys: Sequence[StudyKey]) -> dict[StudyKey, PatientIdentity]:
        """Who those studies are of that the vault holds."""
        ...

    def instances(self, study_key: StudyKey) -> tuple[VaultInstance, ...]: ...

    def priors(self, study_key: StudyKey) -> tuple[StudyKey, ...]:
        """Other studies of the same patient (PatientID and issuer), newest first; none for a patient without a PatientID."""
        ...

    def search_studies(self, match: dict[str, str], *, limit: int, offset: int) -> tuple[VaultStudy, ...]:
        """QIDO matching (PS3.18 §8.3.4) on StudyInstanceUID, PatientID, PatientName, AccessionNumber, StudyDate, ModalitiesInStudy.

        Exact, `*`/`?` wildcard (names case-insensitive), lists of UIDs and modalities, and date ranges; indexed for exact and prefix matches. Newest study date first.
        Raises PermanentError(code='bad_query') for another keyword or an impossible date.
        """
        ...

    def find_instance(self, study_uid: str, series_uid: str, sop_uid: str) -> VaultInstance | None: ...
