"""What no request may be and what every answer must say, before any route is looked at (RFC 9110, RFC 9112, Fetch Metadata, CSP 3)."""

from collections.abc import Iterable, Mapping

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from wetread.domain.acting_from import acting_from
from wetread.web.problems import Refusal, problem_from
from wetread.web.proxies import CLIENT_CERT, TrustedProxies, peer_of

__all__ = ["CSRF_HEADER", "Guard", "check_head", "check_same_origin", "is_same_origin"]

CSRF_HEADER = "wetread-request"

_ANSWER_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
_HSTS = "max-age=31536000"


class Guard:
    """The outermost layer. Refuses by `check_head`, adds the headers above to every answer, and `no-store` where nothing else was said. `microphone`: our own pages may ask for it (dictation). What follows knows the address that `proxies` speak for, and so does the audit log."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        allowed_hosts: Iterable[str],
        secure: bool,
        microphone: bool = False,
        proxies: TrustedProxies | None = None,
    ) -> None:
        self._app, self._hosts, self._secure = app, frozenset(allowed_hosts), secure
        self._proxies = proxies or TrustedProxies()
        own = {
            "permissions-policy": _ANSWER_HEADERS["permissions-policy"].replace("microphone=()", "microphone=(self)")
        }
        self._headers = _ANSWER_HEADERS | own if microphone else _ANSWER_HEADERS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(self._headers)
                headers.setdefault("cache-control", "no-store")
                if self._secure:
                    headers["strict-transport-security"] = _HSTS
            await send(message)

        try:
            check_head(scope, self._hosts, self._proxies)
        except Refusal as refusal:
            await problem_from(refusal)(scope, receive, send_guarded)
            return
        await self._pass_on(scope, receive, send_guarded)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            check_head(scope, self._hosts, self._proxies)
        except Refusal as refusal:
            await WebSocket(scope, receive, send).send_denial_response(problem_from(refusal))
            return
        await self._pass_on(scope, receive, send)

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        seen = self._proxies.seen_from(scope)
        with acting_from(peer_of(seen)):
            await self._app(seen, receive, send)


def check_head(scope: Scope, allowed_hosts: frozenset[str], proxies: TrustedProxies) -> None:
    """Raises Refusal for a head that is ambiguous, not for us, or asked for by another site."""
    headers = Headers(scope=scope)
    names = [name for name, _ in scope["headers"]]
    if CLIENT_CERT.encode() in names and not proxies.trusts(peer_of(scope)):
        raise Refusal(400, "untrusted_certificate", "only a proxy that the settings name may speak of certificates")
    for single in (CLIENT_CERT.encode(), b"host", b"content-length", b"authorization", b"content-type", b"origin"):
        if names.count(single) > 1:
            raise Refusal(400, "ambiguous_header", f"more than one {single.decode()} header")
    if b"content-length" in names and b"transfer-encoding" in names:
        raise Refusal(400, "ambiguous_header", "both content-length and transfer-encoding")
    if _host_name(headers.get("host", "")) not in allowed_hosts:
        raise Refusal(421, "unknown_host", "this server does not answer for that host name: see allowed_hosts")
    raw_path: bytes = scope.get("raw_path") or scope["path"].encode()
    if any(byte in raw_path for byte in (b"%", b"\\", b"//", b"/../")) or raw_path.endswith(b"/.."):
        raise Refusal(400, "malformed_path", "no path here needs percent-encoding or dot segments")
    if headers.get("sec-fetch-site", "none") in ("cross-site", "same-site") and not _is_page_visit(scope, headers):
        raise Refusal(403, "cross_site", "this request came from another site")


def check_same_origin(headers: Mapping[str, str]) -> None:
    """Against cross-site request forgery, for every state change by cookie: our own header, and our own origin where the browser says it."""
    origin, same_origin = headers.get("origin", ""), is_same_origin(headers)
    if headers.get(CSRF_HEADER) != "1" or not (same_origin or headers.get("sec-fetch-site") == "same-origin"):
        raise Refusal(403, "cross_site", "a change must come from wetread's own pages")
    if origin and not same_origin:
        raise Refusal(403, "cross_site", "a change must come from wetread's own pages")


def is_same_origin(headers: Mapping[str, str]) -> bool:
    """Whether the browser says that the page is ours; False where it says nothing."""
    origin = headers.get("origin", "")
    return bool(origin) and origin.partition("://")[2] == headers.get("host", "")


def _is_page_visit(scope: Scope, headers: Mapping[str, str]) -> bool:
    is_navigation = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
    return is_navigation and scope.get("method") == "GET" and not scope["path"].startswith(("/api/", "/dicom-web/"))


def _host_name(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()
