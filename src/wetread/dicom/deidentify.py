"""Decides what a film's header says once nobody is named in it: PS3.15 annex E over a whole data set in DICOM JSON, every sequence too.

Beyond the profile: what it does not name and `confidentiality.toml` does not keep is removed, private attributes go unless listed, kept values must look as their VR demands, codes of
the house's own coding schemes go, and an age over 89 is 90 (45 CFR 164.514(b)(2)).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from wetread.context.deidentify import KnownIdentity, scrub
from wetread.dicom.confidentiality import SOP_CLASSES, Action, Option, action_by_type, action_for
from wetread.dicom.deidentified_statement import statement
from wetread.dicom.deidentified_values import DUMMIES, TEXTS, aged, first_value, fits, is_public_code, within
from wetread.dicom.dictionary import vr_of
from wetread.dicom.pseudonyms import Pseudonyms, moved
from wetread.domain.errors import UnsuitableImage
from wetread.domain.prior import dicom_day

__all__ = ["Confidentiality", "DataSet", "check_options", "deidentified"]

DataSet = dict[str, dict[str, Any]]
"""DICOM JSON (PS3.18 annex F): eight hex digits to vr, and Value, InlineBinary or BulkDataURI."""

_CLASS, _PATIENT_NAME, _PATIENT_ID, _ISSUER = "00080016", "00100010", "00100020", "00100021"
_STUDY, _STUDY_DATE = "0020000D", "00080020"
_NAMES = (_PATIENT_NAME, "00101001", "00101005", "00101060", "00080090", "00081048", "00081050", "00081060", "00081070")
_NUMBERS = (_PATIENT_ID, "00101000", "00080050", "00200010", "00380010", "00402016", "00402017")


@dataclass(frozen=True, slots=True)
class Confidentiality:
    """How films are de-identified. `private`: what may stay under RETAIN_PRIVATE, by creator, group and last two digits ("ACME 1.1", "000902" of 00091002 in block 10)."""

    options: frozenset[Option]
    pseudonyms: Pseudonyms
    private: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class _Film:
    """What holds for the whole data set."""

    how: Confidentiality
    iod: str
    shift: timedelta
    clean: Callable[[str], str]


def check_options(options: frozenset[Option]) -> None:
    """Raises UnsuitableImage('bad_options') for two that exclude each other (PS3.15 §E.3.6)."""
    if {Option.RETAIN_DATES, Option.SHIFT_DATES} <= options:
        raise UnsuitableImage("Dates are either kept or shifted: choose one of both.", code="bad_options")


def deidentified(data_set: Mapping[str, dict[str, Any]], how: Confidentiality, subject: str = "") -> DataSet:
    """A new data set, without pixel data's bytes changed in any way; `subject` names the patient for the pseudonym, by default the header's own number and its issuer.

    Raises UnsuitableImage('sop_class') for what is no CR or DX image, and ('bad_options').
    """
    check_options(how.options)
    iod = SOP_CLASSES.get(_first(data_set, _CLASS), "")
    if not iod:
        raise UnsuitableImage(
            "Only computed and digital radiographs (CR, DX) are de-identified; handle it by hand.", code="sop_class"
        )
    patient = _first(data_set, _PATIENT_ID)
    subject = subject or "\0".join((_first(data_set, _ISSUER), patient or _first(data_set, _STUDY)))
    again = how.pseudonyms.is_own_patient(patient)
    film = _Film(how, iod, timedelta(0) if again else how.pseudonyms.shift(subject), _cleaner(data_set))
    found = _level(film, data_set, "")
    name = patient if again else how.pseudonyms.patient(subject)
    found[_PATIENT_ID] = {"vr": "LO", "Value": [name]}
    found[_PATIENT_NAME] = {"vr": "PN", "Value": [{"Alphabetic": f"{name}^Deidentified"}]}
    return dict(sorted((found | statement(how.options)).items()))


def _first(data_set: Mapping[str, dict[str, Any]], tag: str) -> str:
    value = first_value(data_set, tag)
    if isinstance(value, dict):
        return str(value.get("Alphabetic", ""))
    return "" if value is None else str(value)


def _cleaner(data_set: Mapping[str, dict[str, Any]]) -> Callable[[str], str]:
    """Free text without identity: what the header says of people elsewhere is known."""
    names = tuple(filter(None, (_first(data_set, tag) for tag in _NAMES)))
    numbers = tuple(filter(None, (_first(data_set, tag) for tag in _NUMBERS)))
    known, study_date = KnownIdentity(names, numbers), dicom_day(_first(data_set, _STUDY_DATE))
    return lambda text: scrub(text, known, study_date).text


def _level(film: _Film, data_set: Mapping[str, dict[str, Any]], sequence: str) -> DataSet:
    creators = {
        tag: _first(data_set, tag) for tag in data_set if int(tag[:4], 16) & 1 and 0x10 <= int(tag[4:], 16) <= 0xFF
    }
    found: DataSet = {}
    for tag, attribute in data_set.items():
        if int(tag[:4], 16) & 1:
            if _is_safe(film, tag, attribute, creators):
                found[tag] = attribute
                block = f"{tag[:4]}00{tag[4:6]}"
                found[block] = data_set[block]
        elif (changed := _attribute(film, tag, attribute, sequence)) is not None:
            found[tag] = changed
    return found


def _is_safe(film: _Film, tag: str, attribute: dict[str, Any], creators: Mapping[str, str]) -> bool:
    """Listed, of a block whose creator stands in the data set, and a plain value."""
    creator = creators.get(f"{tag[:4]}00{tag[4:6]}")
    if Option.RETAIN_PRIVATE not in film.how.options or not creator or attribute["vr"] in ("SQ", "UN"):
        return False
    return (creator, f"{tag[:4]}{tag[6:]}") in film.how.private


def _attribute(film: _Film, tag: str, attribute: dict[str, Any], sequence: str) -> dict[str, Any] | None:
    """None where it goes."""
    action = action_for(tag, film.how.options, film.iod, sequence)
    if attribute["vr"] == "UN" and action not in (Action.REMOVE, Action.DUMMY):
        action = Action.EMPTY  # what it holds cannot be looked at
    if action in (Action.REMOVE, Action.EMPTY, Action.DUMMY) or not attribute.keys() - {"vr"}:
        return _instead(tag, attribute["vr"], action)
    left = _sequence(film, tag, attribute, action) if attribute["vr"] == "SQ" else _valued(film, tag, attribute, action)
    return left or _instead(tag, attribute["vr"], action_by_type(tag, film.iod, sequence))


def _instead(tag: str, vr: str, action: Action) -> dict[str, Any] | None:
    if vr == "UN":
        vr = vr_of(int(tag, 16))
    if action is Action.REMOVE or vr == "UN":
        return None
    return {"vr": vr, **(DUMMIES.get(vr, {}) if action is Action.DUMMY else {})}


def _sequence(film: _Film, tag: str, attribute: dict[str, Any], action: Action) -> dict[str, Any] | None:
    items = attribute.get("Value", [])
    usable = items if action is Action.RETAIN else [item for item in items if is_public_code(item)]
    kept = [item for item in (_level(film, each, tag) for each in usable) if item]
    return {"vr": "SQ", "Value": kept} if kept else None


def _valued(film: _Film, tag: str, attribute: dict[str, Any], action: Action) -> dict[str, Any] | None:
    vr = attribute["vr"]
    if "Value" not in attribute:  # bytes: tables of numbers, and pixels
        return attribute if action in (Action.KEEP, Action.RETAIN) else None
    values = [None if each is None else _value(film, tag, vr, each, action) for each in attribute["Value"]]
    return {"vr": vr, "Value": values} if any(each is not None for each in values) else None


def _value(film: _Film, tag: str, vr: str, value: Any, action: Action) -> Any:
    if vr == "UI":
        retained = action is Action.RETAIN and fits(vr, value)
        return value if retained else film.how.pseudonyms.uid(str(value))
    if not fits(vr, value):
        return None
    if action is Action.CLEAN:
        return within(vr, film.clean(value)) if vr in TEXTS else None
    if action is Action.SHIFT and vr != "TM":
        return moved(value, film.shift) if vr in ("DA", "DT") else None
    return aged(value) if vr == "AS" else value
