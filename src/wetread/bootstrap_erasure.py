"""Erasure put together: who may ask and approve, who carries it out, and everything that holds something of a study."""

from datetime import timedelta
from functools import cache, partial

from wetread.bootstrap_retrieval import build_case_store, build_snippet_store, has_snippet_database
from wetread.delivery.folder import remove_documents
from wetread.domain.identifiers import PatientKey, StudyKey
from wetread.governance.erasing import Elsewhere, Eraser
from wetread.governance.erasure_desk import ErasureDesk
from wetread.governance.legal_hold_desk import LegalHoldDesk
from wetread.governance.study_retention import StudyRetentionRound
from wetread.ingest.suitability import SuitabilityPolicy
from wetread.ports.clock import Clock
from wetread.ports.database import Database
from wetread.ports.file_store import FileStore
from wetread.ports.vault import Vault
from wetread.settings import Settings
from wetread.storage.vault_erasure import SqlVaultEraser

__all__ = ["build_eraser", "build_erasure_desk", "build_legal_hold_desk", "build_study_retention"]


def build_erasure_desk(
    settings: Settings, database: Database, vault: Vault, clock: Clock, secret: bytes
) -> ErasureDesk:
    identity = SqlVaultEraser(settings.resolved_vault_url)
    policy = SuitabilityPolicy(read_secondary_capture=settings.read_secondary_capture)
    return ErasureDesk(database, vault, identity, clock, secret, policy, _kept_for(settings))


def build_study_retention(settings: Settings, desk: ErasureDesk) -> StudyRetentionRound | None:
    """None where nothing is to be done when the period is over, or none is set."""
    kept = settings.study_retention
    if kept is None or kept.afterwards == "nothing":
        return None
    return StudyRetentionRound(desk, kept.afterwards == "erase", kept.studies_per_night)


def build_legal_hold_desk(
    settings: Settings, database: Database, vault: Vault, clock: Clock, secret: bytes
) -> LegalHoldDesk:
    return LegalHoldDesk(database, vault, SqlVaultEraser(settings.resolved_vault_url), clock, secret)


def build_eraser(
    settings: Settings, database: Database, files: FileStore, vault: Vault, clock: Clock, secret: bytes
) -> Eraser:
    snippets, cases = cache(partial(build_snippet_store, settings)), cache(partial(build_case_store, settings))

    def record(patient: PatientKey) -> int:
        return snippets().erase_patient(patient) if has_snippet_database(settings) else 0

    def vectors(study_key: StudyKey) -> int:
        return cases().erase_study(study_key) if has_snippet_database(settings) else 0

    elsewhere = Elsewhere(vectors, record, partial(remove_documents, settings.resolved_folder_sink))
    identity = SqlVaultEraser(settings.resolved_vault_url)
    return Eraser(database, files, vault, identity, elsewhere, clock, secret, _kept_for(settings))


def _kept_for(settings: Settings) -> timedelta | None:
    return timedelta(days=settings.study_retention.keep_days) if settings.study_retention else None
