"""F4: a worker dies by SIGKILL while it delivers a signed report to a real Orthanc (SR) and a real FHIR server, or the server while a person signs. What the person was told is signed is delivered, once."""

import random
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from http.client import HTTPException
from io import BytesIO
from pathlib import Path
from threading import Event, local
from typing import Any

from neighbours.fhir_server import FhirServer, fhir_server
from neighbours.orthanc import Orthanc, orthanc
from neighbours.wetread import Wetread
from pydicom import dcmread

from tests.films import film
from tests.soak.book import Book, Trial
from tests.soak.f02_worker_killed import kill_workers
from tests.soak.house import SoakHouse, await_true, serving, serving_until, soak_house, store
from wetread.domain.report import Report
from wetread.ingest.fault_points import reach
from wetread.signoff.desk import ReadingDesk
from wetread.storage.transaction import Transaction

__all__ = ["TITLE", "Receivers", "place_signing_points", "run"]

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
    trial.lost += (srs == 0) + (reports == 0)
    trial.doubled += max(0, srs - 1) + max(0, reports - 1)


_SIGNING = ["sign_before_commit", "sign_after_commit", "told", "a random moment"]
_AT_ONCE = 3


def _sign_and_kill(book: Book, folder: Path, to: Receivers) -> None:
    """A person signs three reports, one after the other, and the server dies at one of them. Who was told "signed" finds it signed; who was not may sign."""
    home = Wetread(folder / "signing", {"WORKERS": "0", "LEASE_S": "1", "QUIET_PERIOD_S": "0.2", **to.settings})
    home.add_radiologist()
    for at, point in enumerate(_SIGNING):
        for number in book.missing(f"signing: {point}"):
            with book.trial(f"signing: {point}") as trial:
                films = [film(40_000 + 1000 * at + _AT_ONCE * number + n) for n in range(_AT_ONCE)]
                keys, told = _signing_when_killed(home, films, point, random.Random(number))
                trial.promised = len(told)
                began_s = time.monotonic()
                with serving(home) as house:
                    open_ = [key for key in keys if house.states()[key] in ("drafted", "in_reading")]
                    forgotten = set(told) & set(open_)
                    for key in open_:
                        house.sign(key)
                    for key in keys:
                        _await_delivery(house, key)
                    signed = [house.times("report.sign", key) for key in keys]
                trial.seconds = time.monotonic() - began_s
                for each in films:
                    _compare(trial, to, each)
                trial.lost += len(forgotten)
                trial.doubled += sum(max(0, times - 1) for times in signed)
    with book.trial("signing: the record after all of them") as trial, serving(home) as house:
        house.check_record(trial)


def _signing_when_killed(
    home: Wetread, films: list[bytes], point: str, chance: random.Random
) -> tuple[list[str], list[str]]:
    """The studies, and those of which the radiologist was told that they are signed."""
    nth, told = chance.randint(1, len(films)), list[str]()
    with serving_until(home, point, nth, place_signing_points) as (house, server):
        before = set(house.states())
        assert [store(home.port, each) for each in films] == [200] * len(films), "a film was not taken"
        with house.workers():
            house.await_new(before, "drafted", len(films), 120)
        keys = sorted(set(house.states()) - before)
        began = Event()

        def sign_all() -> None:
            for key in keys:
                began.set()
                house.sign(key)
                told.append(key)
                if point == "told" and len(told) == nth:
                    server.kill()

        with ThreadPoolExecutor(1) as person:
            signing = person.submit(sign_all)
            began.wait()
            if point == "a random moment":
                server.join(chance.uniform(0.0, 1.5))
                server.kill()
            with suppress(OSError, HTTPException):  # as the person's browser sees it
                signing.result()
            server.join(30)
        assert server.exitcode == -signal.SIGKILL, "the point was not reached"
        return keys, told


def place_signing_points() -> None:
    """Around the commit of a signature."""
    sign, commit, under_way = ReadingDesk.sign, Transaction.commit, local()

    def signing(desk: ReadingDesk, *words: Any, **more: Any) -> Report:
        under_way.signature = True
        try:
            return sign(desk, *words, **more)
        finally:
            under_way.signature = False

    def committing(unit: Transaction) -> None:
        of_signature = getattr(under_way, "signature", False)
        if of_signature:
            reach("sign_before_commit")
        commit(unit)
        if of_signature:
            reach("sign_after_commit")

    ReadingDesk.sign, Transaction.commit = signing, committing  # type: ignore[method-assign]
