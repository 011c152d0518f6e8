"""Which studies are there for the caller? Those of the sites that the account names (`domain.role`), and one that an emergency opened to them (ADR-0027).

A study out of reach is answered as one that nobody has: the name of it in the path is put out of use before the handler sees it, so that no route has an answer of its own for it.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from wetread.domain.audit import AuditEvent
from wetread.domain.emergency import EmergencyAccess
from wetread.domain.errors import NotPermitted, PermanentError, StudyNotFound
from wetread.domain.identifiers import StudyKey, is_valid_uid
from wetread.domain.role import EMERGENCY_ACTS, Act, Actor
from wetread.ports.database import UnitOfWork
from wetread.ports.vault import Search

if TYPE_CHECKING:
    from wetread.web.house import House
    from wetread.web.operations import Call, Operation

__all__ = ["Admitted", "refuse_out_of_reach", "seen_path", "within", "within_sites"]

_NO_KEY, _NO_UID = "a" * 24, "2.25.329800735698586629295641978511506172918"
_NOBODYS = {
    "study_key": _NO_KEY,
    "study_uid": _NO_UID,
    "critical_key": f"{_NO_KEY}:1",
    "resource_id": _NO_KEY,
    "workitem": _NO_UID,
}
"""What stands in a path, and what no study, critical result or workitem is called."""

Admitted = tuple[Mapping[str, str], StudyKey | None]
"""The path as the handler sees it, and the study that an emergency opened to the caller."""


def seen_path(house: "House", actor: Actor, operation: "Operation", path: Mapping[str, str]) -> Admitted:
    """Raises NotPermitted for what an emergency does not open: it is for reading, never for writing or signing."""
    named = [name for name in _NOBODYS if name in path]
    if not actor.sites or not named or operation.act is Act.PLACE_ORDER:  # a system's own Task, by who handed it in
        return path, None
    name = named[0]
    key = _study_of(house, name, path[name])
    with house.services.database.begin(write=False) as unit:
        study = unit.find_study(key) if key else None
        if study and actor.reaches(study.traits.site):
            return path, None
        access = unit.emergency_of(actor.actor_id, key, house.services.clock.now()) if study and key else None
    if access:
        _open(house, operation, access)
        return path, access.study_key
    if study:
        facts = (("operation", operation.name),)
        house.audit(AuditEvent("refused", actor.actor_id, "other_site", study_key=key, detail=facts))
    return {**path, name: _NOBODYS[name]}, None


def within(call: "Call", keys: Iterable[StudyKey]) -> frozenset[StudyKey]:
    """Of these studies, those that are there for the caller."""
    actor, asked = call.signed_in.actor, frozenset(keys)
    if not actor.sites:
        return asked
    with call.house.services.database.begin(write=False) as unit:
        return within_sites(unit, actor, asked) | (asked & {call.opened})


def within_sites(unit: UnitOfWork, actor: Actor, keys: frozenset[StudyKey]) -> frozenset[StudyKey]:
    return frozenset(key for key, site in unit.sites_of(keys).items() if actor.reaches(site)) if actor.sites else keys


def refuse_out_of_reach(call: "Call", key: StudyKey) -> StudyKey:
    """For a study that is named in a body; raises StudyNotFound."""
    if key not in within(call, [key]):
        event = AuditEvent("refused", call.signed_in.actor.actor_id, "other_site", detail=(("operation", call.target),))
        call.house.audit(event)
        raise StudyNotFound("no such study")
    return key


def _open(house: "House", operation: "Operation", access: EmergencyAccess) -> None:
    facts = (("operation", operation.name), ("emergency", str(access.number)))
    if operation.act not in EMERGENCY_ACTS:
        raise NotPermitted("an emergency opens a study for reading, not for this", code="emergency_reads_only")
    house.audit(AuditEvent("emergency.access", access.actor_id, study_key=access.study_key, detail=facts))


def _study_of(house: "House", name: str, value: str) -> StudyKey | None:
    """The study that a part of a path is about; None where there is none, or it is not known yet."""
    if name in ("study_key", "critical_key", "resource_id"):
        return StudyKey(value.partition(":")[0].partition(".")[0])
    if not is_valid_uid(value):
        return None
    if name == "study_uid":
        found = house.services.vault.unnamed.search_studies(Search({"StudyInstanceUID": value}, 1))
        return found[0].study_key if found else None
    try:
        held = house.services.workitems.retrieve(value) if house.services.workitems else None
    except PermanentError:
        return None
    return held.workitem.study_key if held else None
