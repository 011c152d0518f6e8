"""What is asked of a FHIR R4 server that holds the record: searches page by page, and documents. Its answers are data of unknown intent, and are checked before a word is used.

Identity is in one place alone: the body of the search for the patient (https://hl7.org/fhir/R4/http.html#search), so that it is in nobody's log of URLs.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from wetread.domain.errors import PermanentError, TransientError
from wetread.domain.strict_json import StrictJsonError, read_strict_json
from wetread.fhir.backend_services import Credentials
from wetread.fhir.bounded_http import Answer, BoundedHttp, Budget, within_base

__all__ = ["Json", "Page", "RecordServer"]

Json = dict[str, object]
_DEEPEST_JSON = 64
_FHIR_JSON = ("application/fhir+json", "application/json")
_ADVICE = {
    401: "check our credentials there",
    403: "check which resources we may read there",
    404: "check record_fhir_url",
    410: "check record_fhir_url",
}
_BINARY = re.compile(r"Binary/\w[\w.-]{0,63}(?:/_history/\w[\w.-]{0,63})?", re.ASCII)
_PLACE = re.compile(r"[A-Z][A-Za-z]{1,40}/[A-Za-z0-9.-]{1,64}", re.ASCII)
_ISSUE = re.compile(r"[a-z-]{1,32}")


@dataclass(frozen=True, slots=True)
class Page:
    """The resources that matched, those that came along (`included`), and the server's link to the next page, "" on the last."""

    matches: tuple[Json, ...]
    included: tuple[Json, ...]
    following: str


class RecordServer:
    """`base_url` as `bounded_http.checked_url` gives it. Every failure is a TransientError or a PermanentError without a word of the answer."""

    def __init__(self, http: BoundedHttp, base_url: str, credentials: Credentials) -> None:
        self.base_url = base_url
        self._http = http
        self._credentials = credentials

    def find(self, kind: str, parameters: Mapping[str, str], budget: Budget) -> Page:
        """The first page of a search whose parameters travel in the body."""
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": _FHIR_JSON[0]}
        url = f"{self.base_url}/{kind}/_search"
        return _page(self._judged(self._ask("POST", url, headers, budget, urlencode(parameters).encode())))

    def pages(self, kind: str, parameters: Mapping[str, str], budget: Budget) -> Iterator[Page]:
        """Page after page; raises PermanentError 'record_strays' when they go round in a circle or leave the server."""
        url, seen = f"{self.base_url}/{kind}?{urlencode(parameters)}", set[str]()
        while url not in seen:
            seen.add(url)
            page = _page(self._get(url, budget))
            yield page
            if not page.following:
                return
            url = within_base(self.base_url, page.following)
        raise PermanentError("the record server's pages go round in a circle", code="record_strays")

    def binary(self, reference: str, budget: Budget) -> Json:
        """A Binary of this server; raises PermanentError 'record_strays' for a reference to anything else."""
        place = reference.removeprefix(f"{self.base_url}/")
        if not _BINARY.fullmatch(place):
            raise PermanentError("a document of the record is elsewhere, which is not followed", code="record_strays")
        return _object(self._get(f"{self.base_url}/{place}", budget))

    def resource(self, reference: str, budget: Budget) -> Json:
        """What a reference of this server leads to. Raises PermanentError 'record_strays' for a reference to anything else, 'record_gone' where there is nothing (any more)."""
        place = reference.removeprefix(f"{self.base_url}/").partition("/_history/")[0]
        if not _PLACE.fullmatch(place):
            raise PermanentError("a reference leads elsewhere, which is not followed", code="record_strays")
        answer = self._ask("GET", f"{self.base_url}/{place}", {"Accept": _FHIR_JSON[0]}, budget)
        if answer.status in (404, 410):
            raise PermanentError("the record server has no such resource", code="record_gone")
        found = _object(self._judged(answer))
        if (found.get("resourceType"), found.get("id")) != tuple(place.split("/")):
            raise PermanentError("the record server answers with another resource", code="record_no_fhir")
        return found

    def put(self, place: str, resource: Json, version: str, budget: Budget) -> None:
        """Replace a resource, only while it is the `version` that we have read (If-Match; "": the server has no versions).

        Raises TransientError 'record_changed' where it is another by now, PermanentError 'record_unwilling' where the server does not take this resource.
        """
        headers = {"Content-Type": _FHIR_JSON[0], "Accept": _FHIR_JSON[0], "Prefer": "return=minimal"}
        if version:
            headers["If-Match"] = f'W/"{version}"'
        body = json.dumps(resource, ensure_ascii=False).encode()
        answer = self._ask("PUT", f"{self.base_url}/{place}", headers, budget, body)
        if answer.status in (409, 412):
            raise TransientError("somebody else changed the resource meanwhile", code="record_changed")
        if answer.status in (400, 404, 405, 410, 422):
            raise PermanentError(
                f"the record server does not take the change (HTTP {answer.status}{_issue(answer)})",
                code="record_unwilling",
            )
        if answer.status not in (200, 201, 204):
            self._judged(answer)

    def _get(self, url: str, budget: Budget) -> Answer:
        return self._judged(self._ask("GET", url, {"Accept": _FHIR_JSON[0]}, budget))

    def _ask(
        self, method: str, url: str, headers: Mapping[str, str], budget: Budget, body: bytes | None = None
    ) -> Answer:
        """Once more with a new token when the one we held is refused."""
        for renew in (False, True):
            authorization = self._credentials.authorization(budget, renew=renew)
            own = {"Authorization": authorization} if authorization else {}
            answer = self._http.ask(method, url, {**headers, **own}, budget, body)
            if answer.status != 401 or not authorization:
                break
        return answer

    def _judged(self, answer: Answer) -> Answer:
        if answer.status == 200:
            if answer.content_type not in _FHIR_JSON:
                raise PermanentError(
                    "the record server does not answer in FHIR JSON: check record_fhir_url", code="record_no_fhir"
                )
            return answer
        if answer.try_again:
            raise TransientError(f"the record server cannot answer now (HTTP {answer.status})", code="record_busy")
        if 300 <= answer.status < 400:
            raise PermanentError(
                f"the record server redirects (HTTP {answer.status}), which is not followed: check record_fhir_url",
                code="record_strays",
            )
        advice = _ADVICE.get(answer.status, "look into its log")
        raise PermanentError(
            f"the record server refuses (HTTP {answer.status}{_issue(answer)}): {advice}", code="record_refused"
        )


def _page(answer: Answer) -> Page:
    bundle = _object(answer)
    if (bundle.get("resourceType"), bundle.get("type")) != ("Bundle", "searchset"):
        raise PermanentError("the record server answers a search with no searchset", code="record_no_fhir")
    resources: dict[str, list[Json]] = {"match": [], "include": []}
    for entry in _objects(bundle.get("entry")):
        resource = entry.get("resource")
        if isinstance(resource, dict) and (mode := _mode(entry)) in resources:
            resources[mode].append(resource)
    links = [str(each.get("url", "")) for each in _objects(bundle.get("link")) if each.get("relation") == "next"]
    return Page(tuple(resources["match"]), tuple(resources["include"]), links[0] if links else "")


def _object(answer: Answer) -> Json:
    try:
        value = read_strict_json(answer.body, max_depth=_DEEPEST_JSON)
    except StrictJsonError as error:
        raise PermanentError(f"the record server's answer: {error}", code="record_no_fhir") from None
    if not isinstance(value, dict):
        raise PermanentError("the record server's answer is no FHIR resource", code="record_no_fhir")
    return value


def _objects(value: object) -> list[Json]:
    """The objects of a list; raises PermanentError for anything else than a list of objects, or nothing."""
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise PermanentError("the record server's answer is no FHIR Bundle", code="record_no_fhir")
    return value


def _mode(entry: Json) -> str:
    search = entry.get("search")
    return str(search.get("mode", "match")) if isinstance(search, dict) else "match"


def _issue(answer: Answer) -> str:
    """The first issue's code of an OperationOutcome; its texts may quote the patient."""
    try:
        outcome = read_strict_json(answer.body, max_depth=_DEEPEST_JSON)
    except StrictJsonError:
        return ""
    issues = outcome.get("issue") if isinstance(outcome, dict) else None
    first = issues[0] if isinstance(issues, list) and issues else None
    code = first.get("code") if isinstance(first, dict) else None
    return f", {code}" if isinstance(code, str) and _ISSUE.fullmatch(code) else ""
