"""A rotation of the key that signs checkpoints, as the disk sees it."""

import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from wetread.checkpoints.key_ring import KeyRing
from wetread.checkpoints.note import public_bytes


def test_the_old_public_key_is_durable_before_the_old_private_key_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring, fresh = KeyRing(tmp_path / "audit.key"), Ed25519PrivateKey.generate()
    old, done = public_bytes(ring.key()), []
    fsync, replace = os.fsync, os.replace

    def synced(handle: int) -> None:
        done.append(Path(f"/proc/self/fd/{handle}").readlink().name)
        fsync(handle)

    def replaced(source: Path, target: Path) -> None:
        done.append("replaced")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", replaced)
    ring.rotate(fresh)
    assert "audit.key.retired" in done[: done.index("replaced")]
    assert done[-1] == tmp_path.name
    assert ring.public_keys() == (public_bytes(fresh), old)
