"""The only place where a port meets an adapter: settings in, working parts out. Heavy libraries are imported by the part that needs them, when it is built."""

import multiprocessing
import os
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from wetread import __version__
from wetread.domain.errors import PermanentError
from wetread.ports.sink import ReportPackage, Sink
from wetread.settings import Settings
from wetread.storage.database import SqlDatabase
from wetread.storage.files import DiskFileStore
from wetread.storage.vault import SqlVault

if TYPE_CHECKING:
    from wetread.dicom.sandbox import Sandbox
    from wetread.inference.bundle import ModelBundle
    from wetread.ingest.reception import Reception
    from wetread.ports.predictor import Predictor
    from wetread.signoff.desk import ReadingDesk
    from wetread.worker import Worker

__all__ = [
    "Core",
    "Heartbeats",
    "SystemClock",
    "build_core",
    "build_desk",
    "build_reception",
    "build_sandbox",
    "build_sinks",
    "build_worker",
]


class SystemClock:
    """The Clock port over the machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Core:
    """What every part of the service stands on. `secret` is the key behind all pseudonyms and derived UIDs."""

    settings: Settings
    database: SqlDatabase
    vault: SqlVault
    files: DiskFileStore
    clock: SystemClock
    secret: bytes


def build_core(settings: Settings) -> Core:
    """Open (and on first start create) the data folder, the key, both databases and the file store."""
    (settings.data_dir / "vault").mkdir(mode=0o700, parents=True, exist_ok=True)
    secret = _secret(settings.resolved_pseudonym_key_file)
    _migrate(settings.resolved_database_url, "work")
    _migrate(settings.resolved_vault_url, "vault")
    return Core(
        settings,
        SqlDatabase(settings.resolved_database_url),
        SqlVault(settings.resolved_vault_url),
        DiskFileStore(settings.data_dir / "vault" / "films"),
        SystemClock(),
        secret,
    )


def _secret(path: Path) -> bytes:
    """The pseudonym key; made on first start. Losing it orphans every study key, so it is backed up with the vault."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        key = path.read_bytes()
        if len(key) < 32:
            raise PermanentError(
                f"{path.name} is not a pseudonym key: restore it from backup", code="bad_key"
            ) from None
        return key
    with os.fdopen(descriptor, "wb") as file:
        file.write(key := secrets.token_bytes(32))
        file.flush()
        os.fsync(file.fileno())
    return key


def _migrate(url: str, which: str) -> None:
    """Bring a schema up to date in a process of its own: the migration tool would stay in a server's memory for ever."""
    from wetread.storage.migrate import upgrade
    from wetread.storage.revision import is_current

    if is_current(url, which):
        return
    child = multiprocessing.get_context("spawn").Process(target=upgrade, args=(url, which))
    child.start()
    child.join()
    if child.exitcode != 0:
        raise PermanentError(
            f"the {which} database could not be migrated: see the lines above", code="migration_failed"
        )


def build_sandbox(settings: Settings) -> "Sandbox":
    from wetread.dicom.sandbox import Sandbox

    return Sandbox(
        children=settings.sandbox_children,
        memory_bytes=settings.sandbox_memory_bytes,
        wall_s=settings.sandbox_wall_s,
    )


def build_reception(core: Core, sandbox: "Sandbox") -> "Reception":
    from wetread.ingest.reception import Reception
    from wetread.ingest.suitability import SuitabilityPolicy

    settings = core.settings
    return Reception(
        files=core.files,
        decoder=sandbox,
        vault=core.vault,
        database=core.database,
        clock=core.clock,
        secret=core.secret,
        quiet_period_s=settings.quiet_period_s,
        site_of=lambda _: settings.site,
        policy=SuitabilityPolicy(read_secondary_capture=settings.read_secondary_capture),
    )


def build_desk(core: Core) -> "ReadingDesk":
    from wetread.signoff.desk import ReadingDesk

    return ReadingDesk(core.database, core.clock, tuple(build_sinks(core.settings, core.clock.now)))


def build_sinks(settings: Settings, now: Callable[[], datetime]) -> Mapping[str, Sink]:
    """The configured sinks by name. Encoders are imported at the first delivery, not when a server lists its sinks."""
    from wetread.delivery.folder import FolderSink

    def encode_sr(package: ReportPackage) -> bytes:
        from wetread.dicom.structured_report import encode_sr as encode

        return encode(package, now())

    def encode_fhir(package: ReportPackage) -> bytes:
        from wetread.fhir.bundle import encode_bundle as encode

        return encode(package, now())

    sinks: dict[str, Sink] = {
        "folder": FolderSink(settings.resolved_folder_sink, {"sr.dcm": encode_sr, "fhir.json": encode_fhir})
    }
    return sinks


def build_worker(settings: Settings) -> "tuple[Worker, Heartbeats]":
    from wetread.drafting.grammar import GrammarDrafter
    from wetread.ingest.suitability import SuitabilityPolicy
    from wetread.pipeline import Pipeline
    from wetread.triage.policy import DEFAULT_POLICY, load_policy
    from wetread.worker import Worker

    core = build_core(settings)
    pipeline = Pipeline(
        database=core.database,
        vault=core.vault,
        files=core.files,
        decoder=build_sandbox(settings),
        model=cache(partial(_load_model, settings.model_bundle)),
        suitability=SuitabilityPolicy(read_secondary_capture=settings.read_secondary_capture),
        policy=load_policy(settings.triage_policy or DEFAULT_POLICY),
        drafter=GrammarDrafter(),
        sinks=build_sinks(settings, core.clock.now),
        clock=core.clock,
        uid_seed=core.secret,
    )
    worker = Worker(
        core.database, pipeline, core.clock, settings.lease_s, settings.max_attempts, settings.delivery_max_attempts
    )
    return worker, Heartbeats(settings.data_dir / "run")


def _load_model(path: Path | None) -> "tuple[ModelBundle, Predictor]":
    from wetread.inference.bundle import BUNDLED, load_bundle
    from wetread.runtimes.onnx import OnnxPredictor

    bundle = load_bundle(path or BUNDLED)
    return bundle, OnnxPredictor(bundle.onnx)


class Heartbeats:
    """Signs of life of worker processes: one file each, touched at most every second. Readiness asks whether any is fresh."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._mine = folder / f"worker-{os.getpid()}"
        self._last = 0.0

    def beat(self) -> None:
        if time.monotonic() - self._last < 1.0:
            return
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._mine.touch()
        self._last = time.monotonic()

    def end(self) -> None:
        self._mine.unlink(missing_ok=True)

    def freshest_age_s(self) -> float | None:
        """Seconds since any worker last beat; None when none ever did."""
        beats = [each.stat().st_mtime for each in self._folder.glob("worker-*")]
        return time.time() - max(beats) if beats else None
