"""Small synthetic films, made once per run."""

from datetime import UTC, date, datetime
from functools import cache
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmread

from wetread.testing.phantom import (
    GroundTruth,
    PhantomPatient,
    PhantomSpec,
    encode_dicom,
    render,
    to_dataset,
    uids_from_seed,
)

MADE_AT = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)


@cache
def film(seed: int = 1, side: int = 256) -> bytes:
    """A normal PA film of an invented patient; each seed is another study."""
    spec = _spec(seed, side)
    pixels, truth = _rendered(side)
    return encode_dicom(to_dataset(spec, pixels, truth, uids_from_seed(seed), MADE_AT))


def _spec(seed: int, side: int) -> PhantomSpec:
    patient = PhantomPatient("Phantom^Zephyrine", f"PHANTOM-{seed:04d}", date(1970, 1, 1), "F", 55, 25.0)
    return PhantomSpec(patient, rows=side, columns=side, seed=seed)


@cache
def _rendered(side: int) -> tuple[NDArray[np.uint16], tuple[GroundTruth, ...]]:
    """One exposure serves all seeds: the studies differ, the picture need not."""
    return render(_spec(1, side))


def another_instance(first: bytes, sop_instance_uid: str) -> bytes:
    """The same film as a further instance of its series."""
    dataset = dcmread(BytesIO(first))
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = sop_instance_uid
    out = BytesIO()
    dataset.save_as(out, enforce_file_format=True)
    return out.getvalue()
