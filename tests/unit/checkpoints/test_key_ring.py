"""The public half of a key that signed is kept, durably, before another takes over."""

import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from wetread.checkpoints.key_ring import KeyRing
from wetread.checkpoints.note import private_pem, public_bytes, public_pem
from wetread.checkpoints.write_once import replace_file


def test_the_old_public_key_is_durable_before_the_old_private_key_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, fresh = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    file, done = tmp_path / "audit.key", []
    file.write_bytes(private_pem(old))
    ring = KeyRing(file.read_bytes, tmp_path / "audit.key.retired")
    fsync, replace = os.fsync, os.replace

    def synced(handle: int) -> None:
        done.append(Path(f"/proc/self/fd/{handle}").readlink().name)
        fsync(handle)

    def replaced(source: Path, target: Path) -> None:
        done.append("replaced")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", replaced)
    ring.retire(public_pem(ring.key()))
    replace_file(file, private_pem(fresh))
    assert "audit.key.retired" in done[: done.index("replaced")]
    assert done[-1] == tmp_path.name
    assert ring.public_keys() == (public_bytes(fresh), public_bytes(old))
