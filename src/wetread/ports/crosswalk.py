"""Which study is which in a research export: in the vault, and nowhere else."""

from dataclasses import dataclass, field
from typing import Protocol

from wetread.domain.identifiers import StudyKey

__all__ = ["Crosswalk", "CrosswalkEntry", "ResearchExport"]


@dataclass(frozen=True, slots=True)
class ResearchExport:
    """`key`: 32 bytes behind every pseudonym of the export; `options`: names of what its films keep, sorted."""

    name: str
    key: bytes = field(repr=False)
    options: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CrosswalkEntry:
    """`patient` and `study_uid` are what the export calls them."""

    study_key: StudyKey
    patient: str
    study_uid: str


class Crosswalk(Protocol):
    def begun(self, export: ResearchExport) -> ResearchExport:
        """The export of this name: as given where there was none, else as it was begun. Durable."""
        ...

    def remember(self, name: str, entry: CrosswalkEntry) -> None:
        """Before anything of the study is written, durably; harmless a second time. Raises StudyNotFound for a study that the vault does not hold."""
        ...

    def entries(self, name: str) -> tuple[CrosswalkEntry, ...]:
        """By study key; an erased study is in none."""
        ...
