"""Requests for a read, put together: the desk that follows them, the worklist of UPS-RS with its data sets beside the vault, and the unsigned report that answers a request."""

import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Protocol

from wetread.delivery.packing import Packing
from wetread.domain.errors import PermanentError, TransientError
from wetread.domain.identifiers import InstanceKey, SOPInstanceUID, StudyKey, instance_key
from wetread.domain.read_request import RequestOrigin
from wetread.domain.role import SERVICE
from wetread.ingest.outcome import Outcome
from wetread.ingest.suitability import SuitabilityPolicy, first_film
from wetread.orders.answering import FileOutputs
from wetread.orders.read_requests import Follower, RequestDesk
from wetread.ports.clock import Clock
from wetread.ports.database import Database
from wetread.ports.file_store import FileStore
from wetread.ports.vault import Vault
from wetread.settings import Settings
from wetread.settings_ups import UpsManagerSettings
from wetread.storage.workitem_vault import SqlWorkitemVault
from wetread.workitems.asked_read import READ_CODE
from wetread.workitems.book import WorkitemBook
from wetread.workitems.desk import WorkitemDesk
from wetread.workitems.foreign import ForeignPerformer
from wetread.workitems.performer import Outputs, ReadPerformer
from wetread.workitems.subscriptions import SubscriptionDesk

if TYPE_CHECKING:
    from wetread.ingest.reception import Reception

__all__ = ["Worklist", "build_foreign_performer", "build_outputs", "build_worklist"]

_FORGET_EVERY_S = 3600.0


class _Core(Protocol):
    """What `bootstrap.Core` has of it."""

    @property
    def settings(self) -> Settings: ...
    @property
    def database(self) -> Database: ...
    @property
    def vault(self) -> Vault: ...
    @property
    def files(self) -> FileStore: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def secret(self) -> bytes: ...


@dataclass(slots=True)
class Worklist:
    requests: RequestDesk
    desk: WorkitemDesk
    subscriptions: SubscriptionDesk
    _forgotten_s: float = field(default=0.0)

    def sweep(self) -> None:
        """For a worker, between two jobs."""
        self.requests.sweep()
        if time.monotonic() - self._forgotten_s >= _FORGET_EVERY_S:
            self._forgotten_s = time.monotonic()
            self.desk.forget_ended()


def build_worklist(core: _Core, followers: Mapping[RequestOrigin, Follower] | None = None) -> Worklist:
    """`followers` of requests that come another way than by a workitem."""
    settings = core.settings
    book = WorkitemBook(SqlWorkitemVault(settings.resolved_vault_url), core.secret)
    performer = ReadPerformer(book, _outputs(core), _new_uid)
    requests = RequestDesk(core.database, core.clock, {RequestOrigin.WORKITEM: performer, **(followers or {})})
    return Worklist(
        requests,
        WorkitemDesk(core.database, book, core.clock, requests, _new_uid),
        SubscriptionDesk(core.database, book, core.clock),
    )


def build_foreign_performer(core: _Core, manager: UpsManagerSettings) -> ForeignPerformer:
    """Raises PermanentError 'bad_settings' for credentials that cannot be read."""
    from wetread.dicom.dicomweb_exchange import DicomwebExchange
    from wetread.dicom.ups_client import UpsClient
    from wetread.dicom.ups_events import UpsEventChannel

    ca_file = str(manager.ca_file.expanduser()) if manager.ca_file else ""
    authorization = manager.resolved_authorization
    exchange = DicomwebExchange(manager.url, authorization=authorization, ca_file=ca_file, timeout_s=manager.timeout_s)
    events = UpsEventChannel(
        exchange,
        manager.url,
        manager.subscriber or core.settings.ae_title,
        authorization=authorization,
        ca_file=ca_file,
        timeout_s=manager.timeout_s,
    )
    worklist = build_worklist(core)
    return ForeignPerformer(
        UpsClient(exchange),
        core.database,
        worklist.desk.book.vault,
        worklist.requests,
        _outputs(core),
        core.clock,
        core.secret,
        _new_uid,
        replace(READ_CODE, value=manager.code),
        events,
    )


def _outputs(core: _Core) -> Outputs:
    public = core.settings.public_url.rstrip("/")
    return Outputs(core.vault, core.settings.ae_title, f"{public}/dicom-web" if public else "")


def _new_uid() -> str:
    """A UUID-derived UID (PS3.5 §B.2)."""
    return f"2.25.{uuid.uuid4().int}"


def build_outputs(core: _Core, reception: "Callable[[], Reception]") -> FileOutputs:
    """Files the draft of a study's read as an SR that says UNVERIFIED (law 3)."""
    first = partial(first_film, policy=SuitabilityPolicy(read_secondary_capture=core.settings.read_secondary_capture))
    packing = Packing(core.database, core.vault, core.files, first, core.secret)

    def file_outputs(study_key: StudyKey) -> tuple[InstanceKey, ...]:
        from wetread.dicom.structured_report import encode_sr, sr_sop_instance_uid
        from wetread.signoff.signing import first_report

        with core.database.begin(write=False) as unit:
            draft, held = unit.draft(study_key), {each.instance_key for each in unit.instances(study_key)}
        if draft is None:
            return ()
        package = packing.unsigned(first_report(study_key, SERVICE, draft))
        key = instance_key(core.secret, SOPInstanceUID(sr_sop_instance_uid(package, package.report)))
        if key not in held:
            _file(core, reception(), encode_sr(package, core.clock.now(), organisation=core.settings.organisation))
        return (key,)

    return file_outputs


def _file(core: _Core, reception: "Reception", document: bytes) -> None:
    """Raises TransientError or PermanentError where it is not durable afterwards."""
    incoming = core.files.receive()
    incoming.write(document)
    (answer,) = reception.receive([incoming], SERVICE.actor_id, own=True)
    if answer.outcome in (Outcome.UNAVAILABLE, Outcome.STORAGE_FULL):
        raise TransientError("the unsigned report could not be filed", code="output_not_filed")
    if not answer.outcome.acknowledged:
        raise PermanentError("our own archive refuses the unsigned report", code=answer.code)
