"""A varied worklist of invented people: every pathology, three sites, four vendors, every transfer syntax in turn."""

from datetime import date, timedelta
from typing import Literal

import numpy as np

from wetread.domain.finding import FindingName
from wetread.testing.phantom.encoding import TRANSFER_SYNTAXES
from wetread.testing.phantom.spec import Laterality, Pathology, PhantomPatient, PhantomSpec

__all__ = ["REFERENCE_DAY", "demo_cohort"]

REFERENCE_DAY = date(2025, 1, 1)
"""The day the invented ages are reckoned to."""

_GIVEN = {
    "F": ("Ada", "Birch", "Clover", "Dahlia", "Elm", "Fern", "Gale", "Hazel", "Iris", "Juniper", "Linden", "Maple"),
    "M": (
        "Alder",
        "Basil",
        "Cedar",
        "Drake",
        "Ermine",
        "Flint",
        "Garnet",
        "Heron",
        "Jasper",
        "Kestrel",
        "Larch",
        "Martin",
    ),
}
_SITES = ("Synthetic General Hospital", "Phantom Valley Clinic", "Imaginary University Hospital")
_VENDORS = ("Phantom Imaging", "Imaginary Detectors", "Test Roentgen", "Synthetic Plates")
_SIZES = ((1024, 1024), (1240, 1024), (1024, 1240), (1400, 1140))
_N = FindingName
_CASES: tuple[tuple[FindingName, ...], ...] = (
    (),
    (_N.PNEUMOTHORAX,),
    (_N.EFFUSION,),
    (),
    (_N.CARDIOMEGALY,),
    (_N.NODULE,),
    (_N.CONSOLIDATION,),
    (),
    (_N.CARDIOMEGALY, _N.EFFUSION),
    (_N.PNEUMOTHORAX, _N.EFFUSION),
    (),
    (_N.CONSOLIDATION, _N.EFFUSION),
)


def demo_cohort(n: int, seed: int) -> list[PhantomSpec]:
    """`n` specs, deterministic in `seed`; a third are normal, every pathology occurs within twelve."""
    return [_film(index, np.random.default_rng([seed, 1000 + index]), seed) for index in range(n)]


def _film(index: int, rng: np.random.Generator, seed: int) -> PhantomSpec:
    patient = _patient(index, rng)
    encoding = list(TRANSFER_SYNTAXES.values())[index % len(TRANSFER_SYNTAXES)]
    bits = int(rng.choice([b for b in (8, 10, 12, 14, 16) if b in encoding.bits]))
    bedside = bool(rng.random() < 0.35)
    modality: Literal["DX", "CR"] = "CR" if bedside or rng.random() < 0.3 else "DX"
    rows, columns = _SIZES[int(rng.integers(len(_SIZES)))]
    return PhantomSpec(
        patient=patient,
        view_position="AP" if bedside else "PA",
        pathologies=tuple(_pathology(name, rng) for name in _CASES[index % len(_CASES)]),
        rows=rows,
        columns=columns,
        bits_stored=bits,
        photometric_interpretation="MONOCHROME1" if rng.random() < 0.2 else "MONOCHROME2",
        transfer_syntax_uid=encoding.transfer_syntax_uid,
        manufacturer=_VENDORS[int(rng.integers(len(_VENDORS)))],
        institution_name=_SITES[index % len(_SITES)],
        seed=int(np.random.default_rng([seed, index]).integers(2**31)),
        modality=modality,
    )


def _patient(index: int, rng: np.random.Generator) -> PhantomPatient:
    sex: Literal["F", "M"] = "F" if rng.random() < 0.5 else "M"
    age = int(np.clip(rng.normal(56, 18), 19, 94))
    given = _GIVEN[sex][int(rng.integers(len(_GIVEN[sex])))]
    return PhantomPatient(
        patient_name=f"Phantom^{given}",
        patient_id=f"PHANTOM-{index + 1:04d}",
        birth_date=REFERENCE_DAY - timedelta(days=round(365.25 * (age + rng.uniform(0.05, 0.95)))),
        sex=sex,
        age_years=age,
        bmi=round(float(np.clip(rng.normal(25.5, 4), 18, 40)), 1),
    )


def _pathology(finding: FindingName, rng: np.random.Generator) -> Pathology:
    side: Laterality = "left" if rng.random() < 0.5 else "right"
    return Pathology(finding, "" if finding is _N.CARDIOMEGALY else side, round(float(rng.uniform(0.25, 0.9)), 2))
