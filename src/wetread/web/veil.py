"""What is withheld from a reader, kept out of every answer that does not come from the reading desk (ADR-0016)."""

from collections.abc import Iterable, Mapping
from hashlib import sha256

from wetread.domain.errors import NotPermitted
from wetread.domain.identifiers import StudyKey
from wetread.domain.reading import Withheld
from wetread.domain.role import PERMITTED, Act
from wetread.domain.study import made_by_us
from wetread.domain.study_state import StudyState
from wetread.ports.database import UnitOfWork
from wetread.ports.vault import VaultInstance, VaultStudy
from wetread.signoff.exposure import exposure, withheld_of
from wetread.signoff.own_results import without
from wetread.web.operations import Call
from wetread.web.reach import within
from wetread.web.reading_json import NO_PRIORITY, Json

__all__ = [
    "DicomVeil",
    "instances_of",
    "made_by_us",
    "mode_mark",
    "refuse_withheld",
    "shown_instances",
    "veiled_row",
    "withheld_from",
    "withheld_on_list",
]


def withheld_from(call: Call, unit: UnitOfWork, key: StudyKey) -> Withheld:
    """Why the machine's words on this study are kept from the caller; NOTHING for a study that only the vault knows."""
    study = unit.find_study(key)
    desk = call.house.services.desk
    return exposure(unit, desk.modes, call.signed_in.actor, study).withheld if study else Withheld.NOTHING


def mode_mark(call: Call) -> str:
    """Names the reading mode that the caller chose last, and when; "" where they chose none or cannot be blinded."""
    actor = call.signed_in.actor
    if Act.EDIT_DRAFT not in PERMITTED[actor.role]:
        return ""
    with call.house.services.database.begin(write=False) as unit:
        profile = unit.reader_profile(actor.actor_id)
    chosen = f"{profile.mode} {profile.mode_chosen_at}" if profile.mode and profile.mode_chosen_at else ""
    return sha256(chosen.encode()).hexdigest()[:8] if chosen else ""


def refuse_withheld(call: Call, unit: UnitOfWork, key: StudyKey) -> None:
    """Raises NotPermitted (code 'ai_withheld')."""
    if withheld_from(call, unit, key) is not Withheld.NOTHING:
        raise NotPermitted("the AI is withheld from you on this study", code="ai_withheld")


def instances_of(call: Call, key: StudyKey) -> tuple[VaultInstance, ...]:
    """The study's, as the caller may see them."""
    return tuple(shown_instances(call, key, call.house.services.vault.unnamed.instances(key)))


def shown_instances(call: Call, key: StudyKey, instances: Iterable[VaultInstance]) -> list[VaultInstance]:
    """Without our own results where they are withheld from the caller."""
    with call.house.services.database.begin(write=False) as unit:
        hidden = withheld_from(call, unit, key) is not Withheld.NOTHING
    return [each for each in instances if not (hidden and made_by_us(each.header.traits))]


class DicomVeil:
    """For searches over many studies: each study as the caller may see it, our own results apart where they are withheld. Asks once for each study."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._may_be_blind = Act.EDIT_DRAFT in PERMITTED[call.signed_in.actor.role]
        self._withheld: dict[StudyKey, bool] = {}
        self._there: set[StudyKey] = set()

    def look(self, keys: Iterable[StudyKey]) -> None:
        """Find out what is withheld on these studies; before `study` and `hides`."""
        new = [key for key in dict.fromkeys(keys) if key not in self._withheld]
        self._there |= within(self._call, new)
        held: Mapping[StudyKey, Withheld] = {}
        if self._may_be_blind and new:
            services = self._call.house.services
            with services.database.begin(write=False) as unit:
                held = withheld_of(unit, services.desk.modes, self._call.signed_in.actor, unit.study_states(new))
        self._withheld |= {key: key in held for key in new}

    def hides(self, instance: VaultInstance) -> bool:
        return self._withheld[instance.study_key] and made_by_us(instance.header.traits)

    def study(self, study: VaultStudy) -> VaultStudy | None:
        """As if our own results were not there; None where nothing else is, and for a study out of the caller's reach."""
        if study.study_key not in self._there:
            return None
        if not self._withheld[study.study_key]:
            return study
        return without(study, self._call.house.services.vault.unnamed.instances(study.study_key))


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
