"""The C-STORE door in the test's own process, and what its tests look at."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import hostile
from builders_ingest import House

from wetread.dicom.dimse import DimseDoor, DimseLimits
from wetread.dicom.tls_profile import OurTls
from wetread.domain.identifiers import StudyKey

__all__ = [
    "CALLERS",
    "CR",
    "EXPLICIT",
    "IMPLICIT",
    "an_instance",
    "audited",
    "body",
    "incoming",
    "opened",
    "stored",
    "studies",
]

CALLERS = [("MODALITY", ""), ("STORESCU", "127.0.0.1"), ("DCMSEND", "127.0.0.1"), ("ELSEWHERE", "192.0.2.7")]
CR, EXPLICIT, IMPLICIT = hostile.CR_STORAGE, hostile.EXPLICIT, hostile.IMPLICIT


@contextmanager
def opened(house: House, tls: OurTls | None = None, **limits: float) -> Iterator[int]:
    door = DimseDoor(house.reception, ae_title="WETREAD", callers=CALLERS, limits=DimseLimits(**limits))  # type: ignore[arg-type]
    port = door.start("127.0.0.1", 0, tls)
    try:
        yield port
    finally:
        door.stop()


def body(content: bytes) -> bytes:
    """A Part 10 file's data set."""
    return content[144 + int.from_bytes(content[140:144], "little") :]


def an_instance(n: int, side: int = 64) -> tuple[str, bytes]:
    uid = f"{hostile.ROOT}.5.{n}"
    return uid, hostile.film(hostile.tags_of_a_film(side, side) | {0x00080018: ("UI", uid.encode())}, instance=uid)


def incoming(house: House) -> list[Path]:
    return list((house.files._root / "incoming").iterdir())


def stored(house: House) -> int:
    with house.database.begin(write=False) as unit:
        return sum(len(unit.instances(study.study_key)) for study in unit.worklist(states=None))


def studies(house: House) -> list[StudyKey]:
    with house.database.begin(write=False) as unit:
        return [study.study_key for study in unit.worklist()]


def audited(house: House) -> list[tuple[str, str]]:
    return [(record.event.action, record.event.outcome) for record in house.database.audit_records()]
