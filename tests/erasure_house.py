"""A house whose stores are the real ones, laid out as `wetread --data-dir` finds them, so that its erasures can be carried out, and killed, by the command."""

import json
import random
import subprocess
import sys
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any

from migrated import data_folder
from pydicom import dcmread

from tests.erasing_child import run_erasure
from tests.journey.test_one_study import DOCTOR, SECRET, House, prediction
from tests.order_world import a_film
from wetread.bootstrap_erasure import build_eraser, build_erasure_desk, build_legal_hold_desk
from wetread.bootstrap_quality import build_prediction_log, build_quality_watch
from wetread.bootstrap_retrieval import build_case_keeper, build_snippet_store
from wetread.bootstrap_sinks import build_sinks
from wetread.domain.erasure import Erasure, ErasureReason
from wetread.domain.identifiers import StudyKey, patient_key
from wetread.domain.order import Order, PatientNumber, Person
from wetread.domain.report import Section
from wetread.domain.role import Actor, Role
from wetread.ports.commitment_vault import AskedCommitment
from wetread.ports.recorded_vault import RecordedVault
from wetread.settings import Settings, load_settings
from wetread.storage.commitment_vault import SqlCommitmentVault
from wetread.storage.database import SqlDatabase
from wetread.storage.files import DiskFileStore
from wetread.storage.orders import SqlOrderStore
from wetread.storage.vault import SqlVault
from wetread.testing.snippet_builders import a_snippet, a_source

__all__ = ["ADMIN", "POINTS", "QUALITY", "ErasureHouse", "Life"]

POINTS = (
    "erase_claimed",
    "erase_before_commit",
    "erase_begun",
    "erase_film",
    "erase_documents",
    "erase_derived",
    "erase_identity",
    "erase_vault_rewritten",
    "erase_planned_no_more",
    "erase_rewritten",
    "erase_before_end",
)
QUALITY, ADMIN = Actor("quinn", Role.QUALITY, "Quinn"), Actor("ada", Role.ADMIN, "Ada")


@dataclass(frozen=True)
class Life:
    """A patient with one film, and every word of theirs that must not be found again."""

    key: StudyKey
    words: tuple[bytes, ...]


class ErasureHouse(House):
    def __init__(self, folder: Path) -> None:
        self.folder = folder / "data"
        (self.folder / "vault").mkdir(parents=True)
        (self.folder / "vault" / "pseudonym.key").write_bytes(SECRET)
        self.settings: Settings = load_settings(None, data_dir=self.folder, similar_cases=True)
        super().__init__(folder)
        self.predictor.prediction = prediction(logit=-4.0)
        cases = build_case_keeper(self.settings, self.clock)
        self.worker = replace(self.worker, pipeline=replace(self.worker.pipeline, cases=cases))
        self.orders = SqlOrderStore(self.settings.resolved_vault_url)
        self.snippets = build_snippet_store(self.settings)
        self.commitments = SqlCommitmentVault(self.settings.resolved_vault_url)
        parts = self.settings, self.database, self.vault, self.clock, SECRET
        self.erasures, self.legal_holds = build_erasure_desk(*parts), build_legal_hold_desk(*parts)
        self.eraser = build_eraser(self.settings, self.database, self.files, self.vault, self.clock, SECRET)

    def stores(self) -> tuple[Any, Any, Any]:
        data_folder(self.folder)
        files = DiskFileStore(self.folder / "vault" / "films")
        database = SqlDatabase(self.settings.resolved_database_url)
        return database, RecordedVault(SqlVault(self.settings.resolved_vault_url), database, self.clock), files

    def receiver(self) -> Any:
        return build_sinks(self.settings, self.clock.now, self.decoder)["folder"]

    def life(self, number: int, patient: str = "") -> Life:
        """A film is received, ordered, read, written about, signed and delivered; its sender asks whether it is kept, and was not told."""
        patient = patient or f"PID-{number}-GONE"
        name, accession = f"Unforgettable{number}^Anna", f"ACC-{number}-GONE"
        given = {"PatientID": patient, "PatientName": name, "AccessionNumber": accession}
        given["StudyID"] = f"SID-{number}-GONE"
        content = _unlike_any_other(a_film(number, **given), number)
        person = Person(PatientNumber(patient, "HOSPITAL"), name)
        self.orders.keep_order(Order(f"order-{number}", accession, person, self.clock.now()))
        key = self.receive(content)
        film = dcmread(BytesIO(content), stop_before_pixels=True)
        asked = AskedCommitment(f"2.25.{number}", ((film.SOPClassUID, film.SOPInstanceUID),))
        self.commitments.keep(f"asked-{number}", asked, self.clock.now())
        owner = patient_key(SECRET, patient, "HOSPITAL")
        text = f"Remembered of {number} GONE"
        self.snippets.put([a_source(a_snippet(text), source_id=f"source-{number}", patient_key=owner)])
        self.work()
        opened = self.desk.open(DOCTOR, key).report
        assert opened is not None
        said = replace(opened.content, sections=((Section.IMPRESSION, f"Impression {number} GONE."),))
        saved = self.desk.save(DOCTOR, key, said, opened.etag)
        self.desk.sign(DOCTOR, key, saved.etag, "authored")
        self.work()
        return Life(key, _words(content, given, text, f"Impression {number} GONE"))

    def approved(self, key: StudyKey, *, whole_patient: bool = False) -> Erasure:
        asked = self.erasures.ask(QUALITY, key, ErasureReason.PATIENT_REQUEST, whole_patient=whole_patient)
        return self.erasures.approve(ADMIN, asked.number)

    def run(self, number: int, fault: str = "") -> tuple[int, str]:
        return run_erasure(self.folder, number, fault)

    def measured(self) -> set[str]:
        """A round of live monitoring; the studies that it read."""
        opened = build_quality_watch(self.settings, self.database, self.vault, cases=None)
        opened.run_once(self.clock.now())
        return {each.study for each in build_prediction_log(self.settings, self.database, self.vault).rows()}

    def work(self) -> None:
        for _ in range(3):
            self.clock.advance(3600)
            while self.worker.run_one():
                pass

    def found(self, person: Life) -> set[str]:
        """Which words are in which file's bytes or name, anywhere under the data folder; a database's write-ahead log counts as the database.

        By a process of its own: one that opens a database's file beside SQLite and closes it takes SQLite's locks away (fcntl(2)).
        """
        asked = json.dumps([str(self.folder), [each.hex() for each in person.words]])
        command = [sys.executable, "-I", "-S", "-c", _HUNT]
        return set(json.loads(subprocess.run(command, input=asked, capture_output=True, text=True, check=True).stdout))


_HUNT = """
import json, os, pathlib, sys
folder, words = json.loads(sys.stdin.read())
found = []
for path in pathlib.Path(folder).rglob("*"):
    content = path.read_bytes() if path.is_file() else b""
    folded, name = content.lower(), os.fsencode(path.name)
    for word in map(bytes.fromhex, words):
        if word in content or word.lower() in folded or word in name:
            found.append(f"{path.name.removesuffix('-wal')}: {word!r}")
print(json.dumps(found))
"""


def _unlike_any_other(content: bytes, number: int) -> bytes:
    """The films of `tests.films` share their picture."""
    dataset = dcmread(BytesIO(content))
    middle = len(dataset.PixelData) // 2
    own = random.Random(number).randbytes(64)
    dataset.PixelData = dataset.PixelData[:middle] + own + dataset.PixelData[middle + 64 :]
    out = BytesIO()
    dataset.save_as(out, enforce_file_format=True)
    return out.getvalue()


def _words(content: bytes, given: dict[str, str], *texts: str) -> tuple[bytes, ...]:
    dataset = dcmread(BytesIO(content))
    uids = [dataset.StudyInstanceUID, dataset.SeriesInstanceUID, dataset.SOPInstanceUID]
    name = given["PatientName"].partition("^")[0]
    said = [name, *(given[each] for each in ("PatientID", "AccessionNumber", "StudyID")), *uids, *texts]
    middle = len(dataset.PixelData) // 2
    return (*(each.encode() for each in said), dataset.PixelData[middle : middle + 64])
