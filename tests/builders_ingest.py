"""A reception on real databases and a real file store, with an inspector that reads headers written as JSON, for the tests of the doors."""

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock

from migrated import migrated

from wetread.delivery.owed_reports import OwedReports
from wetread.domain.errors import HostileInput
from wetread.domain.identifiers import SeriesInstanceUID, SOPInstanceUID, StudyInstanceUID, StudyKey, study_key
from wetread.domain.job import JobKind
from wetread.domain.study import ImageTraits, InstanceHeader, PatientIdentity, Sex
from wetread.ingest.outcome import NO_CLAIM, Claim, InstanceOutcome
from wetread.ingest.reception import Inspector, Reception
from wetread.ingest.register import IdentityCheck, no_check
from wetread.ingest.suitability import SuitabilityPolicy
from wetread.ports.database import Database
from wetread.ports.recorded_vault import RecordedVault
from wetread.ports.vault import Vault
from wetread.storage.commitment_vault import SqlCommitmentVault
from wetread.storage.database import SqlDatabase
from wetread.storage.files import DiskFileStore
from wetread.storage.vault import SqlVault

SECRET = b"a secret of thirty-two bytes....."
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
QUIET_PERIOD_S = 20.0
CHEST_PA = ImageTraits(
    sop_class_uid="1.2.840.10008.5.1.4.1.1.1.1",
    transfer_syntax_uid="1.2.840.10008.1.2.1",
    modality="DX",
    body_part_examined="CHEST",
    view_position="PA",
    patient_orientation=("L", "F"),
    photometric_interpretation="MONOCHROME2",
    rows=2000,
    columns=1800,
    samples_per_pixel=1,
    bits_allocated=16,
    bits_stored=12,
    number_of_frames=0,
    manufacturer="",
    manufacturer_model_name="",
    series_description="",
    image_type=("ORIGINAL", "PRIMARY"),
    burned_in_annotation="NO",
    pixel_spacing_mm=None,
    has_pixel_data=True,
)


def a_file(
    sop: str = "1.2.3",
    *,
    study: str = "1.2",
    patient: str = "P1",
    age: int = 50,
    filler: int = 0,
    identity: dict[str, str] | None = None,
    **traits: object,
) -> bytes:
    """Bytes that `JsonInspector` understands; `traits` change CHEST_PA, `identity` what else it says of the person and the study."""
    return json.dumps([study, sop, patient, age, traits, identity or {}]).encode() + b"\n" + b"\0" * filler


class JsonInspector:
    """Reads `a_file`; everything else is hostile."""

    def inspect(self, path: Path) -> InstanceHeader:
        try:
            study, sop, patient, age, traits, more = json.loads(path.read_bytes().split(b"\n", 1)[0])
        except ValueError:
            raise HostileInput("not a file of ours: send it again", code="not_dicom") from None
        said = PatientIdentity(patient, "", "Doe^Jane", "", Sex.FEMALE, "", "", "", "", "", "")
        identity = replace(said, **more)
        return InstanceHeader(
            study_instance_uid=StudyInstanceUID(study),
            series_instance_uid=SeriesInstanceUID(study + ".1"),
            sop_instance_uid=SOPInstanceUID(sop),
            identity=identity,
            traits=replace(CHEST_PA, **traits),
            institution_name="",
            station_name="",
            series_number="",
            instance_number="",
            patient_age_years=age,
        )


@dataclass
class HandClock:
    """Moves only when told."""

    at: datetime = NOON
    _lock: Lock = field(default_factory=Lock)

    def now(self) -> datetime:
        return self.at

    def advance(self, seconds: float) -> None:
        with self._lock:
            self.at += timedelta(seconds=seconds)


class House:
    """Everything behind the doors, in one folder; opening the same folder again is a restart."""

    def __init__(self, folder: Path, *, inspector: Inspector | None = None, films: Path | None = None) -> None:
        work, vault = migrated(folder / "work.db", "work"), migrated(folder / "vault.db", "vault")
        self.clock = HandClock()
        self.database, self.files = SqlDatabase(work), DiskFileStore(films or folder / "films")
        self.held = SqlVault(vault)
        """What the vault holds, for a test that looks."""
        self.vault = RecordedVault(self.held, self.database, self.clock)
        self.commitments = SqlCommitmentVault(vault)
        """What somebody asks us to answer for."""
        minute = timedelta(seconds=60)
        self.owed = OwedReports(self.database, self.commitments, self.clock, SECRET, minute, minute)
        self.reception = self.build_reception(inspector or JsonInspector(), self.database, self.vault)

    def build_reception(
        self,
        inspector: Inspector,
        database: Database,
        vault: Vault,
        *,
        asks: tuple[JobKind, ...] = (),
        takes_own: bool = True,
        check_identity: IdentityCheck = no_check,
    ) -> Reception:
        return Reception(
            asks=asks,
            takes_own=takes_own,
            check_identity=check_identity,
            files=self.files,
            decoder=inspector,
            vault=vault,
            database=database,
            clock=self.clock,
            secret=SECRET,
            quiet_period_s=QUIET_PERIOD_S,
            site_of=lambda _: "main",
            policy=SuitabilityPolicy(),
        )

    def close(self) -> None:
        self.database.close()
        self.vault.close()
        self.commitments.close()

    def send(self, *contents: bytes, sender: str = "MODALITY", claim: Claim = NO_CLAIM) -> tuple[InstanceOutcome, ...]:
        incoming = []
        for content in contents:
            file = self.files.receive()
            file.write(content)
            incoming.append(file)
        return self.reception.receive(incoming, sender, claim)

    def key(self, study: str = "1.2") -> StudyKey:
        return study_key(SECRET, StudyInstanceUID(study))
