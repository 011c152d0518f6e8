"""One cell's columns to its numbers, each with n and interval, or with how few cases there are (evaluation: below 10 no rate, 10 + 10 no AUROC, 200 no ECE, 20 no median time)."""

from collections.abc import Callable
from functools import cache

import numpy as np

from wetread.domain.errors import PermanentError
from wetread.domain.quality import FrozenCell, Number
from wetread.evaluation.calibration_error import MIN_CASES_FOR_ECE, brier, ece, null_distribution
from wetread.evaluation.control_chart import share_limits
from wetread.evaluation.discrimination import auroc_estimate
from wetread.evaluation.inputs import Flags, Floats, too_few
from wetread.evaluation.proportions import clustered_rate, event_rate
from wetread.evaluation.resample import bootstrap_weights, patient_blocks, percentile_interval, score_table
from wetread.evaluation.slices import MIN_CASES
from wetread.evaluation.turnaround import median_difference, median_time
from wetread.evaluation.verification import VerifiedAccuracy, inverse_probability_accuracy
from wetread.monitoring.columns import CellColumns

__all__ = [
    "MIN_CASES",
    "agreement_numbers",
    "attempt",
    "control_limits",
    "practice_numbers",
    "rate",
    "weekly_numbers",
    "weighted_rates",
]

_SEED = 7
_REPLICATES = 500
_LARGEST_FOR_NULL = 20_000
Found = tuple[float, float | None, float | None]


def attempt(name: str, n: int, work: Callable[[], Found]) -> Number:
    """The number, or its refusal when the cases cannot carry it."""
    try:
        value, low, high = work()
    except PermanentError as error:
        return Number(name, n, refused=f"too few: {error}")
    return Number(name, n, value, low, high)


def _enough(n: int, of: str) -> None:
    if n < MIN_CASES:
        raise too_few(f"{n} of the {MIN_CASES} cases that a {of} needs")


def rate(name: str, success: Flags, patients: np.typing.NDArray[np.str_]) -> Number:
    """Share of True among (n,) outcomes, patients kept together."""

    def found() -> Found:
        _enough(len(success), "rate")
        share = clustered_rate(success, patients)
        return share.value, share.low, share.high

    return attempt(name, len(success), found)


def agreement_numbers(columns: CellColumns) -> tuple[Number, ...]:
    """Against the truth. Where truth is sampled (a truth probability below 1), sensitivity and specificity are weighted and what cannot be is refused."""
    if columns.sampled:
        return _weighted(columns)
    known = columns.where(columns.labelled)
    positive = known.truth == 1
    false_alarm = known.called & ~positive
    return (
        *_rates(known),
        rate("prevalence", positive, known.patients),
        rate("ppv", positive[known.called], known.patients[known.called]),
        attempt("fp_per_100_studies", len(known), lambda: _per_100(false_alarm, known)),
        attempt("auroc", len(known), lambda: _auroc(known)),
        attempt("brier", len(known), lambda: _brier(known)),
        *_ece(known),
    )


def control_limits(columns: CellColumns, frozen: FrozenCell | None) -> tuple[Number, ...]:
    """ "sensitivity_limits", "override_limits": the reference's share and the ends between which a week of so many patients lies by chance; only where a reference is frozen and there are cases."""
    if frozen is None or columns.sampled:
        return ()
    positive, decided = columns.truth == 1, columns.called & ~np.isnan(columns.stated)
    sides = (
        ("sensitivity_limits", frozen.positives - frozen.missed, frozen.positives, columns.patients[positive]),
        ("override_limits", frozen.overridden, frozen.called, columns.patients[decided]),
    )
    return tuple(
        Number(name, n, *share_limits(events, cases, n))
        for name, events, cases, patients in sides
        if (n := len(np.unique(patients))) and cases >= MIN_CASES
    )


def weekly_numbers(columns: CellColumns) -> tuple[Number, ...]:
    """What the trend shows."""
    agreement = weighted_rates(columns) if columns.sampled else _rates(columns.where(columns.labelled))
    return (*agreement, _override(columns), attempt("mean_probability", len(columns), lambda: _mean(columns)))


def _rates(known: CellColumns) -> tuple[Number, Number]:
    positive = known.truth == 1
    return (
        rate("sensitivity", known.called[positive], known.patients[positive]),
        rate("specificity", ~known.called[~positive], known.patients[~positive]),
    )


def _override(columns: CellColumns) -> Number:
    called = columns.called & ~np.isnan(columns.stated)
    return rate("override", columns.stated[called] == 0, columns.patients[called])


def _per_100(event: Flags, known: CellColumns) -> Found:
    _enough(len(event), "rate")
    found = event_rate(event, known.patients)
    return found.per_100, found.low, found.high


def _auroc(known: CellColumns) -> Found:
    found = auroc_estimate(known.truth, known.probability, known.patients)
    return found.value, found.low, found.high


def _brier(known: CellColumns) -> Found:
    _enough(len(known), "mean")
    table = score_table(known.truth, known.probability, known.patients, seed=_SEED)
    drawn = table.brier(bootstrap_weights(len(table.positive), _REPLICATES, _SEED))
    return brier(known.truth, known.probability), *percentile_interval(drawn)


def _ece(known: CellColumns) -> tuple[Number, ...]:
    n, names = len(known), ("ece", "ece_null_mean", "ece_p")
    if n < MIN_CASES_FOR_ECE:
        return tuple(
            Number(each, n, refused=f"too few: {n} of the {MIN_CASES_FOR_ECE} cases that an ECE needs")
            for each in names
        )
    if n > _LARGEST_FOR_NULL:
        alone = attempt("ece", n, lambda: (ece(known.truth, known.probability), None, None))
        return (alone, *(Number(each, n, refused="not needed: so many cases hardly bias an ECE") for each in names[1:]))
    try:
        null = null_distribution(ece, known.truth, known.probability, seed=_SEED, replicates=200)
    except PermanentError as error:
        return tuple(Number(each, n, refused=f"too few: {error}") for each in names)
    return tuple(
        Number(name, n, value) for name, value in zip(names, (null.observed, null.null_mean, null.p), strict=True)
    )


def _weighted(columns: CellColumns) -> tuple[Number, ...]:
    known = columns.labelled
    called = known & columns.called
    refused = [
        Number(
            each,
            int(known.sum()),
            refused="not said: truth is sampled; sensitivity, specificity and PPV only are corrected for it",
        )
        for each in ("prevalence", "fp_per_100_studies", "auroc", "brier", "ece", "ece_null_mean", "ece_p")
    ]
    ppv = rate("ppv", columns.truth[called] == 1, columns.patients[called])
    return (*weighted_rates(columns), ppv, *refused)


def weighted_rates(columns: CellColumns) -> tuple[Number, Number]:
    """Sensitivity and specificity, each labelled study weighing 1 / its truth probability (Hajek)."""
    known = columns.labelled
    positive = known & (columns.truth == 1)

    @cache
    def both() -> VerifiedAccuracy:
        truth = np.where(known, columns.truth, 0.0)
        return inverse_probability_accuracy(columns.called, known, truth, columns.truth_probability, columns.patients)

    def corrected(name: str, there: Flags) -> Number:
        n = int(there.sum())

        def found() -> Found:
            _enough(n, "rate")
            share = both().sensitivity if name == "sensitivity" else both().specificity
            if share is None:
                raise too_few(both().reason)
            return share.value, share.low, share.high

        return attempt(name, n, found)

    return corrected("sensitivity", positive), corrected("specificity", known & ~positive)


def practice_numbers(columns: CellColumns) -> tuple[Number, ...]:
    """What the model says and what readers do with it: no truth is needed."""
    decided = ~np.isnan(columns.stated)
    quiet = ~columns.called & decided
    drafted, written = ~np.isnan(columns.edited), ~np.isnan(columns.changed)
    missed = quiet & (columns.stated == 1)
    return (
        attempt("mean_probability", len(columns), lambda: _mean(columns)),
        _override(columns),
        rate("discordance", (columns.called != (columns.stated == 1))[decided], columns.patients[decided]),
        rate("added", columns.stated[quiet] == 1, columns.patients[quiet]),
        rate("edited", columns.edited[drafted] == 1, columns.patients[drafted]),
        rate("sentence_changed", columns.changed[written] == 1, columns.patients[written]),
        _median("turnaround_called_min", columns.minutes[columns.called]),
        _median("turnaround_not_called_min", columns.minutes[~columns.called]),
        _median("turnaround_missed_min", columns.minutes[missed]),
        attempt("turnaround_delta_min", len(columns), lambda: _delta(columns)),
    )


def _mean(columns: CellColumns) -> Found:
    _enough(len(columns), "mean")
    block = patient_blocks(columns.patients, len(columns))
    weights = bootstrap_weights(int(block.max()) + 1, _REPLICATES, _SEED)
    means = (weights @ np.bincount(block, columns.probability)) / (weights @ np.bincount(block))
    return float(columns.probability.mean()), *percentile_interval(means)


def _delta(columns: CellColumns) -> Found:
    called, quiet = columns.where(columns.called), columns.where(~columns.called)
    found = median_difference(called.minutes, quiet.minutes, (called.days, quiet.days))
    return found.difference, found.low, found.high


def _median(name: str, minutes: Floats) -> Number:
    def found() -> Found:
        time = median_time(minutes)
        return time.median, time.low, time.high

    return attempt(name, len(minutes), found)
