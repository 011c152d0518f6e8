"""The audit log's checkpoints: where they lie, what signs them, and what keeps them while the service runs."""

from functools import cache, partial
from typing import TYPE_CHECKING

from wetread.bootstrap_keys import audit_key, audit_retired_in
from wetread.settings import Settings

if TYPE_CHECKING:
    from wetread.checkpoints.folder import CheckpointFolder
    from wetread.checkpoints.keeper import CheckpointKeeper
    from wetread.checkpoints.key_ring import KeyRing
    from wetread.checkpoints.seal_watch import SealWatch
    from wetread.ports.database import Database

__all__ = ["build_checkpoint_folder", "build_checkpoint_keeper", "build_key_ring", "build_seal_watch"]


def build_key_ring(settings: Settings) -> "KeyRing":
    from wetread.checkpoints.key_ring import KeyRing

    return KeyRing(audit_key(settings).key, audit_retired_in(settings))


def build_checkpoint_folder(settings: Settings) -> "CheckpointFolder":
    """With the public halves of this service's own keys."""
    from wetread.checkpoints.folder import CheckpointFolder

    ring = build_key_ring(settings)
    ring.key()
    return CheckpointFolder(settings.resolved_audit_checkpoints_dir, ring.public_keys)


def build_checkpoint_keeper(settings: Settings, database: "Database") -> "CheckpointKeeper":
    from wetread.checkpoints.keeper import CheckpointKeeper
    from wetread.checkpoints.note import log_name

    folder = build_checkpoint_folder(settings)
    return CheckpointKeeper(database, folder, build_key_ring(settings).key, log_name(settings.site))


def build_seal_watch(settings: Settings, database: "Database") -> "SealWatch":
    """The key is asked for when it is first needed: pages go out also while it cannot be had."""
    from wetread.checkpoints.folder import CheckpointFolder
    from wetread.checkpoints.seal_watch import SealWatch, late_after

    ring = build_key_ring(settings)
    folder = CheckpointFolder(settings.resolved_audit_checkpoints_dir, ring.public_keys)
    keeper = cache(partial(build_checkpoint_keeper, settings, database))
    return SealWatch(database, folder, keeper, ring.key, late_after(settings.audit_checkpoint_every_s))
