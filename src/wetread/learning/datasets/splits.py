"""Splits films by patient, the same way on every machine, and refuses a patient in two splits."""

import hashlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import replace

from wetread.learning.datasets.labelled_film import DatasetError, LabelledFilm

__all__ = ["check_patients", "split_by_patient"]


def split_by_patient(films: Iterable[LabelledFilm], fractions: Mapping[str, float], seed: int) -> list[LabelledFilm]:
    """The films with `split` replaced. A patient's split depends on seed, fractions and patient id alone: adding films moves nobody.

    Raises DatasetError unless the fractions are positive and sum to 1.
    """
    if not fractions or min(fractions.values()) <= 0 or not math.isclose(sum(fractions.values()), 1, abs_tol=1e-9):
        raise DatasetError("The fractions of a split must be positive and sum to 1, e.g. train=0.8,val=0.1,test=0.1.")
    return [replace(film, split=_split(film.patient_id, fractions, seed)) for film in films]


def _split(patient_id: str, fractions: Mapping[str, float], seed: int) -> str:
    digest = hashlib.sha256(f"{seed}:{patient_id}".encode()).digest()
    place = int.from_bytes(digest[:8], "big") / 2**64
    for name, fraction in fractions.items():
        if place < fraction:
            return name
        place -= fraction
    return name


def check_patients(films: Iterable[LabelledFilm]) -> None:
    """Raises DatasetError if films of one patient are in two splits; a film without a split is in none."""
    split_of: dict[str, str] = {}
    leaking = {
        film.patient_id
        for film in films
        if film.split and split_of.setdefault(film.patient_id, film.split) != film.split
    }
    if leaking:
        raise DatasetError(
            f"{len(leaking)} patient(s) have films in two splits: what is measured would be remembered, not learned. Split again by patient."
        )
