"""Which order of reading holds for whom: the site's mode, and what a person may choose instead."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from wetread.domain.errors import NotPermitted
from wetread.domain.reading import ReaderProfile, ReadingMode
from wetread.domain.role import Actor

__all__ = ["ModePolicy"]


@dataclass(frozen=True, slots=True)
class ModePolicy:
    """`default` is the site's mode. `choices` names, by account or else by role, what may be chosen; who is in neither may choose the site's mode and those that show less."""

    default: ReadingMode = ReadingMode.CONCURRENT
    choices: Mapping[str, tuple[ReadingMode, ...]] = field(default_factory=dict)

    def allowed(self, actor: Actor) -> tuple[ReadingMode, ...]:
        """In the order of what they show; the site's own is always among them."""
        named = self.choices.get(actor.actor_id, self.choices.get(actor.role.value, self.default.stricter))
        return tuple(each for each in ReadingMode if each in (*named, self.default))

    def effective(self, actor: Actor, profile: ReaderProfile) -> ReadingMode:
        """What was chosen, while that is allowed; else the site's."""
        chosen = profile.mode
        return chosen if chosen is not None and chosen in self.allowed(actor) else self.default

    def choose(self, actor: Actor, profile: ReaderProfile, mode: ReadingMode, now: datetime) -> ReaderProfile:
        """Raises NotPermitted (code 'mode_not_allowed')."""
        if mode not in self.allowed(actor):
            raise NotPermitted(f"this site does not let you read in mode {mode.value}", code="mode_not_allowed")
        if mode is self.effective(actor, profile):
            return profile
        return replace(profile, mode=mode, mode_chosen_at=now)
