"""Every operation of the HTTP door but STOW-RS and the pages, in one table: the router, the published contract and the role tests read it."""

from wetread.domain.role import Act
from wetread.web import audit_view, films, hanging, health, pulse, rollout_view, sessions, studies
from wetread.web.administration_operations import ADMINISTRATION_OPERATIONS
from wetread.web.archives_view import ARCHIVE_OPERATIONS
from wetread.web.critical_operations import CRITICAL_OPERATIONS
from wetread.web.dicomweb_operations import DICOMWEB_OPERATIONS
from wetread.web.elsewhere_operations import ELSEWHERE_OPERATIONS
from wetread.web.emergencies_view import EMERGENCY_OPERATIONS
from wetread.web.erasure_view import ERASURE_OPERATIONS
from wetread.web.fhir_asking import FHIR_ASKING_OPERATIONS
from wetread.web.fhir_audit import FHIR_AUDIT_OPERATIONS
from wetread.web.fhir_view import FHIR_OPERATIONS
from wetread.web.film_bytes import MEDIA_TYPE
from wetread.web.identity_view import IDENTITY_OPERATIONS
from wetread.web.operations import Access, Operation, Query
from wetread.web.own_account_view import OWN_ACCOUNT_OPERATIONS
from wetread.web.quality_view import QUALITY_OPERATIONS
from wetread.web.reading_operations import READING_OPERATIONS
from wetread.web.worklist_operations import WORKLIST_OPERATIONS

__all__ = ["OPERATIONS"]

_STUDY = "/api/studies/{study_key}"
_FILM_QUERY = (
    Query("instance", "instance key; default: the film the model read"),
    Query("max_side_px", "256, 1024, 2048 or 4096"),
)

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "GET",
        "/healthz",
        "health",
        "Is this process alive?",
        health.get_health,
        "status and version",
        access=Access.PUBLIC,
    ),
    Operation(
        "GET",
        "/readyz",
        "readiness",
        "Can it serve? 503 names what cannot.",
        health.get_readiness,
        "checks by name",
        access=Access.PUBLIC,
    ),
    Operation(
        "GET",
        "/metrics",
        "metrics",
        "Counts by state, OpenMetrics.",
        health.get_metrics,
        "OpenMetrics text",
        access=Access.PUBLIC,
        media_type="application/openmetrics-text",
    ),
    Operation(
        "GET",
        "/api/openapi.json",
        "contract",
        "This contract.",
        health.get_contract,
        "OpenAPI 3.1",
        access=Access.PUBLIC,
    ),
    Operation(
        "GET",
        "/api/model-card",
        "model_card",
        "What the model in use was made for and how it was measured.",
        health.get_model_card,
        "text",
        media_type="text/plain",
    ),
    Operation(
        "POST",
        "/api/login",
        "login",
        "Sign in; sets the session cookie.",
        sessions.log_in,
        "the session",
        access=Access.PUBLIC,
        body=sessions.LOGIN_BODY,
    ),
    Operation(
        "POST",
        "/api/logout",
        "logout",
        "End this session.",
        sessions.log_out,
        "nothing",
        access=Access.PERSON,
        status=204,
    ),
    Operation(
        "GET", "/api/session", "session", "Who is signed in, and what may they do?", sessions.get_session, "the session"
    ),
    Operation(
        "GET",
        "/api/events",
        "events",
        "Server-sent events: something changed.",
        pulse.get_events,
        "event stream",
        act=Act.SEE_WORKLIST,
        media_type="text/event-stream",
    ),
    Operation(
        "GET",
        _STUDY,
        "study",
        "Everything a reader sees of one study. Audited.",
        studies.get_study,
        "the reading",
        act=Act.READ_STUDY,
    ),
    Operation(
        "GET",
        _STUDY + "/status",
        "study_status",
        "What may change while it is open; no identity.",
        studies.get_status,
        "state, report version, deliveries",
        act=Act.READ_STUDY,
    ),
    Operation(
        "GET",
        _STUDY + "/film.png",
        "film",
        "A film as an 8-bit picture. Audited.",
        films.get_film,
        "PNG",
        act=Act.READ_STUDY,
        query=_FILM_QUERY,
        media_type="image/png",
        slow=True,
    ),
    Operation(
        "GET",
        _STUDY + "/pixels",
        "film_pixels",
        "A film's every stored value with what makes grey and millimetres of it. Audited.",
        films.get_pixels,
        "JSON head and raw blocks",
        act=Act.READ_STUDY,
        query=(_FILM_QUERY[0], Query("ahead", "1: for later; to show it, ask again with If-None-Match")),
        media_type=MEDIA_TYPE,
        slow=True,
    ),
    Operation(
        "GET",
        "/api/hanging-protocols",
        "hanging_protocols",
        "Which films hang where.",
        hanging.get_hanging,
        "the protocols, first fit first; what is wrong with the site's file",
        act=Act.READ_STUDY,
    ),
    Operation(
        "GET",
        _STUDY + "/heatmap",
        "heat_maps",
        "Class activation per finding on its grid.",
        films.get_heat_maps,
        "grid, extent on the film, values by finding",
        act=Act.READ_STUDY,
    ),
    Operation(
        "GET",
        _STUDY + "/provenance.svg",
        "provenance",
        "Where every sentence comes from and what became of it, drawn. Audited.",
        studies.get_provenance,
        "SVG",
        act=Act.READ_STUDY,
        media_type="image/svg+xml",
    ),
    Operation(
        "POST",
        _STUDY + "/open",
        "open_study",
        "Begin reading: version 1 starts from the draft.",
        studies.open_study,
        "the reading",
        act=Act.EDIT_DRAFT,
        access=Access.PERSON,
    ),
    Operation(
        "PUT",
        _STUDY + "/report",
        "save_report",
        "Save an edit of the open version.",
        studies.save_report,
        "the report with its new etag",
        act=Act.EDIT_DRAFT,
        access=Access.PERSON,
        body=studies.SAVE_BODY,
        if_match=True,
    ),
    Operation(
        "POST",
        _STUDY + "/sign",
        "sign_report",
        "Sign the open version; asks for the password again.",
        studies.sign_report,
        "the signed report",
        act=Act.EDIT_DRAFT,
        access=Access.PERSON,
        body=studies.SIGN_BODY,
    ),
    Operation(
        "POST",
        _STUDY + "/amend",
        "amend_report",
        "Open the next version of a final report.",
        studies.amend_report,
        "the new version",
        act=Act.SIGN,
        access=Access.PERSON,
        body=studies.AMEND_BODY,
    ),
    Operation(
        "POST",
        _STUDY + "/addendum",
        "append_to_report",
        "Add to a final report under a signature of one's own; asks for the password again.",
        studies.append_to_report,
        "the new version",
        act=Act.SIGN,
        access=Access.PERSON,
        body=studies.APPEND_BODY,
    ),
    Operation(
        "POST",
        _STUDY + "/reject",
        "reject_draft",
        "Throw the AI's words away, saying why.",
        studies.reject_draft,
        "the blank report",
        act=Act.EDIT_DRAFT,
        access=Access.PERSON,
        body=studies.REJECT_BODY,
    ),
    Operation(
        "GET",
        "/api/audit",
        "audit",
        "Audit records: all or one's own, by role; with the chain's status.",
        audit_view.get_audit,
        "records",
        act=Act.READ_OWN_AUDIT,
        query=(Query("start", "first sequence"), Query("limit", "up to 500")),
        slow=True,
    ),
    Operation(
        "GET",
        "/api/rollouts/{model}/analysis",
        "rollout_analysis",
        "Has a model version (name@version) been let go on, does it wait, was it taken back? For deployment controllers.",
        rollout_view.get_analysis,
        "result: pass, hold or fail; the same by site, with what the gates said last",
        act=Act.SEE_ROLLOUTS,
        query=(Query("site", "only this site"), Query("percent", "pass from this share on; 100")),
    ),
    *ELSEWHERE_OPERATIONS,
    *DICOMWEB_OPERATIONS,
    *WORKLIST_OPERATIONS,
    *CRITICAL_OPERATIONS,
    *QUALITY_OPERATIONS,
    *READING_OPERATIONS,
    *IDENTITY_OPERATIONS,
    *FHIR_AUDIT_OPERATIONS,  # before the paths that take any type
    *FHIR_ASKING_OPERATIONS,
    *FHIR_OPERATIONS,
    *ERASURE_OPERATIONS,
    *ADMINISTRATION_OPERATIONS,
    *ARCHIVE_OPERATIONS,
    *OWN_ACCOUNT_OPERATIONS,
    *EMERGENCY_OPERATIONS,
)
