"""What a person chose for their own reading, and what of the machine's words they were shown when."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from wetread.domain.audit import AuditEvent
from wetread.domain.errors import NotPermitted, PermanentError
from wetread.domain.finding import FindingName
from wetread.domain.identifiers import StudyKey
from wetread.domain.reading import Macro, ReaderProfile, ReadingMode
from wetread.domain.role import Act, Actor, require
from wetread.ports.clock import Clock
from wetread.ports.database import Database
from wetread.signoff.exposure import exposure
from wetread.signoff.modes import ModePolicy

__all__ = ["ReaderDesk", "Sight"]


class Sight(StrEnum):
    """What of the machine's words a page put before somebody's eyes."""

    FINDINGS = "findings"
    HEAT_MAP = "heat_map"
    BOX = "box"
    DRAFT = "draft"


@dataclass(frozen=True, slots=True)
class ReaderDesk:
    database: Database
    clock: Clock
    modes: ModePolicy = field(default_factory=ModePolicy)

    def profile(self, actor: Actor) -> ReaderProfile:
        require(actor, Act.EDIT_DRAFT)
        with self.database.begin(write=False) as unit:
            return unit.reader_profile(actor.actor_id)

    def choose_mode(self, actor: Actor, mode: ReadingMode) -> ReaderProfile:
        """For studies that this person has not met yet; those they have stay as they began. Audited. Raises NotPermitted."""
        require(actor, Act.EDIT_DRAFT)
        now = self.clock.now()
        with self.database.begin() as unit:
            before = unit.reader_profile(actor.actor_id)
            chosen = self.modes.choose(actor, before, mode, now)
            if chosen != before:
                unit.save_reader_profile(chosen)
                facts = (("mode", mode.value), ("before", self.modes.effective(actor, before).value))
                unit.audit(AuditEvent("mode.choose", actor.actor_id, detail=facts), now)
                unit.commit()
        return chosen

    def keep_macros(self, actor: Actor, macros: Sequence[Macro]) -> ReaderProfile:
        """In place of this person's earlier ones. Raises PermanentError ('bad_macros') where two have one name."""
        require(actor, Act.EDIT_DRAFT)
        if len({each.name for each in macros}) < len(macros):
            raise PermanentError("each macro needs a name of its own", code="bad_macros")
        with self.database.begin() as unit:
            kept = replace(unit.reader_profile(actor.actor_id), macros=tuple(macros))
            unit.save_reader_profile(kept)
            unit.commit()
        return kept

    def saw(self, actor: Actor, study_key: StudyKey, sight: Sight, finding: FindingName | None) -> None:
        """Write down that a page showed this. Raises NotPermitted ('ai_withheld') for what this person cannot have been shown: a page that says so is wrong."""
        require(actor, Act.EDIT_DRAFT)
        with self.database.begin() as unit:
            if exposure(unit, self.modes, actor, unit.study(study_key)).hides:
                raise NotPermitted("the AI is withheld from you on this study", code="ai_withheld")
            facts = (("what", sight.value), *((("finding", finding.value),) if finding else ()))
            unit.audit(AuditEvent("ai.seen", actor.actor_id, study_key=study_key, detail=facts), self.clock.now())
            unit.commit()
