"""Processes of the product that a fault kills, forked from one that has imported everything: hundreds of them cost what a few started ones do."""

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

__all__ = ["command", "forked", "receiver"]

_CONTEXT: Any = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.soak.forked", "tests.soak.preloaded"])


def as_it_is() -> None:
    """Nothing is put into the process."""


@contextmanager
def forked(target: Callable[..., None], *arguments: object) -> Iterator[BaseProcess]:
    """Killed at the end, if it still lives."""
    process: BaseProcess = _CONTEXT.Process(target=target, args=arguments)
    process.start()
    try:
        yield process
    finally:
        process.kill()
        process.join()


def _arm(point: str, nth: int) -> None:
    from wetread.ingest import fault_points

    fault_points._point, fault_points._nth = point, str(nth)


def _receive(folder: Path, door: str, point: str, nth: int, announce: Connection) -> None:
    from tests import ingest_child

    _arm(point, nth)
    house = ingest_child.House(folder, inspector=ingest_child.AfterMeta())
    ingest_child.place_faults()
    {"stow": ingest_child.serve_stow, "dimse": ingest_child.serve_dimse}[door](house, announce.send)


@contextmanager
def receiver(folder: Path, door: str, point: str = "", nth: int = 1) -> Iterator[tuple[int, BaseProcess]]:
    """A door with `tests.ingest_child` behind it; its port, once it listens."""
    ours, theirs = _CONTEXT.Pipe()
    with ours, theirs, forked(_receive, folder, door, point, nth, theirs) as process:
        assert ours.poll(60), "the receiver did not start"
        yield ours.recv(), process


def _command(words: list[str], environment: Mapping[str, str], point: str, nth: int, place: Callable[[], None]) -> None:
    from wetread.cli import main

    os.environ.update(environment)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    _arm(point, nth)
    place()
    sys.exit(main(words))


@contextmanager
def command(
    words: list[str],
    environment: Mapping[str, str],
    point: str = "",
    nth: int = 1,
    place: Callable[[], None] = as_it_is,
) -> Iterator[BaseProcess]:
    """`wetread WORDS` that dies by SIGKILL when it reaches the point the nth time. `place`, a function of a module, puts points or faults into it that the product has not."""
    own = {name: value for name, value in environment.items() if name.startswith("WETREAD_")}
    with forked(_command, words, own, point, nth, place) as process:
        yield process
