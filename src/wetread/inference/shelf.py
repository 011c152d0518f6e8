"""Where registered bundles are kept: a folder each, named by the sha256 of its bundle.json, which lists the sha256 of every other file. What is loaded is what was registered, or nothing."""

import os
import shutil
import zipfile
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import mkdtemp

from wetread.domain.errors import PermanentError
from wetread.inference.bundle import ModelBundle, load_bundle

__all__ = ["ModelShelf"]


@dataclass(frozen=True, slots=True)
class ModelShelf:
    """`folder` is made when the first bundle is kept. The site's rules on signatures hold at keeping and at every load."""

    folder: Path
    trusted_keys_dir: Path | None = None
    require_signature: bool = False

    def keep(self, path: Path) -> tuple[ModelBundle, str]:
        """Copy a bundle (folder or zip) once it is verified; returns it with the sha256 it is kept under. Keeping it again changes nothing.

        Raises PermanentError(code='bad_bundle') as `load_bundle` does, and when it changed while it was copied.
        """
        self._verified(path)
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        incoming = Path(mkdtemp(prefix=".incoming-", dir=self.folder))
        try:
            _copy(path, incoming)
            bundle = self._verified(incoming)
            digest = _digest(incoming)
            if not (self.folder / digest).is_dir():
                os.replace(incoming, self.folder / digest)  # noqa: PTH105 - Path.replace onto a folder differs by platform
        finally:
            shutil.rmtree(incoming, ignore_errors=True)
        return bundle, digest

    def load(self, bundle_sha256: str) -> ModelBundle:
        """Raises PermanentError(code='bad_bundle') when it is gone or not what was kept."""
        kept = self.folder / bundle_sha256
        if not (kept / "bundle.json").is_file():
            raise PermanentError(
                "a registered model bundle is gone from data_dir/models: restore it", code="bad_bundle"
            )
        if _digest(kept) != bundle_sha256:
            raise PermanentError("a registered bundle.json is not the one that was registered", code="bad_bundle")
        return self._verified(kept)

    def _verified(self, path: Path) -> ModelBundle:
        return load_bundle(path, trusted_keys_dir=self.trusted_keys_dir, require_signature=self.require_signature)


def _digest(folder: Path) -> str:
    return sha256((folder / "bundle.json").read_bytes()).hexdigest()


def _copy(path: Path, to: Path) -> None:
    """The files of a bundle that `load_bundle` has accepted: they lie at its top level and none is a link."""
    if path.is_file():
        with zipfile.ZipFile(path) as archive:
            archive.extractall(to)
        return
    for each in path.iterdir():
        if each.is_file() and not each.is_symlink():
            shutil.copyfile(each, to / each.name)
