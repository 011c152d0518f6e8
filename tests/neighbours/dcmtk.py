"""DCMTK's servers on free loopback ports: storescp (stores what it gets) and dcmqrscp (a small archive)."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from neighbours.process import free_port, listens, running
from pydicom.dataset import Dataset

DCMTK = "/usr/bin/"
"""Where Debian puts DCMTK's programs: an activated environment has others of the same names (pynetdicom's)."""


@dataclass(frozen=True, slots=True)
class DimsePeer:
    ae_title: str
    port: int
    folder: Path

    def files(self) -> list[Path]:
        """What it stored."""
        return sorted(each for each in self.folder.iterdir() if each.is_file() and each.name != "index.dat")


@contextmanager
def storescp(folder: Path, *options: str) -> Iterator[DimsePeer]:
    """`options` go to storescp, for example --refuse or +xs."""
    (folder / "received").mkdir(parents=True)
    peer = DimsePeer("STORESCP", free_port(), folder / "received")
    command = [
        DCMTK + "storescp",
        "--aetitle",
        peer.ae_title,
        "--output-directory",
        str(peer.folder),
        *options,
        str(peer.port),
    ]
    with running(command, folder / "storescp.log", lambda: listens(peer.port)):
        yield peer


@contextmanager
def dcmqrscp(
    folder: Path, callers: Sequence[str] = ("WETREAD",), *, destination: tuple[str, int] = ("NOBODY", 0)
) -> Iterator[DimsePeer]:
    """An archive that takes associations of `callers` only, and moves to `destination` at this machine."""
    (folder / "archive").mkdir(parents=True)
    peer = DimsePeer("DCMQRSCP", free_port(), folder / "archive")
    hosts = "\n".join(f"caller{number} = ({title}, localhost, 0)" for number, title in enumerate(callers))
    hosts += "\ndestination = ({}, localhost, {})".format(*destination)
    names = ", ".join(f"caller{number}" for number in range(len(callers)))
    (folder / "dcmqrscp.cfg").write_text(
        f"NetworkTCPPort = {peer.port}\nMaxPDUSize = 16384\nMaxAssociations = 8\n"
        f"HostTable BEGIN\n{hosts}\ncallers = {names}\nHostTable END\n"
        f"AETable BEGIN\n{peer.ae_title} {peer.folder} RW (200, 1024mb) callers\nAETable END\n"
    )
    command = [DCMTK + "dcmqrscp", "--config", str(folder / "dcmqrscp.cfg"), "--log-level", "info", str(peer.port)]
    with running(command, folder / "dcmqrscp.log", lambda: listens(peer.port)):
        yield peer


@contextmanager
def wlmscpfs(folder: Path, scheduled: Sequence[Dataset]) -> Iterator[DimsePeer]:
    """A modality worklist with these answers in it."""
    peer = DimsePeer("WLMSCPFS", free_port(), folder / "worklists" / "WLMSCPFS")
    peer.folder.mkdir(parents=True)
    (peer.folder / "lockfile").touch()
    for number, each in enumerate(scheduled):
        each.save_as(peer.folder / f"{number}.wl", enforce_file_format=True)
    command = [DCMTK + "wlmscpfs", "--single-process", "-csk", "-dfp", str(folder / "worklists"), str(peer.port)]
    with running(command, folder / "wlmscpfs.log", lambda: listens(peer.port)):
        yield peer
