"""One HTTP operation: who may call it, what it takes, what answers it. Routes, OpenAPI and the role matrix are all read from these."""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, cast

import anyio
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from wetread.domain.audit import AuditEvent
from wetread.domain.errors import NotPermitted
from wetread.domain.identifiers import StudyKey
from wetread.domain.identity_access import IDENTITY_FIELDS, Purpose, Reader
from wetread.domain.role import Act, require
from wetread.ports.vault import VaultReads
from wetread.web.doorkeeper import Principal
from wetread.web.guard import check_same_origin
from wetread.web.problems import Refusal, problem_from
from wetread.web.reach import Admitted, seen_path
from wetread.web.schema import Schema, check
from wetread.web.strict_json import JsonObject, parse_json

if TYPE_CHECKING:
    from wetread.web.house import House
    from wetread.web.services import WebSettings

__all__ = [
    "MAX_BODY_BYTES",
    "Access",
    "Call",
    "Handler",
    "Operation",
    "Query",
    "act_digest",
    "by_person",
    "media_type_of",
    "origin_of",
    "read_body",
    "to_route",
]

MAX_BODY_BYTES = 256 * 1024
_BODY_TIMEOUT_S = 15.0


class Access(StrEnum):
    PUBLIC = "public"
    ACCOUNT = "account"
    """A session or a bearer token."""
    PERSON = "person"
    """A browser session only: an act that a person at a screen answers for."""


_HOST = re.compile(r"(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?")


@dataclass(frozen=True, slots=True)
class Call:
    """One request, admitted and parsed. `principal` is None for public operations only; `data` is what an operation with media types of its own was sent; `target` is method and path, as "POST /api/policy/check"."""

    house: "House"
    principal: Principal | None
    path: Mapping[str, str]
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    address: str
    body: JsonObject = field(default_factory=dict)
    data: object = None
    target: str = ""
    opened: StudyKey | None = None
    """A study out of reach that an emergency opened to the caller."""
    new_secrets: list[str] = field(default_factory=list)
    """What the browser holds from this answer on; set by who signs somebody in."""
    proved: list[str] = field(default_factory=list)
    """Sessions whose holder proved more than the cookie in this call: where it succeeds, each gets another secret."""

    def confirm(self) -> None:
        """The second component of this very act: what the body's `password` holds. Raises Refusal 401 or 429."""
        act = act_digest(self.target, self.body)
        self.house.doorkeeper.confirm(self.signed_in, self.text("password"), self.address, act)
        self.proved.append(self.signed_in.token_sha256)

    def named(self, purpose: Purpose, fields: tuple[str, ...] = IDENTITY_FIELDS) -> VaultReads:
        """The vault, read on behalf of who is signed in: what of it goes into an answer is in the audit log."""
        return self.house.services.vault.on_behalf_of(self.reader(purpose, fields))

    def reader(self, purpose: Purpose, fields: tuple[str, ...] = IDENTITY_FIELDS) -> Reader:
        return Reader(self.signed_in.actor.actor_id, purpose, fields)

    @property
    def signed_in(self) -> Principal:
        if self.principal is None:
            raise Refusal(401, "not_signed_in", "sign in first")
        return self.principal

    @property
    def origin(self) -> str:
        """Scheme and host that we are reached under, without a slash at the end; "" for a host that cannot stand in a URL."""
        return origin_of(self.house.services.settings, self.headers)

    def text(self, name: str) -> str:
        """A member of the checked body."""
        return cast(str, self.body.get(name, ""))

    def number(self, name: str) -> int:
        return cast(int, self.body[name])

    def asked_number(self, name: str, default: int, most: int) -> int:
        """A whole number of the query string, from 1; raises Refusal 400 for what is none."""
        given = dict(self.query).get(name, str(default))
        if not (given.isascii() and given.isdigit() and len(given) < 17 and 1 <= int(given) <= most):
            raise Refusal(400, "query_misfit", f"{name} is a whole number from 1 to {most}")
        return int(given)


def origin_of(settings: "WebSettings", headers: Mapping[str, str]) -> str:
    """As `Call.origin`, of any request."""
    host = headers.get("host", "")
    if settings.public_url:
        return settings.public_url
    return f"{'https' if settings.secure else 'http'}://{host}" if _HOST.fullmatch(host) else ""


Handler = Callable[[Call], Response]


def act_digest(target: str, body: Mapping[str, object]) -> str:
    """sha256 over canonical JSON of what is asked for, but for its second component: names one act with all its words."""
    asked = {name: value for name, value in body.items() if name != "password"}
    canonical = json.dumps([target, asked], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Query:
    """A query parameter, for the published contract."""

    name: str
    description: str


@dataclass(frozen=True, slots=True)
class Operation:
    """`act` None means any account. `takes`: media types of JSON that the handler checks itself, in place of `body`. `slow` operations share few threads, so that films never hold up the worklist. A `late` one is also taken
    from a browser session that ran out minutes ago: it hands in unsaved words, and gives nothing away.
    """

    method: str
    path: str
    name: str
    summary: str
    handler: Handler
    answers: str
    act: Act | None = None
    access: Access = Access.ACCOUNT
    body: Schema | None = None
    takes: tuple[str, ...] = ()
    if_match: bool = False
    query: tuple[Query, ...] = ()
    media_type: str = "application/json"
    status: int = 200
    slow: bool = False
    late: bool = False
    before_second_factor: bool = False
    """Also for who has not set up the second factor that their role must have: what is needed to do so."""
    refusal: Callable[[Exception], Response] = problem_from

    @property
    def changes(self) -> bool:
        return self.method not in ("GET", "HEAD", "OPTIONS")


def by_person(
    method: str,
    path: str,
    name: str,
    summary: str,
    handler: Handler,
    answers: str,
    act: Act,
    body: Schema | None = None,
    *,
    status: int = 200,
    slow: bool = False,
    late: bool = False,
) -> Operation:
    """A change that only a person signed in with a browser may make."""
    return Operation(
        method, path, name, summary, handler, answers,
        act=act, access=Access.PERSON, body=body, status=status, slow=slow, late=late,
    )  # fmt: skip


def to_route(operation: Operation, house: "House") -> Route:
    async def serve(request: Request) -> Response:
        try:
            if (
                operation.body is None and not operation.takes and not operation.slow
            ):  # one way to another thread and back, not two
                return await run_in_threadpool(_answer, operation, house, request)
            principal = await run_in_threadpool(_admit, operation, house, request)
            body = await _body(operation, request)
            limiter = house.slow_lane if operation.slow else None
            return await anyio.to_thread.run_sync(_handled, operation, house, principal, request, body, limiter=limiter)
        except ClientDisconnect:
            return Response(status_code=400)
        except NotPermitted as error:
            await run_in_threadpool(_audit_refusal, operation, house, request, error)
            return operation.refusal(error)
        except Exception as error:  # noqa: BLE001  the one place where an exception becomes an answer
            return operation.refusal(error)

    return Route(operation.path, serve, methods=[operation.method], name=operation.name)


def _answer(operation: Operation, house: "House", request: Request) -> Response:
    return _handled(operation, house, _admit(operation, house, request), request, {})


def _handled(
    operation: Operation, house: "House", principal: Principal | None, request: Request, body: JsonObject
) -> Response:
    call = _call(operation, house, principal, request, body)
    answer, doorkeeper = operation.handler(call), house.doorkeeper
    for secret in (*call.new_secrets, *map(doorkeeper.sessions.changed, call.proved)):
        if secret:
            doorkeeper.give(answer, secret)
    return answer


def _admit(operation: Operation, house: "House", request: Request) -> Principal | None:
    """Who calls, if the operation lets them; raises Refusal or NotPermitted. Asked before a byte of the body is read."""
    if operation.changes and "authorization" not in request.headers:
        check_same_origin(request.headers)
    if operation.access is Access.PUBLIC:
        return None
    principal = house.doorkeeper.identify(request.headers, request.cookies, late=operation.late)
    if operation.access is Access.PERSON and not principal.by_browser:
        raise NotPermitted("only a person signed in with a browser may do this")
    if not operation.before_second_factor and house.doorkeeper.owes(principal):
        raise NotPermitted("set up your second factor first", code="second_factor_owed")
    if operation.act is not None:
        require(principal.actor, operation.act)
    return principal


def _audit_refusal(operation: Operation, house: "House", request: Request, error: NotPermitted) -> None:
    actor = house.doorkeeper.identify(request.headers, request.cookies).actor
    event = AuditEvent("refused", actor.actor_id, outcome=error.code, detail=(("operation", operation.name),))
    house.audit(event)


def _call(
    operation: Operation, house: "House", principal: Principal | None, request: Request, body: JsonObject
) -> Call:
    address = request.client.host if request.client else ""
    query = tuple(request.query_params.multi_items())
    target = f"{request.method} {request.url.path}"
    seen: Admitted = (request.path_params, None)
    if principal is not None:
        seen = seen_path(house, principal.actor, operation, request.path_params)
    checked, data = ({}, body) if operation.takes else (body, None)
    return Call(house, principal, seen[0], query, request.headers, address, checked, data, target, opened=seen[1])


async def _body(operation: Operation, request: Request) -> JsonObject:
    if operation.body is None and not operation.takes:
        return {}
    taken = operation.takes or ("application/json",)
    if media_type_of(request) not in taken:
        raise Refusal(415, "not_json", f"send {' or '.join(taken)}")
    if request.headers.get("content-encoding", "identity") != "identity":
        raise Refusal(415, "encoded_body", "send the body without a content encoding")
    value = parse_json(await read_body(request))
    if operation.body is not None:
        check(operation.body, value)
    return cast(JsonObject, value)


def media_type_of(request: Request) -> str:
    """What the body says it is, without parameters, in lower case; "" for nothing."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def read_body(request: Request) -> bytes:
    """Raises Refusal 413 or 408."""
    too_large = Refusal(
        413, "body_too_large", f"the body is larger than {MAX_BODY_BYTES} bytes", {"Connection": "close"}
    )
    declared = request.headers.get("content-length", "0")
    if declared.isdigit() and int(declared) > MAX_BODY_BYTES:
        raise too_large
    received = bytearray()
    try:
        with anyio.fail_after(_BODY_TIMEOUT_S):
            async for chunk in request.stream():
                received += chunk
                if len(received) > MAX_BODY_BYTES:
                    raise too_large
    except TimeoutError:
        raise Refusal(408, "body_timeout", "the body did not arrive in time", {"Connection": "close"}) from None
    return bytes(received)
