"""The crosswalk of research exports in memory (`ports.crosswalk`)."""

from wetread.domain.identifiers import StudyKey
from wetread.ports.crosswalk import CrosswalkEntry, ResearchExport
from wetread.ports.vault import Vault

__all__ = ["MemoryCrosswalk"]


class MemoryCrosswalk:
    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._exports: dict[str, ResearchExport] = {}
        self._entries: dict[tuple[str, StudyKey], CrosswalkEntry] = {}

    def begun(self, export: ResearchExport) -> ResearchExport:
        return self._exports.setdefault(export.name, export)

    def remember(self, name: str, entry: CrosswalkEntry) -> None:
        self._vault.unnamed.study(entry.study_key)
        self._entries[name, entry.study_key] = entry

    def entries(self, name: str) -> tuple[CrosswalkEntry, ...]:
        held = sorted((key, each) for (of, key), each in self._entries.items() if of == name)
        return tuple(each for key, each in held if self._vault.unnamed.studies([key]))
