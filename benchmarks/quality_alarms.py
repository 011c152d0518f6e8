"""Live monitoring's alarms: how often they ring when nothing changed, and how soon they notice what did.

    python benchmarks/quality_alarms.py [--years 20] [--feeds 20] [--cells 4] [--speed | --tags]

A site with one scanner, `--cells` findings and 30 studies a day, looked at every night (subgroups every seventh). False alarms (episodes) per site-year and kind with the exact Poisson interval over logs in which nothing
ever changes; then the share of `--feeds` sites that notice a change in one finding within 28 nights, and the median night. `--speed`: the time of a night's round instead. `--tags`: the films' tags instead, where days are alike and where the share of
bedside films varies from day to day.
"""

import argparse
import resource
import statistics
import sys
import time
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from quality_data import MADE_AT, Feed, rows_of

from wetread.domain.alarm import AlarmKind
from wetread.domain.identifiers import StudyKey
from wetread.domain.quality import NAIVE, CellKey, Number, QualityCell, QualityReference, QualityReport
from wetread.evaluation.proportions import poisson_interval
from wetread.monitoring.cells import QualityLimits, quality_report, subgroup_gaps
from wetread.monitoring.columns import CellColumns, cell_columns
from wetread.monitoring.evidence import drift_numbers, evidence_numbers
from wetread.monitoring.films import film_drifts, films_frozen_with
from wetread.monitoring.prediction_log import PredictionRow
from wetread.monitoring.quality_rules import KINDS, quality_verdicts
from wetread.monitoring.reference import frozen_with
from wetread.monitoring.tags import tag_drifts, tagged_studies, tags_frozen_with
from wetread.ports.case_store import Case
from wetread.testing.memory_cases import MemoryCaseStore

LIMITS = QualityLimits()
TOLD = tuple(Number(name, 0) for name in ("sensitivity", "override", "mean_probability", "prevalence"))
PER_DAY = 30
CHANGES = {
    "a fifth of the sick missed": ({"missed": 0.2}, AlarmKind.SENSITIVITY_FELL),
    "a third of the sick missed": ({"missed": 0.33}, AlarmKind.SENSITIVITY_FELL),
    "half of the sick missed": ({"missed": 0.5}, AlarmKind.SENSITIVITY_FELL),
    "probabilities up by 0.5 logits": ({"shift": 0.5}, AlarmKind.CALIBRATION_OFF),
    "probabilities up by 1 logit": ({"shift": 1.0}, AlarmKind.CALIBRATION_OFF),
    "scores up by 0.5 logits": ({"shift": 0.5}, AlarmKind.SCORES_DRIFTED),
    "scores up by 1 logit": ({"shift": 1.0}, AlarmKind.SCORES_DRIFTED),
    "a third of calls thrown away": ({"dropped": 0.33}, AlarmKind.OVERRIDES_JUMPED),
    "half of calls thrown away": ({"dropped": 0.5}, AlarmKind.OVERRIDES_JUMPED),
}


def a_night(
    cells: dict[CellKey, CellColumns], reference: QualityReference, back: int, *, gaps: bool = False
) -> set[AlarmKind]:
    """The kinds that ring `back` nights before `MADE_AT`."""
    made_at = MADE_AT - timedelta(days=back)
    since, until = ((made_at - timedelta(days=each)).date().isoformat() for each in (LIMITS.days, 0))
    frozen = {each.key: each for each in reference.cells}
    found = []
    for key, columns in cells.items():
        window = columns.since(since).before(until)
        drift, shares = drift_numbers(window, frozen.get(key))
        numbers = (*TOLD, *drift, *evidence_numbers(window, frozen.get(key), LIMITS.tolerance))
        looked = tuple(subgroup_gaps(window)) if gaps else ()
        found.append(QualityCell(key, len(window), 0, 0, 0, 0, 0, 1.0, NAIVE, numbers, looked, psi_shares=shares))
    report = QualityReport(made_at, since, LIMITS.days, "negative", 0, tuple(found))
    return {each.kind for each in quality_verdicts(report, reference, 1.0).silences}


def a_site(days: int, cells: int, seed: int, **changes: float) -> tuple[dict[CellKey, CellColumns], QualityReference]:
    """`cells` findings of the same quality; `changes` befall the first of them in its last 28 days."""
    calm = [Feed(finding=f"f{n}", days=days, per_day=PER_DAY, seed=1000 * seed + n) for n in range(cells)]
    columns = cell_columns(rows_of(replace(calm[0], **changes), *calm[1:]))  # type: ignore[arg-type]
    return columns, frozen_with(QualityReference(), columns, LIMITS.reference_studies)


def false_alarms(years: int, cells: int) -> None:
    episodes: Counter[AlarmKind] = Counter()
    for seed in range(years):
        columns, reference = a_site(365 + 46, cells, seed)
        ringing: set[AlarmKind] = set()
        for back in range(364, -1, -1):
            weekly = back % 7 == 0  # subgroups cost ten times the rest; between two looks they ring as at the last
            now = a_night(columns, reference, back, gaps=weekly)
            now |= set() if weekly else ringing & {AlarmKind.SUBGROUP_GAP}
            episodes.update(now - ringing)
            ringing = now
    print(
        f"false alarms per site-year and kind (aimed at: at most 1), 95 % interval; n = {years} site-years, {cells} cells"
    )
    for kind in sorted(KINDS - {AlarmKind.TAGS_DRIFTED}):  # those: --tags
        count = episodes[kind]
        low, high = (each / years for each in poisson_interval(count))
        print(f"  {kind.value}: {count / years:.2f} ({low:.2f} to {high:.2f})")


def noticed(feeds: int, cells: int) -> None:
    print(f"noticed within 28 nights, n = {feeds} sites, one of {cells} cells changed; median night of those")
    for said, (changes, kind) in CHANGES.items():
        nights = [_night(*a_site(75, cells, 500 + seed, **changes), kind) for seed in range(feeds)]
        known = [each for each in nights if each is not None]
        when = f"night {statistics.median(known):.0f}" if known else "never"
        print(f"  {said}, {kind.value}: {len(known)} of {feeds}, {when}")


def _night(columns: dict[CellKey, CellColumns], reference: QualityReference, kind: AlarmKind) -> int | None:
    return next((28 - back for back in range(27, -1, -1) if kind in a_night(columns, reference, back)), None)


TAG_CHANGES: dict[str, dict[str, object]] = {
    "one film in ten from a new scanner": {"scanner": "P9", "every": 10},
    "one film in seven from a new scanner": {"scanner": "P9", "every": 7},
    "one film in five from a new scanner": {"scanner": "P9", "every": 5},
    "one film in five without a view": {"view": "", "every": 5},
}


def _tagged(days: int, seed: int, *, vary: bool, every: int = 0, **changes: object) -> list[PredictionRow]:
    """A log whose last 28 days have every `every`th study changed."""
    random = np.random.default_rng(seed)
    share = {each: random.beta(3, 7) if vary else 0.3 for each in range(days)}
    found = []
    for place, row in enumerate(rows_of(Feed(days=days, per_day=PER_DAY, seed=seed))):
        view = "AP" if random.random() < share[place // PER_DAY] else "PA"
        late = every and place >= (days - 28) * PER_DAY and place % every == 0
        found.append(replace(row, **({"view": view} | (changes if late else {}))))  # type: ignore[arg-type]
    return found


def _tags_ring(rows: list[PredictionRow], days: int, back: int) -> bool:
    """Whether any tag rings `back` nights before the log's end; the reference is of its first 500 studies."""
    night = (MADE_AT - timedelta(days=back)).date()
    since = (night - timedelta(days=LIMITS.days)).isoformat()
    reference = tags_frozen_with(QualityReference(), tagged_studies(rows[: 20 * PER_DAY]), LIMITS.reference_studies)
    window = rows[max(0, days - back - LIMITS.days) * PER_DAY : (days - back) * PER_DAY]
    found = tag_drifts(tagged_studies(window), reference, since, night)
    report = QualityReport(MADE_AT, since, LIMITS.days, "negative", 0, (), tags=found)
    return bool(quality_verdicts(report, reference, 1.0).silences)


def tags(years: int, feeds: int) -> None:
    """One site of 30 studies a day: 30 % bedside films on every day, or a share that varies by day (Beta(3, 7): standard deviation 14 points)."""
    for said, vary in (("days alike", False), ("days differ", True)):
        rung = 0
        for seed in range(years):
            rows = _tagged(411, seed, vary=vary)
            nights = [_tags_ring(rows, 411, back) for back in range(364, -1, -1)]
            rung += sum(now and not before for before, now in zip([False, *nights], nights, strict=False))
        low, high = (each / years for each in poisson_interval(rung))
        print(f"false alarms a site-year, {said}: {rung / years:.2f} ({low:.2f} to {high:.2f}), n = {years} site-years")
    for said, changes in TAG_CHANGES.items():
        nights_to = []
        for seed in range(feeds):
            rows = _tagged(75, 500 + seed, vary=True, **changes)  # type: ignore[arg-type]
            nights_to.append(next((28 - back for back in range(27, -1, -1) if _tags_ring(rows, 75, back)), None))
        known = [each for each in nights_to if each is not None]
        print(f"  {said}: {len(known)} of {feeds}, {f'night {statistics.median(known):.0f}' if known else 'never'}")


def speed() -> None:
    """84 days of 100 studies a day with 14 findings, all numbers, from rows in memory."""
    feeds = [Feed(finding=f"f{n}", days=84, per_day=100, seed=n) for n in range(14)]
    rows = rows_of(*feeds)
    start = time.perf_counter()
    columns = cell_columns(rows)
    reference = frozen_with(QualityReference(), columns, LIMITS.reference_studies)
    report = quality_report(columns, reference, LIMITS, MADE_AT)
    took = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{len(rows):,} rows, {len(report.cells)} cells, all numbers: {took:.1f} s; peak memory with the rows {peak:.0f} MB"
    )


def films() -> None:
    """The look of 500 films against 500, 1,280 features each, from a store in memory."""
    rows = [
        replace(each, patient=each.study, model_sha256="a" * 64) for each in rows_of(Feed(days=60, per_day=PER_DAY))
    ]
    store, random = MemoryCaseStore(), np.random.default_rng(1)
    for row in rows:
        store.keep(Case(StudyKey(row.study), "a" * 64, MADE_AT, random.normal(size=1280).astype(np.float32)))
    tagged, since = tagged_studies(rows), (MADE_AT - timedelta(days=LIMITS.days)).date().isoformat()
    reference = films_frozen_with(QualityReference(), tagged, store, LIMITS.reference_studies)
    start = time.process_time()
    (found,) = film_drifts(tagged, reference, store, since, 1 / 365)
    print(f"look of {found.n} films against {found.n_reference}: {time.process_time() - start:.1f} s CPU")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--years", type=int, default=20, help="simulated site-years")
    parser.add_argument("--feeds", type=int, default=20, help="sites for each change")
    parser.add_argument("--cells", type=int, default=4, help="findings at a site")
    parser.add_argument("--speed", action="store_true", help="time a round instead")
    parser.add_argument("--tags", action="store_true", help="the films' tags instead")
    args = parser.parse_args()
    if args.speed:
        speed()
        films()
    elif args.tags:
        tags(args.years, args.feeds)
    else:
        false_alarms(args.years, args.cells)
        noticed(args.feeds, args.cells)


if __name__ == "__main__":
    main()
