"""The DICOMweb resources that are read (PS3.18 table 10.4.1-1, table 10.6.1-1); STOW-RS stands beside the table (`web/stow*.py`)."""

from wetread.domain.role import Act
from wetread.ports.vault import INSTANCE_KEYS, ORDER_KEYS, SERIES_KEYS, STUDY_KEYS
from wetread.web import qido, wado, wado_forms, wado_rendered
from wetread.web.capabilities import capabilities_of
from wetread.web.operations import Handler, Operation, Query
from wetread.web.wado_rendered import RENDERING_QUERY
from wetread.web.workitem_operations import WORKITEM_OPERATIONS

__all__ = ["DICOMWEB_OPERATIONS"]

_ROOT = "/dicom-web"
_STUDY = _ROOT + "/studies/{study_uid}"
_SERIES = _STUDY + "/series/{series_uid}"
_INSTANCE = _SERIES + "/instances/{sop_uid}"
_MULTIPART = 'multipart/related; type="application/dicom"'
_OCTETS = 'multipart/related; type="application/octet-stream"'
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


def _form(name: str, summary: str, handler: Handler, path: str, media_type: str, root: str = _INSTANCE) -> Operation:
    drawn = tuple(Query(name, text) for name, text in RENDERING_QUERY.items()) if "image/" in media_type else ()
    return Operation(
        "GET",
        root + path,
        name,
        summary,
        handler,
        "as the Accept header asks (docs/dicomweb.md)",
        act=Act.READ_STUDY,
        query=(_ACCEPT, *drawn),
        media_type=media_type,
        slow=bool(path),
    )


def _each_level(name: str, summary: str, handler: Handler, path: str, media_type: str) -> tuple[Operation, ...]:
    levels = {"a study": _STUDY, "a series": _SERIES, "an instance": _INSTANCE}
    return tuple(
        _form(name.format(level.split()[1]), summary.format(level), handler, path, media_type, root)
        for level, root in levels.items()
    )


_SERIES_LEVEL = STUDY_KEYS | SERIES_KEYS
_INSTANCE_LEVEL = _SERIES_LEVEL | INSTANCE_KEYS
_IN_STUDY, _IN_SERIES = {"StudyInstanceUID"}, {"StudyInstanceUID", "SeriesInstanceUID"}

_RESOURCES = (
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
    *_each_level("retrieve_{}", "WADO-RS: the files of {}, as stored or transcoded.", wado.retrieve, "", _MULTIPART),
    *_each_level(
        "metadata_of_{}",
        "WADO-RS: every attribute of {}.",
        wado_forms.retrieve_metadata,
        "/metadata",
        "application/dicom+json",
    ),
    *_each_level("rendered_{}", "WADO-RS: pictures of {}.", wado_rendered.retrieve_rendered, "/rendered", "image/jpeg"),
    *_each_level(
        "thumbnail_of_{}",
        "WADO-RS: a small picture of {}.",
        wado_rendered.retrieve_thumbnail,
        "/thumbnail",
        "image/jpeg",
    ),
    _form("frames", "WADO-RS: pixels of frames, from 1.", wado_forms.retrieve_frames, "/frames/{frames}", _OCTETS),
    _form(
        "rendered_frames",
        "WADO-RS: pictures of frames.",
        wado_rendered.retrieve_rendered,
        "/frames/{frames}/rendered",
        "image/jpeg",
    ),
    _form(
        "thumbnail_of_frames",
        "WADO-RS: a small picture of a frame.",
        wado_rendered.retrieve_thumbnail,
        "/frames/{frames}/thumbnail",
        "image/jpeg",
    ),
    _form(
        "bulk_data",
        "WADO-RS: a value that the metadata name by address.",
        wado_forms.retrieve_bulk_data,
        "/bulkdata/{place}",
        _OCTETS,
    ),
    *WORKITEM_OPERATIONS,
)
DICOMWEB_OPERATIONS = (
    *_RESOURCES,
    Operation(
        "OPTIONS",
        _ROOT,
        "dicomweb_capabilities",
        "What this DICOMweb service can do.",
        capabilities_of(_RESOURCES, _ROOT),
        "resources, methods, parameters; as JSON or WADL",
        act=Act.READ_STUDY,
        query=(_ACCEPT,),
    ),
)
