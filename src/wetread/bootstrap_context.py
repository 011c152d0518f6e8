"""What a draft is given beside the film, put together: the record server with our credentials, and what finds in it. Encoder and snippet database are opened on first use."""

import logging
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from wetread.bootstrap_retrieval import build_snippet_store, build_text_encoder
from wetread.domain.errors import PermanentError
from wetread.domain.identifiers import StudyKey
from wetread.ports.clock import Clock
from wetread.ports.database import Database
from wetread.ports.order_store import OrdersOf, no_orders
from wetread.ports.patient_record import PatientRecord, RecordAnswer, RecordQuery
from wetread.ports.vault import Vault
from wetread.settings import Settings

if TYPE_CHECKING:
    from wetread.context.gather import ContextGatherer
    from wetread.context.record_snippets import SnippetTools
    from wetread.fhir.backend_services import Credentials
    from wetread.fhir.bounded_http import BoundedHttp
    from wetread.fhir.record_server import RecordServer

__all__ = ["build_context", "build_patient_record", "build_record_server"]

_LOG = logging.getLogger(__name__)


def build_context(
    settings: Settings, database: Database, vault: Vault, clock: Clock, secret: bytes, orders: OrdersOf = no_orders
) -> "ContextGatherer":
    """Indication, priors and, where a record server is set, the record."""
    from wetread.context.gather import ContextGatherer
    from wetread.context.injection import suspicion
    from wetread.context.record_snippets import RecordSnippets, SnippetLimits

    snippets = RecordSnippets(
        record=build_patient_record(settings, vault, secret),
        tools=cache(lambda: _snippet_tools(settings)),
        suspicion=lambda text: suspicion(text).score,
        kinds=frozenset(settings.record_kinds),
        clock=clock,
        secret=secret,
        limits=SnippetLimits(reading_s=settings.record_deadline_s, look_back_days=settings.record_look_back_days),
    )
    return ContextGatherer(
        database, vault, snippets, secret, settings.context_priors, settings.record_look_back_days, orders
    )


def _snippet_tools(settings: Settings) -> "SnippetTools":
    from wetread.context.record_snippets import SnippetTools
    from wetread.context.retrieve import Retrieval
    from wetread.labelling.labeller import RuleLabeller

    how = Retrieval(limit=settings.context_snippets, half_life_days=settings.snippet_half_life_days)
    return SnippetTools(
        build_snippet_store(settings), build_text_encoder(settings), RuleLabeller(settings.drafting_language), how
    )


def build_patient_record(settings: Settings, vault: Vault, secret: bytes) -> PatientRecord | None:
    """None where no server is set. One that is set but cannot be used is a record that says so at each draft: a worker must not stand still for it (law 1)."""
    from wetread.fhir.patient_record import FhirPatientRecord, RecordLimits

    if not settings.record_fhir_url:
        return None
    limits = RecordLimits(deadline_s=settings.record_deadline_s)
    try:
        server = build_record_server(settings)
    except PermanentError as error:
        _LOG.error("record_unusable code=%s", error.code)
        return _UnusableRecord(error)
    return FhirPatientRecord(server, vault, secret, settings.record_patient_systems, limits)


@dataclass(frozen=True, slots=True)
class _UnusableRecord:
    error: PermanentError

    def entries(self, study_key: StudyKey, query: RecordQuery) -> RecordAnswer:
        raise PermanentError(str(self.error), code=self.error.code)


def build_record_server(settings: Settings) -> "RecordServer":
    """The configured record server with our credentials for it. Raises PermanentError for settings, keys or certificates that cannot work."""
    from wetread.fhir.bounded_http import BoundedHttp, checked_url
    from wetread.fhir.record_server import RecordServer

    url, http = checked_url(settings.record_fhir_url), BoundedHttp(settings.record_ca_file)
    return RecordServer(http, url, _credentials(settings, http, url))


def _credentials(settings: Settings, http: "BoundedHttp", url: str) -> "Credentials":
    from wetread.fhir.backend_services import BackendServices, NoCredentials, TokenFile, read_scope
    from wetread.fhir.bounded_http import checked_url
    from wetread.fhir.client_assertion import load_client_key

    client_id, key_file, token_file = settings.record_client_id, settings.record_key_file, settings.record_token_file
    if bool(client_id) != bool(key_file) or (client_id and token_file):
        raise PermanentError(
            "the record needs record_client_id with record_key_file, or record_token_file, or none of them",
            code="bad_settings",
        )
    if token_file:
        return TokenFile(token_file)
    if not key_file:
        return NoCredentials()
    asking = " system/ServiceRequest.rs system/Task.rus" if settings.fhir_requests else ""
    scope = settings.record_scope or read_scope(settings.record_kinds) + asking
    token_url = checked_url(settings.record_token_url) if settings.record_token_url else ""
    key = load_client_key(key_file, settings.record_key_id)
    return BackendServices(http, url, client_id, key, scope, token_url)
