"""Readers as actors of a Ray that is started for one run on this machine and ends with it: it listens on loopback, answers only who has this run's token, and tells nobody that it ran.

What crosses to it are a task's number and path, and a row (text both ways). Its logs, which name no film, lie in a folder for its owner alone that goes with it.
"""

import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any

from wetread.batch.film_reading import ReadingDesk
from wetread.batch.reader_pool import ONE_THREAD, ReaderGone
from wetread.domain.errors import PermanentError, TransientError

__all__ = ["RayReaders"]

_ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # whatever the system: one machine, every port on 127.0.0.1
    "RAY_AUTH_MODE": "token",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # its coming default
}
_OBJECTS_BYTES = 80 * 1024 * 1024  # the least it takes: rows are small


class RayReaders:
    """`size` readers at once. Raises PermanentError(code='missing_extra'), TransientError(code='reader_unavailable') when Ray does not come up."""

    def __init__(self, bundle: Path | None, size: int) -> None:
        os.environ.update(
            _ENVIRONMENT | ONE_THREAD, RAY_AUTH_TOKEN=secrets.token_hex(32)
        )  # before the import, which reads them
        try:
            import ray
        except ModuleNotFoundError:
            raise PermanentError("ray is missing: pip install 'wetread[batch-ray]'", code="missing_extra") from None
        self._ray = ray
        self._bundle = bundle.absolute() if bundle else None
        self._folder = mkdtemp(prefix="wetread-ray-")
        try:
            ray.init(
                address="local",
                num_cpus=size,
                include_dashboard=False,
                configure_logging=False,
                log_to_driver=False,
                object_store_memory=_OBJECTS_BYTES,
                _temp_dir=f"{self._folder}/ray",  # which it opens to everybody: ours around it stays shut
            )
        except Exception as error:  # it raises bare ones, for want of time as well
            self.close()
            raise TransientError(
                "Ray does not start, or not within the half minute it gives itself; try again on a quieter machine, or use --engine local.",
                code="reader_unavailable",
            ) from error
        self._actors: Any = ray.remote(num_cpus=1, max_restarts=0, max_task_retries=0)(ReadingDesk)

    def start(self) -> "_ActorReader":
        return _ActorReader(self._ray, self._actors.remote(self._bundle))

    def wait(self, readers: Sequence["_ActorReader"]) -> "_ActorReader":
        (answered, *_), _ = self._ray.wait([each.answer for each in readers], num_returns=1)
        return next(each for each in readers if each.answer == answered)

    def close(self) -> None:
        self._ray.shutdown()
        rmtree(self._folder, ignore_errors=True)


class _ActorReader:
    def __init__(self, ray: Any, actor: Any) -> None:
        self._ray, self._actor = ray, actor
        self.answer = actor.ready.remote()

    def send(self, task: str) -> None:
        """A dead actor is found out by its answer."""
        self.answer = self._actor.read.remote(task)

    def receive(self) -> str:
        try:
            return str(self._ray.get(self.answer))
        except self._ray.exceptions.RayError as error:
            raise ReaderGone from error

    def stop(self) -> None:
        self._ray.kill(self._actor)
