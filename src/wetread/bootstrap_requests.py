"""The poll of a FHIR server that orders films and asks for reads, put together: the record's server and credentials, the order desk, and who follows its Tasks."""

from typing import TYPE_CHECKING

from wetread.bootstrap import Core
from wetread.bootstrap_context import build_record_server
from wetread.bootstrap_orders import build_order_desk, build_task_desk
from wetread.domain.errors import PermanentError
from wetread.orders.asked_tasks import TaskDesk
from wetread.settings_fhir import FhirRequests

if TYPE_CHECKING:
    from wetread.fhir.request_poll import RequestPoll

__all__ = ["build_request_poll"]


def build_request_poll(core: Core, requests: FhirRequests) -> "RequestPoll | TaskDesk":
    """Without a server to ask, what was handed in at our own door is followed. Raises PermanentError 'bad_settings' without a way to know patients."""
    from wetread.fhir.request_poll import PollWays, RequestPoll

    settings = core.settings
    orders = build_order_desk(settings, core.database, core.vault, core.clock, core.secret)
    tasks = build_task_desk(orders)
    if not settings.record_patient_systems:
        raise PermanentError("fhir_requests needs record_patient_systems: whose is an order?", code="bad_settings")
    if not settings.record_fhir_url:
        return tasks
    ways = PollWays(requests.owner, requests.tasks, requests.service_requests, settings.record_patient_systems)
    return RequestPoll(build_record_server(settings), orders, tasks, ways, core.secret)
