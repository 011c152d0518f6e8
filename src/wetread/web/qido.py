"""QIDO-RS (PS3.18 §10.6): search studies, series and instances, of everything or of one study or series. The vault answers; every query is audited without its values.

A page that holds results of ours which are withheld from the caller is filled up from what follows: a row may then come again on the next page, none is left out.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from starlette.responses import Response

from wetread.domain.audit import AuditEvent
from wetread.domain.errors import PermanentError, StudyNotFound
from wetread.domain.identifiers import StudyKey, is_valid_uid
from wetread.domain.identity_access import Purpose
from wetread.ports.vault import (
    INSTANCE_KEYS,
    SERIES_KEYS,
    STUDY_KEYS,
    Search,
    VaultInstance,
    VaultSeries,
    VaultStudy,
)
from wetread.web.accept import DICOM_JSON, DICOM_XML, RELATED, Offer, choose
from wetread.web.dicom_json import DicomJson, instance_attributes, keyword_of, series_attributes, study_attributes
from wetread.web.dicom_xml import native_model
from wetread.web.json_answer import json_answer
from wetread.web.operations import Call
from wetread.web.problems import Refusal
from wetread.web.qido_query import Asked, read_query
from wetread.web.related import boundary_of, multipart, related_type
from wetread.web.veil import DicomVeil

__all__ = [
    "base_url",
    "find_study",
    "page_of",
    "rows_answer",
    "search_instances",
    "search_series",
    "search_studies",
    "uid_in_path",
]

_Row = TypeVar("_Row")
_OFFERS = (Offer(DICOM_JSON), Offer("application/json"), Offer(RELATED, DICOM_XML))


def search_studies(call: Call) -> Response:
    offer, asked, veil = _read(call, STUDY_KEYS)
    wanted = _modalities(asked.search)
    veiled: dict[StudyKey, VaultStudy] = {}

    def shown(rows: Sequence[VaultStudy]) -> list[VaultStudy]:
        veil.look(each.study_key for each in rows)
        veiled.update({each.study_key: each for each in map(veil.study, rows) if each and wanted(each)})
        return [veiled[each.study_key] for each in rows if each.study_key in veiled]

    page, more = page_of(call.house.services.vault.unnamed.search_studies, asked.search, shown)
    base, named = base_url(call), _named(call, (each.study_key for each in page))
    rows = [study_attributes(named(each), base) for each in page]
    return _answer(call, offer, asked, rows, "studies", more)


def search_series(call: Call) -> Response:
    offer, asked, veil = _read(call, STUDY_KEYS | SERIES_KEYS)
    parents = _Parents(call, veil, asked.search)
    page, more = page_of(call.house.services.vault.unnamed.search_series, asked.search, parents.shown_series)
    base, whole = base_url(call), "study_uid" not in call.path
    named = _named(call, (each.study_key for each in page if whole))
    rows = [
        (study_attributes(named(parents[each.study_key]), base) if whole else {})
        | series_attributes(each, base, asked.extras)
        for each in page
    ]
    return _answer(call, offer, asked, rows, "series", more)


def search_instances(call: Call) -> Response:
    """Of everything: with the attributes of study and series. Of a study: with those of the series (PS3.18 §10.6.3.3)."""
    offer, asked, veil = _read(call, STUDY_KEYS | SERIES_KEYS | INSTANCE_KEYS)
    parents = _Parents(call, veil, asked.search)
    page, more = page_of(call.house.services.vault.unnamed.search_instances, asked.search, parents.shown_instances)
    base = base_url(call)
    series = _series_of(call, page) if "series_uid" not in call.path else {}
    rows: list[DicomJson] = []
    whole = "study_uid" not in call.path
    named = _named(call, (each.study_key for each in page if whole))
    for each in page:
        study = study_attributes(named(parents[each.study_key]), base) if whole else {}
        mine = series.get((each.study_key, each.header.series_instance_uid))
        above = study | (series_attributes(mine, base, asked.extras) if mine else {})
        rows.append(dict(sorted((above | instance_attributes(each, base, asked.extras)).items())))
    return _answer(call, offer, asked, rows, "instances", more)


def uid_in_path(call: Call, name: str) -> str:
    """Raises Refusal 400 for what is no UID: nothing else may reach an index or a file."""
    uid = call.path[name]
    if not is_valid_uid(uid):
        raise Refusal(400, "invalid_uid", "a UID in the path is not one (PS3.5 section 9.1)")
    return uid


def find_study(call: Call) -> VaultStudy:
    """The study in the path; raises StudyNotFound."""
    found = call.house.services.vault.unnamed.search_studies(
        Search({"StudyInstanceUID": uid_in_path(call, "study_uid")}, 1)
    )
    if not found:
        raise StudyNotFound("no such study")
    return found[0]


def base_url(call: Call) -> str:
    """Where the DICOMweb service is reached; "" for a host that cannot stand in a URL."""
    return f"{call.origin}/dicom-web" if call.origin else ""


class _Parents(dict[StudyKey, VaultStudy]):
    """The studies of the series or instances found, as the caller may see them."""

    def __init__(self, call: Call, veil: DicomVeil, search: Search) -> None:
        super().__init__()
        self._call, self._veil, self._wanted = call, veil, _modalities(search)

    def shown_series(self, rows: Sequence[VaultSeries]) -> list[VaultSeries]:
        self._load(each.study_key for each in rows)
        return [each for each in rows if each.study_key in self and not self._veil.hides(each.first)]

    def shown_instances(self, rows: Sequence[VaultInstance]) -> list[VaultInstance]:
        self._load(each.study_key for each in rows)
        return [each for each in rows if each.study_key in self and not self._veil.hides(each)]

    def _load(self, keys: Iterator[StudyKey]) -> None:
        new = {key for key in keys if key not in self}
        self._veil.look(new)
        found = self._call.house.services.vault.unnamed.studies(new)
        shown = {key: self._veil.study(study) for key, study in found.items()}
        self.update({key: study for key, study in shown.items() if study and self._wanted(study)})


def _named(call: Call, keys: Iterable[StudyKey]) -> Callable[[VaultStudy], VaultStudy]:
    """Gives each study of an answer its identity, which is read for these alone: what was found and is withheld from the caller was not read for them."""
    held = call.named(Purpose.SEARCH).identities(tuple(dict.fromkeys(keys)))
    return lambda study: replace(study, identity=held[study.study_key]) if study.study_key in held else study


def _modalities(search: Search) -> Callable[[VaultStudy], bool]:
    """Whether a study matches ModalitiesInStudy as the caller may see it."""
    asked = search.match.get("ModalitiesInStudy", "")
    wanted = set(re.split(r"[,\\]", asked)) if asked.strip("*") else None
    return lambda study: wanted is None or not wanted.isdisjoint(study.modalities)


def _read(call: Call, keys: frozenset[str]) -> tuple[Offer, Asked, DicomVeil]:
    offer = choose(call.headers.get("accept", "*/*"), call.query, _OFFERS)
    asked = read_query(call.query, keys)
    return offer, replace(asked, search=_within_path(call, asked.search)), DicomVeil(call)


def _within_path(call: Call, search: Search) -> Search:
    """The study and series of the path; raises StudyNotFound, and Refusal 400 where the query names them, too."""
    if "study_uid" not in call.path:
        return search
    place = {"SeriesInstanceUID": uid_in_path(call, "series_uid")} if "series_uid" in call.path else {}
    place["StudyInstanceUID"] = find_study(call).study_instance_uid
    if place.keys() & search.match.keys():
        raise Refusal(400, "query_misfit", "the path already says which study and series")
    return replace(search, match={**search.match, **place})


def page_of(
    find: Callable[[Search], Sequence[_Row]], search: Search, shown: Callable[[Sequence[_Row]], list[_Row]]
) -> tuple[list[_Row], bool]:
    """Up to `limit` rows that may be shown, and whether there are more; raises Refusal 400 for a value that cannot be matched."""
    page: list[_Row] = []
    window = replace(search, limit=search.limit + 1)
    while search.limit:
        try:
            rows = find(window)
        except PermanentError as error:
            raise Refusal(400, error.code, str(error)) from error
        page += shown(rows)
        if len(page) > search.limit or len(rows) < window.limit:
            break
        window = replace(window, offset=window.offset + len(rows))
    return page[: search.limit], len(page) > search.limit


def _series_of(call: Call, page: Sequence[VaultInstance]) -> dict[tuple[StudyKey, str], VaultSeries]:
    """The series of a page of instances."""
    uids = list(dict.fromkeys(each.header.series_instance_uid for each in page))
    found: list[VaultSeries] = []
    for start in range(0, len(uids), 100):
        match = {"SeriesInstanceUID": ",".join(uids[start : start + 100])}
        found += call.house.services.vault.unnamed.search_series(Search(match, len(page)))
    return {(each.study_key, each.first.header.series_instance_uid): each for each in found}


def _answer(call: Call, offer: Offer, asked: Asked, rows: list[DicomJson], level: str, more: bool) -> Response:
    detail = (("level", level), ("keys", ",".join(sorted(asked.search.match))), ("results", str(len(rows))))
    call.house.audit(AuditEvent("dicomweb.query", call.signed_in.actor.actor_id, detail=detail))
    return rows_answer(call, offer, rows, asked.warning(more=more), keyword_of)


def rows_answer(
    call: Call,
    offer: Offer,
    rows: Sequence[Mapping[str, Mapping[str, object]]],
    headers: Mapping[str, str],
    named: Callable[[str], str],
) -> Response:
    """Data sets as they were asked for; 204 where there are none. `named` gives an attribute's keyword."""
    if not rows:
        return Response(status_code=204, headers=headers)
    if offer.media_type == RELATED:
        boundary = boundary_of(call)
        body = b"".join(multipart(((DICOM_XML, [native_model(each, named)]) for each in rows), boundary))
        return Response(body, 200, headers, related_type(DICOM_XML, boundary))
    answer = json_answer(rows, headers=headers)
    answer.headers["content-type"] = offer.media_type
    return answer
