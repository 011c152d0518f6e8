"""The audit log's checkpoints: where they lie, what signs them, and what keeps them while the service runs."""

from typing import TYPE_CHECKING

from wetread.settings import Settings

if TYPE_CHECKING:
    from wetread.checkpoints.folder import CheckpointFolder
    from wetread.checkpoints.keeper import CheckpointKeeper
    from wetread.ports.database import Database

__all__ = ["build_checkpoint_folder", "build_checkpoint_keeper"]


def build_checkpoint_folder(settings: Settings) -> "CheckpointFolder":
    """With the public half of this service's own key."""
    from wetread.checkpoints.folder import CheckpointFolder
    from wetread.checkpoints.note import ensure_key, public_bytes

    key = ensure_key(settings.resolved_audit_key_file)
    return CheckpointFolder(settings.resolved_audit_checkpoints_dir, public_bytes(key))


def build_checkpoint_keeper(settings: Settings, database: "Database") -> "CheckpointKeeper":
    from wetread.checkpoints.folder import CheckpointFolder
    from wetread.checkpoints.keeper import CheckpointKeeper
    from wetread.checkpoints.note import ensure_key, log_name, public_bytes

    key = ensure_key(settings.resolved_audit_key_file)
    folder = CheckpointFolder(settings.resolved_audit_checkpoints_dir, public_bytes(key))
    return CheckpointKeeper(database, folder, key, log_name(settings.site))
