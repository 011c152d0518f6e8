"""Asks one provider over HTTP: only at the places that a site allows, within seconds and kilobytes."""

from collections.abc import Collection, Mapping
from urllib.parse import urlencode, urlsplit

from wetread.domain.errors import PermanentError, TransientError
from wetread.domain.loopback import is_loopback
from wetread.fhir.bounded_http import BoundedHttp, Budget, origin

__all__ = ["Exchange", "Said"]

_DEADLINE_S = 5.0
_MOST_BYTES = 512 * 1024

Said = tuple[int, Mapping[str, object]]
"""Status, and the members of the JSON object that came with it; none for anything else."""


class Exchange:
    """`home` is an address of the provider; whatever else it names must have that origin, or one of `further`: nobody who writes its documents chooses whom we ask (SSRF). `who` is its name in messages."""

    def __init__(self, http: BoundedHttp, home: str, further: Collection[str], who: str) -> None:
        self._http, self._who = http, who
        self._origins = {origin(each) for each in (home, *further)}

    def place(self, url: object) -> str:
        """An address that the provider named, if we may ask there; raises PermanentError 'provider_strays'."""
        try:
            parts = urlsplit(url if isinstance(url, str) else "")
            safe = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname))
            plain = not (parts.username or parts.password or parts.fragment)
            fits = (
                safe and plain and origin(str(url)) in self._origins and str(url).isascii() and str(url).isprintable()
            )
        except ValueError:
            fits = False
        if not fits or " " in str(url):
            raise PermanentError(
                f"{self._who} names an address outside the allowed origins: see `origins`", code="provider_strays"
            )
        return str(url)

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> Said:
        return self._ask("GET", url, {"Accept": "application/json", **(headers or {})})

    def post(self, url: str, form: Mapping[str, str], headers: Mapping[str, str] | None = None) -> Said:
        sent = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json", **(headers or {})}
        return self._ask("POST", url, sent, urlencode(form).encode())

    def _ask(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None = None) -> Said:
        try:
            answer = self._http.ask(
                method, self.place(url), headers, Budget(_DEADLINE_S, _MOST_BYTES, _MOST_BYTES), body
            )
        except TransientError:
            raise TransientError(f"{self._who} does not answer", code="provider_unreachable") from None
        except PermanentError as error:
            if error.code in ("provider_strays", "bad_settings"):
                raise
            what = "'s certificate is not trusted: see `ca_file`" if error.code == "tls_failed" else " answers wrongly"
            raise PermanentError(f"{self._who}{what}", code="provider_broken") from None
        if answer.try_again:
            raise TransientError(f"{self._who} cannot answer now (HTTP {answer.status})", code="provider_unreachable")
        return answer.status, answer.members()
