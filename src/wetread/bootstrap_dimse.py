"""The own archive for DIMSE queries and retrieves, put together: vault, file store, QIDO's attributes, what machines may not have, and the audit."""

from collections.abc import Callable, Collection, Iterable
from functools import partial

from wetread.delivery.commitment_book import CommitmentBook
from wetread.dicom.commitment_scp import CommitmentScp
from wetread.dicom.commitment_scu import take_report
from wetread.dicom.dimse import DimseDoor, DimseLimits
from wetread.dicom.dimse_archive import Attributes, OwnArchive
from wetread.dicom.query_retrieve import QueryRetrieve
from wetread.dimse_neighbours import neighbours_of
from wetread.domain.audit import AuditEvent
from wetread.domain.identifiers import StudyKey
from wetread.domain.study_state import StudyState
from wetread.ingest.reception import Reception
from wetread.ports.clock import Clock
from wetread.ports.database import Database
from wetread.ports.file_store import FileStore
from wetread.ports.vault import Vault
from wetread.settings import Settings
from wetread.signoff.own_results import withheld_from_machines
from wetread.web.dicom_json import (
    INSTANCE_EXTRAS,
    SERIES_EXTRAS,
    instance_attributes,
    series_attributes,
    study_attributes,
)

__all__ = ["build_dimse_door", "build_query_retrieve"]


def build_dimse_door(
    settings: Settings,
    reception: Reception,
    database: Database,
    vault: Vault,
    files: FileStore,
    clock: Clock,
    limits: DimseLimits | None = None,
) -> DimseDoor:
    """For the neighbours that may ask something of us; not listening yet."""
    neighbours, limits = neighbours_of(settings), limits or DimseLimits()
    remotes = {each.ae_title: each.remote for each in neighbours if each.remote}
    return DimseDoor(
        reception,
        ae_title=settings.ae_title,
        callers=[pair for each in neighbours for pair in each.callers("store")],
        queriers=[pair for each in neighbours for pair in each.callers("query")],
        query_retrieve=build_query_retrieve(settings, database, vault, files, clock, limits),
        commitment=CommitmentScp(
            vault,
            files,
            _audit_in(database, clock),
            remotes,
            take_report(CommitmentBook(database, clock)),
            _copies_in(database),
        ),
        limits=limits,
        secured={each.ae_title: each.client_name for each in neighbours if each.tls_only},
        reporters=[(each.ae_title, address) for each in neighbours for address in each.reports_from],
    )


def _copies_in(database: Database) -> Callable[[Collection[StudyKey]], Collection[StudyKey]]:
    """Studies that were only fetched to compare with: they are dropped when their time is up."""

    def copies(studies: Collection[StudyKey]) -> Collection[StudyKey]:
        with database.begin(write=False) as unit:
            return {key for key, state in unit.study_states(studies).items() if state is StudyState.FETCHED}

    return copies


def _audit_in(database: Database, clock: Clock) -> Callable[[Iterable[AuditEvent]], None]:
    def audit(events: Iterable[AuditEvent]) -> None:
        with database.begin() as unit:
            for each in events:
                unit.audit(each, clock.now())
            unit.commit()

    return audit


def build_query_retrieve(
    settings: Settings, database: Database, vault: Vault, files: FileStore, clock: Clock, limits: DimseLimits
) -> QueryRetrieve | None:
    """None where nobody may query."""
    neighbours = neighbours_of(settings)
    if not any("query" in each.it_may for each in neighbours):
        return None
    attributes = Attributes(
        study_attributes,
        partial(series_attributes, extras=tuple(SERIES_EXTRAS)),
        partial(instance_attributes, extras=(*SERIES_EXTRAS, *INSTANCE_EXTRAS)),
    )

    def withheld(studies: Collection[StudyKey]) -> Collection[StudyKey]:
        with database.begin(write=False) as unit:
            return withheld_from_machines(unit, settings.reading_mode, studies)

    to = {each.ae_title: each.remote for each in neighbours if each.remote and "receive" in each.it_may}
    archive = OwnArchive(vault, files, attributes, withheld, _audit_in(database, clock))
    return QueryRetrieve(
        archive,
        to,
        ae_title=settings.ae_title,
        max_matches=limits.max_matches,
        max_instances=limits.max_retrieved_instances,
    )
