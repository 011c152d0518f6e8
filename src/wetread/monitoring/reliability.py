"""Rows of the prediction log to the shares that a reader is told beside a score (`domain.reliability`)."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime

import numpy as np

from wetread.domain.quality import NAIVE
from wetread.domain.reliability import ALL_SITES, BLIND, EDGES, Reliability, ScoreShare
from wetread.evaluation.proportions import clustered_rate
from wetread.monitoring.prediction_log import PredictionRow

__all__ = ["reliability_of"]

_Case = tuple[bool, str]
_VALUES = {"positive": True, "negative": False}


def reliability_of(rows: Iterable[PredictionRow], made_at: datetime, since: str, unmentioned_as: str) -> Reliability:
    """`unmentioned_as` "negative" or "ignore": what a finding that a report does not mention counts as. Rows whose truth was sampled are left out: their plain shares are biased."""
    cases: dict[tuple[str, str, str, str, int], list[_Case]] = defaultdict(list)
    for row in rows:
        if row.truth_probability < 1:
            continue
        place = min(int(np.searchsorted(EDGES, row.probability, side="right")) - 1, len(EDGES) - 2)
        for basis, had in _truths(row, unmentioned_as):
            for site in {row.site, ALL_SITES}:
                cases[site, row.finding, row.model_sha256, basis, place].append((had, row.patient or row.study))
    return Reliability(made_at, since, tuple(_share(*key, cases[key]) for key in sorted(cases)))


def _truths(row: PredictionRow, unmentioned_as: str) -> Iterator[tuple[str, bool]]:
    signed = _VALUES.get(row.label)
    if row.label == "not_mentioned" and unmentioned_as == "negative":
        signed = False
    if signed is not None:
        yield NAIVE, signed
    if row.own_label in _VALUES:
        yield BLIND, _VALUES[row.own_label]


def _share(site: str, finding: str, model_sha256: str, basis: str, place: int, cases: list[_Case]) -> ScoreShare:
    had = np.array([each for each, _ in cases], dtype=np.bool_)
    rate = clustered_rate(had, np.array([patient for _, patient in cases], dtype=np.str_))
    low, high = EDGES[place], EDGES[place + 1]
    return ScoreShare(site, finding, model_sha256, basis, low, high, len(cases), int(had.sum()), rate.low, rate.high)
