"""The own archive for DIMSE queries and retrieves, put together: vault, file store, QIDO's attributes, what machines may not have, and the audit."""

import logging
from collections.abc import Callable, Collection, Iterable
from datetime import timedelta
from functools import partial
from threading import Event, Thread

from wetread.context.retention import Retention
from wetread.delivery.commitment_book import CommitmentBook
from wetread.delivery.owed_reports import OwedReports
from wetread.dicom.commitment_caller import CommitmentCaller
from wetread.dicom.commitment_scp import CommitmentScp
from wetread.dicom.commitment_scu import take_report
from wetread.dicom.dimse import DimseDoor, DimseLimits
from wetread.dicom.dimse_archive import Attributes, OwnArchive
from wetread.dicom.query_retrieve import QueryRetrieve
from wetread.dimse_neighbours import neighbours_of
from wetread.domain.audit import AuditEvent
from wetread.domain.identifiers import StudyKey
from wetread.domain.study_state import StudyState
from wetread.domain.upkeep import DoorCounts
from wetread.ingest.reception import Reception
from wetread.ports.clock import Clock
from wetread.ports.database import Database
from wetread.ports.file_store import FileStore
from wetread.ports.rounds import in_rounds
from wetread.ports.vault import Vault
from wetread.settings import Settings
from wetread.signoff.own_results import withheld_from_machines
from wetread.storage.commitment_vault import SqlCommitmentVault
from wetread.web.dicom_json import (
    INSTANCE_EXTRAS,
    SERIES_EXTRAS,
    instance_attributes,
    series_attributes,
    study_attributes,
)

__all__ = [
    "build_dimse_door",
    "build_owed_reports",
    "build_query_retrieve",
    "keep_counting",
    "keep_telling",
    "write_counts",
]

_LOG = logging.getLogger(__name__)
_LOOK_EVERY_S = 1.0
_COUNTED_EVERY_S = 60.0
_REMEMBERED = timedelta(days=30)


def build_dimse_door(
    settings: Settings,
    reception: Reception,
    database: Database,
    vault: Vault,
    files: FileStore,
    clock: Clock,
    owed: OwedReports,
    limits: DimseLimits | None = None,
) -> DimseDoor:
    """For the neighbours that may ask something of us; not listening yet."""
    neighbours, limits = neighbours_of(settings), limits or DimseLimits()
    return DimseDoor(
        reception,
        ae_title=settings.ae_title,
        callers=[pair for each in neighbours for pair in each.callers("store")],
        queriers=[pair for each in neighbours for pair in each.callers("query")],
        query_retrieve=build_query_retrieve(settings, database, vault, files, clock, limits),
        commitment=CommitmentScp(
            vault,
            files,
            owed,
            take_report(CommitmentBook(database, clock)),
            _not_to_stay_in(database),
        ),
        limits=limits,
        secured={each.ae_title: each.client_name for each in neighbours if each.tls_only},
        reporters=[(each.ae_title, address) for each in neighbours for address in each.reports_from],
    )


def build_owed_reports(settings: Settings, database: Database, clock: Clock, secret: bytes) -> OwedReports:
    vault = SqlCommitmentVault(settings.resolved_vault_url)
    lease = timedelta(seconds=settings.lease_s)
    return OwedReports(database, vault, clock, secret, lease, timedelta(hours=settings.commitment_tried_h))


def keep_telling(settings: Settings, door: DimseDoor, owed: OwedReports, clock: Clock, stop: Event) -> None:
    """Two threads until `stop` is set: who calls back, and who forgets what was told long ago."""
    if door.commitment is None:
        return
    remotes = {each.ae_title: each.remote for each in neighbours_of(settings) if each.remote}
    caller = CommitmentCaller(owed, door.commitment.judge, remotes)
    telling = partial(in_rounds, caller.run_all, stop, _LOOK_EVERY_S, _LOG, "commitments_wait")
    forgetting = Retention(lambda: owed, _REMEMBERED, clock, "commitments", "reports").run
    for each in (telling, partial(forgetting, stop)):
        Thread(target=each, daemon=True).start()


def keep_counting(door: DimseDoor, database: Database, stop: Event) -> None:
    """A thread until `stop` is set: how connections ended that came to nothing, once a minute into the database."""
    counting = partial(write_counts, door, database)
    in_minutes = partial(in_rounds, counting, stop, _COUNTED_EVERY_S, _LOG, "door_counts_wait")
    Thread(target=in_minutes, daemon=True).start()


def write_counts(door: DimseDoor, database: Database) -> None:
    """Raises what the database raises; nothing is lost then."""
    counted = door.tally.take()
    if counted == DoorCounts():
        return
    try:
        with database.begin() as unit:
            unit.add_door_counts(counted)
            unit.commit()
    except BaseException:
        door.tally.add(counted)
        raise


def _not_to_stay_in(database: Database) -> Callable[[Collection[StudyKey]], Collection[StudyKey]]:
    """Studies that were only fetched to compare with, which are dropped when their time is up, and what is being erased."""

    def passing(studies: Collection[StudyKey]) -> Collection[StudyKey]:
        with database.begin(write=False) as unit:
            states = unit.study_states(studies)
        return {key for key in studies if states.get(key, StudyState.FETCHED) is StudyState.FETCHED}

    return passing


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
