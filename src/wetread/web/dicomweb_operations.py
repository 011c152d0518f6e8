"""The DICOMweb resources that are read (PS3.18 table 10.4.1-1, table 10.6.1-1); STOW-RS stands beside the table (`web/stow*.py`)."""

from wetread.domain.role import Act
from wetread.ports.vault import INSTANCE_KEYS, ORDER_KEYS, SERIES_KEYS, STUDY_KEYS
from wetread.web import qido, wado
from wetread.web.operations import Handler, Operation, Query

__all__ = ["DICOMWEB_OPERATIONS"]

_ROOT = "/dicom-web"
_STUDY = _ROOT + "/studies/{study_uid}"
_SERIES = _STUDY + "/series/{series_uid}"
_INSTANCE = _SERIES + "/instances/{sop_uid}"
_MULTIPART = 'multipart/related; type="application/dicom"'
_ACCEPT = Query("accept", "stands in for the Accept header")
_SEARCH = (
    Query("limit", "at most this many, up to 1000"),
    Query("offset", "skip this many"),
    Query("fuzzymatching", "true: names by the beginnings and sounds of their words"),
    Query("includefield", "further attributes of the index by keyword or tag, or all"),
    Query("orderby", f"{', '.join(sorted(ORDER_KEYS))}; - before what descends"),
    _ACCEPT,
)


def _search(path: str, name: str, of: str, handler: Handler, keys: frozenset[str]) -> Operation:
    matching = tuple(Query(key, "matching key (PS3.18 section 8.3.4)") for key in sorted(keys))
    return Operation(
        "GET",
        path,
        name,
        f"QIDO-RS: {of}. 204 where nothing matches.",
        handler,
        "DICOM JSON, or Native DICOM Model XML in parts",
        act=Act.READ_STUDY,
        query=(*matching, *_SEARCH),
        media_type="application/dicom+json",
    )


_SERIES_LEVEL = STUDY_KEYS | SERIES_KEYS
_INSTANCE_LEVEL = _SERIES_LEVEL | INSTANCE_KEYS
_IN_STUDY, _IN_SERIES = {"StudyInstanceUID"}, {"StudyInstanceUID", "SeriesInstanceUID"}

DICOMWEB_OPERATIONS = (
    _search(_ROOT + "/studies", "search_studies", "studies", qido.search_studies, STUDY_KEYS),
    _search(_ROOT + "/series", "search_all_series", "series of all studies", qido.search_series, _SERIES_LEVEL),
    _search(
        _ROOT + "/instances", "search_all_instances", "instances of all studies", qido.search_instances, _INSTANCE_LEVEL
    ),
    _search(_STUDY + "/series", "search_series", "series of a study", qido.search_series, _SERIES_LEVEL - _IN_STUDY),
    _search(
        _STUDY + "/instances",
        "search_study_instances",
        "instances of a study",
        qido.search_instances,
        _INSTANCE_LEVEL - _IN_STUDY,
    ),
    _search(
        _SERIES + "/instances",
        "search_instances",
        "instances of a series",
        qido.search_instances,
        _INSTANCE_LEVEL - _IN_SERIES,
    ),
    Operation(
        "GET",
        _STUDY,
        "retrieve_study",
        "WADO-RS: a study as stored.",
        wado.retrieve_study,
        "Part 10 files",
        act=Act.READ_STUDY,
        query=(_ACCEPT,),
        media_type=_MULTIPART,
    ),
    Operation(
        "GET",
        _SERIES,
        "retrieve_series",
        "WADO-RS: a series as stored.",
        wado.retrieve_series,
        "Part 10 files",
        act=Act.READ_STUDY,
        query=(_ACCEPT,),
        media_type=_MULTIPART,
    ),
    Operation(
        "GET",
        _INSTANCE,
        "retrieve_instance",
        "WADO-RS: an instance as stored.",
        wado.retrieve_instance,
        "Part 10 file",
        act=Act.READ_STUDY,
        query=(_ACCEPT,),
        media_type=_MULTIPART,
    ),
)
