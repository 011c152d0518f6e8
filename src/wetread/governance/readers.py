"""Which versions read a study, and their reading of it. A version on trial costs nobody a read: where it cannot, the next one reads and that is said; a shadow that cannot is noted, that is all."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from wetread.domain.analysis import QualityFlag
from wetread.domain.errors import PermanentError, TransientError, UnsuitableImage, WetreadError
from wetread.domain.model_version import ModelVersion
from wetread.domain.rollout import Rollout, ShadowRead
from wetread.domain.study import Study
from wetread.governance.assignment import reader_of, shadows_of
from wetread.inference.analysis import Film, FilmReading, read_beside
from wetread.inference.bundle import ModelBundle
from wetread.ports.database import UnitOfWork
from wetread.ports.predictor import Predictor

__all__ = ["LoadVersion", "Readers", "no_registry", "read_by_first", "read_in_shadow", "readers_of"]

LoadVersion = Callable[[ModelVersion], tuple[ModelBundle, Predictor]]
"""A registered version's bundle, its hashes checked, and its predictor."""
_Model = tuple[ModelBundle, Predictor]


@dataclass(frozen=True, slots=True)
class Readers:
    """`chosen`: whose read counts, then who reads where that one cannot; behind them all stands the installed model. `shadows` read along."""

    chosen: tuple[ModelVersion, ...] = ()
    shadows: tuple[ModelVersion, ...] = ()


def readers_of(unit: UnitOfWork, study: Study) -> Readers:
    """By the rollouts at the study's site. Without any, none: the installed model reads as ever."""
    rollouts = unit.rollouts(site=study.traits.site)
    if not rollouts:
        return Readers()
    first = reader_of(rollouts, study.study_key)
    active = reader_of([each for each in rollouts if each != first], study.study_key) if first else None
    return Readers(_known(unit, (first, active)), _known(unit, shadows_of(rollouts)))


def _known(unit: UnitOfWork, rollouts: Sequence[Rollout | None]) -> tuple[ModelVersion, ...]:
    found = (unit.version(each.model_key) for each in rollouts if each is not None)
    return tuple(each for each in found if each is not None)


def read_by_first(
    versions: Sequence[ModelVersion],
    load: LoadVersion,
    read: Callable[[_Model], FilmReading],
    installed: Callable[[], _Model],
    now: datetime,
) -> tuple[FilmReading, tuple[ShadowRead, ...]]:
    """The first version's reading that there is, the installed model's when none is, flagged where it is not the first's; and the failures before it.

    Raises UnsuitableImage (the film's fault) and TransientError (try again) of whichever reads, and whatever the installed model raises.
    """
    failed: list[ShadowRead] = []
    for version in versions:
        try:
            reading = read(load(version))
        except (UnsuitableImage, TransientError):
            raise
        except Exception as error:  # noqa: BLE001 - a version on trial must not cost a study its read, whatever is wrong with it
            failed.append(ShadowRead(version.model, now, problem=_code(error)))
        else:
            return _said(reading, failed), tuple(failed)
    return _said(read(installed()), failed), tuple(failed)


def _said(reading: FilmReading, failed: Sequence[ShadowRead]) -> FilmReading:
    model = reading.analysis.model
    flags = tuple(
        QualityFlag(
            "other_version_read",
            f"{each.model.name} {each.model.version} could not read this film ({each.problem}): {model.name} {model.version} read it",
        )
        for each in failed
    )
    if not flags:
        return reading
    return replace(reading, analysis=replace(reading.analysis, quality=(*reading.analysis.quality, *flags)))


def read_in_shadow(
    versions: Sequence[ModelVersion], load: LoadVersion, film: Callable[[int], Film], now: datetime
) -> tuple[ShadowRead, ...]:
    """What each version makes of the film, decoded by `film` for the input side it is given. Never raises: what goes wrong with one is noted with it."""
    return tuple(_in_shadow(each, load, film, now) for each in versions)


def _in_shadow(version: ModelVersion, load: LoadVersion, film: Callable[[int], Film], now: datetime) -> ShadowRead:
    try:
        bundle, predictor = load(version)
        found = read_beside(film(bundle.input_side_px), bundle, predictor, now)
    except UnsuitableImage as error:
        return ShadowRead(version.model, now, problem=error.code, unsuitable=True)
    except Exception as error:  # noqa: BLE001 - a shadow that crashes is noted, that is all
        return ShadowRead(version.model, now, problem=_code(error))
    return ShadowRead(version.model, now, found.findings, found.input_sha256)


def _code(error: Exception) -> str:
    """Stable and without patient data: an exception's own words could quote some."""
    return error.code if isinstance(error, WetreadError) else type(error).__name__


def no_registry(version: ModelVersion) -> _Model:
    """What loads versions where no registry was set up. Raises PermanentError."""
    raise PermanentError(f"no registry to load {version.key} from", code="no_registry")
