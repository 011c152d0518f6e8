"""Research exports put together: the prediction log, the vault with its crosswalk, and what writes films without names."""

import secrets
from pathlib import Path

from wetread.bootstrap_quality import build_prediction_log
from wetread.dicom.confidentiality import Option
from wetread.dicom.deidentified_folder import FolderExporter
from wetread.dicom.deidentify import Confidentiality
from wetread.dicom.deidentify_film import FilmDeidentifier
from wetread.dicom.instance_forms import SandboxedForms
from wetread.dicom.pseudonyms import Pseudonyms
from wetread.dicom.sandbox import Sandbox
from wetread.governance.research_export import ResearchDesk, checked_name
from wetread.ports.clock import Clock
from wetread.ports.crosswalk import ResearchExport
from wetread.ports.database import Database
from wetread.ports.file_store import FileStore
from wetread.ports.film_text import FilmTextReader
from wetread.ports.vault import Vault
from wetread.settings import Settings
from wetread.storage.crosswalk import SqlCrosswalk

__all__ = ["build_research_desk", "film_exporter", "new_export"]


def build_research_desk(
    settings: Settings, database: Database, vault: Vault, files: FileStore, clock: Clock
) -> ResearchDesk:
    log = build_prediction_log(settings, database, vault)
    return ResearchDesk(database, vault, SqlCrosswalk(settings.resolved_vault_url), files, clock, log.rows)


def new_export(name: str, options: frozenset[Option]) -> ResearchExport:
    """With a key of its own, for where there is none of this name. Raises PermanentError('bad_export_name')."""
    return ResearchExport(checked_name(name), secrets.token_bytes(32), tuple(sorted(each.value for each in options)))


def film_exporter(
    export: ResearchExport, folder: Path, sandbox: Sandbox, reader: FilmTextReader | None
) -> FolderExporter:
    """Into `folder`."""
    how = Confidentiality(frozenset(map(Option, export.options)), Pseudonyms(export.key))
    deidentifier = FilmDeidentifier(SandboxedForms(sandbox), how, reader)
    return FolderExporter(folder, deidentifier, how.pseudonyms)
