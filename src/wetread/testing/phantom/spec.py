"""What a synthetic film is asked to show: patient, acquisition, pathologies; and where the truth lies afterwards."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from wetread.domain.analysis import Region
from wetread.domain.finding import FindingName

__all__ = ["SYNTHETIC", "GroundTruth", "Laterality", "Pathology", "PhantomPatient", "PhantomSpec"]

SYNTHETIC = "SYNTHETIC PHANTOM - NOT A PATIENT"
"""The words every phantom carries in its header."""

Laterality = Literal["left", "right", ""]


@dataclass(frozen=True, slots=True)
class PhantomPatient:
    """An invented person. `patient_name` is a PN such as "Phantom^Ada", `patient_id` such as "PHANTOM-0007"."""

    patient_name: str
    patient_id: str
    birth_date: date
    sex: Literal["F", "M"]
    age_years: int
    bmi: float


@dataclass(frozen=True, slots=True)
class Pathology:
    """One abnormality to draw. `laterality` is the patient's side, "" where it has none; `severity` is 0 (subtle) to 1 (gross)."""

    finding: FindingName
    laterality: Laterality = ""
    severity: float = 0.5


@dataclass(frozen=True, slots=True)
class PhantomSpec:
    """One film, completely: the same spec gives the same pixels.

    `bits_stored` is 8 to 16; `manufacturer` and `institution_name` go to the header, the manufacturer also sets the vendor look.
    """

    patient: PhantomPatient
    view_position: Literal["PA", "AP"] = "PA"
    pathologies: tuple[Pathology, ...] = ()
    rows: int = 1024
    columns: int = 1024
    bits_stored: int = 12
    photometric_interpretation: Literal["MONOCHROME1", "MONOCHROME2"] = "MONOCHROME2"
    transfer_syntax_uid: str = "1.2.840.10008.1.2.1"
    manufacturer: str = "Phantom Imaging"
    institution_name: str = "Synthetic General Hospital"
    seed: int = 0
    modality: Literal["DX", "CR"] = "DX"

    def __post_init__(self) -> None:
        if not 8 <= self.bits_stored <= 16:
            raise ValueError("bits_stored must be 8 to 16")
        if min(self.rows, self.columns) < 128:
            raise ValueError("a film needs at least 128 rows and columns")


@dataclass(frozen=True, slots=True)
class GroundTruth:
    """What was drawn and where: `box` is in stored pixels, half-open; `laterality` is the patient's side or ""."""

    finding: FindingName
    laterality: Laterality
    box: Region
