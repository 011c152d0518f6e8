"""Are these the same person? Numbers first, then birth date, name and sex. Pure; what differs is named, never quoted."""

import unicodedata
from dataclasses import dataclass

from wetread.domain.identity_hold import HoldKind
from wetread.domain.order import Person
from wetread.domain.study import Sex

__all__ = ["Difference", "compared"]

_SPELT = str.maketrans({"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"})
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa"})


@dataclass(frozen=True, slots=True)
class Difference:
    """`kind` None: nothing that both say differs."""

    kind: HoldKind | None
    differs: tuple[str, ...] = ()


def compared(ordered: Person, imaged: Person) -> Difference:
    """A mismatch where the numbers differ, or, with the same number or none to compare, where birth date and name both do. One of these alone, or the sex, is a question of demographics.

    What one side leaves out is no difference; without any number in common and without a birth date or a name that agrees, nothing says that they are one: a mismatch.
    """
    differs = tuple(name for name, same in _compared(ordered, imaged).items() if same is False)
    if not differs and not _anything_agrees(ordered, imaged):
        return Difference(HoldKind.PATIENT_MISMATCH, ("nothing_in_common",))
    if not differs:
        return Difference(None)
    another = "patient_id" in differs or "issuer_of_patient_id" in differs or {"birth_date", "name"} <= set(differs)
    unnumbered = not (ordered.number.patient_id and imaged.number.patient_id)
    if another or (unnumbered and not {"birth_date", "name"}.isdisjoint(differs)):
        return Difference(HoldKind.PATIENT_MISMATCH, differs)
    return Difference(HoldKind.DEMOGRAPHICS, differs)


def _compared(one: Person, other: Person) -> dict[str, bool | None]:
    """None: one of them does not say."""
    return {
        "patient_id": _same(one.number.patient_id.strip(), other.number.patient_id.strip()),
        "issuer_of_patient_id": _same(
            one.number.issuer_of_patient_id.strip(), other.number.issuer_of_patient_id.strip()
        ),
        "birth_date": _same(one.birth_date, other.birth_date),
        "name": _same_name(one.name, other.name),
        "sex": _same_sex(one.sex, other.sex),
    }


def _anything_agrees(one: Person, other: Person) -> bool:
    found = _compared(one, other)
    return any(found[name] for name in ("patient_id", "birth_date", "name"))


def _same(one: str, other: str) -> bool | None:
    return one == other if one and other else None


def _same_sex(one: Sex, other: Sex) -> bool | None:
    said = (Sex.FEMALE, Sex.MALE)
    return one is other if one in said and other in said else None


def _same_name(one: str, other: str) -> bool | None:
    """Family and first given name, without case, accents and signs; ü may be u or ue; a given name may be its initial or missing."""
    (family, given), (other_family, other_given) = _parts(one), _parts(other)
    if not any(family | given) or not any(other_family | other_given):
        return None
    return not family.isdisjoint(other_family) and any(_fit(a, b) for a in given for b in other_given)


def _parts(name: str) -> tuple[frozenset[str], frozenset[str]]:
    """Family and first given name, each in its spellings."""
    family, given = (*name.partition("=")[0].split("^"), "", "")[:2]
    return _spellings(family), _spellings((given.split() or [""])[0])


def _spellings(text: str) -> frozenset[str]:
    return frozenset(_letters(text.casefold().translate(table)) for table in (_SPELT, _UMLAUTS | _SPELT))


def _letters(text: str) -> str:
    return "".join(each for each in unicodedata.normalize("NFKD", text) if each.isalpha())


def _fit(one: str, other: str) -> bool:
    shorter = min(len(one), len(other))
    return shorter == 0 or (one[0] == other[0] if shorter == 1 else one == other)
