"""The findings vocabulary: complete, unambiguous, and honest about codes that we could not check."""

import pytest

from wetread.domain.finding import VOCABULARY, FindingName, concept

CHESTXRAY14 = {
    "atelectasis",
    "cardiomegaly",
    "effusion",
    "infiltration",
    "mass",
    "nodule",
    "pneumonia",
    "pneumothorax",
    "consolidation",
    "edema",
    "emphysema",
    "fibrosis",
    "pleural_thickening",
    "hernia",
}
CHEXPERT = {
    "enlarged_cardiomediastinum",
    "cardiomegaly",
    "lung_opacity",
    "lung_lesion",
    "edema",
    "consolidation",
    "pneumonia",
    "atelectasis",
    "pneumothorax",
    "effusion",
    "pleural_other",
    "fracture",
    "support_devices",
}


def test_the_vocabulary_is_chestxray14_and_chexpert() -> None:
    assert {name.value for name in FindingName} == CHESTXRAY14 | CHEXPERT
    assert set(VOCABULARY) == set(FindingName)


@pytest.mark.parametrize("name", FindingName)
def test_every_finding_has_words_and_codes(name: FindingName) -> None:
    found = concept(name)
    assert found.name is name
    assert found.display
    assert found.display == found.display.strip().lower()
    assert found.anatomy
    assert found.codes
    for code in found.codes:
        assert code.scheme in {"SCT", "DCM", "RADLEX", "99WETREAD"}
        assert 1 <= len(code.value) <= 64
        assert 1 <= len(code.meaning) <= 64  # VR LO, PS3.5 table 6.2-1


def test_no_two_findings_share_a_code_or_words() -> None:
    codes = [(code.scheme, code.value) for found in VOCABULARY.values() for code in found.codes]
    assert len(codes) == len(set(codes))
    assert len({found.display for found in VOCABULARY.values()}) == len(VOCABULARY)


@pytest.mark.parametrize("name", FindingName)
def test_a_snomed_identifier_passes_its_check_digit(name: FindingName) -> None:
    """SNOMED CT identifiers end in a Verhoeff check digit and carry partition 00 for concepts: a mistyped one shows."""
    for code in concept(name).codes:
        if code.scheme == "SCT":
            assert _verhoeff(code.value) == 0
            assert code.value[-3:-1] == "00"


@pytest.mark.parametrize("name", FindingName)
def test_standard_codes_are_those_of_pydicoms_dictionary_where_it_has_them(name: FindingName) -> None:
    """An independent source for the codes: the tables of PS3.16 as pydicom ships them."""
    from pydicom.sr._concepts_dict import concepts

    for code in concept(name).codes:
        if code.scheme == "DCM":
            assert any(code.value in entries for entries in concepts["DCM"].values())


def _verhoeff(digits: str) -> int:
    check = 0
    for place, digit in enumerate(reversed(digits)):
        check = _multiply(check, _permute(int(digit), place))
    return check


def _permute(digit: int, times: int) -> int:
    for _ in range(times % 8):
        digit = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)[digit]
    return digit


def _multiply(left: int, right: int) -> int:
    """The dihedral group of order 10: rotations 0-4, reflections 5-9."""
    rotation = (left % 5 + right % 5) % 5 if left < 5 else (left % 5 - right % 5) % 5
    return rotation + 5 * ((left >= 5) != (right >= 5))
