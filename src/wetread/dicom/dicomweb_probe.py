"""What a DICOMweb service can do (PS3.18), found by asking it: search, retrieve, rendered, store, worklist. Nothing there is changed, and nothing of a patient is kept or said.

A service that answers 200 to everything is not believed: a search must find what it was asked for, and nothing where there is nothing; a picture must begin as one.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any

from wetread.dicom.dicomweb_exchange import DicomwebAnswer, DicomwebExchange
from wetread.domain.capability import Capability, Verdict
from wetread.domain.errors import PermanentError, TransientError
from wetread.domain.identifiers import is_valid_uid

__all__ = ["probe_dicomweb"]

_JSON = "application/dicom+json"
_XML = 'multipart/related; type="application/dicom+xml"'
_STUDY, _SERIES, _INSTANCE = "0020000D", "0020000E", "00080018"
_NOBODY = "2.25.0"
_JPEG, _PNG, _PART10 = b"\xff\xd8\xff", b"\x89PNG", b"DICM"
_Y, _N, _P = Verdict.YES, Verdict.NO, Verdict.PARTLY
_Found = tuple[Verdict, str]


def probe_dicomweb(exchange: DicomwebExchange) -> Iterator[Capability]:
    """Every capability as it is found. Raises TransientError when the first question gets no answer, PermanentError(code='not_authorised') when we may not ask."""
    first = exchange.ask("GET", "/studies?limit=1", _JSON)
    if first.status in (401, 403):
        raise PermanentError(
            f"{exchange.host} does not let us search (HTTP {first.status}): give --authorization-file",
            code="not_authorised",
        )
    studies = _rows(first)
    yield Capability("QIDO-RS", "search studies", *_searched(first, studies))
    found = _Probe(exchange)
    study = _uid(studies, _STUDY)
    yield from found.search(study)
    series = found.uid_at(f"/studies/{study}/series?limit=1", _SERIES) if study else ""
    instance = found.uid_at(f"/studies/{study}/series/{series}/instances?limit=1", _INSTANCE) if series else ""
    yield from found.retrieve(f"/studies/{study}/series/{series}/instances/{instance}" if instance else "")
    yield from found.others()


class _Probe:
    def __init__(self, exchange: DicomwebExchange) -> None:
        self._exchange = exchange

    def uid_at(self, path: str, tag: str) -> str:
        try:
            return _uid(_rows(self._exchange.ask("GET", path, _JSON)), tag)
        except (TransientError, PermanentError):
            return ""

    def _try(self, service: str, name: str, judge: Callable[[DicomwebAnswer], _Found], method: str, path: str, accept: str = "*/*", body: bytes = b"", content_type: str = "") -> Capability:  # fmt: skip
        try:
            return Capability(service, name, *judge(self._exchange.ask(method, path, accept, body, content_type)))
        except (TransientError, PermanentError) as error:
            return Capability(service, name, _N, str(error))

    def search(self, study: str) -> Iterator[Capability]:
        def asked(name: str, path: str, judge: Callable[[DicomwebAnswer], _Found], accept: str = _JSON) -> Capability:
            return self._try("QIDO-RS", name, judge, "GET", path, accept)

        yield asked("series of all studies", "/series?limit=1", _is_search)
        yield asked("instances of all studies", "/instances?limit=1", _is_search)
        yield asked("nothing where nothing is", f"/studies?StudyInstanceUID={_NOBODY}", _is_empty)
        yield asked("answers in XML", "/studies?limit=1", _is_xml, _XML)
        yield asked("fuzzy names", "/studies?PatientName=nobodyisnamedthis&fuzzymatching=true", _is_fuzzy)
        if not study:
            for name in ("match by UID", "match by tag", "percent-encoded query", "series of a study", "instances of a study", "includefield=all"):  # fmt: skip
                yield Capability("QIDO-RS", name, Verdict.UNKNOWN, "no study there to ask for")
            return
        only_this = _only(study)
        yield asked("match by UID", f"/studies?StudyInstanceUID={study}", only_this)
        yield asked("match by tag", f"/studies?{_STUDY}={study}", only_this)
        yield asked("percent-encoded query", f"/studies?StudyInstanceUID={study.replace('.', '%2E')}", only_this)
        yield asked("series of a study", f"/studies/{study}/series", _is_search)
        yield asked("instances of a study", f"/studies/{study}/instances", _is_search)
        yield asked("includefield=all", f"/studies?StudyInstanceUID={study}&includefield=all", only_this)

    def retrieve(self, instance: str) -> Iterator[Capability]:
        asked: tuple[tuple[str, str, str, Callable[[DicomwebAnswer], _Found]], ...] = (
            ("instance, single part", "", "application/dicom; transfer-syntax=*", _begins(_PART10, at=128)),
            (
                "instance, multipart",
                "",
                'multipart/related; type="application/dicom"; transfer-syntax=*',
                _holds(_PART10),
            ),
            ("metadata as JSON", "/metadata", _JSON, _is_metadata),
            ("metadata as XML", "/metadata", _XML, _is_xml),
            (
                "frames",
                "/frames/1",
                'multipart/related; type="application/octet-stream"; transfer-syntax=*',
                _holds(b"\r\n\r\n"),
            ),
            ("rendered as JPEG", "/rendered", "image/jpeg", _begins(_JPEG)),
            ("rendered as PNG", "/rendered", "image/png", _begins(_PNG)),
            ("rendered in a viewport", "/rendered?viewport=64,64", "image/jpeg", _begins(_JPEG)),
            ("thumbnail", "/thumbnail", "image/jpeg", _begins(_JPEG)),
        )
        for name, path, accept, judge in asked:
            if instance:
                yield self._try("WADO-RS", name, judge, "GET", instance + path, accept)
            else:
                yield Capability("WADO-RS", name, Verdict.UNKNOWN, "no instance there to ask for")

    def others(self) -> Iterator[Capability]:
        """The store request has no parts: there is nothing in it to store."""
        kind = 'multipart/related; type="application/dicom"; boundary=nothing'
        yield self._try("STOW-RS", "store", _takes_stores, "POST", "/studies", _JSON, b"--nothing--\r\n", kind)
        yield self._try("UPS-RS", "search workitems", _is_search, "GET", "/workitems?limit=1", _JSON)
        yield self._try(
            "capabilities",
            "says what it can do",
            _says_something,
            "OPTIONS",
            "",
            "application/json, application/vnd.sun.wadl+xml",
        )


def _rows(answer: DicomwebAnswer) -> list[dict[str, Any]] | None:
    """The data sets of a DICOM JSON answer; None where it is none."""
    if answer.status == 204:
        return []
    if answer.status != 200 or answer.cut:
        return None
    try:
        rows = json.loads(answer.body)
    except (ValueError, RecursionError):
        return None
    return rows if isinstance(rows, list) and all(isinstance(each, dict) for each in rows) else None


def _uid(rows: list[dict[str, Any]] | None, tag: str) -> str:
    """The first row's, where it is one: what a neighbour says goes into paths."""
    try:
        uid = (rows or [{}])[0][tag]["Value"][0]
    except (KeyError, IndexError, TypeError):
        return ""
    return uid if isinstance(uid, str) and is_valid_uid(uid) else ""


def _http(answer: DicomwebAnswer) -> _Found:
    if 300 <= answer.status < 400:
        return _N, f"HTTP {answer.status}: sends us elsewhere, which is not followed"
    return _N, f"HTTP {answer.status}"


def _searched(answer: DicomwebAnswer, rows: list[dict[str, Any]] | None) -> _Found:
    if rows is None:
        return _http(answer) if answer.status != 200 else (_N, f"not DICOM JSON but {answer.media_type or 'nothing'}")
    if len(rows) > 1:
        return _P, f"limit=1 is answered with {len(rows)} rows"
    return _Y, "" if answer.media_type in (_JSON, "") or answer.status == 204 else f"as {answer.media_type}"


def _is_search(answer: DicomwebAnswer) -> _Found:
    rows = _rows(answer)
    if rows is None:
        return _http(answer) if answer.status != 200 else (_N, f"not DICOM JSON but {answer.media_type or 'nothing'}")
    return _Y, ""


def _is_empty(answer: DicomwebAnswer) -> _Found:
    rows = _rows(answer)
    if rows:
        return _N, f"a study that nobody has is answered with {len(rows)} rows: the key is ignored"
    return _is_search(answer)


def _only(study: str) -> Callable[[DicomwebAnswer], _Found]:
    def judge(answer: DicomwebAnswer) -> _Found:
        rows = _rows(answer)
        if rows is None:
            return _is_search(answer)
        if len(rows) == 1 and _uid(rows, _STUDY) == study:
            return _Y, ""
        return _N, f"{len(rows)} rows instead of the one study that was asked for"

    return judge


def _is_fuzzy(answer: DicomwebAnswer) -> _Found:
    if _rows(answer) is None:
        return _is_search(answer)
    return (_N, "says that it ignores it") if answer.headers.get("warning", "").startswith("299") else (_Y, "")


def _is_xml(answer: DicomwebAnswer) -> _Found:
    if answer.status == 204:
        return _Y, "nothing to write"
    if answer.status != 200:
        return _http(answer)
    return (
        (_Y, "") if b"NativeDicomModel" in answer.body else (_N, f"not the Native DICOM Model but {answer.media_type}")
    )


def _is_metadata(answer: DicomwebAnswer) -> _Found:
    rows = _rows(answer)
    return (
        (_Y, "")
        if rows and _uid(rows, _INSTANCE)
        else _http(answer)
        if answer.status != 200
        else (_N, "no data set in it")
    )


def _begins(magic: bytes, at: int = 0) -> Callable[[DicomwebAnswer], _Found]:
    def judge(answer: DicomwebAnswer) -> _Found:
        if answer.status != 200:
            return _http(answer)
        if answer.body[at : at + len(magic)] == magic:
            return _Y, ""
        return _N, f"not what was asked for but {answer.media_type or 'nothing'}"

    return judge


def _holds(mark: bytes) -> Callable[[DicomwebAnswer], _Found]:
    def judge(answer: DicomwebAnswer) -> _Found:
        if answer.status != 200:
            return _http(answer)
        multipart = answer.media_type == "multipart/related"
        return (
            (_Y, "")
            if multipart and mark in answer.body
            else (_N, f"not multipart but {answer.media_type or 'nothing'}")
        )

    return judge


def _takes_stores(answer: DicomwebAnswer) -> _Found:
    if answer.status in (401, 403):
        return _N, f"HTTP {answer.status}: not for us"
    if answer.status in (404, 405, 501) or 300 <= answer.status < 400:
        return _http(answer)
    return _Y, f"an empty store is answered with HTTP {answer.status}"


def _says_something(answer: DicomwebAnswer) -> _Found:
    return (_Y, answer.media_type) if answer.status == 200 and answer.body else _http(answer)
