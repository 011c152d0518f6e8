"""Decides where a text names the patient, from what the vault knows of them: in any case and order, with and without accents, hyphens and initials."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from wetread.context.deidentify_words import WordClass, word_class
from wetread.domain.study import PatientIdentity

__all__ = ["UNKNOWN", "KnownIdentity", "known_in"]

_SPELT_OUT = {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "’": "'"}
_GERMAN = {"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa"}
_WORD = re.compile(r"[^\W\d_]+")
_ID_JOINT = r"[\s./_-]{0,2}"
_SHORTEST_ID = 3
_SHORTEST_PART = 2


@dataclass(frozen=True, slots=True)
class KnownIdentity:
    """What is known of one patient: `names` in any form (DICOM PN "Family^Given^Middle" too), `ids` (MRN, accession, account), and when they were born."""

    names: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    birth_date: date | None = None

    @classmethod
    def of(cls, *identities: PatientIdentity) -> "KnownIdentity":
        """From what the vault holds of the patient's studies; the referring physician counts as a name too."""
        births = [parsed for each in identities if (parsed := _day(each.patient_birth_date))]
        return cls(
            tuple(name for each in identities for name in (each.patient_name, each.referring_physician_name) if name),
            tuple(n for each in identities for n in (each.patient_id, each.accession_number, each.study_id) if n),
            births[0] if births else None,
        )


UNKNOWN = KnownIdentity()


def _day(da: str) -> date | None:
    """A DICOM DA (PS3.5 §6.2); None where it is none."""
    try:
        return date(int(da[:4]), int(da[4:6]), int(da[6:8]))
    except ValueError:
        return None


def known_in(text: str, known: KnownIdentity) -> Iterator[tuple[str, int, int]]:
    """(kind, start, stop) of everything known; a part that is an ordinary word only where it is written as a name."""
    parts = _parts(known)
    initials = _initials(known)
    if parts:
        for match in _WORD.finditer(text):
            if _forms(match[0]) & parts and _is_name_here(match[0]):
                yield "name", *match.span()
    for pattern in initials:
        for match in pattern.finditer(text):
            yield "name", *match.span()
    for pattern in _id_patterns(known):
        for match in pattern.finditer(text):
            yield "id", *match.span()


def _parts(known: KnownIdentity) -> frozenset[str]:
    return frozenset(
        form
        for name in known.names
        for word in _WORD.findall(name)
        if len(word) >= _SHORTEST_PART
        for form in _forms(word)
    )


def _forms(word: str) -> frozenset[str]:
    """A word without accents, and as German spells them out."""
    small = word.casefold()
    return frozenset(
        {_plain(small), _plain("".join(_GERMAN.get(letter, letter) for letter in unicodedata.normalize("NFC", small)))}
    )


def _plain(word: str) -> str:
    base = "".join(_SPELT_OUT.get(letter, letter) for letter in word)
    return "".join(letter for letter in unicodedata.normalize("NFKD", base) if not unicodedata.combining(letter))


def _is_name_here(word: str) -> bool:
    return word_class(word) is WordClass.UNKNOWN or not word.islower()


def _initials(known: KnownIdentity) -> tuple["re.Pattern[str]", ...]:
    """ "J. S." and "J.S." of John Smith, either way round."""
    found = []
    for name in known.names:
        letters = [word[0] for word in _WORD.findall(name) if word]
        if 1 < len(letters) < 5:
            for order in (letters, letters[::-1]):
                found.append(re.compile(r"(?<!\w)" + r"\.\s?".join(map(re.escape, order)) + r"\.(?!\w)", re.IGNORECASE))
    return tuple(found)


def _id_patterns(known: KnownIdentity) -> tuple["re.Pattern[str]", ...]:
    """Each id with or without separators, whatever the case, not inside a longer run of letters and digits."""
    spelt = ([letter for letter in each if letter.isalnum()] for each in known.ids)
    return tuple(
        re.compile(r"(?<![^\W_])" + _ID_JOINT.join(map(re.escape, letters)) + r"(?![^\W_])", re.IGNORECASE)
        for letters in spelt
        if len(letters) >= _SHORTEST_ID
    )
