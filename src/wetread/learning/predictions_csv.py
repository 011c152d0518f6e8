"""What a bundle said of a manifest's films, as the table that `wetread evaluate` reads: one row per film and finding."""

import csv
from io import StringIO

import numpy as np

from wetread.domain.errors import PermanentError
from wetread.inference.bundle import ModelBundle
from wetread.learning.bundle_reading import BundleReading
from wetread.learning.manifest import FINDINGS, targets

__all__ = ["predictions_csv"]

_COLUMNS = ("study", "patient", "finding", "probability", "label", "threshold", "site", "view", "sex", "age", "model")


def predictions_csv(bundle: ModelBundle, reading: BundleReading) -> str:
    """CSV text; a finding without a calibration or label is left out. Raises PermanentError ('no_calibration') when no head has one."""
    heads = {head.name.value: head for head in bundle.heads}
    known = [name for name in FINDINGS if name in heads and heads[name].calibration is not None]
    if not known:
        raise PermanentError(
            "this bundle states no calibration, so it has no probabilities to write", code="no_calibration"
        )
    truth = targets(reading.films)
    model = f"{bundle.identity.name} {bundle.identity.version}"
    text = StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(_COLUMNS)
    for name in known:
        place, calibration = FINDINGS.index(name), heads[name].calibration
        for film, logit, label in zip(reading.films, reading.logits[:, place], truth[:, place], strict=True):
            if calibration is None or np.isnan(label) or np.isnan(logit):
                continue
            said = f"{calibration.apply(float(logit)):.6f}", "positive" if label == 1 else "negative"
            rows.writerow(
                [
                    film.file,
                    film.patient_id,
                    name,
                    *said,
                    heads[name].operating_point.threshold,
                    film.dataset,
                    film.view_position,
                    film.patient_sex,
                    film.patient_age_years,
                    model,
                ]
            )
    return text.getvalue()
