"""Real-looking identity goes in by STOW; the drafting wire, headers and bodies alike, carries none of it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import grpc
from neighbours.wetread import Wetread
from pydicom import dcmread
from pydicom.uid import generate_uid
from tests.films import film
from tests.journey.waiting import wait_for

from wetread.drafting.grammar import GrammarDrafter
from wetread.rpc import drafting_pb2 as pb
from wetread.rpc.translate import from_request
from wetread.rpc.translate_draft import to_response

IDENTITY = {
    "PatientName": "Okonkwo^Brunhilde",
    "PatientID": "MRN44718829",
    "PatientBirthDate": "19530417",
    "AccessionNumber": "ACC7730912",
    "StudyID": "SID55120",
    "StudyDate": "20260228",
    "StudyTime": "031741",
    "ReferringPhysicianName": "Vandersloot^Ignatius",
    "OperatorsName": "Quillfeather^Odette",
    "InstitutionName": "Saint Walpurga Infirmary",
    "StudyDescription": "Okonkwo followup",
    "PatientAddress": "17 Larkspur Crescent",
    "DeviceSerialNumber": "DSN998811",
    "StationName": "WALPURGA3",
}


class Recorder(grpc.GenericRpcHandler):  # type: ignore[misc]
    """A drafting service that keeps every byte and header it is sent."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.headers: list[str] = []

    def service(self, details: Any) -> Any:
        self.headers.append(f"{details.method} {details.invocation_metadata}")
        return grpc.unary_unary_rpc_method_handler(self._draft)

    def _draft(self, body: bytes, _: Any) -> bytes:
        self.bodies.append(body)
        draft = GrammarDrafter().draft(from_request(pb.DraftRequest.FromString(body)))
        return bytes(to_response(draft).SerializeToString())


@contextmanager
def _recording() -> Iterator[tuple[Recorder, str]]:
    recorder, server = Recorder(), grpc.server(ThreadPoolExecutor(2))
    server.add_generic_rpc_handlers((recorder,))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield recorder, f"127.0.0.1:{port}"
    server.stop(0).wait()


def _marked_film() -> tuple[bytes, list[str]]:
    dataset = dcmread(BytesIO(film(41)))
    for keyword, value in IDENTITY.items():
        setattr(dataset, keyword, value)
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"):
        setattr(dataset, keyword, generate_uid())
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    content = BytesIO()
    dataset.save_as(content)
    words = [part for value in IDENTITY.values() for part in value.replace("^", " ").split() if len(part) > 4]
    uids = [str(dataset.StudyInstanceUID), str(dataset.SeriesInstanceUID), str(dataset.SOPInstanceUID)]
    return content.getvalue(), [*words, *uids, "1953-04-17", "2026-02-28"]


def test_no_identity_crosses_the_drafting_wire_with_the_film(tmp_path: Path) -> None:
    content, canaries = _marked_film()
    stored = tmp_path / "film.dcm"
    stored.write_bytes(content)
    house = Wetread(tmp_path / "house")
    with _recording() as (recorder, address):
        house.settings = {"DRAFTER_ADDRESS": address, "DRAFTER_SENDS_FILM": "true"}
        house.add_radiologist()
        with house.serving() as service:
            assert house.run("send", str(stored), "--to", house.dicomweb_url).returncode == 0
            wait_for(lambda: [r["state"] for r in service.client.worklist("open")] == ["drafted"], "a draft")
            (row,) = service.client.worklist("open")
    assert recorder.bodies
    request = pb.DraftRequest.FromString(recorder.bodies[0])
    assert request.findings, "the film was not read"
    assert 0 < len(request.film.grey) == request.film.rows * request.film.columns
    wire = b"".join(recorder.bodies).lower() + " ".join(recorder.headers).lower().encode()
    found = [each for each in (*canaries, row["study_key"]) if each.lower().encode() in wire]
    assert found == []
