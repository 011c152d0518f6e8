"""Instances and identities to the vault's rows and back; the migration that first filled these tables uses the same functions."""

import re
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, delete

from wetread.domain.identifiers import InstanceKey, StudyKey
from wetread.domain.person_name import folded_words, sound
from wetread.domain.study import InstanceHeader, PatientIdentity
from wetread.ports.vault import VaultInstance, VaultStudy
from wetread.storage.codec import column_text, decode, encode
from wetread.storage.transaction import Row
from wetread.storage.vault_schema import vault

__all__ = [
    "instance_columns",
    "instance_of",
    "instance_row",
    "name_key",
    "name_rows",
    "number_of",
    "remove_study",
    "series_row",
    "study_columns",
    "study_of",
    "study_row",
    "words_of",
]

_INTEGER = re.compile(r"[+-]?\d{1,12}", re.ASCII)


def name_key(name: str) -> str:
    """A person name as it is matched: letter case, trailing component delimiters and surrounding spaces do not count."""
    groups = (group.strip().rstrip("^ ") for group in column_text(name).casefold().split("="))
    return "=".join(groups).rstrip("=")


def number_of(text: str) -> int | None:
    """An IS value as an integer; None for what is none."""
    return int(text) if _INTEGER.fullmatch(text.strip()) else None


def words_of(name: str) -> set[str]:
    """What fuzzy matching finds a name by: its folded words, and "~" with the sound of each."""
    words = folded_words(column_text(name))
    return {*words, *(f"~{code}" for code in map(sound, words) if code)}


def study_row(instance: VaultInstance) -> Row:
    identity = instance.header.identity
    return {
        "study_key": instance.study_key,
        "study_instance_uid": instance.header.study_instance_uid,
        "patient_id": column_text(identity.patient_id),
        "issuer_of_patient_id": column_text(identity.issuer_of_patient_id),
        "patient_name": name_key(identity.patient_name),
        "accession_number": column_text(identity.accession_number),
        "study_date": column_text(identity.study_date),
        "study_time": column_text(identity.study_time),
        "identity": encode(identity),
        "received_patient_id": column_text(identity.patient_id),
        "received_issuer": column_text(identity.issuer_of_patient_id),
        **study_columns(identity),
    }


def study_columns(identity: PatientIdentity) -> Row:
    """What revision 0002 added."""
    return {
        "patient_birth_date": column_text(identity.patient_birth_date),
        "referring_physician_name": name_key(identity.referring_physician_name),
        "study_id": column_text(identity.study_id),
    }


def name_rows(study_key: str, identity: PatientIdentity) -> list[Row]:
    names = {"PatientName": identity.patient_name, "ReferringPhysicianName": identity.referring_physician_name}
    return [
        {"keyword": keyword, "word": word, "study_key": study_key}
        for keyword, name in names.items()
        for word in sorted(words_of(name))
    ]


def series_row(study_key: str, header: InstanceHeader) -> Row:
    step = header.procedure_step
    return {
        "study_key": study_key,
        "series_instance_uid": header.series_instance_uid,
        "modality": column_text(header.traits.modality),
        "series_number": number_of(header.series_number),
        "step_start_date": column_text(step.start_date),
        "step_start_time": column_text(step.start_time),
        "requested_procedure_id": column_text(step.requested_procedure_id),
        "scheduled_step_id": column_text(step.scheduled_step_id),
    }


def instance_row(instance: VaultInstance) -> Row:
    header = instance.header
    return {
        "instance_key": instance.instance_key,
        "study_key": instance.study_key,
        "series_instance_uid": header.series_instance_uid,
        "sop_instance_uid": header.sop_instance_uid,
        "modality": column_text(header.traits.modality),
        "content_sha256": instance.content_sha256,
        "header": encode(header),
        **instance_columns(header),
    }


def instance_columns(header: InstanceHeader) -> Row:
    """What revision 0002 added."""
    return {
        "sop_class_uid": column_text(header.traits.sop_class_uid),
        "instance_number": number_of(header.instance_number),
    }


def study_of(row: Any, contents: Iterable[Any]) -> VaultStudy:
    """`contents`: one row per modality of the study, with how many series and instances."""
    held = list(contents)
    return VaultStudy(
        study_key=StudyKey(row.study_key),
        study_instance_uid=row.study_instance_uid,
        identity=decode(PatientIdentity, row.identity),
        modalities=tuple(sorted(each.modality for each in held)),
        number_of_instances=sum(each.instances for each in held),
        number_of_series=sum(each.series for each in held),
    )


def instance_of(row: Any) -> VaultInstance:
    header = decode(InstanceHeader, row.header)
    return VaultInstance(InstanceKey(row.instance_key), StudyKey(row.study_key), row.content_sha256, header)


def remove_study(connection: Connection, study_key: StudyKey) -> dict[str, int]:
    """How many rows went of each table."""
    of_study = (each for each in reversed(vault.sorted_tables) if "study_key" in each.c)  # what refers to others first
    return {
        each.name: connection.execute(delete(each).where(each.c.study_key == study_key)).rowcount for each in of_study
    }
