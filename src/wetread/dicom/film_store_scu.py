"""Send DICOM files as they are to a storage SCP (C-STORE, each in its own transfer syntax) or a DICOMweb service (STOW-RS), one outcome per file."""

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import urllib3
from pydicom import dcmread
from pydicom.errors import InvalidDicomError
from pynetdicom import _config
from pynetdicom.association import Association

from wetread.dicom.remote_ae import RemoteAe, associate
from wetread.dicom.store_scu import store_outcome
from wetread.dicom.stow_client import StowPeer, store_instances, stow_outcome
from wetread.domain.errors import PermanentError, TransientError

__all__ = ["FileOutcome", "Receiver", "parse_receiver", "send_files"]

# A file is streamed from disk in its own encoding; otherwise it would be read whole and written anew.
_config.STORE_SEND_CHUNKED_DATASET = True

_MOST_CONTEXTS = 128
_CHUNK_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """`outcome` is 'stored', 'conflict' (the receiver has another instance of this UID), 'refused', 'unreachable' or 'unreadable'."""

    path: Path
    outcome: str
    detail: str


@dataclass(frozen=True, slots=True)
class _Film:
    path: Path
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str


Receiver = RemoteAe | StowPeer


def parse_receiver(text: str, *, calling_ae_title: str = "WETREAD") -> Receiver:
    """`https://host/dicom-web` as a STOW service, `AE@host:port` as a storage SCP; raises PermanentError for anything else."""
    if re.match(r"https?://", text):
        return StowPeer(text)
    if match := re.fullmatch(r"([^@]{1,16})@([^@:]+|\[[^]]+\]):(\d{1,5})", text):
        return RemoteAe(match[1], match[2].strip("[]"), int(match[3]), calling_ae_title)
    raise PermanentError("a receiver is written AE@host:port or http(s)://host/path", code="bad_receiver")


def send_files(
    paths: Iterable[Path], receiver: Receiver, progress: Callable[[FileOutcome], None] = lambda _: None
) -> tuple[FileOutcome, ...]:
    """Send files and everything below folders, in order of name; `progress` hears of each file as it is done. Never raises for a file or the receiver."""
    outcomes = []
    films = []
    for path in _expand(paths):
        film = _identify(path)
        if film is None:
            outcomes.append(FileOutcome(path, "unreadable", "not a DICOM Part 10 file with an SOP instance"))
            progress(outcomes[-1])
        else:
            films.append(film)
    send = _send_stow(films, receiver) if isinstance(receiver, StowPeer) else _send_dimse(films, receiver)
    for outcome in send:
        outcomes.append(outcome)
        progress(outcome)
    return tuple(outcomes)


def _expand(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(each for each in path.rglob("*") if each.is_file())
        else:
            yield path


def _identify(path: Path) -> _Film | None:
    try:
        header = dcmread(path, specific_tags=["SOPClassUID", "SOPInstanceUID"], stop_before_pixels=True)
        return _Film(path, str(header.SOPClassUID), str(header.SOPInstanceUID), str(header.file_meta.TransferSyntaxUID))
    except (InvalidDicomError, AttributeError, OSError, ValueError, RecursionError):
        return None


def _judge(film: _Film, outcome: Callable[[], str]) -> FileOutcome:
    try:
        said = outcome()
    except TransientError as error:
        return FileOutcome(film.path, "unreachable", str(error))
    except PermanentError as error:
        return FileOutcome(film.path, "refused", str(error))
    except OSError as error:
        return FileOutcome(film.path, "unreadable", error.strerror or type(error).__name__)
    if said == "duplicate":
        return FileOutcome(film.path, "conflict", "the receiver already holds an instance of this UID")
    return FileOutcome(film.path, "stored", said)


def _send_stow(films: Iterable[_Film], peer: StowPeer) -> Iterator[FileOutcome]:
    pool = urllib3.PoolManager(num_pools=1)

    def send(film: _Film) -> str:
        answer = store_instances(peer, [(film.path.stat().st_size, _chunks(film.path))], pool)
        return stow_outcome(answer, film.sop_instance_uid, peer.host)

    for film in films:
        yield _judge(film, partial(send, film))


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk


def _send_dimse(films: Iterable[_Film], peer: RemoteAe) -> Iterator[FileOutcome]:
    waiting = deque(films)
    while waiting:
        contexts = dict.fromkeys((film.sop_class_uid, film.transfer_syntax_uid) for film in waiting)
        try:
            with associate(peer, [(uid, [syntax]) for uid, syntax in list(contexts)[:_MOST_CONTEXTS]]) as association:
                while True:
                    yield _judge(waiting[0], partial(_store, association, waiting[0], peer))
                    waiting.popleft()
                    if not (waiting and association.is_established):
                        break
        except (TransientError, PermanentError) as error:
            outcome = "unreachable" if isinstance(error, TransientError) else "refused"
            yield from (FileOutcome(film.path, outcome, str(error)) for film in waiting)
            return


def _store(association: Association, film: _Film, peer: RemoteAe) -> str:
    try:
        answer = association.send_c_store(film.path)
    except (ValueError, AttributeError) as error:
        raise PermanentError(
            f"{peer.ae_title} does not accept this SOP class in this transfer syntax", code="sop_class_refused"
        ) from error
    return store_outcome(answer.get("Status"), peer.ae_title)
