"""What an archive is asked, by DICOMweb and by DIMSE alike, and what of its answers was asked for. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from wetread.domain.archive import ArchivedStudy, StudyQuery
from wetread.domain.errors import PermanentError
from wetread.domain.identifiers import is_valid_uid

__all__ = ["RetrieveBounds", "asked_for", "checked_uid", "keys_of"]


@dataclass(frozen=True, slots=True)
class RetrieveBounds:
    """Of one retrieve: bytes of each instance and of all, how many, and how long it may take."""

    instance_bytes: int = 512 * 2**20
    total_bytes: int = 4 * 2**30
    instances: int = 2000
    seconds: float = 300.0


def keys_of(query: StudyQuery) -> dict[str, str]:
    """By keyword, "" for what does not matter."""
    since, until = _days(query)
    return {
        "StudyInstanceUID": query.study_instance_uid,
        "PatientID": query.patient_id,
        "AccessionNumber": query.accession_number,
        "StudyDate": f"{since}-{until}" if since or until else "",  # a range, PS3.4 §C.2.2.2.5.1
        "ModalitiesInStudy": query.modality,
    }


def asked_for(told: Sequence[ArchivedStudy | None], query: StudyQuery) -> tuple[tuple[ArchivedStudy, ...], bool]:
    """Of what was told, each study that was asked for, once; and whether that is all of it. None stands for what is no study."""
    mine = [each for each in told if each is not None and _matches(each, query)]
    return tuple({each.study_instance_uid: each for each in mine}.values()), len(mine) == len(told)


def checked_uid(uid: str) -> str:
    """What goes into a path or a question. Raises PermanentError 'bad_uid'."""
    if not is_valid_uid(uid):
        raise PermanentError("what the archive calls a UID is none", code="bad_uid")
    return uid


def _matches(study: ArchivedStudy, query: StudyQuery) -> bool:
    """An archive that ignores a key, or takes it for a pattern, answers with others' studies."""
    since, until = _days(query)
    return (
        query.study_instance_uid in ("", study.study_instance_uid)
        and query.patient_id in ("", study.patient_id)
        and query.accession_number in ("", study.accession_number)
        and since <= study.study_date
        and (not until or study.study_date <= until)
    )


def _days(query: StudyQuery) -> tuple[str, str]:
    return _day(query.taken_from), _day(query.taken_until)


def _day(day: date | None) -> str:
    return day.strftime("%Y%m%d") if day else ""
