"""What a WADO-RS path names: the instances as the caller may see them, their verified bytes, and the record that they were asked for."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from wetread.domain.audit import AuditEvent
from wetread.domain.errors import PermanentError, StudyNotFound, UnsuitableImage
from wetread.ports.instance_forms import HeldBytes
from wetread.ports.vault import VaultInstance
from wetread.web.operations import Call
from wetread.web.problems import Refusal
from wetread.web.qido import find_study, uid_in_path
from wetread.web.veil import instances_of, shown_instances

__all__ = ["asked_for", "audit_retrieval", "drained", "instances_in_path", "verified"]

_T = TypeVar("_T")
_STATUS = {
    "no_such_frame": 404,
    "no_such_value": 404,
    "no_such_region": 400,
    "no_pixels": 406,
    "cannot_transcode": 406,
    "lossy_colour": 406,
    "unsupported_transfer_syntax": 406,
    "photometric": 406,
    "unsupported_depth": 406,
}


def instances_in_path(call: Call) -> list[VaultInstance]:
    """Of the study, series or instance in the path; raises StudyNotFound where nothing is there for the caller."""
    if "sop_uid" in call.path:
        uids = [uid_in_path(call, name) for name in ("study_uid", "series_uid", "sop_uid")]
        one = call.house.services.vault.unnamed.find_instance(*uids)
        found = shown_instances(call, one.study_key, [one]) if one else []
    else:
        series_uid = uid_in_path(call, "series_uid") if "series_uid" in call.path else ""
        mine = instances_of(call, find_study(call).study_key)
        found = [each for each in mine if series_uid in ("", each.header.series_instance_uid)]
    if not found:
        raise StudyNotFound("no such study, series or instance")
    return found


def verified(call: Call, instance: VaultInstance) -> Path:
    """Where its bytes lie, hashed again just now; raises PermanentError('bytes_damaged' or 'bytes_missing')."""
    store = call.house.services.file_store
    if not store.verify(instance.content_sha256):
        raise PermanentError("the stored bytes are damaged: restore them from the archive", code="bytes_damaged")
    return store.path_of(instance.content_sha256)


def asked_for(make: Callable[[], _T]) -> _T:
    """What `make` gives; where an instance has no such form, the status that says so (Refusal)."""
    try:
        return make()
    except UnsuitableImage as error:
        if error.code not in _STATUS:
            raise
        raise Refusal(_STATUS[error.code], error.code, str(error)) from error


def drained(held: HeldBytes) -> Iterator[bytes]:
    try:
        yield from held.pieces()
    finally:
        held.close()


def audit_retrieval(call: Call, instances: Sequence[VaultInstance], form: str = "") -> None:
    """Before a byte leaves. `form`: what was asked for instead of the files."""
    detail = (("instances", str(len(instances))), *((("form", form),) if form else ()))
    actor_id = call.signed_in.actor.actor_id
    call.house.audit(AuditEvent("dicomweb.retrieve", actor_id, study_key=instances[0].study_key, detail=detail))
