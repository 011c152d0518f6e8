"""Multi-reader multi-case studies: does a modality (with AI, without) change what readers achieve, beyond the luck of these readers and these cases?

Obuchowski & Rockette 1995; Hillis 2007, 2014 (denominator degrees of freedom, single-modality intervals); DeLong 1988 or the jackknife for the covariances.
Treating reads as independent inflates the power: cases are shared by readers and readers by modalities. Where groups of readers have cases of their own (split plots, Hillis 2014),
figures of different groups are independent: their covariances are 0, and `cov2` and `cov3` are means over all pairs of readers, those included. The same formulas then hold.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import chi2, f, t

from wetread.evaluation.discrimination import placements
from wetread.evaluation.inputs import Flags, Floats, checked, too_few
from wetread.evaluation.reader_design import ReaderDesign, reader_design

__all__ = ["Contrast", "CovarianceParts", "ModalityMean", "ReaderStudy", "Test", "obuchowski_rockette"]


@dataclass(frozen=True, slots=True)
class CovarianceParts:
    """Of the figure of merit: `error` variance; `cov1` same reader, other modality; `cov2` same modality, other reader; `cov3` both other; in units of the figure squared.

    Source: Obuchowski & Rockette (1995), Commun Stat Simul Comput 24:285.
    """

    error: float
    cov1: float
    cov2: float
    cov3: float


@dataclass(frozen=True, slots=True)
class Test:
    """That all modalities are equal. `denominator` is the mean square under that hypothesis; `df` (numerator, denominator), the second infinite for a chi-square test.

    Source: Hillis (2007), Stat Med 26:596.
    """

    statistic: float
    df: tuple[float, float]
    p: float
    denominator: float


@dataclass(frozen=True, slots=True)
class ModalityMean:
    """Mean figure of a modality over readers with its interval for other readers and other cases. Source: Hillis (2014), Stat Med 33:330."""

    value: float
    low: float
    high: float
    df: float


@dataclass(frozen=True, slots=True)
class Contrast:
    """First modality minus second over readers: interval and p for other readers and other cases (the primary analysis).

    Source: Obuchowski & Rockette (1995), Commun Stat Simul Comput 24:285; Hillis (2007), Stat Med 26:596.
    """

    first: int
    second: int
    difference: float
    low: float
    high: float
    standard_error: float
    p: float

    def non_inferior(self, margin: float) -> bool:
        """The first is not worse than the second by `margin` or more: the interval's lower end lies above -margin."""
        return self.low > -margin


@dataclass(frozen=True, slots=True)
class ReaderStudy:
    """`figures`: (modality, reader). `random_both` generalises to other readers and cases, `random_cases` to other cases of these readers, `random_readers` to other readers of these cases.

    Source: Obuchowski & Rockette (1995), Commun Stat Simul Comput 24:285.
    """

    figure: str
    figures: Floats
    parts: CovarianceParts
    mean_square_modality: float
    mean_square_interaction: float
    random_both: Test
    random_cases: Test
    random_readers: Test
    modalities: tuple[ModalityMean, ...]
    contrasts: tuple[Contrast, ...]
    n_positive: int
    n_negative: int
    design: ReaderDesign


def obuchowski_rockette(
    ratings: ArrayLike,
    truth: ArrayLike,
    *,
    figure: str = "auroc",
    threshold: float = 0.5,
    covariance: str = "delong",
    level: float = 0.95,
) -> ReaderStudy:
    """Analysis of (modality, reader, case) ratings of (n,) cases, NaN where a reader did not read a case: fully crossed, split plot, or cases nested in readers (`reader_design`).

    `figure`: "auroc", or "sensitivity" / "specificity" of ratings at or above `threshold`. `covariance`: "delong" or "jackknife".
    Raises ValueError on shapes and infinite ratings, PermanentError 'bad_reader_study' on another design, 'too_few_cases' below two modalities, two readers or two cases of a class in a group.
    Source: Obuchowski & Rockette (1995), Commun Stat Simul Comput 24:285; Hillis (2007), Stat Med 26:596; Hillis (2014), Stat Med 33:330.
    """
    values = np.asarray(ratings, dtype=np.float64)
    if values.ndim != 3 or np.isinf(values).any():
        raise ValueError("need (modality, reader, case) ratings that are finite, or NaN where not read")
    modalities, readers, cases = values.shape
    labels, _ = checked(truth, np.zeros(cases))
    if min(modalities, readers) < 2:
        raise too_few("a reader study needs two modalities and two readers")
    design = reader_design(~np.isnan(values))
    table = np.empty((modalities, readers))
    block = np.zeros((modalities, readers, modalities, readers))
    for members, own in zip(design.readers, design.cases, strict=True):
        sick, rows = labels[list(own)] == 1, values[np.ix_(range(modalities), members, own)]
        if min(int(sick.sum()), int((~sick).sum())) < 2:
            raise too_few("a reader study needs two cases of each class, in each group of readers")
        figures, among = _figures(rows.reshape(-1, len(own)), sick, figure, threshold, covariance)
        table[:, members] = figures.reshape(modalities, -1)
        at = np.ix_(range(modalities), members, range(modalities), members)
        block[at] = among.reshape(modalities, len(members), modalities, len(members))
    matrix = block.reshape(modalities * readers, -1)
    positives = int(labels.sum())
    parts = _parts(matrix, modalities, readers)
    by_modality, by_reader, all_of_it = table.mean(axis=1), table.mean(axis=0), table.mean()
    of_modality = readers * float(((by_modality - all_of_it) ** 2).sum()) / (modalities - 1)
    rest = table - by_modality[:, None] - by_reader[None, :] + all_of_it
    interaction = float((rest**2).sum()) / ((modalities - 1) * (readers - 1))
    df1, df2 = modalities - 1, (modalities - 1) * (readers - 1)
    both = interaction + max(readers * (parts.cov2 - parts.cov3), 0.0)
    fixed_readers = parts.error - parts.cov1 + (readers - 1) * max(parts.cov2 - parts.cov3, 0.0)
    ddf = both**2 / (interaction**2 / df2) if interaction > 0 else float("inf")
    return ReaderStudy(
        figure,
        table,
        parts,
        of_modality,
        interaction,
        _tested(of_modality, both, df1, ddf),
        _tested(of_modality, fixed_readers, df1, float("inf")),
        _tested(of_modality, interaction, df1, df2),
        tuple(_modality(row, matrix, n, level) for n, row in enumerate(table)),
        tuple(
            _contrast(a, b, by_modality, both, ddf, readers, level)
            for a in range(modalities)
            for b in range(a + 1, modalities)
        ),
        positives,
        cases - positives,
        design,
    )


def _figures(rows: Floats, sick: Flags, figure: str, threshold: float, covariance: str) -> tuple[Floats, Floats]:
    """(curves,) figures and their covariance. Each figure is a mean over its cases of what each contributes, so both estimators are sums over cases."""
    if covariance not in ("delong", "jackknife"):
        raise ValueError(f'covariance is "delong" or "jackknife", not {covariance!r}')
    if figure == "auroc":
        placed = [placements(sick.astype(np.float64), row) for row in rows]
        sides = [np.stack([each[0] for each in placed]), np.stack([each[1] for each in placed])]
    elif figure in ("sensitivity", "specificity"):
        right = (rows >= threshold) if figure == "sensitivity" else (rows < threshold)
        sides = [right[:, sick if figure == "sensitivity" else ~sick].astype(np.float64)]
    else:
        raise ValueError(f'figure is "auroc", "sensitivity" or "specificity", not {figure!r}')
    value = sides[0].mean(axis=1)
    if covariance == "delong":
        matrix = sum(np.atleast_2d(np.cov(side)) / side.shape[1] for side in sides)
    else:
        left_out = [(side.shape[1] * value[:, None] - side) / (side.shape[1] - 1) for side in sides]
        joined = np.concatenate(left_out, axis=1)
        gaps = joined - joined.mean(axis=1, keepdims=True)
        matrix = (joined.shape[1] - 1) / joined.shape[1] * gaps @ gaps.T
    return value, np.asarray(matrix, dtype=np.float64)


def _parts(matrix: Floats, modalities: int, readers: int) -> CovarianceParts:
    block = matrix.reshape(modalities, readers, modalities, readers)
    same_modality = np.eye(modalities, dtype=bool)[:, None, :, None]
    same_reader = np.eye(readers, dtype=bool)[None, :, None, :]

    def mean(chosen: Flags) -> float:
        return float(block[np.broadcast_to(chosen, block.shape)].mean())

    return CovarianceParts(
        mean(same_modality & same_reader),
        mean(~same_modality & same_reader),
        mean(same_modality & ~same_reader),
        mean(~same_modality & ~same_reader),
    )


def _tested(mean_square: float, denominator: float, df1: float, df2: float) -> Test:
    if not denominator > 0:
        p = 1.0 if not mean_square > 0 else 0.0
        return Test(0.0 if not mean_square > 0 else float("inf"), (df1, df2), p, denominator)
    if np.isinf(df2):
        statistic = df1 * mean_square / denominator
        return Test(statistic, (df1, df2), float(chi2.sf(statistic, df1)), denominator)
    statistic = mean_square / denominator
    return Test(statistic, (df1, df2), float(f.sf(statistic, df1, df2)), denominator)


def _modality(figures: Floats, matrix: Floats, place: int, level: float) -> ModalityMean:
    readers = len(figures)
    own = matrix[place * readers : (place + 1) * readers, place * readers : (place + 1) * readers]
    cov2 = float(own[~np.eye(readers, dtype=bool)].mean())
    between = float(figures.var(ddof=1))
    spread = between + max(readers * cov2, 0.0)
    df = spread**2 / (between**2 / (readers - 1)) if between > 0 else float("inf")
    half = _quantile(level, df) * float(np.sqrt(spread / readers))
    mean = float(figures.mean())
    return ModalityMean(mean, max(mean - half, 0.0), min(mean + half, 1.0), df)


def _contrast(first: int, second: int, means: Floats, both: float, df: float, readers: int, level: float) -> Contrast:
    difference, error = float(means[first] - means[second]), float(np.sqrt(2 / readers * both))
    half = _quantile(level, df) * error
    p = 2 * float(t.sf(abs(difference) / error, df)) if error > 0 else float(difference == 0)
    return Contrast(first, second, difference, difference - half, difference + half, error, p)


def _quantile(level: float, df: float) -> float:
    return float(t.ppf(0.5 + level / 2, df))
