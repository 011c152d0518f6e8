"""The findings vocabulary: ChestX-ray14 and CheXpert labels, each with codes.

SNOMED CT (SCT) and DICOM (DCM) codes are those of pydicom's code dictionary (PS3.16 CID 6102, 6104, 6105, 12249) where it has the concept; the
remaining SCT codes are the concepts' international identifiers. RadLex is given only where we could check it. A concept with no checked code carries wetread's own scheme
`99WETREAD`: an absent code is honest, a guessed one is a wrong diagnosis.
"""

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["LATERALITIES", "VOCABULARY", "Code", "FindingConcept", "FindingName", "SidedFinding", "concept"]


@dataclass(frozen=True, slots=True)
class Code:
    """PS3.3 §8.8 coded entry: value (0008,0100), coding scheme designator (0008,0102), meaning (0008,0104)."""

    value: str
    scheme: str
    meaning: str


class FindingName(StrEnum):
    ATELECTASIS = "atelectasis"
    CARDIOMEGALY = "cardiomegaly"
    EFFUSION = "effusion"
    INFILTRATION = "infiltration"
    MASS = "mass"
    NODULE = "nodule"
    PNEUMONIA = "pneumonia"
    PNEUMOTHORAX = "pneumothorax"
    CONSOLIDATION = "consolidation"
    EDEMA = "edema"
    EMPHYSEMA = "emphysema"
    FIBROSIS = "fibrosis"
    PLEURAL_THICKENING = "pleural_thickening"
    HERNIA = "hernia"
    ENLARGED_CARDIOMEDIASTINUM = "enlarged_cardiomediastinum"
    LUNG_LESION = "lung_lesion"
    LUNG_OPACITY = "lung_opacity"
    PLEURAL_OTHER = "pleural_other"
    FRACTURE = "fracture"
    SUPPORT_DEVICES = "support_devices"


@dataclass(frozen=True, slots=True)
class FindingConcept:
    """One finding with its words and codes. `codes[0]` is the one that leaves first (SR, FHIR)."""

    name: FindingName
    display: str
    codes: tuple[Code, ...]
    anatomy: str
    lateralised: bool


LATERALITIES = ("", "left", "right", "bilateral")
"""Of a finding; "": not said, or a finding without sides."""


@dataclass(frozen=True, slots=True)
class SidedFinding:
    """What was called and where: `laterality` is one of LATERALITIES."""

    name: FindingName
    laterality: str


def _sct(value: str, meaning: str) -> Code:
    return Code(value, "SCT", meaning)


def _dcm(value: str, meaning: str) -> Code:
    return Code(value, "DCM", meaning)


def _radlex(value: str, meaning: str) -> Code:
    return Code(value, "RADLEX", meaning)


def _own(value: str, meaning: str) -> Code:
    return Code(value, "99WETREAD", meaning)


_N = FindingName
_CONCEPTS = (
    FindingConcept(_N.ATELECTASIS, "atelectasis", (_sct("46621007", "Atelectasis"),), "lungs", True),
    FindingConcept(_N.CARDIOMEGALY, "cardiomegaly", (_sct("287272002", "Cardiomegaly"),), "heart", False),
    FindingConcept(_N.EFFUSION, "pleural effusion", (_sct("60046008", "Pleural effusion"),), "pleura", True),
    FindingConcept(_N.INFILTRATION, "infiltration", (_dcm("112121", "Infiltrate"),), "lungs", True),
    FindingConcept(_N.MASS, "mass", (_sct("4147007", "Mass"),), "lungs", True),
    FindingConcept(_N.NODULE, "nodule", (_sct("27925004", "Nodule"),), "lungs", True),
    FindingConcept(_N.PNEUMONIA, "pneumonia", (_sct("233604007", "Pneumonia"),), "lungs", True),
    FindingConcept(_N.PNEUMOTHORAX, "pneumothorax", (_sct("36118008", "Pneumothorax"),), "pleura", True),
    FindingConcept(
        _N.CONSOLIDATION,
        "consolidation",
        (_sct("95436008", "Lung consolidation"), _radlex("RID43255", "consolidation")),
        "lungs",
        True,
    ),
    FindingConcept(
        _N.EDEMA,
        "pulmonary edema",
        (_sct("19242006", "Pulmonary edema"), _radlex("RID4866", "pulmonary edema")),
        "lungs",
        False,
    ),
    FindingConcept(
        _N.EMPHYSEMA,
        "emphysema",
        (_sct("87433001", "Pulmonary emphysema"), _radlex("RID4799", "emphysema")),
        "lungs",
        False,
    ),
    FindingConcept(_N.FIBROSIS, "fibrosis", (_sct("51615001", "Fibrosis of lung"),), "lungs", True),
    FindingConcept(
        _N.PLEURAL_THICKENING, "pleural thickening", (_own("pleural_thickening", "Pleural thickening"),), "pleura", True
    ),
    FindingConcept(
        _N.HERNIA, "diaphragmatic or hiatal hernia", (_own("hernia", "Hernia, thoracic"),), "diaphragm", False
    ),
    FindingConcept(
        _N.ENLARGED_CARDIOMEDIASTINUM,
        "enlarged cardiomediastinum",
        (_own("enlarged_cardiomediastinum", "Enlarged cardiomediastinal silhouette"),),
        "mediastinum",
        False,
    ),
    FindingConcept(_N.LUNG_LESION, "lung lesion", (_sct("52988006", "Lesion"),), "lungs", True),
    FindingConcept(_N.LUNG_OPACITY, "lung opacity", (_dcm("112001", "Opacity"),), "lungs", True),
    FindingConcept(
        _N.PLEURAL_OTHER,
        "other pleural abnormality",
        (_own("pleural_other", "Other pleural abnormality"),),
        "pleura",
        True,
    ),
    FindingConcept(_N.FRACTURE, "fracture", (_sct("72704001", "Fracture"),), "bones", True),
    FindingConcept(_N.SUPPORT_DEVICES, "support devices", (_dcm("121007", "Device"),), "devices", False),
)
VOCABULARY: dict[FindingName, FindingConcept] = {each.name: each for each in _CONCEPTS}


def concept(name: FindingName) -> FindingConcept:
    """The concept of a finding name."""
    return VOCABULARY[name]
