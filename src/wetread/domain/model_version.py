"""Which version of a model is where in its life: registered once, then at each site candidate, shadow, canary, active, retired. One table; the diagram in the docs is drawn from it.

Only RESTORE makes a version active without people: it gives a site back what two people had approved before the version that is rolled back.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from wetread.domain.analysis import ModelIdentity
from wetread.domain.errors import IllegalTransition

__all__ = ["VERSION_TRANSITIONS", "ModelVersion", "VersionEvent", "VersionState", "model_key", "next_version_state"]


class VersionState(StrEnum):
    CANDIDATE = "candidate"
    """Registered; reads nothing at this site."""
    SHADOW = "shadow"
    """Reads what the active version reads; nobody is shown it."""
    CANARY = "canary"
    """Its read is the one that counts for a share of the studies."""
    ACTIVE = "active"
    RETIRED = "retired"


class VersionEvent(StrEnum):
    START = "start"
    WIDEN = "widen"
    ACTIVATE = "activate"
    SUPERSEDE = "supersede"
    """Another version became the active one."""
    ROLL_BACK = "roll_back"
    RESTORE = "restore"
    """The version that had superseded it was rolled back."""


_S, _E = VersionState, VersionEvent

VERSION_TRANSITIONS: dict[tuple[VersionState, VersionEvent], VersionState] = {
    (_S.CANDIDATE, _E.START): _S.SHADOW,
    (_S.RETIRED, _E.START): _S.SHADOW,
    (_S.SHADOW, _E.WIDEN): _S.CANARY,
    (_S.CANARY, _E.WIDEN): _S.CANARY,
    (_S.CANARY, _E.ACTIVATE): _S.ACTIVE,
    (_S.ACTIVE, _E.SUPERSEDE): _S.RETIRED,
    (_S.SHADOW, _E.ROLL_BACK): _S.RETIRED,
    (_S.CANARY, _E.ROLL_BACK): _S.RETIRED,
    (_S.ACTIVE, _E.ROLL_BACK): _S.RETIRED,
    (_S.RETIRED, _E.RESTORE): _S.ACTIVE,
}
"""Nothing skips a stage. What was rolled back may begin again, from the shadow."""


def next_version_state(state: VersionState, event: VersionEvent) -> VersionState:
    """The state after `event`; raises IllegalTransition for a pair the table does not hold."""
    try:
        return VERSION_TRANSITIONS[state, event]
    except KeyError:
        words = event.value.replace("_", " ")
        raise IllegalTransition(f"a model version that is {state.value} cannot take the step {words}") from None


def model_key(name: str, version: str) -> str:
    """`name@version`: how people, the command line and the HTTP door name a version."""
    return f"{name}@{version}"


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """A registered bundle. `bundle_sha256` is that of its bundle.json, which lists the sha256 of every other file: it names the folder the bundle is kept in."""

    model: ModelIdentity
    bundle_sha256: str
    registered_by: str
    registered_at: datetime
    signer: str = ""
    note: str = ""

    @property
    def key(self) -> str:
        return model_key(self.model.name, self.model.version)
