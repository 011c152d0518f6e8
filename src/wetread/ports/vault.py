"""Who a study key belongs to. A separate database with its own credentials; the working rooms never import its adapter.

What a service holds is a `Vault`. It answers with identity only on somebody's behalf (`on_behalf_of`), and what was handed out is in the audit log before it is (ADR-0033); who needs no
identity asks `unnamed`. An adapter is a `VaultStore`; `ports.recorded_vault` makes the one of the other.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from wetread.domain.identifiers import InstanceKey, StudyKey
from wetread.domain.identity_access import Reader
from wetread.domain.study import InstanceHeader, PatientIdentity
from wetread.ports.database import UnitOfWork

__all__ = [
    "INSTANCE_KEYS",
    "ORDER_KEYS",
    "SERIES_KEYS",
    "STUDY_KEYS",
    "Search",
    "Vault",
    "VaultInstance",
    "VaultReads",
    "VaultSeries",
    "VaultStore",
    "VaultStudy",
]

STUDY_KEYS = frozenset(
    {
        "AccessionNumber",
        "IssuerOfPatientID",
        "ModalitiesInStudy",
        "PatientBirthDate",
        "PatientID",
        "PatientName",
        "ReferringPhysicianName",
        "StudyDate",
        "StudyID",
        "StudyInstanceUID",
        "StudyTime",
    }
)
"""What studies are matched by: PS3.18 table 10.6.1-5, with the issuer and the birth date."""

SERIES_KEYS = frozenset(
    {
        "Modality",
        "PerformedProcedureStepStartDate",
        "PerformedProcedureStepStartTime",
        "RequestedProcedureID",
        "ScheduledProcedureStepID",
        "SeriesInstanceUID",
        "SeriesNumber",
    }
)
INSTANCE_KEYS = frozenset({"InstanceNumber", "SOPClassUID", "SOPInstanceUID"})
ORDER_KEYS = frozenset({"AccessionNumber", "PatientID", "PatientName", "StudyDate"})
"""What an answer may be ordered by at any level; each has an index."""


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


@dataclass(frozen=True, slots=True)
class VaultSeries:
    """A series: its first instance by SOP Instance UID says what is the same for all."""

    first: VaultInstance
    number_of_instances: int

    @property
    def study_key(self) -> StudyKey:
        return self.first.study_key


@dataclass(frozen=True, slots=True)
class Search:
    """A question to the index (PS3.18 §8.3.4). `match`: value by keyword; `order`: keywords of ORDER_KEYS, "-" before one that descends; newest study first where it is empty.

    `fuzzy`: names match when each word of the value begins, or sounds like, a word of the name (`domain.person_name`), in any order.
    """

    match: Mapping[str, str] = field(default_factory=dict)
    limit: int = 100
    offset: int = 0
    fuzzy: bool = False
    order: tuple[str, ...] = ()


class VaultReads(Protocol):
    """What is asked of the vault. Every method but `priors` answers with identity, or blank where it was not asked for."""

    def study(self, study_key: StudyKey) -> VaultStudy:
        """Raises StudyNotFound."""
        ...

    def studies(self, study_keys: Collection[StudyKey]) -> dict[StudyKey, VaultStudy]:
        """Those of them that the vault holds."""
        ...

    def identities(self, study_keys: Sequence[StudyKey]) -> dict[StudyKey, PatientIdentity]:
        """Who those studies are of that the vault holds."""
        ...

    def instances(self, study_key: StudyKey) -> tuple[VaultInstance, ...]: ...

    def priors(self, study_key: StudyKey) -> tuple[StudyKey, ...]:
        """Other studies of the same patient (PatientID and issuer), newest first; none for a patient without a PatientID."""
        ...

    def search_studies(self, search: Search) -> tuple[VaultStudy, ...]:
        """QIDO matching (PS3.18 §8.3.4) on STUDY_KEYS: exact, `*`/`?` wildcard (names case-insensitive), lists of UIDs and modalities, date and time ranges;
        indexed for exact and prefix matches.

        Raises PermanentError(code='bad_query') for another keyword, an impossible date, time or number: a wider answer than asked for would be a wrong one.
        """
        ...

    def search_series(self, search: Search) -> tuple[VaultSeries, ...]:
        """As `search_studies`, on STUDY_KEYS and SERIES_KEYS; within a study by UID."""
        ...

    def search_instances(self, search: Search) -> tuple[VaultInstance, ...]:
        """As `search_studies`, on STUDY_KEYS, SERIES_KEYS and INSTANCE_KEYS; within a study by UIDs."""
        ...

    def find_instance(self, study_uid: str, series_uid: str, sop_uid: str) -> VaultInstance | None: ...


class _Keeping(Protocol):
    def admit(self, instances: list[VaultInstance]) -> None:
        """Record instances, in one durable commit; repeating it changes nothing.

        Raises PermanentError(code='identity_conflict') when a study already belongs to another patient (PatientID, issuer: the one it came with, or the one it stands under since a
        merge) or an instance to another study: never
        merged, and then nothing of the call is recorded.
        """
        ...

    def drop(self, study_key: StudyKey) -> None:
        """Forget a study that was only fetched to compare with, durably; harmless where it is not held."""
        ...


class VaultStore(VaultReads, _Keeping, Protocol):
    """The vault itself: for who records what it hands out, and for nobody else."""

    def close(self) -> None:
        """Give up its connections."""
        ...


class Vault(_Keeping, Protocol):
    @property
    def unnamed(self) -> VaultReads:
        """Reads without identity: of `PatientIdentity` the day and time of the study alone; a record is made of none."""
        ...

    def on_behalf_of(self, reader: Reader, unit: UnitOfWork | None = None) -> VaultReads:
        """Reads of the fields that `reader` wants. Before an answer is there, who read whose fields for what is in the audit log: in `unit` where one is open for writing, else durably, and
        then of the same reader, address and study once an hour. Where it cannot be written, nothing is handed out: raises what the database raises.
        """
        ...

    def shown(self, reader: Reader, study_keys: Sequence[StudyKey]) -> None:
        """The record alone, for identity that a service keeps at hand and shows now. Raises as a read does."""
        ...
