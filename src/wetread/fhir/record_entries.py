"""FHIR R4 resources of the record to domain entries: what each kind's status allows, when it was, and what it says in words (https://hl7.org/fhir/R4/resourcelist.html).

A resource that was entered in error, refuted or not done is no entry. Nor is one with a modifier extension: it may turn everything else around
(https://hl7.org/fhir/R4/extensibility.html#modifierExtension).
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from wetread.domain.drafting_context import RecordKind
from wetread.domain.finding import Code
from wetread.domain.record import DayRange, RecordEntry
from wetread.fhir.datatypes import Json
from wetread.fhir.record_values import (
    codes_of,
    concept_text,
    days_of,
    first_code,
    objects,
    part,
    quantity_of,
    quantity_text,
    text_of,
)

__all__ = ["entry_of", "medication_names"]

_K = RecordKind
_STATUSES = {
    _K.OBSERVATION: frozenset({"final", "amended", "corrected", "preliminary"}),
    _K.MEDICATION_STATEMENT: frozenset({"active", "completed", "stopped", "on-hold", "unknown"}),
    _K.PROCEDURE: frozenset({"completed", "in-progress", "stopped", "on-hold"}),
    _K.DOCUMENT_REFERENCE: frozenset({"current"}),
    _K.DIAGNOSTIC_REPORT: frozenset({"final", "amended", "corrected", "appended", "preliminary"}),
}
_REFUSED_CONDITIONS = ("refuted", "entered-in-error")
_OBSERVATION_CATEGORIES = ("laboratory", "vital-signs")

Names = Mapping[str, Json]
"""Medication resources by the reference that leads to them: `Medication/ID`, or `#id` inside a statement."""


def entry_of(resource: Json, kind: RecordKind, source_id: str, names: Names) -> RecordEntry | None:
    """None for what is no entry. The text of documents and reports is without their attachments."""
    if resource.get("modifierExtension") or resource.get("implicitRules"):
        return None
    status = text_of(resource.get("status"), 40).lower()
    if kind in _STATUSES and status not in _STATUSES[kind]:
        return None
    entry = _READERS[kind](resource, names)
    if entry is None or not (entry.text or entry.codes):
        return None
    return replace(entry, source_id=source_id, status=entry.status or status)


def medication_names(resources: tuple[Json, ...]) -> dict[str, Json]:
    """The Medications that came along with a search, by reference."""
    return {
        f"Medication/{text_of(each.get('id'), 64)}": each
        for each in resources
        if each.get("resourceType") == "Medication"
    }


def _condition(resource: Json, _: Names) -> RecordEntry | None:
    verification, clinical = first_code(resource.get("verificationStatus")), first_code(resource.get("clinicalStatus"))
    if verification in _REFUSED_CONDITIONS:
        return None
    said = ", ".join(filter(None, (clinical, verification)))
    words = _joined(concept_text(resource.get("code")), concept_text(resource.get("bodySite")))
    entry = _entry(_K.CONDITION, resource.get("code"), f"{words} ({said})" if words and said else words, resource)
    began = _span(resource, "onset") or _not_after(resource.get("recordedDate"))
    ended = days_of(resource.get("abatementDateTime")) or _within(resource.get("abatementPeriod"))
    return replace(entry, status=verification, clinical_status=clinical, began=began, ended=ended)


def _observation(resource: Json, _: Names) -> RecordEntry | None:
    categories = {first_code(each) for each in objects(resource.get("category"))} - {""}
    if categories and categories.isdisjoint(_OBSERVATION_CATEGORIES):
        return None
    values = [_measured(each) for each in (resource, *objects(resource.get("component")))]
    said = "; ".join(filter(None, values))
    if not said:
        return None
    entry = _entry(_K.OBSERVATION, resource.get("code"), said, resource)
    began = _span(resource, "effective") or _not_after(resource.get("issued"))
    return replace(entry, quantity=quantity_of(resource.get("valueQuantity")), began=began)


def _measured(observed: Json) -> str:
    """`name: value (interpretation)`, or "" without a value."""
    value = _value_text(observed)
    flag = concept_text(observed.get("interpretation"))
    return f"{concept_text(observed.get('code'))}: {value}{f' ({flag})' if flag else ''}" if value else ""


def _value_text(observed: Json) -> str:
    quantity = quantity_of(observed.get("valueQuantity"))
    if quantity is not None:
        return quantity_text(quantity)
    if isinstance(flag := observed.get("valueBoolean"), bool):
        return "yes" if flag else "no"
    if isinstance(number := observed.get("valueInteger"), int) and not isinstance(number, bool):
        return str(number)
    return concept_text(observed.get("valueCodeableConcept")) or text_of(observed.get("valueString"))


def _medication(resource: Json, names: Names) -> RecordEntry | None:
    concept = resource.get("medicationCodeableConcept")
    if concept is None and isinstance(pointer := resource.get("medicationReference"), dict):
        contained = {f"#{text_of(each.get('id'), 64)}": each for each in objects(resource.get("contained"))}
        named = {**names, **contained}.get(text_of(pointer.get("reference"), 200), {})
        concept = named.get("code") or {"text": pointer.get("display")}
    words = concept_text(concept)
    doses = ", ".join(filter(None, (text_of(each.get("text")) for each in objects(resource.get("dosage")))))
    status = text_of(resource.get("status"), 40)
    entry = _entry(_K.MEDICATION_STATEMENT, concept, f"{_joined(words, doses)} ({status})" if words else "", resource)
    began = _span(resource, "effective")
    return replace(entry, began=began, ended=_end(resource.get("effectivePeriod")))


def _procedure(resource: Json, _: Names) -> RecordEntry | None:
    words = _joined(concept_text(resource.get("code")), concept_text(resource.get("bodySite")))
    outcome, status = concept_text(resource.get("outcome")), text_of(resource.get("status"), 40)
    said = ", ".join(filter(None, (outcome, "" if status == "completed" else status)))
    entry = _entry(_K.PROCEDURE, resource.get("code"), f"{words} ({said})" if words and said else words, resource)
    return replace(entry, began=_span(resource, "performed"), ended=_end(resource.get("performedPeriod")))


def _document(resource: Json, _: Names) -> RecordEntry | None:
    if text_of(resource.get("docStatus"), 40).lower() == "entered-in-error":
        return None
    words = _joined(concept_text(resource.get("type")), text_of(resource.get("description")))
    entry = _entry(_K.DOCUMENT_REFERENCE, resource.get("type"), words or "Document", resource)
    context = resource.get("context")
    began = _start(context.get("period")) if isinstance(context, dict) else None
    return replace(entry, began=began or _not_after(resource.get("date")))


def _report(resource: Json, _: Names) -> RecordEntry | None:
    concluded = concept_text(resource.get("conclusionCode"))
    said = "\n".join(filter(None, (text_of(resource.get("conclusion"), 20_000), concluded)))
    words = concept_text(resource.get("code"))
    entry = _entry(
        _K.DIAGNOSTIC_REPORT, resource.get("code"), f"{words}: {said}" if words and said else words or said, resource
    )
    return replace(entry, began=_span(resource, "effective") or _not_after(resource.get("issued")))


def _entry(kind: RecordKind, concept: object, words: str, resource: Json) -> RecordEntry:
    notes = [text_of(each.get("text")) for each in objects(resource.get("note"))]
    codes: tuple[Code, ...] = codes_of(concept)
    return RecordEntry("", kind, codes, "\n".join(filter(None, (words, *notes))))


def _joined(first: str, second: str) -> str:
    return ", ".join(filter(None, (first, second)))


def _span(resource: Json, choice: str) -> DayRange | None:
    """`choice`DateTime, `choice`Instant, or when `choice`Period begins."""
    single = days_of(part(resource, f"{choice}DateTime", f"{choice}Instant"))
    return single or _start(resource.get(f"{choice}Period"))


def _start(period: object) -> DayRange | None:
    """When a period begins: by its start, else not after its end."""
    if not isinstance(period, dict):
        return None
    return days_of(period.get("start")) or _not_after(period.get("end"))


def _within(period: object) -> DayRange | None:
    """Some day from a period's start to its end."""
    if not isinstance(period, dict):
        return None
    start, end = days_of(period.get("start")), days_of(period.get("end"))
    return DayRange(start.first if start else None, end.last if end else None) if start or end else None


def _end(period: object) -> DayRange | None:
    return days_of(period.get("end")) if isinstance(period, dict) else None


def _not_after(value: object) -> DayRange | None:
    """What was recorded or issued on a day happened no later."""
    days = days_of(value)
    return DayRange(None, days.last) if days else None


_READERS: Mapping[RecordKind, Callable[[Json, Names], RecordEntry | None]] = {
    _K.CONDITION: _condition,
    _K.OBSERVATION: _observation,
    _K.MEDICATION_STATEMENT: _medication,
    _K.PROCEDURE: _procedure,
    _K.DOCUMENT_REFERENCE: _document,
    _K.DIAGNOSTIC_REPORT: _report,
}
