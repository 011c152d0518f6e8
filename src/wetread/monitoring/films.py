"""Has the look of the films changed: what the network made of the window's films against a frozen sample of the same site and model (`evaluation.embedding_drift`).

The reference holds study keys, never vectors: what is erased from the case store leaves the comparison, too. Films of one day are alike (who is on duty, which ward sends): days change
sides as a whole, and no classifier is asked about a day that it was fitted on.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from wetread.domain.identifiers import StudyKey
from wetread.domain.quality import FilmDrift, FrozenFilms, QualityReference
from wetread.evaluation.embedding_drift import MIN_PER_SIDE, domain_auroc, mmd_test
from wetread.evaluation.inputs import Floats
from wetread.monitoring.prediction_log import PredictionRow
from wetread.monitoring.tags import TaggedStudies, day_after, first_of_each_patient
from wetread.ports.case_store import CaseStore

__all__ = ["MIN_DAYS", "MOST_FILMS", "NOT_KEPT", "OpenCases", "film_drifts", "films_frozen_with"]

OpenCases = Callable[[], CaseStore]
NOT_KEPT = "no vectors of films are kept here (setting similar_cases): whether their look changed is not measured"
MOST_FILMS = 500
"""On each side: the test's time grows with the square."""
MIN_DAYS = 14
"""On each side: fewer days can change sides in too few ways for a small p, and a busy site's first two days are no yardstick."""
_BLOCK = 500
_SEED = 7
_FEWEST_PERMUTATIONS, _MOST_PERMUTATIONS = 999, 9_999
_PAIR = 2
Kept = list[tuple[PredictionRow, "np.typing.NDArray[np.float32]"]]


@dataclass(frozen=True, slots=True)
class _Sides:
    """Vectors (n, d) and the day of each (n,)."""

    reference: Floats
    window: Floats
    before: tuple[str, ...]
    now: tuple[str, ...]

    @property
    def days(self) -> int:
        """Of the side that has fewer."""
        return min(len(set(self.before)), len(set(self.now)))


def films_frozen_with(
    reference: QualityReference, tagged: Iterable[TaggedStudies], store: CaseStore, studies: int
) -> QualityReference:
    """The reference with every site and model that is not in it yet and has `studies` (at least 50, at most 500) patients with a vector on 14 days: the oldest ones, or as many of the first 14 days."""
    known, wanted = {(each.site, each.model) for each in reference.films}, min(max(studies, MIN_PER_SIDE), MOST_FILMS)
    new = []
    for each in tagged:
        if (each.site, each.model) in known or len(each.rows) < wanted:
            continue
        sha256 = each.rows[-1].model_sha256
        rows = _first_films(store, sha256, first_of_each_patient(each.rows), wanted)
        if len(rows) == wanted and len({row.date for row in rows}) >= MIN_DAYS:
            studies_of = tuple((row.study, row.patient, row.date) for row in rows)
            new.append(FrozenFilms(each.site, each.model, sha256, rows[0].date, rows[-1].date, studies_of))
    return replace(reference, films=(*reference.films, *new)) if new else reference


def _first_films(store: CaseStore, sha256: str, rows: Sequence[PredictionRow], wanted: int) -> list[PredictionRow]:
    """Oldest first. A random share of the first days where these hold more than `wanted`, so that no site's yardstick is a day or two."""
    days = sorted({row.date for row in rows})[:MIN_DAYS]
    kept = _kept(store, sha256, [row for row in rows if row.date <= days[-1]], len(rows))
    if len(kept) <= wanted:
        return [row for row, _ in _kept(store, sha256, rows, wanted)]
    drawn = np.random.default_rng(_SEED).permutation(len(kept))[:wanted]
    return [kept[at][0] for at in sorted(drawn.tolist())]


def film_drifts(
    tagged: Sequence[TaggedStudies], reference: QualityReference, store: CaseStore, since: str, alpha: float
) -> tuple[FilmDrift, ...]:
    """Every site and model with a study received since `since` (ISO day). `alpha`: what a site's p-values share (0..1); there are as many permutations as it takes to reach it."""
    frozen = {(each.site, each.model): each for each in reference.films}
    living = [each for each in tagged if each.rows[-1].date >= since]
    models = {site: sum(each.site == site for each in living) for site in {each.site for each in living}}
    return tuple(
        _drift(each, frozen.get((each.site, each.model)), store, since, alpha / models[each.site]) for each in living
    )


def _drift(tagged: TaggedStudies, frozen: FrozenFilms | None, store: CaseStore, since: str, alpha: float) -> FilmDrift:
    if frozen is None:
        why = "no reference is frozen for this site and model yet: too few films with a vector"
        return FilmDrift(tagged.site, tagged.model, 0, 0, refused=why)
    sides = _sides(tagged, frozen, store, max(since, day_after(frozen.last_day)))
    named = FilmDrift(tagged.site, tagged.model, len(sides.window), len(sides.reference))
    if min(named.n, named.n_reference) < MIN_PER_SIDE:
        why = f"too few: {named.n} films of other patients with a vector now, {named.n_reference} in the reference, {MIN_PER_SIDE} are needed"
        return replace(named, refused=why)
    if sides.days < MIN_DAYS:
        return replace(named, refused=f"too few: films of {sides.days} days on one side, {MIN_DAYS} are needed")
    days = np.array([*sides.before, *sides.now], dtype=np.str_)
    permutations = min(max(int(2 / alpha), _FEWEST_PERMUTATIONS), _MOST_PERMUTATIONS)
    test = mmd_test(sides.reference, sides.window, days, permutations=permutations, seed=_SEED)
    told = domain_auroc(sides.reference, sides.window, days, seed=_SEED)
    return replace(named, mmd=test.squared, p=test.p, auroc=told.value, low=told.low, high=told.high)


def _sides(tagged: TaggedStudies, frozen: FrozenFilms, store: CaseStore, first: str) -> _Sides:
    """Vectors of both sides, one film a patient and no patient on both."""
    sha256 = frozen.model_sha256
    held = store.vectors(sha256, [StudyKey(each[0]) for each in frozen.studies])
    day_of = {StudyKey(each[0]): each[-1] if len(each) > _PAIR else each[0] for each in frozen.studies}
    before = {each[1] for each in frozen.studies}
    new = first_of_each_patient(row for row in tagged.rows if row.date >= first and row.model_sha256 == sha256)
    others = [row for row in new if row.patient not in before]
    drawn = [others[at] for at in np.random.default_rng(_SEED).permutation(len(others)).tolist()]
    now = _kept(store, sha256, drawn, MOST_FILMS)
    return _Sides(
        np.array(list(held.values()), np.float64),
        np.array([vector for _, vector in now], np.float64),
        tuple(day_of[study] for study in held),
        tuple(row.date for row, _ in now),
    )


def _kept(store: CaseStore, sha256: str, rows: Sequence[PredictionRow], most: int) -> Kept:
    """The first `most` of `rows` whose film has a vector."""
    found: Kept = []
    for at in range(0, len(rows), _BLOCK):
        block = rows[at : at + _BLOCK]
        vectors = store.vectors(sha256, [StudyKey(row.study) for row in block])
        found += [(row, vectors[StudyKey(row.study)]) for row in block if row.study in vectors]
        if len(found) >= most:
            break
    return found[:most]
