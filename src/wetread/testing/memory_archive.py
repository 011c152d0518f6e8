"""Another archive (`ports.archive`), in memory: filled by `keep`, with a switch for each way in which real ones fail."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from wetread.domain.archive import (
    ArchivedInstance,
    ArchivedStudy,
    ArchiveIdentity,
    Changes,
    FoundStudies,
    Retrieved,
    StudyQuery,
    Unretrieved,
)
from wetread.domain.capability import Capability, Verdict
from wetread.domain.errors import PermanentError, TransientError
from wetread.ports.archive import Inbox

__all__ = ["MemoryArchive"]

_AWAY = "the archive does not answer"


@dataclass
class MemoryArchive:
    """`away`: no answer to anything. `breaks_off_after`: so many instances of a retrieve come. `feeds`: it says what is new."""

    name: str = "pacs"
    feeds: bool = True
    away: bool = False
    breaks_off_after: int | None = None
    database: str = "1"
    asked: list[str] = field(default_factory=list)
    _studies: dict[str, ArchivedStudy] = field(default_factory=dict)
    _kept: dict[str, tuple[ArchivedInstance, bytes]] = field(default_factory=dict)
    _log: list[str] = field(default_factory=list)

    def keep(self, study: ArchivedStudy, instance: ArchivedInstance, content: bytes) -> None:
        """As a modality sends it there."""
        self._studies[study.study_instance_uid] = study
        if instance.sop_instance_uid not in self._kept:
            self._log.append(instance.sop_instance_uid)
        self._kept[instance.sop_instance_uid] = instance, content

    def delete(self, sop_instance_uid: str) -> None:
        del self._kept[sop_instance_uid]

    def replace_database(self) -> None:
        """Everything is gone, and positions count from the beginning."""
        self._studies, self._kept, self._log = {}, {}, []
        self.database += "1"

    def identity(self) -> ArchiveIdentity:
        self._answer("identity")
        return ArchiveIdentity("memory", "1", self.feeds)

    def capabilities(self) -> Iterator[Capability]:
        self._answer("capabilities")
        yield Capability("QIDO-RS", "search studies", Verdict.YES)

    def studies(self, query: StudyQuery, limit: int) -> FoundStudies:
        self._answer("studies")
        found = sorted(
            (each for each in self._studies.values() if _matches(each, query)),
            key=lambda each: (each.study_date, each.study_instance_uid),
        )
        return FoundStudies(tuple(found[:limit]), complete=len(found) <= limit)

    def instances(self, study_instance_uid: str) -> tuple[ArchivedInstance, ...]:
        self._answer("instances")
        return tuple(each for each, _ in self._kept.values() if each.study_instance_uid == study_instance_uid)

    def changes(self, cursor: str, limit: int) -> Changes:
        self._answer("changes")
        if not self.feeds:
            raise PermanentError(f"{self.name} has no change feed", code="no_change_feed")
        database, _, at = cursor.partition(":")
        restarted = bool(cursor) and database != self.database
        since = 0 if restarted else int(at or 0)
        new = self._log[since : since + limit]
        here = tuple(self._kept[uid][0] for uid in new if uid in self._kept)
        reached = since + len(new)
        more = reached < len(self._log)
        return Changes(here, f"{self.database}:{reached}", more, restarted, gone=len(new) - len(here))

    def retrieve(self, wanted: ArchivedInstance, inbox: Inbox) -> Retrieved:
        self._answer("retrieve")
        found = [pair for pair in self._kept.values() if _is_of(pair[0], wanted)]
        for count, (instance, content) in enumerate(found):
            if count == self.breaks_off_after:
                raise TransientError(f"{self.name} broke off", code="receiver_unreachable")
            file = inbox.receive()
            file.write(content)
            inbox.hand_over(file, instance)
        gone = () if found else (Unretrieved(wanted.locator, "gone", "the archive does not have it any more"),)
        return Retrieved(len(found), gone)

    def _answer(self, question: str) -> None:
        self.asked.append(question)
        if self.away:
            raise TransientError(_AWAY, code="receiver_unreachable")


def _matches(study: ArchivedStudy, query: StudyQuery) -> bool:
    asked = (
        (query.patient_id, study.patient_id),
        (query.accession_number, study.accession_number),
        (query.study_instance_uid, study.study_instance_uid),
    )
    since, until = (day.strftime("%Y%m%d") if day else "" for day in (query.taken_from, query.taken_until))
    in_time = since <= study.study_date and (not until or study.study_date <= until)
    of_kind = not query.modality or query.modality in study.modalities
    return in_time and of_kind and all(not value or value == has for value, has in asked)


def _is_of(instance: ArchivedInstance, wanted: ArchivedInstance) -> bool:
    pairs = (
        (wanted.study_instance_uid, instance.study_instance_uid),
        (wanted.series_instance_uid, instance.series_instance_uid),
        (wanted.sop_instance_uid, instance.sop_instance_uid),
    )
    return all(not asked or asked == has for asked, has in pairs)
