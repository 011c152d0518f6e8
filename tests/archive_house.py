"""A house with another archive beside it: real databases and files here, the twin there."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from builders_ingest import SECRET, House, JsonInspector, a_file

from wetread.domain.archive import ArchivedInstance, ArchivedStudy
from wetread.domain.archive_feed import FeedState, PutAside
from wetread.domain.study import Study
from wetread.ingest.archive_feed import ArchiveFeed, Intake
from wetread.ingest.archive_sweep import ArchiveSweep
from wetread.ingest.prior_fetch import AskedArchive, PriorFetcher
from wetread.ingest.wanted import Holdings, WantedStudies
from wetread.testing.memory_archive import MemoryArchive

TODAY, YESTERDAY = "20261123", "20261122"


class ArchiveHouse(House):
    def __init__(self, folder: Path, archive: MemoryArchive | None = None, **wanted: object) -> None:
        super().__init__(folder)
        self.archive = archive or MemoryArchive()
        self.from_archive = self.build_reception(JsonInspector(), self.database, self.vault, takes_own=False)
        self.holdings = Holdings(self.database, SECRET)
        wishes = WantedStudies(**wanted)  # type: ignore[arg-type]
        self.intake = Intake(self.archive, self.from_archive, self.holdings, wishes, self.clock)
        self.feed = ArchiveFeed(self.intake, batch=3)
        self.sweep = ArchiveSweep(self.intake, self.feed, days=3, feeds=self.archive.feeds)

    def fetcher(self, issuer: str = "", most: int = 3) -> PriorFetcher:
        return PriorFetcher(
            (AskedArchive(self.archive, issuer),),
            self.from_archive,
            self.vault,
            self.database,
            self.holdings,
            self.clock,
            most,
            1825,
        )

    def states(self) -> dict[str, str]:
        """Of every study that the database knows, by the last digit of its UID's key."""
        with self.database.begin(write=False) as unit:
            return {uid: study.state.value for uid in self._uids if (study := unit.find_study(self.key(uid)))}

    _uids = tuple(f"1.2.{n}" for n in range(20))

    def study(self, uid: str) -> Study:
        with self.database.begin(write=False) as unit:
            return unit.study(self.key(uid))

    def state(self) -> FeedState:
        with self.database.begin(write=False) as unit:
            return unit.feed("pacs")

    def asides(self) -> tuple[PutAside, ...]:
        with self.database.begin(write=False) as unit:
            return unit.put_asides("pacs")

    def later(self, days: float) -> None:
        self.clock.at += timedelta(days=days)


def there(
    archive: MemoryArchive,
    number: int,
    *,
    day: str = TODAY,
    patient: str = "P1",
    issuer: str = "",
    born: str = "19700101",
    modality: str = "DX",
    body_part: str = "CHEST",
    content: bytes | None = None,
    image: int = 1,
    **identity: str,
) -> ArchivedInstance:
    """Study 1.2.NUMBER with one image in the archive; `content` in place of the film that it says it is."""
    uid = f"1.2.{number}"
    study = ArchivedStudy(uid, patient, issuer, born, day, "", "", (modality,), image)
    instance = ArchivedInstance(
        uid, f"{uid}.1", f"{uid}.1.{image}", "", modality, body_part, day, f"loc-{number}-{image}"
    )
    said = {"study_date": day, "patient_birth_date": born, "issuer_of_patient_id": issuer, **identity}
    film = a_file(instance.sop_instance_uid, study=uid, patient=patient, identity=said, modality=modality)
    archive.keep(study, instance, film if content is None else content)
    return replace(instance)
