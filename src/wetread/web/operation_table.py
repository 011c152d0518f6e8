"""Every operation of the HTTP door but STOW-RS and the pages, in one table: the router, the published contract and the role tests read it."""

from wetread.domain.role import Act
from wetread.web import audit_view, films, health, pulse, qido, sessions, studies, wado, worklist
from wetread.web.operations import Access, Operation, Query

__all__ = ["OPERATIONS"]

_STUDY = "/api/studies/{study_key}"
_DICOM_STUDY = "/dicom-web/studies/{study_uid}"
_DICOM_SERIES = _DICOM_STUDY + "/series/{series_uid}"
_DICOM_JSON = "application/dicom+json"
_MULTIPART = 'multipart/related; type="application/dicom"'
_PAGING = (Query("limit", "at most this many, up to 1000"), Query("offset", "skip this many"))
_FILM_QUERY = (
    Query("instance", "instance key; default: the film the model read"),
    Query("max_side_px", "256, 1024, 2048 or 4096"),
)
_MATCHING = tuple(Query(name, "matching key (PS3.18 section 8.3.4)") for name in sorted(qido.STUDY_KEYS))

OPERATIONS: tuple[Operation, ...] = (
    Operation("GET", "/healthz", "health", "Is this process alive?", health.get_health, "status and version", access=Access.PUBLIC),
    Operation("GET", "/readyz", "readiness", "Can it serve? 503 names what cannot.", health.get_readiness, "checks by name", access=Access.PUBLIC),
    Operation("GET", "/metrics", "metrics", "Counts by state, OpenMetrics.", health.get_metrics, "OpenMetrics text", access=Access.PUBLIC, media_type="application/openmetrics-text"),
    Operation("GET", "/api/openapi.json", "contract", "This contract.", health.get_contract, "OpenAPI 3.1", access=Access.PUBLIC),
    Operation("GET", "/api/model-card", "model_card", "What the model in use was made for and how it was measured.", health.get_model_card, "text", media_type="text/plain"),
    Operation("POST", "/api/login", "login", "Sign in; sets the session cookie.", sessions.log_in, "the session", access=Access.PUBLIC, body=sessions.LOGIN_BODY),
    Operation("POST", "/api/logout", "logout", "End this session.", sessions.log_out, "nothing", access=Access.PERSON, status=204),
    Operation("GET", "/api/session", "session", "Who is signed in, and what may they do?", sessions.get_session, "the session"),
    Operation("GET", "/api/worklist", "worklist", "Studies, most urgent first, with the reason.", worklist.get_worklist, "studies; identity only for roles that may read a study", act=Act.SEE_WORKLIST, query=(Query("view", "open, reported or rejected"),)),
    Operation("GET", "/api/events", "events", "Server-sent events: something changed.", pulse.get_events, "event stream", act=Act.SEE_WORKLIST, media_type="text/event-stream"),
    Operation("GET", _STUDY, "study", "Everything a reader sees of one study. Audited.", studies.get_study, "the reading", act=Act.READ_STUDY),
    Operation("GET", _STUDY + "/status", "study_status", "What may change while it is open; no identity.", studies.get_status, "state, report version, deliveries", act=Act.READ_STUDY),
    Operation("GET", _STUDY + "/film.png", "film", "A film as an 8-bit picture. Audited.", films.get_film, "PNG", act=Act.READ_STUDY, query=_FILM_QUERY, media_type="image/png", slow=True),
    Operation("GET", _STUDY + "/heatmap", "heat_maps", "Class activation per finding on its grid.", films.get_heat_maps, "grid, extent on the film, values by finding", act=Act.READ_STUDY),
    Operation("POST", _STUDY + "/open", "open_study", "Begin reading: version 1 starts from the draft.", studies.open_study, "the reading", act=Act.EDIT_DRAFT, access=Access.PERSON),
    Operation("PUT", _STUDY + "/report", "save_report", "Save an edit of the open version.", studies.save_report, "the report with its new etag", act=Act.EDIT_DRAFT, access=Access.PERSON, body=studies.CONTENT_BODY, if_match=True),
    Operation("POST", _STUDY + "/sign", "sign_report", "Sign the open version; asks for the password again.", studies.sign_report, "the signed report", act=Act.EDIT_DRAFT, access=Access.PERSON, body=studies.SIGN_BODY),
    Operation("POST", _STUDY + "/amend", "amend_report", "Open the next version of a final report.", studies.amend_report, "the new version", act=Act.SIGN, access=Access.PERSON, body=studies.AMEND_BODY),
    Operation("POST", _STUDY + "/reject", "reject_draft", "Throw the AI's words away, saying why.", studies.reject_draft, "the blank report", act=Act.EDIT_DRAFT, access=Access.PERSON, body=studies.REJECT_BODY),
    Operation("GET", "/api/audit", "audit", "Audit records: all or one's own, by role; with the chain's status.", audit_view.get_audit, "records", act=Act.READ_OWN_AUDIT, query=(Query("start", "first sequence"), Query("limit", "up to 500")), slow=True),
    Operation("GET", "/dicom-web/studies", "search_studies", "QIDO-RS: search studies.", qido.search_studies, "DICOM JSON", act=Act.READ_STUDY, query=(*_MATCHING, *_PAGING), media_type=_DICOM_JSON),
    Operation("GET", _DICOM_STUDY + "/series", "search_series", "QIDO-RS: series of a study.", qido.search_series, "DICOM JSON", act=Act.READ_STUDY, query=_PAGING, media_type=_DICOM_JSON),
    Operation("GET", _DICOM_STUDY + "/instances", "search_study_instances", "QIDO-RS: instances of a study.", qido.search_instances, "DICOM JSON", act=Act.READ_STUDY, query=_PAGING, media_type=_DICOM_JSON),
    Operation("GET", _DICOM_SERIES + "/instances", "search_instances", "QIDO-RS: instances of a series.", qido.search_instances, "DICOM JSON", act=Act.READ_STUDY, query=_PAGING, media_type=_DICOM_JSON),
    Operation("GET", _DICOM_STUDY, "retrieve_study", "WADO-RS: a study as stored.", wado.retrieve_study, "Part 10 files", act=Act.READ_STUDY, media_type=_MULTIPART),
    Operation("GET", _DICOM_SERIES, "retrieve_series", "WADO-RS: a series as stored.", wado.retrieve_series, "Part 10 files", act=Act.READ_STUDY, media_type=_MULTIPART),
    Operation("GET", _DICOM_SERIES + "/instances/{sop_uid}", "retrieve_instance", "WADO-RS: an instance as stored.", wado.retrieve_instance, "Part 10 file", act=Act.READ_STUDY, media_type=_MULTIPART),
)  # fmt: skip
