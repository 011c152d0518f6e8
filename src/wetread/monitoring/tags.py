"""What the headers say of the films against the first ones of the same site and model: a new scanner, another view, a field that stays empty, other patients.

A chi-square test (`evaluation.drift.category_drift`), corrected for days that differ, beside the distance between the two sets of shares: with many studies any change is beyond chance, the distance says how many it touches.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from wetread.domain.quality import FrozenTag, QualityReference, TagDrift
from wetread.evaluation.drift import MISSING, category_drift, design_effect
from wetread.evaluation.slices import UNKNOWN, age_band
from wetread.monitoring.prediction_log import PredictionRow

__all__ = [
    "MIN_PATIENTS",
    "TAGS",
    "TaggedStudies",
    "day_after",
    "first_of_each_patient",
    "tag_drifts",
    "tagged_studies",
    "tags_frozen_with",
]

MIN_PATIENTS = 50
"""Below it one odd film in ten would pass for a drift: a chi-square of rare categories is too sure of itself."""
_MOST_SHOWN = 8

TAGS: Mapping[str, Callable[[PredictionRow], str]] = {
    "manufacturer": lambda row: row.manufacturer,
    "scanner": lambda row: row.scanner,
    "view": lambda row: row.view,
    "sex": lambda row: "" if row.sex == "U" else row.sex,
    "age": lambda row: "" if (band := age_band(row.age)) == UNKNOWN else band,
}
"""Tag by name: empty where the header does not say."""


@dataclass(frozen=True, slots=True)
class TaggedStudies:
    """One row a study of one site and model version, oldest first; what is not of the film in it is any one finding's."""

    site: str
    model: str
    rows: tuple[PredictionRow, ...]

    def counts(self, tag: str, first: str, last: str) -> Counter[str]:
        """Categories of the studies received from `first` to `last` (ISO days), one study a patient, the oldest."""
        return Counter(category for _, category in self._categories(tag, first, last))

    def by_day(self, tag: str, first: str, last: str) -> list[list[int]]:
        """The same by day: a row of counts for each day with a study, a column for each category."""
        seen = self._categories(tag, first, last)
        names = sorted({category for _, category in seen})
        days: dict[str, Counter[str]] = {}
        for day, category in seen:
            days.setdefault(day, Counter())[category] += 1
        return [[days[day][name] for name in names] for day in sorted(days)]

    def _categories(self, tag: str, first: str, last: str) -> list[tuple[str, str]]:
        there = first_of_each_patient(each for each in self.rows if first <= each.date <= last)
        return [(row.date, TAGS[tag](row).strip() or MISSING) for row in there]


def first_of_each_patient(rows: Iterable[PredictionRow]) -> list[PredictionRow]:
    """Of rows oldest first, the oldest of each; a study without a patient is one of its own."""
    found: dict[str, PredictionRow] = {}
    for row in rows:
        found.setdefault(row.patient or f"study:{row.study}", row)
    return list(found.values())


def tagged_studies(rows: Iterable[PredictionRow]) -> tuple[TaggedStudies, ...]:
    """By site and model, sorted."""
    found: dict[tuple[str, str], dict[str, PredictionRow]] = {}
    for row in rows:
        found.setdefault((row.site, row.model), {}).setdefault(row.study, row)
    return tuple(
        TaggedStudies(*place, tuple(sorted(studies.values(), key=lambda each: (each.date, each.study))))
        for place, studies in sorted(found.items())
    )


def tags_frozen_with(reference: QualityReference, tagged: Iterable[TaggedStudies], studies: int) -> QualityReference:
    """The reference with every tag that is not in it yet and has `studies` studies: the oldest ones, to the end of the day on which there are enough."""
    known = {(each.site, each.model, each.tag) for each in reference.tags}
    new = tuple(
        FrozenTag(each.site, each.model, tag, first, last, tuple(sorted(each.counts(tag, first, last).items())))
        for each in tagged
        if len(each.rows) >= studies
        for first, last in [(each.rows[0].date, each.rows[studies - 1].date)]
        for tag in TAGS
        if (each.site, each.model, tag) not in known
    )
    return replace(reference, tags=(*reference.tags, *new)) if new else reference


def tag_drifts(
    tagged: Iterable[TaggedStudies], reference: QualityReference, since: str, today: date
) -> tuple[TagDrift, ...]:
    """Every tag of every site and model with a study received since `since` (ISO day): the studies after the reference's last day against the reference."""
    frozen = {(each.site, each.model, each.tag): each for each in reference.tags}
    return tuple(
        _drift(each, tag, frozen.get((each.site, each.model, tag)), since, today.isoformat())
        for each in tagged
        if each.rows[-1].date >= since
        for tag in TAGS
    )


def _drift(tagged: TaggedStudies, tag: str, frozen: FrozenTag | None, since: str, until: str) -> TagDrift:
    named = TagDrift(tagged.site, tagged.model, tag, 0, 0)
    if frozen is None:
        n = tagged.counts(tag, since, until).total()
        return replace(
            named, n=n, refused=f"no reference is frozen for this site and model yet: {len(tagged.rows)} studies"
        )
    old = Counter(dict(frozen.counts))
    first = max(since, day_after(frozen.last_day))
    new = tagged.counts(tag, first, until)
    named = replace(named, n=new.total(), n_reference=old.total())
    if min(named.n, named.n_reference) < MIN_PATIENTS:
        fewer = min(named.n, named.n_reference)
        return replace(named, refused=f"too few: {fewer} of the {MIN_PATIENTS} patients needed on each side")
    found = category_drift(old.elements(), new.elements(), design_effect(tagged.by_day(tag, first, until)))
    shares = [(name, old[name] / named.n_reference, new[name] / named.n) for name in sorted(old | new)]
    return replace(
        named,
        statistic=found.statistic,
        p=found.p,
        distance=sum(abs(now - before) for _, before, now in shares) / 2,
        shares=tuple(sorted(shares, key=lambda each: -abs(each[2] - each[1]))[:_MOST_SHOWN]),
    )


def day_after(day: str) -> str:
    """ISO days."""
    return date.fromordinal(date.fromisoformat(day).toordinal() + 1).isoformat()
