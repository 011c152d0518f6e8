"""Which version reads a study: decided by a hash of its key, so the same study always goes the same way and widening a canary moves nobody out of it."""

from collections.abc import Iterable
from hashlib import sha256

from wetread.domain.identifiers import StudyKey
from wetread.domain.model_version import VersionState
from wetread.domain.rollout import Rollout

__all__ = ["place_of", "reader_of", "shadows_of"]


def place_of(study_key: StudyKey, model_key: str, site: str) -> float:
    """Where the study stands in 0..1 (1 excluded) for this version at this site: uniform over studies, independent between versions and sites. A canary of p % reads those below p / 100."""
    digest = sha256("\0".join((model_key, site, study_key)).encode()).digest()
    return int.from_bytes(digest[:7], "big") / 2**56


def reader_of(rollouts: Iterable[Rollout], study_key: StudyKey) -> Rollout | None:
    """Of the rollouts at the study's site, the one whose read counts for it: a canary whose share it falls in, else the active one. None: the installed model reads."""
    found = tuple(rollouts)
    for each in found:
        if each.state is VersionState.CANARY and place_of(study_key, each.model_key, each.site) < each.percent / 100:
            return each
    return next((each for each in found if each.state is VersionState.ACTIVE), None)


def shadows_of(rollouts: Iterable[Rollout]) -> tuple[Rollout, ...]:
    """Those that read along unseen."""
    return tuple(each for each in rollouts if each.state is VersionState.SHADOW)
