"""Other archives, put together: each with its adapter, its feed, its sweep, and the fetching of earlier films from all of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from wetread.dimse_neighbours import Neighbour, neighbours_of, worklist_of
from wetread.domain.archive import ArchiveWays, ways_of
from wetread.domain.errors import PermanentError
from wetread.domain.job import JobKind
from wetread.ports.archive import Archive
from wetread.ports.clock import Clock
from wetread.ports.database import Database
from wetread.ports.file_store import FileStore
from wetread.ports.vault import Vault
from wetread.settings import Settings, SettingsError
from wetread.settings_archives import ArchiveSettings

if TYPE_CHECKING:
    from wetread.dicom.archive_question import RetrieveBounds
    from wetread.dicom.remote_ae import RemoteAe
    from wetread.ingest.archive_feed import ArchiveFeed, Intake
    from wetread.ingest.archive_keeper import ArchiveKeeper
    from wetread.ingest.archive_sweep import ArchiveSweep
    from wetread.ingest.copy_retention import CopyRetention
    from wetread.ingest.prior_fetch import PriorFetcher
    from wetread.ingest.reception import Reception

__all__ = [
    "ArchiveParts",
    "asked_elsewhere",
    "build_archive",
    "build_parts",
    "build_prior_fetcher",
    "build_retention",
    "named",
]


@dataclass(frozen=True, slots=True)
class ArchiveParts:
    """Everything of one archive."""

    settings: ArchiveSettings
    archive: Archive
    intake: "Intake"
    feed: "ArchiveFeed"
    sweep: "ArchiveSweep"
    keeper: "ArchiveKeeper"
    address: Callable[[], str]


def named(settings: Settings, name: str) -> ArchiveSettings:
    """Raises PermanentError(code='no_archive')."""
    found = next((each for each in settings.archives if each.name == name), None)
    if found is None:
        known = ", ".join(each.name for each in settings.archives) or "none"
        raise PermanentError(f"no archive is called {name} in the settings (there are: {known})", code="no_archive")
    return found


def build_archive(house: Settings, settings: ArchiveSettings, database: Database | None = None) -> Archive:
    """The adapter of one of the house's archives, asking in the form that the last probe, kept in `database`, found the archive to understand. Raises SettingsError, or PermanentError for a URL that is none."""
    from wetread.dicom.archive_question import RetrieveBounds
    from wetread.dicom.dicomweb_archive import DicomwebArchive
    from wetread.dicom.dicomweb_exchange import DicomwebExchange
    from wetread.dicom.orthanc_archive import OrthancArchive

    def ways() -> ArchiveWays:
        if database is None:
            return ArchiveWays()
        with database.begin(write=False) as unit:
            probe = unit.probe(settings.name)
        return ways_of(probe.found) if probe else ArchiveWays()

    def exchange(url: str) -> DicomwebExchange:
        ca_file = str(settings.ca_file.expanduser()) if settings.ca_file else ""
        return DicomwebExchange(
            url, authorization=settings.resolved_authorization, ca_file=ca_file, timeout_s=settings.timeout_s
        )

    bounds = RetrieveBounds(instance_bytes=settings.max_instance_bytes, seconds=settings.max_retrieve_s)
    if settings.kind == "dimse":
        return _by_dimse(house, settings, bounds)
    web = DicomwebArchive(settings.name, exchange(settings.resolved_dicomweb_url), ways, bounds)
    if settings.kind == "dicomweb":
        return web
    return OrthancArchive(settings.name, exchange(settings.url), web, bounds)


def _by_dimse(house: Settings, settings: ArchiveSettings, bounds: "RetrieveBounds") -> Archive:
    from wetread.dicom.move_door import MovePort
    from wetread.dicom.remote_archive import DimseArchive

    found, remote = _neighbour(house, settings)
    port = None
    if found.move_to:
        tls = house.dimse_tls.ours if house.dimse_tls and found.tls_only else None
        if found.tls_only and tls is None:
            raise SettingsError(f"{settings.ae_title} is called in TLS: its C-MOVE needs our certificate, dimse_tls")
        port = MovePort(found.move_to[0], house.dimse_host, found.move_to[1], tls, found.calls_from)
    peer = replace(remote, timeout_s=settings.timeout_s)
    return DimseArchive(settings.name, peer, bounds, port)


def _neighbour(house: Settings, settings: ArchiveSettings) -> "tuple[Neighbour, RemoteAe]":
    """The application entity that an archive of kind dimse is, with how we call it. Raises SettingsError."""
    for each in neighbours_of(house):
        if each.ae_title == settings.ae_title and "query_retrieve" in each.we_use and each.remote is not None:
            return each, each.remote
    raise SettingsError(
        f'archive {settings.name}: {settings.ae_title} is no application entity with we_use = ["query_retrieve"]'
    )


def build_parts(
    house: Settings, settings: ArchiveSettings, database: Database, clock: Clock, secret: bytes, reception: "Reception"
) -> ArchiveParts:
    from wetread.ingest.archive_feed import ArchiveFeed, Intake
    from wetread.ingest.archive_keeper import ArchiveKeeper, Rhythm
    from wetread.ingest.archive_sweep import ArchiveSweep
    from wetread.ingest.wanted import Holdings, WantedStudies

    archive = build_archive(house, settings, database)
    wanted = WantedStudies(frozenset(settings.modalities), settings.max_age_days)
    intake = Intake(archive, reception, Holdings(database, secret), wanted, clock)
    feed = ArchiveFeed(intake)
    sweep = ArchiveSweep(intake, feed, days=max(1, settings.sweep_days), feeds=settings.has_feed)
    poll_s = settings.poll_s if settings.has_feed else 0.0
    rhythm = Rhythm(poll_s, settings.sweep_every_h * 3600, sweeps=settings.sweep_days > 0)
    address = _address_of(house, settings)
    keeper = ArchiveKeeper(archive, feed, sweep, database, clock, rhythm, address=address)
    return ArchiveParts(settings, archive, intake, feed, sweep, keeper, address)


def _address_of(house: Settings, settings: ArchiveSettings) -> Callable[[], str]:
    from wetread.dicom.neighbour_address import NeighbourAddress

    if settings.kind != "dimse":
        return NeighbourAddress(settings.host)
    return NeighbourAddress(_neighbour(house, settings)[1].host)


def asked_elsewhere(settings: Settings) -> tuple[JobKind, ...]:
    """For each study that is admitted."""
    priors = settings.prior_fetch.most > 0 and any(each.priors for each in settings.archives)
    return (*((JobKind.PRIORS,) if priors else ()), *((JobKind.ORDERS,) if worklist_of(settings) else ()))


def build_prior_fetcher(
    settings: Settings,
    parts: Sequence[ArchiveParts],
    vault: Vault,
    database: Database,
    clock: Clock,
    secret: bytes,
    reception: "Reception",
) -> "PriorFetcher":
    from wetread.ingest.prior_fetch import AskedArchive, PriorFetcher
    from wetread.ingest.wanted import Holdings

    asked = tuple(
        AskedArchive(each.archive, each.settings.issuer_of_patient_id, each.keeper.is_resting, each.address)
        for each in parts
        if each.settings.priors
    )
    return PriorFetcher(
        asked,
        reception,
        vault,
        database,
        Holdings(database, secret),
        clock,
        settings.prior_fetch.most,
        settings.prior_fetch.days,
    )


def build_retention(
    settings: Settings, database: Database, vault: Vault, files: FileStore, clock: Clock
) -> "CopyRetention":
    from wetread.ingest.copy_retention import CopyRetention

    return CopyRetention(database, vault, files, clock, settings.prior_fetch.retention_days)
