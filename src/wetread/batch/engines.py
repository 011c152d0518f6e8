"""The engines by name. Ray is an extra and is imported only where it is asked for."""

from pathlib import Path

from wetread.batch.local_readers import LocalReaders
from wetread.batch.reader_pool import ReaderPool
from wetread.ports.batch_engine import BatchEngine

__all__ = ["ENGINES", "build_engine"]

ENGINES = ("local", "ray")


def build_engine(name: str, bundle: Path | None, readers: int, model_sha256: str) -> BatchEngine:
    """Starts them. Raises PermanentError(code='missing_extra'), TransientError(code='reader_unavailable')."""
    if name == "ray":
        from wetread.batch.ray_readers import RayReaders

        return ReaderPool(RayReaders(bundle, readers), readers, model_sha256)
    return ReaderPool(LocalReaders(bundle), readers, model_sha256)
