"""F4: a worker dies by SIGKILL while it delivers a signed report to a real Orthanc (SR) and a real FHIR server, or the server while a person signs. What the person was told is signed is delivered, once."""

import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
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
from tests.soak.book import Book, Trial, side_by_side
from tests.soak.f02_worker_killed import draft_films, kill_workers
from tests.soak.house import SoakHouse, await_true, serving, serving_until, soak_house, store
from wetread.domain.report import Report
from wetread.domain.study_state import StudyState
from wetread.ingest.fault_points import reach
from wetread.signoff.desk import ReadingDesk
from wetread.storage.transaction import Transaction

__all__ = ["TITLE", "Receivers", "place_signing_points", "receivers", "run"]

TITLE = "worker killed while it delivers, server killed while somebody signs"
_POINTS = ["deliver_claimed", "deliver_computed", "deliver_before_commit", "deliver_after_commit"]
_TOGETHER = 10
_PATIENCE_S = 240
"""The table tells the longest; a machine with other work is slow, and has lost nothing."""


class Receivers:
    """What arrived at the archive and at the FHIR server, by study."""

    def __init__(self, archive: Orthanc, hospital: FhirServer) -> None:
        self.archive, self.hospital = archive, hospital
        self.settings = {"STOW_SINK_URL": archive.dicomweb_url, "FHIR_SINK_URL": hospital.url}

    def reports(self) -> tuple[Counter[str], Counter[str]]:
        """SR objects and DiagnosticReports, by the study they are of."""
        srs = Counter(uid for uid, modality in self.archive.series() if modality == "SR")
        studies = {
            f"ImagingStudy/{each['id']}": str(identifier["value"]).removeprefix("urn:oid:")
            for each in self.hospital.search("ImagingStudy")
            for identifier in each["identifier"]  # type: ignore[attr-defined]
            if identifier["system"] == "urn:dicom:uid"
        }
        told = self.hospital.search("DiagnosticReport")
        named = (studies.get(each["reference"], "") for report in told for each in report.get("imagingStudy", []))  # type: ignore[attr-defined]
        return srs, Counter(named)


def run(book: Book, folder: Path) -> None:
    for at, point in enumerate(_POINTS):
        if not book.missing(point):
            continue
        with receivers(folder / point) as to, soak_house(folder / point, **to.settings) as house:
            for batch in book.batches(point, _TOGETHER):
                with book.trial(point, len(batch)) as trial:
                    _deliver(trial, house, to, point, 20_000 + 1000 * at + batch.start, len(batch))
            with book.trial("the record after all of them") as trial:
                house.check_record(trial)
    missing = [(at, point) for at, point in enumerate(_SIGNING) if book.missing(f"signing: {point}")]
    side_by_side([partial(_sign_at, book, folder, *each) for each in missing], len(_SIGNING))


def _sign_at(book: Book, folder: Path, at: int, point: str) -> None:
    with receivers(folder / point) as to:
        _sign_and_kill(book, folder / point, to, point, 40_000 + 1000 * at)


@contextmanager
def receivers(folder: Path) -> Iterator[Receivers]:
    """An archive and a FHIR server that hold nothing."""
    with orthanc(folder / "orthanc") as archive, fhir_server(folder / "fhir") as hospital:
        yield Receivers(archive, hospital)


def _deliver(trial: Trial, house: SoakHouse, to: Receivers, point: str, first: int, many: int) -> None:
    delivered = house.database.count_studies().get(StudyState.DELIVERED, 0)
    for key in draft_films(house, first, many):
        house.sign(key)
        trial.promised += 1
    kill_workers(house, point, many)
    with house.workers():
        trial.seconds = house.await_more(delivered, StudyState.DELIVERED, many, _PATIENCE_S)
    _compare(trial, to, [film(first + n) for n in range(many)])


def _compare(trial: Trial, to: Receivers, films: list[bytes]) -> None:
    srs, reports = to.reports()
    for each in films:
        uid = str(dcmread(BytesIO(each), stop_before_pixels=True).StudyInstanceUID)
        trial.lost += (srs[uid] == 0) + (reports[uid] == 0)
        trial.doubled += max(0, srs[uid] - 1) + max(0, reports[uid] - 1)


_SIGNING = ["sign_before_commit", "sign_after_commit", "told", "a random moment"]
_AT_ONCE = 3


def _sign_and_kill(book: Book, folder: Path, to: Receivers, point: str, first: int) -> None:
    """A person signs three reports, one after the other, and the server dies at one of them. Who was told "signed" finds it signed; who was not may sign."""
    settings = {"WORKERS": "0", "LEASE_S": "1", "QUIET_PERIOD_S": "0.2", **to.settings}
    home = Wetread(folder / "house", settings)
    home.add_radiologist()
    for number in book.missing(f"signing: {point}"):
        with book.trial(f"signing: {point}") as trial:
            films = [film(first + _AT_ONCE * number + n) for n in range(_AT_ONCE)]
            keys, told = _signing_when_killed(home, films, point, random.Random(number))
            trial.promised = len(told)
            began_s = time.monotonic()
            with serving_until(home) as (house, _):
                open_ = [key for key in keys if house.states()[key] in ("drafted", "in_reading")]
                trial.lost = len(set(told) & set(open_))
                for key in open_:
                    house.sign(key)
                with house.workers():
                    await_true(partial(_are_delivered, house, keys), _PATIENCE_S)
                signed = [house.times("report.sign", key) for key in keys]
            trial.seconds = time.monotonic() - began_s
            _compare(trial, to, films)
            trial.doubled += sum(max(0, times - 1) for times in signed)
    with book.trial("signing: the record after all of them") as trial, serving(home) as house:
        house.check_record(trial)


def _are_delivered(house: SoakHouse, keys: list[str]) -> bool:
    """the signed reports are delivered"""
    states = house.states()
    return all(states[key] == "delivered" for key in keys)


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
