"""Where systems get short-lived tokens by a key of their own (OAuth 2.0 client credentials, RFC 6749 §4.4, RFC 7523; SMART Backend Services) or by the certificate of their connection (RFC 8705), and where they read that (RFC 8414)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from wetread.domain.audit import AuditEvent
from wetread.domain.errors import PermanentError, WetreadError
from wetread.domain.role import PERMITTED, Act
from wetread.ports.database import Account, UnitOfWork
from wetread.ports.identity_store import TokenLimit
from wetread.ports.service_clients import ProvedClient
from wetread.web.accounts import token_sha256
from wetread.web.doorkeeper import issue_token
from wetread.web.form_body import read_form
from wetread.web.house import House
from wetread.web.json_answer import json_answer
from wetread.web.operations import origin_of
from wetread.web.problems import Refusal, problem_from
from wetread.web.proxies import CLIENT_CERT

__all__ = ["TOKEN_PATH", "acts_of", "token_routes"]

TOKEN_PATH = "/oauth/token"  # noqa: S105 - a path
_LASTS = timedelta(minutes=5)
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_READ = "system/*.rs"
_PREFIX = "act/"


@dataclass(frozen=True, slots=True)
class _Refused(Exception):
    """RFC 6749 §5.2."""

    code: str
    status: int = 400


@dataclass(frozen=True, slots=True)
class _Client:
    """Who proved who they are: by an assertion, which is taken `once`, or by a certificate (x5t#S256), which the token is bound to."""

    account: str
    certificate: str = ""
    once: ProvedClient | None = None


def acts_of(scope: str, account: Account) -> frozenset[Act]:
    """The acts that a scope asks for: `act/NAME`, or SMART's `system/*.rs` for reading studies and results. Raises PermanentError 'invalid_scope' for none, for an unknown one, and for what the role does not hold."""
    wanted = frozenset(map(_act_of, scope.split()))
    if not wanted or not wanted <= PERMITTED[account.actor.role]:
        raise PermanentError("the scope holds nothing, or more than the account's role", code="invalid_scope")
    return wanted


def _act_of(scope: str) -> Act:
    if scope == _READ:
        return Act.READ_STUDY
    try:
        return Act(scope.removeprefix(_PREFIX) if scope.startswith(_PREFIX) else "")
    except ValueError:
        raise PermanentError("a scope is act/NAME or system/*.rs", code="invalid_scope") from None


def token_routes(house: House) -> list[Route]:
    def issue(form: Mapping[str, str], headers: Mapping[str, str]) -> Response:
        try:
            return _issued(house, form, _proved(house, form, headers))
        except _Refused as refused:
            return json_answer({"error": refused.code}, refused.status)

    async def token(request: Request) -> Response:
        try:
            form = await read_form(request)
            return await run_in_threadpool(issue, form, request.headers)
        except ClientDisconnect:
            return Response(status_code=400)
        except Exception as error:  # noqa: BLE001  as for every operation: an exception becomes an answer
            return problem_from(error)

    async def metadata(request: Request) -> Response:
        by_certificate = house.services.certificate_clients is not None
        return json_answer(
            _metadata(origin_of(house.services.settings, request.headers), by_certificate=by_certificate)
        )

    return [
        Route(TOKEN_PATH, token, methods=["POST"]),
        Route("/.well-known/oauth-authorization-server", metadata, methods=["GET"]),
        Route("/fhir/.well-known/smart-configuration", metadata, methods=["GET"]),
    ]


def _issued(house: House, form: Mapping[str, str], client: _Client) -> Response:
    services, now, certificate = house.services, house.services.clock.now(), client.certificate
    with services.database.begin() as unit:
        account, once = unit.account(client.account), client.once
        first = once is None or unit.use_once(once.assertion_sha256, expires_at=once.expires_at, now=now)
        refused, acts = _decided(account, form.get("scope", ""), first=first)
        facts = [("scope", " ".join(sorted(acts))), *([("certificate", certificate)] if certificate else [])]
        unit.audit(AuditEvent("token.issue", client.account, refused or "success", detail=tuple(facts)), now)
        secret = services.new_secret() if not refused else ""
        if secret:
            _forget_old(unit, client.account, now)
            token = issue_token(unit, client.account, expires_at=now + _LASTS, secret=secret, now=now)
            unit.limit_token(token_sha256(token), TokenLimit(acts, certificate))
        unit.commit()
    if refused:
        raise _Refused(refused, 400 if refused == "invalid_scope" else 401)
    lasts_s = int(_LASTS.total_seconds())
    return json_answer(
        {"access_token": token, "token_type": "bearer", "expires_in": lasts_s, "scope": form["scope"]},
        headers={"Cache-Control": "no-store", "Pragma": "no-cache"},
    )


def _proved(house: House, form: Mapping[str, str], headers: Mapping[str, str]) -> _Client:
    """By an assertion, or where the form has none by the certificate of the connection."""
    if form.get("grant_type") != "client_credentials":
        raise _Refused("unsupported_grant_type")
    try:
        client = _of_certificate(house, form, headers) or _of_assertion(house, form, headers)
    except Refusal:
        raise
    except WetreadError as error:
        # Who it says it is was not proved: it is not written down. Seldom: a stranger could fill the log.
        house.audit_seldom(AuditEvent("token.issue", "unknown", error.code))
        raise _Refused("invalid_client", 401) from None
    if "client_secret" in form or form.get("client_id", client.account) != client.account:
        raise _Refused("invalid_client", 401)
    return client


def _of_certificate(house: House, form: Mapping[str, str], headers: Mapping[str, str]) -> _Client | None:
    known, asserted = house.services.certificate_clients, form.keys() & {"client_assertion", "client_assertion_type"}
    if known is None or asserted or CLIENT_CERT not in headers:
        return None
    name = form.get("client_id", "")
    return _Client(name, known.proved(name, headers[CLIENT_CERT]))


def _of_assertion(house: House, form: Mapping[str, str], headers: Mapping[str, str]) -> _Client:
    services = house.services
    if form.get("client_assertion_type") != _ASSERTION_TYPE:
        raise _Refused("invalid_client", 401)
    if services.service_clients is None:
        raise Refusal(404, "no_clients", "no system is registered here: service_clients is not set")
    audience = origin_of(services.settings, headers) + TOKEN_PATH
    once = services.service_clients(form.get("client_assertion", ""), audience)
    return _Client(once.account, once=once)


def _decided(account: Account | None, scope: str, *, first: bool) -> tuple[str, frozenset[Act]]:
    if account is None or account.disabled or not first:
        return "invalid_client", frozenset()
    try:
        return "", acts_of(scope, account)
    except PermanentError as error:
        return error.code, frozenset()


def _forget_old(unit: UnitOfWork, actor_id: str, now: datetime) -> None:
    """A token lasts minutes: those that are over would fill the table."""
    for each in unit.sessions_of(actor_id):
        if each.expires_at <= now:
            unit.end_session(each.token_sha256)


def _metadata(origin: str, *, by_certificate: bool) -> dict[str, object]:
    return {
        "issuer": origin,
        "token_endpoint": origin + TOKEN_PATH,
        "grant_types_supported": ["client_credentials"],
        "response_types_supported": [],
        "token_endpoint_auth_methods_supported": [
            "private_key_jwt",
            *(["self_signed_tls_client_auth"] * by_certificate),
        ],
        "tls_client_certificate_bound_access_tokens": by_certificate,
        "token_endpoint_auth_signing_alg_values_supported": ["ES384", "RS384"],
        "scopes_supported": [_READ, *(f"{_PREFIX}{act.value}" for act in Act)],
        "capabilities": ["client-confidential-asymmetric", "permission-v2"],
    }
