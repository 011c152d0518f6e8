"""The model sees the same film whether a JPEG 2000 stream was decoded to the last wavelet level or only as far as the model needs."""

from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest
from tests.in_process_decoder import InProcessDecoder

from wetread.inference.bundle import BUNDLED, load_bundle
from wetread.inference.resample import fit_long_side
from wetread.testing.phantom import PhantomPatient, PhantomSpec, uids_from_seed, write_dicom

_PATIENT = PhantomPatient("Phantom^Wavelet", "PHANTOM-0002", date(1961, 5, 5), "M", 64, 24.0)
_SIZES = [(1097, 1024), (1280, 1051), (1025, 1290)]


@pytest.mark.parametrize("seed", range(20))
def test_the_models_input_hardly_changes(seed: int, tmp_path: Path) -> None:
    rows, columns = (2049, 1702) if seed % 10 == 3 else _SIZES[seed % 3]
    path = tmp_path / "film.dcm"
    spec = PhantomSpec(
        _PATIENT,
        rows=rows,
        columns=columns,
        bits_stored=[8, 10, 12, 14, 16][seed % 5],
        photometric_interpretation="MONOCHROME1" if seed % 3 else "MONOCHROME2",
        transfer_syntax_uid="1.2.840.10008.1.2.4.90",
        seed=seed,
    )
    write_dicom(spec, path, uids_from_seed(seed), datetime(2026, 1, 1, tzinfo=UTC))
    side = load_bundle(BUNDLED).input_side_px
    whole, reduced = (InProcessDecoder().decode(path, needed_side_px=needed) for needed in (0, side))
    assert whole.stored.shape == (rows, columns)
    assert reduced.stored.size < whole.stored.size
    (expected, extent), (found, found_extent) = fit_long_side(whole, side), fit_long_side(reduced, side)
    assert np.abs(found - expected).mean() <= 0.002
    assert found_extent == extent
