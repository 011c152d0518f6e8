"""FHIR R4, read only: what was issued, by id and by search, role-checked, behind the veil and audited like every other view (https://hl7.org/fhir/R4/http.html)."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from urllib.parse import urlencode

from starlette.responses import Response

from wetread.domain.audit import AuditEvent
from wetread.domain.identifiers import StudyKey
from wetread.domain.reading import Withheld
from wetread.domain.role import Act
from wetread.ports.issued import Resource
from wetread.ports.vault import Search
from wetread.web.fhir_search import (
    AUDIT_SEARCH,
    INCLUDES,
    ORDER_SEARCH,
    REVINCLUDES,
    SEARCHABLE,
    Asked,
    asked_of,
    included,
    matches,
    summary_of,
)
from wetread.web.operations import Access, Call, Operation, Query
from wetread.web.problems import Refusal, problem_from
from wetread.web.reach import within_sites
from wetread.web.veil import refuse_withheld, withheld_from

__all__ = [
    "FHIR_OPERATIONS",
    "FORMAT",
    "MEDIA_TYPE",
    "asked_version",
    "audit_looks",
    "get_metadata",
    "outcome_from",
    "read_resource",
    "said",
    "said_unless_held",
    "search_resources",
    "searchset",
]

MEDIA_TYPE = "application/fhir+json"
_KEY = re.compile(r"[a-z2-7]{24}")
_ISSUES = {400: "invalid", 401: "login", 403: "forbidden", 404: "not-found", 406: "not-supported", 503: "transient"}
_READ = [{"code": "read"}, {"code": "search-type"}]
_MOST_STUDIES = 200
"""Studies looked at for one page: a search that finds little goes on with the next page."""


def outcome_from(error: Exception) -> Response:
    """A refusal as an OperationOutcome, with the status that every other door gives it."""
    said = problem_from(error)
    body = json.loads(bytes(said.body))
    issue = {
        "severity": "error",
        "code": _ISSUES.get(said.status_code, "processing"),
        "details": {"text": body["code"]},
        "diagnostics": body["detail"],
    }
    headers = {name: value for name, value in said.headers.items() if name not in ("content-length", "content-type")}
    return _answer({"resourceType": "OperationOutcome", "issue": [issue]}, said.status_code, headers)


def _answer(resource: Mapping[str, object], status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    text = json.dumps(resource, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")
    return Response(text, status, {"Cache-Control": "no-store", **(headers or {})}, MEDIA_TYPE)


def said(call: Call, resource: Resource, headers: Mapping[str, str] | None = None) -> Response:
    """A resource, or a Bundle of them, in the version that is asked for."""
    forms = call.house.services.fhir
    if asked_version(call) == "4.0" or forms is None:
        return _answer(resource, headers=headers)
    answer = _answer(forms.in_r5(resource), headers=headers)
    answer.headers["content-type"] = f"{MEDIA_TYPE}; fhirVersion=5.0"
    return answer


def asked_version(call: Call) -> str:
    """By Accept, "4.0" where it says none (https://hl7.org/fhir/R5/versioning.html#mt-version). XML is not spoken, so that none is ever parsed. Raises Refusal 406."""
    accepted = call.headers.get("accept", "*/*").lower()
    asked = dict(call.query).get("_format", "json").lower()
    if "xml" in asked or "turtle" in asked or ("json" not in accepted and "*" not in accepted):
        raise Refusal(406, "json_only", "answers are application/fhir+json")
    versions = re.findall(r"fhirversion=[\"']?([\w.]+)", accepted)
    known = next((each for each in versions if each in ("4.0", "5.0")), "" if versions else "4.0")
    if not known:
        raise Refusal(406, "version_not_served", "FHIR is spoken in versions 4.0 and 5.0")
    return known


def get_metadata(call: Call) -> Response:
    asked_version(call)
    resources: list[dict[str, object]] = [
        {
            "type": kind,
            "versioning": "versioned",
            "interaction": _READ,
            "searchParam": [{"name": name, "type": of} for name, of in parameters.items()],
            **_brings(kind),
        }
        for kind, parameters in (SEARCHABLE | {"AuditEvent": AUDIT_SEARCH, "ServiceRequest": ORDER_SEARCH}).items()
    ]
    if call.house.services.order_door is not None:
        resources[-1]["interaction"] = [*_READ, {"code": "create"}]
        resources.append({"type": "Task", "interaction": [{"code": "create"}, {"code": "read"}]})
    security = {"cors": False, "description": "A session, or a bearer token of an account whose role may read studies."}
    return said(
        call,
        {
            "resourceType": "CapabilityStatement",
            "status": "active",
            "date": "2026-11-29",
            "kind": "instance",
            "software": {"name": "wetread", "version": call.house.services.settings.version},
            "implementation": {
                "description": "Results that a radiologist signed, as they were issued; read only but for orders handed in."
            },
            "fhirVersion": "4.0.1",
            "format": [MEDIA_TYPE],
            "rest": [{"mode": "server", "security": security, "resource": resources}],
        },
    )


def _brings(kind: str) -> dict[str, list[str]]:
    told = {"searchInclude": [f"{kind}:{name}" for name in INCLUDES.get(kind, ())], "searchRevInclude": [*REVINCLUDES.get(kind, ())]}  # fmt: skip
    return {name: values for name, values in told.items() if values}


def read_resource(call: Call) -> Response:
    asked_version(call)
    kind, resource_id = call.path["resource_type"], call.path["resource_id"]
    key = resource_id.partition(".")[0]
    gone = Refusal(404, "no_resource", "no such resource was issued here")
    if kind not in SEARCHABLE or not _KEY.fullmatch(key):
        raise gone
    with call.house.services.database.begin(write=False) as unit:
        if unit.find_study(StudyKey(key)) is None:
            raise gone
        refuse_withheld(call, unit, StudyKey(key))
    resource = call.house.services.issued(StudyKey(key)).get(f"{kind}/{resource_id}")
    if resource is None:
        raise gone
    audit_looks(call, "fhir.read", [StudyKey(key)], kind)
    return said_unless_held(call, resource)


def said_unless_held(call: Call, resource: Resource) -> Response:
    """With its version; 304 where the caller holds that version."""
    meta: dict[str, str] = resource["meta"]  # type: ignore[assignment]
    updated = datetime.fromisoformat(meta["lastUpdated"])
    headers = {"ETag": f'W/"{meta["versionId"]}"', "Last-Modified": format_datetime(updated, usegmt=True)}
    if headers["ETag"] in call.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return said(call, resource, headers)


@dataclass
class _Page:
    """What one request found: matches, what comes with them, whose they are, where the next page begins."""

    found: list[Resource] = field(default_factory=list)
    included: list[Resource] = field(default_factory=list)
    studies: list[StudyKey] = field(default_factory=list)
    next_page: str = ""


def search_resources(call: Call) -> Response:
    asked_version(call)
    asked = asked_of(call.path["resource_type"], call.query)
    page = _page(call, asked)
    shown = [summary_of(each) if asked.summary == "true" else each for each in page.found]
    if asked.summary == "count":
        shown, page.included = [], []
    audit_looks(call, "fhir.search", page.studies, asked.resource_type, page.included)
    bundle = searchset(call, asked.resource_type, shown, page.next_page, page.included)
    if not page.next_page and asked.after == ("", 0):
        bundle["total"] = len(page.found)
    return said(call, bundle)


def searchset(
    call: Call, kind: str, found: Iterable[Resource], next_page: str, included: Iterable[Resource] = ()
) -> dict[str, object]:
    """A Bundle of what was found and of what comes with it, with links to itself and to the next page, "" on the last."""
    base = f"{call.origin}/fhir"
    links = [{"relation": "self", "url": f"{base}/{kind}?{urlencode(call.query)}"}]
    if next_page:
        query = [each for each in call.query if each[0] != "page"] + [("page", next_page)]
        links.append({"relation": "next", "url": f"{base}/{kind}?{urlencode(query)}"})
    entries = [
        {
            "fullUrl": f"{base}/{each['resourceType']}/{each['id']}",
            "resource": each,
            "search": {"mode": mode},
        }
        for mode, resources in (("match", found), ("include", included))
        for each in resources
    ]
    bundle: dict[str, object] = {"resourceType": "Bundle", "type": "searchset", "link": links}
    return {**bundle, "entry": entries} if entries else bundle


def _page(call: Call, asked: Asked) -> _Page:
    """One study after the other, until the page is full. Counting alone has no pages."""
    page, looked = _Page(), ""
    last, given = asked.after
    paged = asked.summary != "count"
    for number, key in enumerate(_candidates(call, asked)):
        if paged and number == _MOST_STUDIES:
            page.next_page = f"{looked}.999"
            return page
        skipped = given if key == last else 0
        of = _of_study(call, key)
        mine = _matching(of, asked)[skipped:]
        room = asked.count - len(page.found) if paged else len(mine)
        page.found += mine[:room]
        if mine[:room]:
            page.studies.append(key)
            page.included += included(mine[:room], of, asked)
        if len(mine) > room:
            page.next_page = f"{key}.{skipped + room}"
            return page
        looked = key
    return page


def _of_study(call: Call, key: StudyKey) -> Mapping[str, Resource]:
    """By place; nothing of a study whose AI is withheld from the caller."""
    with call.house.services.database.begin(write=False) as unit:
        if key not in within_sites(unit, call.signed_in.actor, frozenset({key})) or unit.find_study(key) is None:
            return {}
        if withheld_from(call, unit, key) is not Withheld.NOTHING:
            return {}
    return call.house.services.issued(key)


def _matching(of: Mapping[str, Resource], asked: Asked) -> list[Resource]:
    """In an order that stays."""
    wanted = (each for place, each in sorted(of.items()) if place.startswith(f"{asked.resource_type}/"))
    return [each for each in wanted if matches(each, of, asked)]


def _candidates(call: Call, asked: Asked) -> Iterator[StudyKey]:
    """Studies that can match, by key, from where the page before ended."""
    last = asked.after[0]
    narrowed = _narrowed(call, asked)
    if narrowed is not None:
        yield from (each for each in sorted(narrowed) if each >= last)
        return
    services = call.house.services
    if asked.resource_type == "Communication":
        with services.database.begin(write=False) as unit:
            told = {each.study_key for over in (False, True) for each in unit.criticals(closed=over)}
        yield from (each for each in sorted(told) if each >= last)
        return
    if last:
        yield StudyKey(last)
    after: StudyKey | None = StudyKey(last) if last else None
    while True:
        with services.database.begin(write=False) as unit:
            keys = unit.signed_studies(after=after, limit=_MOST_STUDIES)
        yield from keys
        if len(keys) < _MOST_STUDIES:
            return
        after = keys[-1]


def _narrowed(call: Call, asked: Asked) -> set[StudyKey] | None:
    """By the vault's indexes where one of the values has one; None: all signed studies."""
    vault, values = call.house.services.vault.unnamed, asked.values
    if "_id" in values:
        key = values["_id"].partition(".")[0]
        return {StudyKey(key)} if _KEY.fullmatch(key) else set()
    if "target" in values or "patient" in values:
        key = values.get("target", values.get("patient", "")).rpartition("/")[2].partition(".")[0]
        return {StudyKey(key)} if _KEY.fullmatch(key) else set()
    number = values.get("patient.identifier", values.get("identifier", "") if asked.resource_type == "Patient" else "")
    for keyword, value in (("AccessionNumber", values.get("accession", "")), ("PatientID", number)):
        text = value.rpartition("|")[2]
        if text and not set("*?\\") & set(text):
            return {each.study_key for each in vault.search_studies(Search({keyword: text}, 1000))}
    uid = values.get("identifier", "") if asked.resource_type == "ImagingStudy" else ""
    if "urn:oid:" in uid:
        found = vault.search_studies(Search({"StudyInstanceUID": uid.rpartition("urn:oid:")[2]}, 2))
        return {each.study_key for each in found}
    return None


def audit_looks(
    call: Call, action: str, studies: Sequence[StudyKey], kind: str, included: Iterable[Resource] = ()
) -> None:
    """One record for each study whose results left, and one for a search that found none."""
    services, actor = call.house.services, call.signed_in.actor.actor_id
    named: list[StudyKey | None] = [*studies] or [None]
    came = " ".join(sorted({str(each["resourceType"]) for each in included}))
    facts = (("type", kind), *((("included", came),) if came else ()))
    with services.database.begin() as unit:
        for key in named:
            unit.audit(AuditEvent(action, actor, study_key=key, detail=facts), services.clock.now())
        unit.commit()


FORMAT = Query("_format", "json")
_SEARCH = (
    *(Query(name, "search parameter: which type takes it says /fhir/metadata") for name in sorted({name for each in SEARCHABLE.values() for name in each})),
    Query("_count", "at most this many, up to 100"),
    Query("_include", "TYPE:element: also what the matches refer to; may be given again"),
    Query("_revinclude", "TYPE:element: also what refers to the matches; may be given again"),
    Query("_summary", "true, false or count"),
    Query("page", "from a link of another page"),
    FORMAT,
)  # fmt: skip

FHIR_OPERATIONS: tuple[Operation, ...] = (
    Operation("GET", "/fhir/metadata", "fhir_metadata", "FHIR R4: what is served.", get_metadata, "CapabilityStatement", access=Access.PUBLIC, query=(FORMAT,), media_type=MEDIA_TYPE, refusal=outcome_from),
    Operation("GET", "/fhir/{resource_type}", "fhir_search", "FHIR R4: search what was issued. Audited.", search_resources, "Bundle, searchset", slow=True, act=Act.READ_STUDY, query=_SEARCH, media_type=MEDIA_TYPE, refusal=outcome_from),
    Operation("GET", "/fhir/{resource_type}/{resource_id}", "fhir_read", "FHIR R4: one resource that was issued. Audited.", read_resource, "the resource", act=Act.READ_STUDY, query=(FORMAT,), media_type=MEDIA_TYPE, refusal=outcome_from),
)  # fmt: skip
