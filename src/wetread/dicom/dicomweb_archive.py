"""Another archive by DICOMweb (PS3.18): QIDO-RS to find, WADO-RS to fetch; its own answers to `dicomweb_probe` say how it wants to be asked.

An answer is not believed: rows that do not match the question are left out, an archive that gives one page for every page is found out, and what is fetched is checked by who takes it.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from wetread.dicom.archive_question import RetrieveBounds, asked_for, checked_uid, keys_of
from wetread.dicom.dicomweb_exchange import DicomwebAnswer, DicomwebExchange, DicomwebStream, StreamBounds
from wetread.dicom.dicomweb_probe import probe_dicomweb
from wetread.dicom.stow_client import TRY_AGAIN_STATUS, values_of
from wetread.domain.archive import (
    ArchivedInstance,
    ArchivedStudy,
    ArchiveIdentity,
    ArchiveWays,
    Changes,
    FoundStudies,
    Retrieved,
    StudyQuery,
    Unretrieved,
)
from wetread.domain.capability import Capability
from wetread.domain.errors import PermanentError, TransientError
from wetread.domain.identifiers import is_valid_uid
from wetread.ingest.multipart import MultipartError, MultipartParser, PartBegin, PartEnd, related_boundary
from wetread.ports.archive import Inbox

__all__ = ["DicomwebArchive", "json_of", "take_alone"]

_JSON = "application/dicom+json"
_DICOM = "application/dicom"
_PARTS = 'multipart/related; type="application/dicom"; transfer-syntax=*'
_PAGE = 200
_INTERNAL_ERROR = 500
_MOST_INSTANCES = 5000
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_STUDY, _SERIES, _INSTANCE = "0020000D", "0020000E", "00080018"
_STUDY_FIELDS = ("00081030", "00100021")
_INSTANCE_FIELDS = ("00080016", "00080060", "00180015", "00081010")


class DicomwebArchive:
    """Implements `ports.archive.Archive` without a change feed: the standard has none."""

    def __init__(
        self,
        name: str,
        exchange: DicomwebExchange,
        ways: Callable[[], ArchiveWays] = ArchiveWays,
        bounds: RetrieveBounds | None = None,
    ) -> None:
        self.name = name
        self._exchange = exchange
        self._ways = ways
        self._bounds = bounds or RetrieveBounds()

    def identity(self) -> ArchiveIdentity:
        self._rows("/studies?limit=1")
        return ArchiveIdentity("DICOMweb")

    def capabilities(self) -> Iterator[Capability]:
        return probe_dicomweb(self._exchange)

    def studies(self, query: StudyQuery, limit: int) -> FoundStudies:
        asked = [(key, self._encoded(value)) for key, value in keys_of(query).items() if value]
        pairs = [*asked, *(("includefield", field) for field in _STUDY_FIELDS)]
        rows, ended = self._listed_rows("/studies", pairs, limit + 1)
        found, is_all = asked_for([_study(row) for row in rows], query)
        return FoundStudies(found[:limit], is_all and ended and len(rows) <= limit)

    def instances(self, study_instance_uid: str) -> tuple[ArchivedInstance, ...]:
        pairs = [("includefield", field) for field in _INSTANCE_FIELDS]
        path = f"/studies/{checked_uid(study_instance_uid)}/instances"
        rows, _ = self._listed_rows(path, pairs, _MOST_INSTANCES)
        named = (_instance(row, study_instance_uid) for row in rows)
        return tuple({each.sop_instance_uid: each for each in named if each is not None}.values())

    def changes(self, cursor: str, limit: int) -> Changes:
        raise PermanentError(f"{self.name} has no change feed: only a sweep finds what is new", code="no_change_feed")

    def retrieve(self, wanted: ArchivedInstance, inbox: Inbox) -> Retrieved:
        if self._ways().in_parts:
            return self._retrieve_parts(wanted, inbox)
        each_of = [wanted] if wanted.sop_instance_uid else self._listed(wanted)
        taken = [take_alone(self._exchange, _path(each), each, inbox, self._bounds, self.name) for each in each_of]
        failed = tuple(each for each in taken if each is not None)
        return Retrieved(len(taken) - len(failed), failed)

    def _listed(self, wanted: ArchivedInstance) -> list[ArchivedInstance]:
        listed = self.instances(wanted.study_instance_uid)
        return [each for each in listed if wanted.series_instance_uid in ("", each.series_instance_uid)]

    def _retrieve_parts(self, wanted: ArchivedInstance, inbox: Inbox) -> Retrieved:
        with self._exchange.stream(_path(wanted), _PARTS, _of_stream(self._bounds)) as answer:
            if (told := _refused(answer.status, wanted, self.name, answer.retry_after)) is not None:
                return Retrieved(0, (told,))
            try:
                return Retrieved(self._take_parts(answer, wanted, inbox))
            except MultipartError as error:
                raise TransientError(f"{self.name}: {error}", code="broke_off") from None

    def _take_parts(self, answer: DicomwebStream, wanted: ArchivedInstance, inbox: Inbox) -> int:
        boundary = related_boundary(answer.content_type, _DICOM)
        parser, count, file, size = MultipartParser(boundary, max_parts=self._bounds.instances), 0, None, 0
        try:
            for event in _events(parser, answer.pieces):
                if isinstance(event, PartBegin):
                    file, size = inbox.receive(), 0
                elif isinstance(event, PartEnd) and file is not None:
                    whole, file, count = file, None, count + 1
                    inbox.hand_over(whole, wanted)
                elif isinstance(event, memoryview) and file is not None:
                    size += len(event)
                    _check_size(size, self._bounds, self.name)
                    file.write(event)
        finally:
            if file is not None:
                file.discard()
        return count

    def _listed_rows(self, path: str, pairs: list[tuple[str, str]], most: int) -> tuple[list[dict[str, Any]], bool]:
        """Until the archive has no more, `most` came, or it gives a page again. False: that one was full, so that it may have more which it never shows."""
        found: list[dict[str, Any]] = []
        last: list[dict[str, Any]] = []
        while len(found) < most:
            size = min(_PAGE, most - len(found))
            asked = [*pairs, ("limit", str(size)), *((("offset", str(len(found))),) if found else ())]
            rows = self._rows(f"{path}?{'&'.join(f'{key}={value}' for key, value in asked)}")
            if not rows or rows == last:
                return found, len(rows) < _PAGE
            found, last = found + rows, rows
        return found, True

    def _rows(self, path: str) -> list[dict[str, Any]]:
        answer = self._exchange.ask("GET", path, _JSON)
        if answer.status in (204, 404):
            return []
        rows = json_of(answer, self.name)
        if not isinstance(rows, list) or not all(isinstance(each, dict) for each in rows):
            raise PermanentError(
                f"{self.name} answers a search with something that is no DICOM JSON", code="bad_answer"
            )
        return rows

    def _encoded(self, value: str) -> str:
        """Percent-encoded; for an archive that does not decode that, with the wildcard `?` for what cannot stand in a URL as it is: what is found is compared with the whole value."""
        if self._ways().decodes_percent:
            return quote(value, safe="")
        return "".join(letter if letter in _UNRESERVED else "?" if letter.isascii() else "*" for letter in value)


def _refused(status: int, wanted: ArchivedInstance | None, archive: str, retry_after: str = "") -> Unretrieved | None:
    """None for success; raises where it is the archive that must be asked again, or put right. What it does not have is told."""
    if 200 <= status < 300:
        return None
    if status in (401, 403):
        raise PermanentError(
            f"{archive} does not let us ask (HTTP {status}): see its authorization", code="not_authorised"
        )
    if 300 <= status < 400:
        raise PermanentError(f"{archive} sends us elsewhere (HTTP {status}), which is not followed", code="redirected")
    if status in TRY_AGAIN_STATUS:
        # 500 is said of what was asked for as often as of the archive: who has more to ask need not wait long
        code = "receiver_failed" if status == _INTERNAL_ERROR else "receiver_busy"
        seconds = float(retry_after) if retry_after.isascii() and retry_after.isdecimal() else 0.0
        raise TransientError(f"{archive} cannot answer now (HTTP {status})", code=code, retry_after_s=seconds)
    locator = wanted.locator if wanted else ""
    if status in (404, 410):
        return Unretrieved(locator, "gone", f"{archive} does not have it any more")
    return Unretrieved(locator, "refused", f"{archive} refuses it (HTTP {status})")


def take_alone(
    exchange: DicomwebExchange, path: str, wanted: ArchivedInstance, inbox: Inbox, bounds: RetrieveBounds, archive: str
) -> Unretrieved | None:
    """One instance that is the whole body of an answer; None when it was handed over."""
    with exchange.stream(path, f"{_DICOM}; transfer-syntax=*", _of_stream(bounds)) as answer:
        if (told := _refused(answer.status, wanted, archive, answer.retry_after)) is not None:
            return told
        file, size = inbox.receive(), 0
        try:
            for piece in answer.pieces:
                size += len(piece)
                _check_size(size, bounds, archive)
                file.write(piece)
        except BaseException:
            file.discard()
            raise
    inbox.hand_over(file, wanted)
    return None


def _of_stream(bounds: RetrieveBounds) -> StreamBounds:
    return StreamBounds(bounds.total_bytes, bounds.seconds)


def _check_size(size: int, bounds: RetrieveBounds, archive: str) -> None:
    if size > bounds.instance_bytes:
        raise PermanentError(
            f"{archive} sends an instance of more than {bounds.instance_bytes} bytes", code="too_large"
        )


def _events(parser: MultipartParser, pieces: Iterator[bytes]) -> Iterator[PartBegin | memoryview | PartEnd]:
    for piece in pieces:
        rest = memoryview(piece)
        while rest:
            room = parser.vacant()
            taken = min(len(room), len(rest))
            room[:taken], rest = rest[:taken], rest[taken:]
            yield from parser.advance(taken)
    yield from parser.finish()


def _path(wanted: ArchivedInstance) -> str:
    levels = (
        ("studies", wanted.study_instance_uid),
        ("series", wanted.series_instance_uid),
        ("instances", wanted.sop_instance_uid),
    )
    return "".join(f"/{level}/{checked_uid(uid)}" for level, uid in levels if uid)


def json_of(answer: DicomwebAnswer, archive: str) -> object:
    """What an answer says; None where it is no JSON. Raises for every status but success."""
    if (told := _refused(answer.status, None, archive, answer.headers.get("retry-after", ""))) is not None:
        raise PermanentError(told.reason, code=told.code)
    try:
        return json.loads(b"" if answer.cut else answer.body)
    except (ValueError, RecursionError):
        return None


def _study(row: dict[str, Any]) -> ArchivedStudy | None:
    uid = _text(row, _STUDY)
    if not is_valid_uid(uid):
        return None
    modalities = tuple(str(each) for each in values_of(row, "00080061") if each)
    count = values_of(row, "00201208")[:1]
    return ArchivedStudy(
        study_instance_uid=uid,
        patient_id=_text(row, "00100020"),
        issuer_of_patient_id=_text(row, "00100021"),
        patient_birth_date=_text(row, "00100030"),
        study_date=_text(row, "00080020"),
        accession_number=_text(row, "00080050"),
        study_description=_text(row, "00081030"),
        modalities=modalities,
        number_of_instances=count[0] if count and isinstance(count[0], int) else 0,
    )


def _instance(row: dict[str, Any], study_instance_uid: str) -> ArchivedInstance | None:
    series, instance = _text(row, _SERIES), _text(row, _INSTANCE)
    if not (is_valid_uid(series) and is_valid_uid(instance)) or _text(row, _STUDY) not in ("", study_instance_uid):
        return None
    told = (_text(row, tag) for tag in ("00080016", "00080060", "00180015", "00080020"))
    listed = ArchivedInstance(study_instance_uid, series, instance, *told)
    return replace(listed, station_name=_text(row, "00081010"))


def _text(row: dict[str, Any], tag: str) -> str:
    first = next(iter(values_of(row, tag)), "")
    return first.strip() if isinstance(first, str) else ""
