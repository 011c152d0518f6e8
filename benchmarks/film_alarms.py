"""The alarm `films_drifted` on real films: how often it rings when nothing changed, and how soon it notices what did.

    python benchmarks/film_alarms.py FOLDER/manifest.csv [--years 4] [--feeds 10] [--sites 30] [--cache FILE.npz] [--only PART]

The shipped network's features of real films (a manifest as docs/datasets.md has it), one film a patient. A site of 30 studies a day takes its films from them, never the same twice in a window and none of the
reference's later; it is looked at every seventh night by the product's own rule. Nothing changes: days alike; the share of bedside films varies from day to day; the films of a day have a look of their own besides
(a twentieth of the variance of every feature). Then changes of the last 28 days. Every rate has its exact Poisson, every share its Wilson interval.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from quality_data import MADE_AT, Feed, rows_of

from wetread.domain.identifiers import StudyKey
from wetread.domain.quality import QualityReference, QualityReport
from wetread.evaluation.embedding_drift import domain_auroc, mmd_test
from wetread.evaluation.proportions import poisson_interval, wilson
from wetread.inference.bundle import BUNDLED, load_bundle
from wetread.inference.resample import fit_long_side
from wetread.learning.film import decode_film
from wetread.learning.manifest import Film, read_manifest
from wetread.monitoring import films as look
from wetread.monitoring.cells import QualityLimits
from wetread.monitoring.films import film_drifts, films_frozen_with
from wetread.monitoring.prediction_log import PredictionRow
from wetread.monitoring.quality_rules import FILM_FLOOR, night_share, quality_verdicts
from wetread.monitoring.tags import tagged_studies
from wetread.ports.case_store import Case
from wetread.runtimes.onnx import OnnxPredictor
from wetread.testing.memory_cases import MemoryCaseStore

LIMITS = QualityLimits()
PER_DAY, WEEK, YEAR, WARMING = 30, 7, 365, 46
FOR_REFERENCE = 600
"""Films set apart for the days of which the reference is made."""
OWN_LOOK = 0.05
SHA = "a" * 64
Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class Pool:
    """Features (n, d) of one film a patient: bedside and upright ones of the house, those of children and those of another hospital, and the house's through another grey scale."""

    bedside: Vectors
    upright: Vectors
    children: Vectors
    elsewhere: Vectors
    darker: Vectors


def read_pool(manifest: Path, cache: Path | None) -> Pool:
    names = ("bedside", "upright", "children", "elsewhere", "darker")
    if cache and cache.exists():
        with np.load(cache) as held:
            return Pool(*(held[each] for each in names))
    bundle = load_bundle(BUNDLED)
    predictor = OnnxPredictor(bundle.onnx)

    def features(films: list[Film], gamma: float = 1.0) -> Vectors:
        found = []
        for film in films:
            decoded = decode_film(manifest.parent / film.file)
            image, _ = fit_long_side(replace(decoded, display=decoded.display**gamma), bundle.input_side_px)
            found.append(predictor.predict(image).features)
        return np.stack(found)

    films = one_a_patient(read_manifest(manifest))
    house = [each for each in films if each.is_nih]
    split = [[each for each in house if (each.view_position == "AP") is bedside] for bedside in (True, False)]
    rest = [[each for each in films if each.dataset.startswith(name)] for name in ("Kermany", "Hannover")]
    pool = Pool(*map(features, (*split, *rest)), features(house[:1000], gamma=1.5))
    if cache:
        np.savez(cache, **{each: getattr(pool, each) for each in names})
    return pool


def one_a_patient(films: list[Film]) -> list[Film]:
    """A random film of each patient, in random order."""
    random, found = np.random.default_rng(3), {}
    for at in random.permutation(len(films)).tolist():
        found.setdefault(films[at].patient_id, films[at])
    return list(found.values())


def endless(vectors: Vectors, random: np.random.Generator) -> Iterator[Vectors]:
    """Every film once, then all again in another order."""
    while True:
        yield from vectors[random.permutation(len(vectors))]


@dataclass(frozen=True)
class Site:
    rows: list[PredictionRow]
    store: MemoryCaseStore
    days: int
    reference: QualityReference

    def night(self, back: int, permutations: int = 9_999) -> QualityReport:
        """The look of the films `back` nights before the log's end."""
        look._MOST_PERMUTATIONS = permutations
        night = (MADE_AT - timedelta(days=back)).date()
        since = (night - timedelta(days=LIMITS.days)).isoformat()
        window = self.rows[max(0, self.days - back - LIMITS.days) * PER_DAY : (self.days - back) * PER_DAY]
        films = film_drifts(tagged_studies(window), self.reference, self.store, since, night_share(1.0))
        return QualityReport(MADE_AT, since, LIMITS.days, "negative", 0, (), films=films)

    def rings(self, back: int) -> tuple[bool, float]:
        """Whether the alarm rings, and the AUROC. Below the floor it cannot: then nobody pays for the permutations."""
        quick = self.night(back, permutations=1)
        auroc = quick.films[0].auroc or 0.0
        return auroc >= FILM_FLOOR and bool(quality_verdicts(self.night(back), QualityReference(), 1.0).silences), auroc


def a_site(
    pool: Pool,
    days: int,
    seed: int,
    *,
    vary: bool = False,
    own: float = 0.0,
    strange: Vectors | None = None,
    every: int = 0,
) -> Site:
    """`vary`: days differ in their share of bedside films; `own`: share of a feature's variance that a day's films have in common; `every`th film of the last 28 days is a `strange` one."""
    random = np.random.default_rng(seed)
    sources: list[tuple[Iterator[Vectors], Iterator[Vectors]]] = []
    share = len(pool.bedside) / (len(pool.bedside) + len(pool.upright))
    mixed = [pool.upright[random.permutation(len(pool.upright))], pool.bedside[random.permutation(len(pool.bedside))]]
    for vectors, of in zip(mixed, (1 - share, share), strict=True):
        cut = round(FOR_REFERENCE * of)
        sources.append((endless(vectors[:cut], random), endless(vectors[cut:], random)))
    odd = endless(strange, random) if strange is not None else None
    rows = [replace(each, model_sha256=SHA) for each in rows_of(Feed(days=days, per_day=PER_DAY, seed=seed))]
    spread = np.concatenate([pool.bedside, pool.upright]).std(axis=0) * np.sqrt(own)
    store = MemoryCaseStore()
    for day in range(days):
        bedside = random.beta(10 * share, 10 * (1 - share)) if vary else share
        look = (random.normal(size=spread.shape) * spread).astype(np.float32) if own else 0.0
        for number in range(PER_DAY):
            at = day * PER_DAY + number
            late = day >= days - LIMITS.days
            if odd is not None and late and at % every == 0:
                vector = next(odd)
            else:
                vector = next(sources[int(random.random() < bedside)][int(day >= 20)])
            store.keep(Case(StudyKey(rows[at].study), SHA, MADE_AT, vector + look))
    first = tagged_studies(rows[: 20 * PER_DAY])
    return Site(rows, store, days, films_frozen_with(QualityReference(), first, store, LIMITS.reference_studies))


CALM: dict[str, dict[str, float | bool]] = {
    "alike": {},
    "bedside": {"vary": True},
    "own-look": {"vary": True, "own": OWN_LOOK},
}
"""Days alike; their share of bedside films differs; each has a look of its own besides."""


def false_alarms(pool: Pool, years: int, kinds: Sequence[str]) -> None:
    for said, how in ((each, CALM[each]) for each in kinds):
        rung, highest = 0, []
        for seed in range(years):
            site = a_site(pool, YEAR + WARMING, seed, **how)  # type: ignore[arg-type]
            looks = [site.rings(back) for back in range(YEAR - 1, -1, -WEEK)]
            nights = [each for each, _ in looks]
            rung += sum(now and not before for before, now in zip([False, *nights], nights, strict=False))
            highest += [auroc for _, auroc in looks]
            progress(f"{said}: site-year {seed + 1} of {years}, {rung} alarms, highest AUROC {max(highest):.3f}")
        low, high = (each / years for each in poisson_interval(rung))
        print(
            f"false alarms a site-year, {said}: {rung / years:.2f} ({low:.2f} to {high:.2f}), n = {years} site-years; AUROC of {len(highest)} looks: "
            f"mean {statistics.mean(highest):.3f}, standard deviation {statistics.stdev(highest):.3f}, highest {max(highest):.3f}",
            flush=True,
        )


def independent_films(pool: Pool, sites: int) -> None:
    """What was not built: films counted as independent of each other, each day with a look of its own; one night a site."""
    rung = {True: 0, False: 0}
    for seed in range(sites):
        site = a_site(pool, 48, 900 + seed, vary=True, own=OWN_LOOK)
        keys = [StudyKey(each.study) for each in site.rows]
        old, new = (np.array(list(site.store.vectors(SHA, part).values())) for part in (keys[:500], keys[600:1100]))
        days = np.array([each.date for each in (*site.rows[:500], *site.rows[600:1100])])
        for blocks in (True, False):
            by = days if blocks else None
            p = mmd_test(old, new, by, permutations=999).p
            rung[blocks] += p < night_share(1.0) and domain_auroc(old, new, by).value >= FILM_FLOOR
    for blocks, name in ((False, "films as independent (not built)"), (True, "days as blocks")):
        low, high = wilson(rung[blocks], sites)
        print(
            f"a single night rings, days with a look of their own, {name}: {rung[blocks]} of {sites} ({low:.3f} to {high:.3f})"
        )


def changes(pool: Pool) -> dict[str, tuple[Vectors, int]]:
    return {
        f"one film in {every} {name}": (vectors, every)
        for name, vectors in (
            ("of another hospital", pool.elsewhere),
            ("of a child", pool.children),
            ("through another grey scale (gamma 1.5)", pool.darker),
        )
        for every in (10, 5, 3, 2, 1)
        if every * len(vectors) >= LIMITS.days * PER_DAY
    }


def noticed(pool: Pool, feeds: int) -> None:
    for said, (strange, every) in changes(pool).items():
        nights = []
        for seed in range(feeds):
            site = a_site(pool, 75, 500 + seed, vary=True, strange=strange, every=every)
            nights.append(next((28 - back for back in range(21, -1, -WEEK) if site.rings(back)[0]), None))
        known = [each for each in nights if each is not None]
        low, high = wilson(len(known), feeds)
        when = f"night {statistics.median(known):.0f}" if known else "never"
        print(f"  {said}: {len(known)} of {feeds} ({low:.2f} to {high:.2f}), {when}", flush=True)


def progress(words: str) -> None:
    print(f"[{time.strftime('%H:%M:%S')}] {words}", file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("--years", type=int, default=4, help="simulated site-years of each kind")
    parser.add_argument("--feeds", type=int, default=10, help="sites for each change")
    parser.add_argument("--sites", type=int, default=30, help="sites of the comparison with films as independent")
    parser.add_argument("--cache", type=Path, help="keeps the features between runs")
    parser.add_argument("--only", choices=("blocks", "changes", "calm"), help="this part alone")
    parser.add_argument("--calm", choices=tuple(CALM), action="append", help="this kind of days where nothing changes")
    args = parser.parse_args()
    pool = read_pool(args.manifest, args.cache)
    sizes = ", ".join(f"{name} {len(getattr(pool, name))}" for name in Pool.__dataclass_fields__)
    print(f"films, one a patient: {sizes}", flush=True)
    parts: dict[str, Callable[[], None]] = {
        "blocks": lambda: independent_films(pool, args.sites),
        "changes": lambda: noticed(pool, args.feeds),
        "calm": lambda: false_alarms(pool, args.years, args.calm or tuple(CALM)),
    }
    for name, part in parts.items():
        if args.only in (None, name):
            part()


if __name__ == "__main__":
    main()
