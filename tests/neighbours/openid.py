"""A real OpenID provider on a free loopback port (npm `oidc-provider`), and somebody who signs in there: follows redirects with a cookie jar and fills in its forms, as a browser does.

Needs `npm ci` in tests/neighbours/node once. Any password opens; people are the file's.
"""

import http.client
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode, urljoin, urlsplit

from neighbours.fhir_server import NODE
from neighbours.process import free_port, listens, running

PEOPLE: dict[str, dict[str, object]] = {
    "u-ann": {"name": "Ann Lee", "preferred_username": "ann.lee", "groups": ["radiology", "staff"]},
    "u-ben": {"name": "Ben Roe", "preferred_username": "ben.roe", "groups": ["staff"]},
    "u-cat": {"name": "Cat Orr", "preferred_username": "radiologist", "groups": ["residents"]},
}
_FIELD = re.compile(r'<input[^>]*name="([^"]+)"[^>]*value="([^"]*)"')
_ACTION = re.compile(r'<form[^>]*action="([^"]+)"')


@dataclass
class OpenIdServer:
    port: int
    file: Path
    world: dict[str, object]

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def write(self) -> None:
        """What it knows from now on."""
        self.file.write_text(json.dumps(self.world))


@contextmanager
def openid_server(folder: Path, clients: list[Mapping[str, object]], **more: object) -> Iterator[OpenIdServer]:
    folder.mkdir(parents=True, exist_ok=True)
    world = {"clients": clients, "people": {name: dict(claims) for name, claims in PEOPLE.items()}, **more}
    server = OpenIdServer(free_port(), folder / "world.json", world)
    server.write()
    command = ["node", str(NODE / "oidc_provider.mjs"), str(server.port), str(server.file)]
    with running(command, folder / "oidc.log", lambda: listens(server.port), environment={"PATH": os.environ["PATH"]}):
        yield server


@dataclass
class Page:
    url: str
    status: int
    headers: Mapping[str, str]
    text: str


@dataclass
class Surfer:
    """A browser's cookies and redirects, across hosts; `stop_at` is a prefix of an address that is not visited."""

    jar: dict[tuple[str, str], str] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)

    def visit(self, url: str, form: Mapping[str, str] | None = None, *, stop_at: str = "") -> Page:
        for _ in range(12):
            if stop_at and url.startswith(stop_at):
                return Page(url, 0, {}, "")
            page = self._ask(url, form)
            if page.status not in (301, 302, 303, 307):
                return page
            url, form = urljoin(url, page.headers["location"]), None
        raise AssertionError("it redirects for ever")

    def sign_in(self, page: Page, who: str, *, stop_at: str = "") -> Page:
        """Fill in the provider's forms until it sends the browser on."""
        for _ in range(4):
            action = _ACTION.search(page.text)
            if page.status != 200 or action is None:
                return page
            form = dict(_FIELD.findall(page.text))
            form |= {"login": who, "password": "any"} if 'name="login"' in page.text else {}
            form |= {"logout": "yes"} if 'name="logout"' in page.text else {}
            page = self.visit(urljoin(page.url, action[1]), form, stop_at=stop_at)
        return page

    def _ask(self, url: str, form: Mapping[str, str] | None) -> Page:
        parts = urlsplit(url)
        self.seen.append(url)
        headers = {"Accept": "text/html", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
        if cookies := "; ".join(f"{name}={value}" for (host, name), value in self.jar.items() if host == parts.netloc):
            headers["Cookie"] = cookies
        body = urlencode(form) if form is not None else None
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection = http.client.HTTPConnection(parts.netloc, timeout=60)
        try:
            target = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
            connection.request("GET" if form is None else "POST", target, body, headers)
            answer = connection.getresponse()
            for name, value in answer.getheaders():
                if name.lower() == "set-cookie":
                    self._keep(parts.netloc, value)
            kept = {name.lower(): value for name, value in answer.getheaders()}
            return Page(url, answer.status, kept, answer.read().decode("utf-8", "replace"))
        finally:
            connection.close()

    def _keep(self, host: str, cookie: str) -> None:
        name, _, value = cookie.partition(";")[0].partition("=")
        gone = not value or "max-age=0" in cookie.lower() or "1970" in cookie
        self.jar.pop((host, name), None)
        if not gone:
            self.jar[host, name] = value
