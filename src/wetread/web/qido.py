"""QIDO-RS (PS3.18 §10.6): search studies, and the series and instances of one study. The vault answers; every query is audited without its values."""

from collections.abc import Callable

from starlette.responses import Response

from wetread.domain.audit import AuditEvent
from wetread.domain.errors import StudyNotFound
from wetread.domain.identifiers import is_valid_uid
from wetread.ports.vault import VaultInstance, VaultStudy
from wetread.web.dicom_json import (
    KEYWORDS,
    DicomJson,
    by_series,
    instance_attributes,
    series_attributes,
    study_attributes,
)
from wetread.web.json_answer import json_answer
from wetread.web.operations import Call
from wetread.web.problems import Refusal
from wetread.web.veil import instances_of

__all__ = ["STUDY_KEYS", "find_study", "search_instances", "search_series", "search_studies", "uid_in_path"]

STUDY_KEYS = {"StudyInstanceUID", "PatientID", "PatientName", "AccessionNumber", "StudyDate", "ModalitiesInStudy"}
_SERIES_KEYS: dict[str, Callable[[VaultInstance], str]] = {
    "SeriesInstanceUID": lambda each: each.header.series_instance_uid,
    "Modality": lambda each: each.header.traits.modality,
    "SeriesNumber": lambda each: each.header.series_number,
}
_INSTANCE_KEYS: dict[str, Callable[[VaultInstance], str]] = {
    "SOPInstanceUID": lambda each: each.header.sop_instance_uid,
    "SOPClassUID": lambda each: each.header.traits.sop_class_uid,
    "InstanceNumber": lambda each: each.header.instance_number,
}
_JSON_TYPES = {"*/*", "application/*", "application/dicom+json", "application/json"}
_DEFAULT_LIMIT, _MAX_LIMIT, _MAX_OFFSET, _MAX_VALUE = 100, 1000, 1_000_000, 256


class _Asked:
    """A query string read per PS3.18 §8.3.4: matching keys, paging, and what had to be ignored."""

    def __init__(self, query: tuple[tuple[str, str], ...], known: set[str]) -> None:
        self.match: dict[str, str] = {}
        self.limit, self.offset = _DEFAULT_LIMIT, 0
        self.ignored: list[str] = []
        for name, value in query:
            self._take(name, value, known)

    def _take(self, name: str, value: str, known: set[str]) -> None:
        key = KEYWORDS.get(name.upper(), name)
        if len(value) > _MAX_VALUE or any(ord(character) < 32 for character in value):
            raise Refusal(400, "query_misfit", "a matching value is too long or holds control characters")
        if name == "limit":
            self.limit = min(_whole(name, value), _MAX_LIMIT)
        elif name == "offset":
            self.offset = _whole(name, value)
        elif key in known:
            self._match(key, value)
        elif name == "fuzzymatching" and value == "true":
            self.ignored.append("fuzzymatching")
        elif name not in ("includefield", "fuzzymatching"):
            self.ignored.append("a matching key this server does not index")

    def _match(self, key: str, value: str) -> None:
        if key in self.match:
            raise Refusal(400, "query_misfit", "a matching key is given twice")
        if key.endswith("InstanceUID") and value and not is_valid_uid(value):
            raise Refusal(400, "invalid_uid", "a UID in the query is not one (PS3.5 section 9.1)")
        if value:  # universal matching (PS3.4 §C.2.2.2.3)
            self.match[key] = value

    @property
    def headers(self) -> dict[str, str]:
        if not self.ignored:
            return {}
        return {"Warning": f'299 wetread "ignored: {", ".join(sorted(set(self.ignored)))}"'}


def search_studies(call: Call) -> Response:
    _check_accept(call)
    asked = _Asked(call.query, STUDY_KEYS)
    if asked.offset > _MAX_OFFSET:
        raise Refusal(400, "query_misfit", f"offset is at most {_MAX_OFFSET}")
    found = call.house.services.vault.search_studies(asked.match, limit=asked.limit, offset=asked.offset)
    _audit(call, "studies", asked, len(found))
    return _answer([study_attributes(each) for each in found], asked)


def search_series(call: Call) -> Response:
    _check_accept(call)
    asked = _Asked(call.query, set(_SERIES_KEYS))
    study = find_study(call)
    kept = _matching(instances_of(call, study.study_key), asked.match, _SERIES_KEYS)
    series = by_series(kept)[asked.offset : asked.offset + asked.limit]
    _audit(call, "series", asked, len(series))
    return _answer([series_attributes(each) for each in series], asked)


def search_instances(call: Call) -> Response:
    _check_accept(call)
    asked = _Asked(call.query, set(_SERIES_KEYS) | set(_INSTANCE_KEYS))
    if "series_uid" in call.path:
        asked.match["SeriesInstanceUID"] = uid_in_path(call, "series_uid")
    study = find_study(call)
    kept = _matching(instances_of(call, study.study_key), asked.match, {**_SERIES_KEYS, **_INSTANCE_KEYS})
    page = kept[asked.offset : asked.offset + asked.limit]
    _audit(call, "instances", asked, len(page))
    return _answer([instance_attributes(each) for each in page], asked)


def uid_in_path(call: Call, name: str) -> str:
    """Raises Refusal 400 for what is no UID: nothing else may reach an index or a file."""
    uid = call.path[name]
    if not is_valid_uid(uid):
        raise Refusal(400, "invalid_uid", "a UID in the path is not one (PS3.5 section 9.1)")
    return uid


def find_study(call: Call) -> VaultStudy:
    """The study in the path; raises StudyNotFound."""
    uid = uid_in_path(call, "study_uid")
    found = call.house.services.vault.search_studies({"StudyInstanceUID": uid}, limit=1, offset=0)
    if not found:
        raise StudyNotFound("no such study")
    return found[0]


def _matching(
    instances: tuple[VaultInstance, ...], match: dict[str, str], keys: dict[str, Callable[[VaultInstance], str]]
) -> list[VaultInstance]:
    return [each for each in instances if all(keys[name](each) == value for name, value in match.items())]


def _audit(call: Call, level: str, asked: _Asked, count: int) -> None:
    detail = (("level", level), ("keys", ",".join(sorted(asked.match))), ("results", str(count)))
    call.house.audit(AuditEvent("dicomweb.query", call.signed_in.actor.actor_id, detail=detail))


def _answer(rows: list[DicomJson], asked: _Asked) -> Response:
    answer = json_answer(rows, headers=asked.headers)
    answer.headers["content-type"] = "application/dicom+json"
    return answer


def _check_accept(call: Call) -> None:
    wanted = {entry.partition(";")[0].strip().lower() for entry in call.headers.get("accept", "*/*").split(",")}
    if not wanted & _JSON_TYPES:
        raise Refusal(406, "not_acceptable", "searches are answered as application/dicom+json only")


def _whole(name: str, value: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) < 16):
        raise Refusal(400, "query_misfit", f"{name} is a whole number")
    return int(value)
