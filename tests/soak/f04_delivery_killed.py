"""F4: a worker dies by SIGKILL while it delivers a signed report to a real Orthanc (SR) and a real FHIR server, or the server while a person signs. What the person was told is signed is delivered, once."""

import random
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from io import BytesIO
from pathlib import Path

from neighbours.fhir_server import FhirServer, fhir_server
from neighbours.orthanc import Orthanc, orthanc
from neighbours.wetread import Wetread
from pydicom import dcmread

from tests.films import film
from tests.soak.book import Book, Trial
from tests.soak.f02_worker_killed import kill_workers
from tests.soak.house import SoakHouse, await_true, serving, soak_house, store

__all__ = ["TITLE", "Receivers", "run"]

TITLE = "worker killed while it delivers, server killed while somebody signs"
_POINTS = ["deliver_claimed", "deliver_computed", "deliver_before_commit", "deliver_after_commit"]


class Receivers:
    """What arrived at the archive and at the FHIR server, by study."""

    def __init__(self, archive: Orthanc, hospital: FhirServer) -> None:
        self.archive, self.hospital = archive, hospital
        self.settings = {"STOW_SINK_URL": archive.dicomweb_url, "FHIR_SINK_URL": hospital.url}

    def reports(self, study_uid: str) -> tuple[int, int]:
        """(SR objects, DiagnosticReports)."""
        files = [self.archive.file(uid) for uid in self.archive.sop_instance_uids()]
        srs = [each for each in map(dcmread, map(BytesIO, files)) if each.Modality == "SR"]
        of_study = sum(each.StudyInstanceUID == study_uid for each in srs)
        studies = self.hospital.search(f"ImagingStudy?identifier=urn:oid:{study_uid}")
        named = {f"ImagingStudy/{each['id']}" for each in studies}
        found = self.hospital.search("DiagnosticReport")
        return of_study, sum(any(s["reference"] in named for s in each.get("imagingStudy", [])) for each in found)  # type: ignore[attr-defined]


def run(book: Book, folder: Path) -> None:
    with ExitStack() as held:
        archive = held.enter_context(orthanc(folder / "orthanc"))
        hospital = held.enter_context(fhir_server(folder / "fhir"))
        to = Receivers(archive, hospital)
        with soak_house(folder, **to.settings) as house:
            for at, point in enumerate(_POINTS):
                for number in book.missing(point):
                    with book.trial(point) as trial:
                        _deliver(trial, house, to, film(20_000 + 1000 * at + number), point)
            with book.trial("the record after all of them") as trial:
                house.check_record(trial)
        _sign_and_kill(book, folder, to)


def _deliver(trial: Trial, house: SoakHouse, to: Receivers, content: bytes, point: str) -> None:
    key = _draft(house, content)
    house.sign(key)
    trial.promised = 1
    kill_workers(house, point)
    began_s = time.monotonic()
    _await_delivery(house, key)
    trial.seconds = time.monotonic() - began_s
    _compare(trial, to, content)


def _draft(house: SoakHouse, content: bytes) -> str:
    before = set(house.states())
    assert store(house.wetread.port, content) == 200, "the film was not taken"
    with house.workers():
        return house.arrived(before, "drafted")


def _await_delivery(house: SoakHouse, key: str) -> None:
    def is_delivered() -> bool:
        """the signed report is delivered"""
        return house.states()[key] == "delivered"

    with house.workers():
        await_true(is_delivered, 60)


def _compare(trial: Trial, to: Receivers, content: bytes) -> None:
    srs, reports = to.reports(str(dcmread(BytesIO(content), stop_before_pixels=True).StudyInstanceUID))
    trial.lost = (srs == 0) + (reports == 0)
    trial.doubled = max(0, srs - 1) + max(0, reports - 1)


def _sign_and_kill(book: Book, folder: Path, to: Receivers) -> None:
    """The server dies at a random moment of a signature; who was told "signed" finds it signed, who was not may sign."""
    point = "server killed within a signature"
    home = Wetread(folder / "signing", {"WORKERS": "0", "LEASE_S": "1", "QUIET_PERIOD_S": "0.2", **to.settings})
    home.add_radiologist()
    for number in book.missing(point, 20):
        with book.trial(point) as trial:
            content = film(40_000 + number)
            key, told = _signing_when_killed(home, content, random.Random(number).uniform(0.0, 0.8))
            trial.promised = int(told)
            began_s = time.monotonic()
            with serving(home) as house:
                forgotten = told and house.states()[key] in ("drafted", "in_reading")
                if house.states()[key] in ("drafted", "in_reading"):
                    house.sign(key)
                _await_delivery(house, key)
            trial.seconds = time.monotonic() - began_s
            _compare(trial, to, content)
            trial.lost += forgotten


def _signing_when_killed(home: Wetread, content: bytes, after_s: float) -> tuple[str, bool]:
    """The study, and whether the radiologist was told that it is signed."""
    with serving(home) as house, ThreadPoolExecutor(1) as person:
        key = _draft(house, content)
        signing = person.submit(house.sign, key)
        time.sleep(after_s)
        house.server.send_signal(signal.SIGKILL)
        house.server.wait()
        return key, signing.exception() is None
