"""Readers as processes of this machine, each with a decoding child of its own."""

import os
import subprocess
import sys
from collections.abc import Sequence
from multiprocessing.connection import wait
from pathlib import Path
from typing import IO

from wetread.batch.reader_pool import ONE_THREAD, ReaderGone

__all__ = ["LocalReaders"]


class LocalReaders:
    """`bundle` None: the model that ships."""

    def __init__(self, bundle: Path | None) -> None:
        self._words = [str(bundle.absolute())] if bundle else []

    def start(self) -> "_ChildReader":
        command = [sys.executable, "-P", "-m", "wetread.batch.reading_child", *self._words]
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for who started it: films under way are finished
            env=os.environ | ONE_THREAD,
        )
        return _ChildReader(process)

    def wait(self, readers: Sequence["_ChildReader"]) -> "_ChildReader":
        speaking = wait([each.answers.fileno() for each in readers])
        return next(each for each in readers if each.answers.fileno() in speaking)

    def close(self) -> None:
        """Nothing is left when its readers are stopped."""


class _ChildReader:
    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._tasks, self.answers = _pipe(process.stdin), _pipe(process.stdout)

    def send(self, task: str) -> None:
        try:
            self._tasks.write(task.encode("ascii") + b"\n")
            self._tasks.flush()
        except OSError as error:
            raise ReaderGone from error

    def receive(self) -> str:
        line = self.answers.readline()
        if not line.endswith(b"\n"):
            raise ReaderGone
        return line.decode("ascii")

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()
        self.answers.close()
        try:
            self._tasks.close()
        except OSError:  # a task that it did not take any more
            return


def _pipe(end: IO[bytes] | None) -> IO[bytes]:
    if end is None:
        raise RuntimeError("started with pipes")
    return end
