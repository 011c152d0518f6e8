"""What a person types to find a patient or an order, as matching keys the vault has an index for (PS3.4 §C.2.2.2.4)."""

from dataclasses import dataclass

from wetread.domain.identifiers import StudyKey
from wetread.ports.vault import Search, Vault

__all__ = ["Found", "find", "matches_for"]

_MOST = 200


@dataclass(frozen=True, slots=True)
class Found:
    """`fields` are the attributes that matched; `truncated`: there are more than are listed."""

    study_keys: tuple[StudyKey, ...]
    fields: tuple[str, ...]
    truncated: bool


def matches_for(text: str) -> dict[str, str]:
    """Each attribute with the beginning of its value. "doe, jane" and "doe jane" are DOE^JANE; `*` and `?` are wildcards, as everywhere in DICOM."""
    typed = " ".join(text.replace("\\", " ").split())
    family, comma, given = typed.partition(",")
    parts = [family.strip(), *given.split()] if comma else typed.replace("^", " ").split(" ")
    name = "^".join(filter(None, parts))
    found = {"AccessionNumber": typed, "PatientID": typed, "PatientName": name}
    return {key: value.rstrip("*") + "*" for key, value in found.items() if value.strip("*?^ ")}


def find(vault: Vault, text: str) -> Found:
    """Studies by accession number, then by patient id, then by name; newest study date first within each."""
    keys: dict[StudyKey, None] = {}
    fields, truncated = [], False
    for keyword, value in matches_for(text).items():
        studies = vault.unnamed.search_studies(Search({keyword: value}, _MOST + 1))
        if studies:
            fields.append(keyword)
        truncated = truncated or len(studies) > _MOST
        keys |= {each.study_key: None for each in studies[:_MOST]}
    return Found(tuple(keys), tuple(fields), truncated)
