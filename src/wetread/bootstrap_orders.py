"""What the hospital says, put together: its store beside the vault, the order desk, and the MLLP door with its settings."""

import ssl
import time
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from wetread.bootstrap_quality import site_zone
from wetread.context.retention import Retention
from wetread.dimse_neighbours import worklist_of
from wetread.domain.errors import PermanentError
from wetread.domain.job import Job, JobKind
from wetread.domain.resting import Resting
from wetread.ingest.outside_work import OutsideWork
from wetread.ingest.register import IdentityCheck, no_check
from wetread.orders.arrivals import ArrivalCheck
from wetread.orders.asked_tasks import TaskDesk
from wetread.orders.desk import OrderDesk
from wetread.orders.lookup import OrdersOfStudy
from wetread.orders.read_requests import RequestDesk
from wetread.orders.retention import OrderRetention
from wetread.orders.worklist_query import Asked, WorklistAsker
from wetread.ports.clock import Clock
from wetread.ports.database import Database
from wetread.ports.vault import Vault
from wetread.settings import Settings
from wetread.settings_hl7 import Hl7Listener
from wetread.storage.orders import SqlOrderStore

if TYPE_CHECKING:
    from wetread.dicom.remote_ae import RemoteAe
    from wetread.fhir.order_door import FhirOrderDoor
    from wetread.hl7.mllp_server import MllpServer

__all__ = [
    "build_arrival_check",
    "build_hl7_server",
    "build_order_desk",
    "build_order_door",
    "build_order_retention",
    "build_order_store",
    "build_orders_of",
    "build_task_desk",
    "build_worklist_work",
    "hears_orders",
]

_FIRST_PAUSE = timedelta(seconds=15)
"""Sooner than the read is done, mostly."""


def hears_orders(settings: Settings) -> bool:
    """Whether any hospital system says what was ordered, so that a film may be of somebody else."""
    return bool(settings.hl7_listener or settings.fhir_requests or worklist_of(settings))


def build_order_store(settings: Settings) -> SqlOrderStore:
    return SqlOrderStore(settings.resolved_vault_url)


def build_orders_of(settings: Settings, vault: Vault) -> OrdersOfStudy:
    return OrdersOfStudy(vault, build_order_store(settings))


def build_arrival_check(settings: Settings, secret: bytes) -> IdentityCheck:
    return ArrivalCheck(build_order_store(settings), secret) if hears_orders(settings) else no_check


def build_order_desk(settings: Settings, database: Database, vault: Vault, clock: Clock, secret: bytes) -> OrderDesk:
    return OrderDesk(database, vault, build_order_store(settings), clock, secret)


def build_task_desk(orders: OrderDesk) -> TaskDesk:
    """Follows requests for a read of the films of orders."""
    requests = RequestDesk(orders.database, orders.clock)
    return TaskDesk(orders.database, orders.vault, orders.store, requests, orders.clock)


def build_order_door(
    settings: Settings, database: Database, vault: Vault, clock: Clock, secret: bytes
) -> "FhirOrderDoor | None":
    """None where nobody may hand in orders in FHIR."""
    from wetread.fhir.order_door import FhirOrderDoor

    if settings.fhir_requests is None:
        return None
    orders = build_order_desk(settings, database, vault, clock, secret)
    return FhirOrderDoor(orders, build_task_desk(orders), settings.record_patient_systems, secret)


def build_worklist_work(peer: "RemoteAe", desk: OrderDesk) -> OutsideWork:
    from wetread.dicom.worklist_scu import WorklistScu

    asker = WorklistAsker(WorklistScu(peer), desk, Resting(time.monotonic))

    def ask(job: Job, _: Callable[[], None]) -> bool:
        return asker.ask(job.study_key, again=job.attempt > 1) is Asked.AWAY

    return OutsideWork(JobKind.ORDERS, ask, desk.database, desk.clock, _FIRST_PAUSE)


def build_order_retention(settings: Settings, database: Database, vault: Vault, clock: Clock) -> Retention | None:
    """None where orders are kept for ever."""
    if not settings.order_retention_days:
        return None
    orders = OrderRetention(database, vault, build_order_store(settings), clock)
    return Retention(lambda: orders, timedelta(days=settings.order_retention_days), clock, "orders", "orders")


def build_hl7_server(settings: Settings, listener: Hl7Listener, desk: OrderDesk) -> "MllpServer":
    """Listening already. Raises PermanentError 'bad_settings' for a certificate that cannot be used, OSError for a port that is taken."""
    from wetread.hl7.instructions import HospitalWays
    from wetread.hl7.listener import MessageDesk
    from wetread.hl7.mllp_server import MllpLimits, MllpServer
    from wetread.hl7.parse import ParseLimits

    ways = HospitalWays(site_zone(settings), listener.issuers, listener.processing_id)
    limits = ParseLimits(listener.character_set, listener.max_message_bytes, listener.max_segments)
    messages = MessageDesk(desk, ways, limits, desk.clock.now)
    bounds = MllpLimits(
        listener.max_message_bytes,
        listener.max_connections,
        listener.max_connections_per_peer,
        listener.idle_s,
        listener.message_s,
    )
    where = listener.host, listener.port
    tls = _tls(listener)
    return MllpServer(*where, messages.answer, messages.refuse, listener.peers, bounds, tls, messages.turned_away)


def _tls(listener: Hl7Listener) -> ssl.SSLContext | None:
    if not listener.tls or not listener.cert_file:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(listener.cert_file.expanduser(), listener.key_file and listener.key_file.expanduser())
        if listener.ca_file:
            context.load_verify_locations(listener.ca_file.expanduser())
            context.verify_mode = ssl.CERT_REQUIRED
    except OSError as error:
        raise PermanentError(
            f"a certificate or key of hl7_listener cannot be used ({type(error).__name__})", code="bad_settings"
        ) from None
    return context
