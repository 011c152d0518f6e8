"""The own archive behind a DIMSE door in the test's own process, some films in it, and the attributes of an answer."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from struct import pack

import hostile
from builders_ingest import House
from pydicom.dataset import Dataset
from pynetdicom import AE, build_role, evt
from pynetdicom.association import Association
from pynetdicom.sop_class import (
    PatientRootQueryRetrieveInformationModelFind,
    PatientRootQueryRetrieveInformationModelGet,
    StudyRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelGet,
    StudyRootQueryRetrieveInformationModelMove,
)

from wetread.bootstrap_dimse import build_query_retrieve
from wetread.dicom.dimse import DimseDoor, DimseLimits
from wetread.dicom.tls_profile import OurTls
from wetread.settings import load_settings

__all__ = [
    "FIND",
    "GET",
    "MOVE",
    "PATIENT_FIND",
    "PATIENT_GET",
    "Archive",
    "a_film",
    "admit",
    "associated",
    "audits",
    "counts",
    "found",
    "key",
    "opened_archive",
    "retrieve",
    "statuses",
]

FIND, MOVE, GET = (
    StudyRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelMove,
    StudyRootQueryRetrieveInformationModelGet,
)
PATIENT_FIND, PATIENT_GET = PatientRootQueryRetrieveInformationModelFind, PatientRootQueryRetrieveInformationModelGet


@dataclass(frozen=True, slots=True)
class Archive:
    house: House
    port: int


@contextmanager
def opened_archive(
    house: House, *, reading_mode: str = "concurrent", destinations: str = "", tls: OurTls | None = None, **limits: int
) -> Iterator[Archive]:
    """VIEWER may query, and ELSEWHERE from another address; MODALITY may store, BOTH may do both."""
    bounds = DimseLimits(pdu_s=3.0, **limits)
    settings = load_settings(
        dimse_queriers="VIEWER,BOTH,ELSEWHERE@192.0.2.7", dimse_destinations=destinations, reading_mode=reading_mode
    )
    door = DimseDoor(
        house.reception,
        ae_title="WETREAD",
        callers=[("MODALITY", ""), ("BOTH", "")],
        queriers=[(each.ae_title, each.address) for each in settings.dimse_queriers],
        query_retrieve=build_query_retrieve(settings, house.database, house.vault, house.files, house.clock, bounds),
        limits=bounds,
    )
    try:
        yield Archive(house, door.start("127.0.0.1", 0, tls))
    finally:
        door.stop()


def key(study: int, *more: int) -> str:
    """The UID of a study, of its series, of an instance of that."""
    return ".".join(map(str, (hostile.ROOT, 7, study, *more)))


def a_film(
    study: int = 1,
    series: int = 1,
    instance: int = 1,
    *,
    name: str = "DOE^JANE",
    patient: str = "P1",
    syntax: str = hostile.EXPLICIT,
    side: int = 16,
    **changes: str,
) -> bytes:
    """`changes`: the text of an element by its tag, written `x00080050`."""
    uid = key(study, series, instance)
    tags = hostile.tags_of_a_film(side, side) | {
        0x00080018: ("UI", uid.encode()),
        0x00080020: ("DA", f"202501{study:02}".encode()),
        0x00080050: ("SH", f"ACC{study}".encode()),
        0x00100010: ("PN", name.encode()),
        0x00100020: ("LO", patient.encode()),
        0x0020000D: ("UI", key(study).encode()),
        0x0020000E: ("UI", key(study, series).encode()),
        0x00200011: ("IS", str(series).encode()),
        0x00200013: ("IS", str(instance).encode()),
    }
    tags |= {int(tag[1:], 16): (_VRS.get(tag, "LO"), text.encode()) for tag, text in changes.items()}
    if syntax == hostile.EXPLICIT:
        return hostile.part10(hostile.data_set(tags), instance=uid)
    pixels = pack("<HH2sHI", 0x7FE0, 0x0010, b"OB", 0, 0xFFFFFFFF) + pack("<HHI", 0xFFFE, 0xE000, 0)
    pixels += pack("<HHI", 0xFFFE, 0xE000, 4) + b"\xff\xd8\xff\xd9" + pack("<HHI", 0xFFFE, 0xE0DD, 0)
    del tags[0x7FE00010]
    return hostile.part10(hostile.data_set(tags) + pixels, syntax=syntax, instance=uid)


_VRS = {"x00080060": "CS"}


def admit(house: House, *contents: bytes) -> None:
    assert all(each.outcome.acknowledged for each in house.send(*contents))


@contextmanager
def associated(
    port: int,
    *models: str,
    caller: str = "VIEWER",
    storage: tuple[tuple[str, str], ...] = (),
    received: list[bytes] | None = None,
) -> Iterator[Association]:
    """pynetdicom as SCU; `storage`: SOP class and transfer syntax, taken as SCP in a C-GET."""
    ae = AE(caller)
    ae.acse_timeout = ae.dimse_timeout = 180
    for model in models:
        ae.add_requested_context(model)
    for uid, syntax in storage:
        ae.add_requested_context(uid, syntax)

    def keep(event: evt.Event) -> int:
        assert received is not None
        received.append(event.encoded_dataset(include_meta=False))
        return 0x0000

    association = ae.associate(
        "127.0.0.1",
        port,
        ae_title="WETREAD",
        ext_neg=[build_role(uid, scp_role=True) for uid in {each for each, _ in storage}],
        evt_handlers=[(evt.EVT_C_STORE, keep)],
    )
    assert association.is_established
    try:
        yield association
    finally:
        if association.is_established:
            association.release()


def found(association: Association, model: str = FIND, **keys: str | list[str]) -> tuple[int, list[Dataset]]:
    """The final status and the matches."""
    answers = list(association.send_c_find(_identifier(keys), model))
    return answers[-1][0].Status, [each for _, each in answers if each is not None]


def statuses(association: Association, model: str = FIND, **keys: str | list[str]) -> list[int]:
    return [status.Status for status, _ in association.send_c_find(_identifier(keys), model)]


def retrieve(association: Association, model: str = GET, to: str = "", **keys: str | list[str]) -> list[Dataset]:
    """The statuses of a C-GET, or of a C-MOVE to `to`."""
    identifier = _identifier(keys)
    answers = association.send_c_move(identifier, to, model) if to else association.send_c_get(identifier, model)
    return [status for status, _ in answers]


def counts(status: Dataset) -> tuple[int, int, int, int]:
    """Status, completed, failed, warning."""
    return (
        status.Status,
        status.NumberOfCompletedSuboperations,
        status.NumberOfFailedSuboperations,
        status.NumberOfWarningSuboperations,
    )


def _identifier(keys: dict[str, str | list[str]]) -> Dataset:
    identifier = Dataset()
    identifier.SpecificCharacterSet = "ISO_IR 192"
    identifier.QueryRetrieveLevel = keys.pop("level", "STUDY")
    for keyword, value in keys.items():
        setattr(identifier, keyword, value)
    return identifier


def audits(house: House, action: str) -> list[tuple[str, dict[str, str]]]:
    records = (each.event for each in house.database.audit_records())
    return [(each.outcome, dict(each.detail)) for each in records if each.action == action]
