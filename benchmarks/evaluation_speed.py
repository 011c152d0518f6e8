"""What the statistics cost at a million predictions: AUROC with DeLong for 14 findings, the whole report with intervals over patients, against a scikit-learn bootstrap.

CPU seconds of this process, so that a busy machine does not flatter or harm. The scikit-learn loop is measured on a few replicates and multiplied; that is said.
"""

import sys
import time
from argparse import ArgumentParser

import numpy as np
from sklearn.metrics import roc_auc_score

from wetread.evaluation.discrimination import auroc_covariance
from wetread.evaluation.resample import bootstrap_weights, percentile_interval, score_table

FINDINGS, REPLICATES, MEASURED = 14, 2000, 3


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows = parser.parse_args(sys.argv[1:]).rows
    random = np.random.default_rng(7)
    patients = np.arange(rows) // 2
    prevalence = np.geomspace(0.002, 0.25, FINDINGS)
    truth = [(random.random(rows) < share).astype(np.float64) for share in prevalence]
    score = [1 / (1 + np.exp(-(random.normal(size=rows) + 1.5 * each - 2))) for each in truth]
    delong = clock(lambda: [auroc_covariance(y, p) for y, p in zip(truth, score, strict=True)])
    clustered = clock(lambda: [auroc_covariance(y, p, patients) for y, p in zip(truth, score, strict=True)])
    report = clock(lambda: whole(truth, score, patients))
    loop = (
        clock(lambda: [resampled(truth[-1], score[-1], random) for _ in range(MEASURED)])
        / MEASURED
        * REPLICATES
        * FINDINGS
    )
    print(f"{rows:,} rows, {FINDINGS} findings, {rows // 2:,} patients, {REPLICATES:,} replicates; CPU s")
    print(f"AUROC and DeLong variance                     {delong:8.2f}   (bar 1.5)")
    print(f"AUROC and variance clustered by patient       {clustered:8.2f}")
    print(f"AUROC, AP, Brier with bootstrap over patients {report:8.2f}   (bar 10)")
    print(
        f"scikit-learn AUROC alone, resampled in a loop {loop:8.0f}   ({MEASURED} replicates of one finding measured, multiplied)"
    )
    print(f"ratio {loop / report:.0f}")


def whole(truths: "list[np.ndarray]", scores: "list[np.ndarray]", patients: "np.ndarray") -> None:  # type: ignore[type-arg]
    weights = None
    for truth, score in zip(truths, scores, strict=True):
        table = score_table(truth, score, patients, bins=256)
        weights = bootstrap_weights(len(table.positive), REPLICATES) if weights is None else weights
        for statistic in (table.auroc, table.average_precision, table.brier):
            percentile_interval(statistic(weights))


def resampled(truth: "np.ndarray", score: "np.ndarray", random: np.random.Generator) -> float:  # type: ignore[type-arg]
    drawn = random.integers(len(truth), size=len(truth))
    return float(roc_auc_score(truth[drawn], score[drawn]))


def clock(work: "object") -> float:
    started = time.process_time()
    work()  # type: ignore[operator]
    return time.process_time() - started


if __name__ == "__main__":
    main()
