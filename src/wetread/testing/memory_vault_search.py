"""Matching and ordering of the vault in memory, on plain values instead of an index."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from wetread.domain.errors import PermanentError
from wetread.domain.person_name import folded_words, sound
from wetread.ports.vault import INSTANCE_KEYS, ORDER_KEYS, SERIES_KEYS, STUDY_KEYS, Search, VaultInstance, VaultStudy

__all__ = ["DAYS", "MOMENTS", "NAMES", "ONE_OF", "WILDCARD", "Held", "Kind", "found"]

_LEVELS = {
    "studies": STUDY_KEYS,
    "series": STUDY_KEYS | SERIES_KEYS,
    "instances": STUDY_KEYS | SERIES_KEYS | INSTANCE_KEYS,
}
_TIME = r"\d{2}(\d{2}(\d{2}(\.\d{1,6})?)?)?"


@dataclass(frozen=True, slots=True)
class Held:
    """A study, or one of its series or instances."""

    study: VaultStudy
    instance: VaultInstance | None = None


def found(held: list[Held], search: Search, level: str) -> list[Held]:
    """One page of what matches; raises PermanentError(code='bad_query')."""
    for keyword in search.match:
        if search.match[keyword].strip("*") and keyword not in _LEVELS[level]:
            raise PermanentError("this level cannot be searched by this attribute", code="bad_query")
    rows = [each for each in held if all(_matches(each, *pair, search.fuzzy) for pair in search.match.items())]
    orders = search.order or ("-StudyDate",)
    if not {each.removeprefix("-") for each in orders} <= ORDER_KEYS:
        raise PermanentError("answers cannot be ordered by this attribute", code="bad_query")
    rows.sort(key=_place)
    rows.sort(key=lambda each: each.study.study_key, reverse=orders[0].startswith("-"))
    for order in reversed(orders):
        value = partial(_value, keyword=order.removeprefix("-"))
        rows.sort(key=value, reverse=order.startswith("-"))
    return rows[search.offset : search.offset + search.limit]


def _place(each: Held) -> tuple[str, str]:
    header = each.instance and each.instance.header
    return (header.series_instance_uid, header.sop_instance_uid) if header else ("", "")


def _matches(each: Held, keyword: str, value: str, fuzzy: bool) -> bool:
    if not value.strip("*"):
        return True
    kind = _KINDS[keyword]
    return kind(_value(each, keyword, fuzzy), value, fuzzy)


def _value(each: Held, keyword: str, fuzzy: bool = False) -> str:
    value = _VALUES[keyword](each)
    return _name(value) if keyword.endswith("Name") and not fuzzy else value


def _header(each: Held) -> VaultInstance:
    if each.instance is None:
        raise ValueError("a study has no such value")
    return each.instance


_VALUES: dict[str, Callable[[Held], str]] = {
    "StudyInstanceUID": lambda each: each.study.study_instance_uid,
    "PatientID": lambda each: each.study.identity.patient_id,
    "IssuerOfPatientID": lambda each: each.study.identity.issuer_of_patient_id,
    "PatientName": lambda each: each.study.identity.patient_name,
    "PatientBirthDate": lambda each: each.study.identity.patient_birth_date,
    "ReferringPhysicianName": lambda each: each.study.identity.referring_physician_name,
    "AccessionNumber": lambda each: each.study.identity.accession_number,
    "StudyID": lambda each: each.study.identity.study_id,
    "StudyDate": lambda each: each.study.identity.study_date,
    "StudyTime": lambda each: each.study.identity.study_time,
    "ModalitiesInStudy": lambda each: "\\".join(each.study.modalities),
    "SeriesInstanceUID": lambda each: _header(each).header.series_instance_uid,
    "Modality": lambda each: _header(each).header.traits.modality,
    "SeriesNumber": lambda each: _header(each).header.series_number,
    "PerformedProcedureStepStartDate": lambda each: _header(each).header.procedure_step.start_date,
    "PerformedProcedureStepStartTime": lambda each: _header(each).header.procedure_step.start_time,
    "RequestedProcedureID": lambda each: _header(each).header.procedure_step.requested_procedure_id,
    "ScheduledProcedureStepID": lambda each: _header(each).header.procedure_step.scheduled_step_id,
    "SOPInstanceUID": lambda each: _header(each).header.sop_instance_uid,
    "SOPClassUID": lambda each: _header(each).header.traits.sop_class_uid,
    "InstanceNumber": lambda each: _header(each).header.instance_number,
}


def _wildcard(held: str, value: str, _: bool) -> bool:
    pattern = "".join({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in value)
    return re.fullmatch(pattern, held, re.DOTALL) is not None


def _name(held: str) -> str:
    return "=".join(group.strip().rstrip("^ ") for group in held.casefold().split("=")).rstrip("=")


def _named(held: str, value: str, fuzzy: bool) -> bool:
    if not fuzzy:
        return _wildcard(held, _name(value), fuzzy)
    words = folded_words(held)
    sounds = {sound(word) for word in words} - {""}
    return all(any(word.startswith(each) for word in words) or sound(each) in sounds for each in folded_words(value))


def _one_of(held: str, value: str, _: bool) -> bool:
    return not set(held.split("\\")).isdisjoint(re.split(r"[,\\]", value))


def _within(form: str) -> Callable[[str, str, bool], bool]:
    def within(held: str, value: str, _: bool) -> bool:
        first, dash, last = value.partition("-")
        if value == "-" or not re.fullmatch(f"({form})?(-({form})?)?", value, re.ASCII):
            raise PermanentError("a date or time, or a range of two, open at either end", code="bad_query")
        low, high = (first, last) if dash else (first, first)
        return held != "" and held >= low and (not high or held[: len(high)] <= high)

    return within


def _number(held: str, value: str, _: bool) -> bool:
    if not re.fullmatch(r"\s*[+-]?\d{1,12}\s*", value, re.ASCII):
        raise PermanentError("a number is a whole number of at most 12 digits", code="bad_query")
    return re.fullmatch(r"\s*[+-]?\d{1,12}\s*", held, re.ASCII) is not None and int(held) == int(value)


def _names(held: str, value: str, fuzzy: bool) -> bool:
    return _named(held if fuzzy else _name(held), value, fuzzy)


Kind = Callable[[str, str, bool], bool]
"""Does a held value match an asked one, fuzzily or not?"""
WILDCARD, NAMES, ONE_OF, DAYS = _wildcard, _names, _one_of, _within(r"\d{8}")
MOMENTS = _within(r"\d{4}(\d{2}(\d{2}(\d{2}(\d{2}(\d{2}(\.\d{1,6})?)?)?)?)?)?")
_KINDS: dict[str, Kind] = {
    **dict.fromkeys(_VALUES, _wildcard),
    **dict.fromkeys(("PatientName", "ReferringPhysicianName"), _named),
    **dict.fromkeys(
        ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID", "ModalitiesInStudy"), _one_of
    ),
    **dict.fromkeys(("StudyDate", "PatientBirthDate", "PerformedProcedureStepStartDate"), _within(r"\d{8}")),
    **dict.fromkeys(("StudyTime", "PerformedProcedureStepStartTime"), _within(_TIME)),
    **dict.fromkeys(("SeriesNumber", "InstanceNumber"), _number),
}
