"""Models put together: the installed one, registered versions from their shelf, and the look at rollouts. Nothing is loaded before it is needed."""

import logging
import threading
from collections.abc import Callable
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from wetread.domain.errors import WetreadError
from wetread.domain.model_version import ModelVersion
from wetread.ports.clock import Clock
from wetread.ports.database import Database
from wetread.ports.vault import Vault
from wetread.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wetread.domain.finding import FindingName
    from wetread.governance.expected import History
    from wetread.governance.nightly import RolloutWatch
    from wetread.governance.readers import LoadVersion
    from wetread.inference.bundle import ModelBundle
    from wetread.inference.shelf import ModelShelf
    from wetread.ports.predictor import Predictor

__all__ = [
    "build_model",
    "build_registered",
    "build_rollout_watch",
    "build_shelf",
    "build_version_card",
    "recorded_history",
    "watch_rollouts",
]

_LOG = logging.getLogger(__name__)
_LOADED_VERSIONS = 6
"""Networks of registered versions that a worker keeps in memory."""
_PAUSE_S = 600.0


def build_model(settings: Settings, folder: Path | None) -> "tuple[ModelBundle, Predictor]":
    """The bundle in a folder or zip; None: the one that ships."""
    from wetread.inference.bundle import BUNDLED, load_bundle
    from wetread.runtimes.onnx import OnnxPredictor

    bundle = load_bundle(
        folder or BUNDLED,
        trusted_keys_dir=settings.model_trusted_keys_dir,
        require_signature=settings.model_require_signature,
    )
    return bundle, OnnxPredictor(bundle.onnx)


def build_shelf(settings: Settings) -> "ModelShelf":
    from wetread.inference.shelf import ModelShelf

    return ModelShelf(settings.data_dir / "models", settings.model_trusted_keys_dir, settings.model_require_signature)


def build_registered(settings: Settings) -> "LoadVersion":
    """Registered versions by the sha256 of their bundle; a version that could not be loaded is tried again the next time."""

    @lru_cache(maxsize=_LOADED_VERSIONS)
    def load(bundle_sha256: str) -> "tuple[ModelBundle, Predictor]":
        from wetread.runtimes.onnx import OnnxPredictor

        bundle = build_shelf(settings).load(bundle_sha256)
        return bundle, OnnxPredictor(bundle.onnx)

    return lambda version: load(version.bundle_sha256)


def build_version_card(settings: Settings) -> Callable[[ModelVersion], str]:
    """The model card of a registered version; a sentence where the bundle is gone or was changed."""

    @lru_cache(maxsize=_LOADED_VERSIONS)
    def card(bundle_sha256: str) -> str:
        return build_shelf(settings).load(bundle_sha256).card

    def card_or_why(version: ModelVersion) -> str:
        try:
            return card(version.bundle_sha256)
        except WetreadError as error:
            return f"Its model card cannot be shown: {error}"

    return card_or_why


def build_rollout_watch(settings: Settings, database: Database, vault: Vault, clock: Clock) -> "RolloutWatch":
    from wetread.governance.nightly import RolloutWatch
    from wetread.labelling.labeller import RuleLabeller

    every = timedelta(hours=settings.rollout_evaluate_every_h)
    return RolloutWatch(database, vault, RuleLabeller(settings.drafting_language), clock, every)


def recorded_history(
    settings: Settings,
    database: Database,
    vault: Vault,
    clock: Clock,
    site: str,
    findings: "Sequence[FindingName]",
    days: int,
    seen: Callable[[int], None],
) -> "History":
    """What the site recorded in the last `days`: what a rollout there may expect."""
    from wetread.governance.traffic import recorded
    from wetread.labelling.labeller import RuleLabeller

    labeller = RuleLabeller(settings.drafting_language)
    return recorded(database, vault, labeller, site, findings, clock.now(), days, seen)


def watch_rollouts(settings: Settings, database: Database, vault: Vault, clock: Clock, stop: threading.Event) -> None:
    """Until `stop` is set: as long as no rollout is under way nothing heavy is loaded."""
    while settings.rollout_evaluate_every_h and not stop.wait(_PAUSE_S):
        try:
            with database.begin(write=False) as unit:
                under_way = any(each.is_open for each in unit.rollouts())
        except WetreadError as error:
            _LOG.warning("rollouts_not_asked code=%s", error.code)
            continue
        if under_way:
            build_rollout_watch(settings, database, vault, clock).run(stop, pause_s=_PAUSE_S)
