"""What we ask another archive: who are you and what can you do, what of a patient do you have, what is new, give me that.

Whatever it answers may be a lie: who asks checks what comes against what was asked. Every question raises TransientError when there is no answer for now, PermanentError
for one that cannot be used; no message says anything of a patient.
"""

from collections.abc import Iterator
from typing import Protocol

from wetread.domain.archive import ArchivedInstance, ArchiveIdentity, Changes, FoundStudies, Retrieved, StudyQuery
from wetread.domain.capability import Capability
from wetread.ports.file_store import IncomingFile

__all__ = ["Archive", "Inbox"]


class Inbox(Protocol):
    """Where an archive's instances go, one after the other."""

    def receive(self) -> IncomingFile:
        """A new empty file; who took it hands it over, or discards it."""
        ...

    def hand_over(self, file: IncomingFile, wanted: ArchivedInstance) -> None:
        """A whole instance (Part 10), said to be `wanted`; UIDs that are empty there were not asked for. The inbox keeps or discards the file."""
        ...


class Archive(Protocol):
    name: str
    """As the settings call it."""

    def identity(self) -> ArchiveIdentity: ...

    def capabilities(self) -> Iterator[Capability]:
        """Each as it is found; nothing there is changed."""
        ...

    def studies(self, query: StudyQuery, limit: int) -> FoundStudies:
        """At most `limit`. Rows that do not match what was asked for are left out, and the answer is then not complete."""
        ...

    def instances(self, study_instance_uid: str) -> tuple[ArchivedInstance, ...]:
        """All of a study; none for a study that is not there."""
        ...

    def changes(self, cursor: str, limit: int) -> Changes:
        """What is new behind `cursor` ("": from the beginning), at most `limit` instances. Raises PermanentError(code='no_change_feed') where the archive has none."""
        ...

    def retrieve(self, wanted: ArchivedInstance, inbox: Inbox) -> Retrieved:
        """Brings one instance, or without a SOP Instance UID a series, or without a Series Instance UID a study.

        Raises TransientError when the archive breaks off: what was handed over until then stays so. What it does not have any more, or refuses, is among `failed`.
        """
        ...
