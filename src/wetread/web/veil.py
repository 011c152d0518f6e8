"""What is withheld from a reader, kept out of every answer that does not come from the reading desk (ADR-0016)."""

from collections.abc import Iterable
from typing import cast

from wetread.domain.errors import NotPermitted
from wetread.domain.identifiers import StudyKey
from wetread.domain.reading import Withheld
from wetread.domain.study import ImageTraits
from wetread.domain.study_state import StudyState
from wetread.ports.database import UnitOfWork
from wetread.ports.vault import VaultInstance
from wetread.signoff.exposure import exposure, withheld_of
from wetread.web.operations import Call
from wetread.web.reading_json import NO_PRIORITY, Json

__all__ = ["made_by_us", "refuse_withheld", "shown_instances", "veiled_rows", "withheld_from"]

_OURS = "wetread"


def withheld_from(call: Call, unit: UnitOfWork, key: StudyKey) -> Withheld:
    """Why the machine's words on this study are kept from the caller; NOTHING for a study that only the vault knows."""
    study = unit.find_study(key)
    desk = call.house.services.desk
    return exposure(unit, desk.modes, call.signed_in.actor, study).withheld if study else Withheld.NOTHING


def refuse_withheld(call: Call, unit: UnitOfWork, key: StudyKey) -> None:
    """Raises NotPermitted (code 'ai_withheld')."""
    if withheld_from(call, unit, key) is not Withheld.NOTHING:
        raise NotPermitted("the AI is withheld from you on this study", code="ai_withheld")


def made_by_us(traits: ImageTraits) -> bool:
    """True for the reports and heat maps that we deliver and an archive may send back (PS3.3 C.7.5.1, Manufacturer)."""
    return traits.manufacturer.strip().lower() == _OURS


def shown_instances(call: Call, key: StudyKey, instances: Iterable[VaultInstance]) -> list[VaultInstance]:
    """Without our own results where they are withheld from the caller."""
    with call.house.services.database.begin(write=False) as unit:
        hidden = withheld_from(call, unit, key) is not Withheld.NOTHING
    return [each for each in instances if not (hidden and made_by_us(each.header.traits))]


def veiled_rows(call: Call, rows: list[Json]) -> list[Json]:
    """Lines of the worklist, each with `withheld`. Lines of an adjudicator's studies come last, by arrival: their order would tell their priority."""
    services = call.house.services
    states = {StudyKey(str(row["study_key"])): StudyState(str(row["state"])) for row in rows}
    with services.database.begin(write=False) as unit:
        hidden = withheld_of(unit, services.desk.modes, call.signed_in.actor, states)
    veiled = [_veiled(row, hidden.get(StudyKey(str(row["study_key"])), Withheld.NOTHING)) for row in rows]
    blind = [row for row in veiled if row["withheld"] == Withheld.ADJUDICATION.value]
    blind.sort(key=lambda row: cast(str, row["received_at"]))
    return [row for row in veiled if row["withheld"] != Withheld.ADJUDICATION.value] + blind


def _veiled(row: Json, why: Withheld) -> Json:
    if why is Withheld.NOTHING:
        return {**row, "withheld": ""}
    if why is not Withheld.ADJUDICATION:
        return {**row, "withheld": why.value, "reason": ""}
    return {**row, "withheld": why.value, "reason": "", "priority": NO_PRIORITY, "critical": False}
