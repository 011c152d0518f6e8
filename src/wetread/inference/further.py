"""More models on the same film. None of them may cost the study the first one's read: what keeps one from reading is said on the study and nothing else."""

from collections.abc import Callable, Iterable
from datetime import datetime

from wetread.domain.analysis import FurtherRead, QualityFlag
from wetread.domain.errors import WetreadError
from wetread.inference.analysis import Film, read_beside
from wetread.inference.bundle import ModelBundle
from wetread.ports.predictor import Predictor

__all__ = ["loaded", "read_again"]

_Model = tuple[ModelBundle, Predictor]


def loaded(sources: Iterable[Callable[[], _Model]]) -> tuple[tuple[_Model, ...], tuple[QualityFlag, ...]]:
    """The models that could be loaded, and a flag for each that could not."""
    models, flags = [], []
    for number, source in enumerate(sources, 2):
        try:
            models.append(source())
        except WetreadError as error:
            flags.append(_flag(f"model {number}", error))
    return tuple(models), tuple(flags)


def read_again(
    film: Film, models: Iterable[_Model], now: datetime
) -> tuple[tuple[FurtherRead, ...], tuple[QualityFlag, ...]]:
    """What each model found, and a flag for each that does not read this film."""
    reads, flags = [], []
    for bundle, predictor in models:
        try:
            found = read_beside(film, bundle, predictor, now)
        except WetreadError as error:
            flags.append(_flag(f"{bundle.identity.name} {bundle.identity.version}", error))
        else:
            reads.append(FurtherRead(found.model, found.findings, found.input_sha256))
    return tuple(reads), tuple(flags)


def _flag(model: str, error: WetreadError) -> QualityFlag:
    return QualityFlag(
        "further_model_did_not_read", f"{model} did not read this film ({error}): triage went on without it"
    )
