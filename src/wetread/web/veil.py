"""What is withheld from a reader, kept out of every answer that does not come from the reading desk (ADR-0016)."""

from collections.abc import Iterable, Mapping

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

__all__ = [
    "instances_of",
    "made_by_us",
    "refuse_withheld",
    "shown_instances",
    "veiled_row",
    "withheld_from",
    "withheld_on_list",
]

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


def instances_of(call: Call, key: StudyKey) -> tuple[VaultInstance, ...]:
    """The study's, as the caller may see them."""
    return tuple(shown_instances(call, key, call.house.services.vault.instances(key)))


def shown_instances(call: Call, key: StudyKey, instances: Iterable[VaultInstance]) -> list[VaultInstance]:
    """Without our own results where they are withheld from the caller."""
    with call.house.services.database.begin(write=False) as unit:
        hidden = withheld_from(call, unit, key) is not Withheld.NOTHING
    return [each for each in instances if not (hidden and made_by_us(each.header.traits))]


def withheld_on_list(call: Call, states: Mapping[StudyKey, StudyState]) -> Mapping[StudyKey, Withheld]:
    """Of the studies on a list, those on which the machine's words are kept from the caller."""
    services = call.house.services
    with services.database.begin(write=False) as unit:
        return withheld_of(unit, services.desk.modes, call.signed_in.actor, states)


def veiled_row(row: Json, why: Withheld) -> Json:
    """A line of a list as it may be told. Adjudicated studies stand on no list that is ordered by priority."""
    if why is not Withheld.ADJUDICATION:
        return {**row, "withheld": why.value, "reason": ""}
    return {**row, "withheld": why.value, "reason": "", "priority": NO_PRIORITY, "critical": False, "unanswered": False}
