"""The codes that more than one outside form of a report uses: what was done, present or not, which side, the model's numbers (LOINC, SNOMED CT)."""

from wetread.domain.finding import Code

__all__ = [
    "ABSENT",
    "ADDENDUM",
    "CALIBRATED_PROBABILITY",
    "CHEST_FILM",
    "LATERALITY",
    "OPERATING_POINT",
    "PRESENT",
    "SIDES",
]

CHEST_FILM = Code("30745-4", "LN", "XR Chest Views")
ADDENDUM = Code("55107-7", "LN", "Addendum")
PRESENT, ABSENT = Code("52101004", "SCT", "Present"), Code("272519000", "SCT", "Absent")
LATERALITY = Code("272741003", "SCT", "Laterality")
SIDES = {
    "left": Code("7771000", "SCT", "Left"),
    "right": Code("24028007", "SCT", "Right"),
    "bilateral": Code("51440002", "SCT", "Right and left"),
}
CALIBRATED_PROBABILITY = Code(
    "calibrated_probability", "99WETREAD", "Calibrated probability that the finding is on this film"
)
OPERATING_POINT = Code("operating_point", "99WETREAD", "Probability at or above which the model calls the finding")
