"""A door whose people sign in with an identity provider that is a few lines here: what it says next is what the test says."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from builders_web import Answer, Browser, World, a_world, open_door

from wetread.domain.errors import PermanentError, TransientError
from wetread.domain.role import Role
from wetread.ports.ehr import LaunchContext
from wetread.ports.identity_provider import Arrived, EndedElsewhere, ProvedIdentity, SentOut, StillIn
from wetread.web.services import WebSettings

ISSUER = "https://id.example"
HOSPITAL = "HOSPITAL"  # IssuerOfPatientID
ANN = ProvedIdentity(ISSUER, "u-ann", "ann.lee", "Ann Lee", Role.RADIOLOGIST, (), "sid-1", None, "urn:mfa")
NAVIGATION = {
    "Sec-Fetch-Site": "cross-site",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Dest": "document",
    "wetread-request": None,
}


@dataclass
class FakeProvider:
    """Implements IdentityProvider: `person` is who comes back; `still` what it says when it is asked again; `down` that it does not answer."""

    issuer: str = ISSUER
    name: str = "the ward's sign-in"
    person: ProvedIdentity = ANN
    still: StillIn | None = field(default_factory=lambda: StillIn("held"))
    down: bool = False
    refuses: str = ""
    asked: int = 0
    proved_at: datetime | None = None

    def send_out(self, redirect_uri: str, kept: Mapping[str, str], *, prove_again: bool = False) -> SentOut:
        self._answer()
        return SentOut(
            f"{ISSUER}/auth?to={redirect_uri}&again={int(prove_again)}", json.dumps(dict(kept)).encode().hex()
        )

    def receive(self, sealed: str, answer: Mapping[str, str]) -> Arrived:
        self._answer()
        if not sealed or answer.get("state") != "right":
            raise PermanentError("this answers another request: begin again", code="wrong_state")
        return Arrived(replace(self.person, authenticated_at=self.proved_at), json.loads(bytes.fromhex(sealed)), "held")

    def ask_again(self, held: str, subject: str) -> StillIn | None:
        self.asked += 1
        self._answer()
        return self.still

    def ended(self, logout_token: str) -> EndedElsewhere:
        kind, _, rest = logout_token.partition(":")
        if kind != "logout":
            raise PermanentError("bad", code="bad_token")
        subject, session, name = rest.split(",")
        return EndedElsewhere(ISSUER, subject, session, name * 64, datetime(2100, 1, 1, tzinfo=UTC))

    def farewell(self, held: str, back_to: str) -> str:
        return f"{ISSUER}/end?back={back_to}"

    def _answer(self) -> None:
        if self.down:
            raise TransientError("the identity provider does not answer", code="provider_unreachable")
        if self.refuses:
            raise PermanentError("no", code=self.refuses)


@dataclass
class FakeLaunches:
    """Implements EhrLaunches: opens `what`."""

    what: LaunchContext = field(default_factory=lambda: LaunchContext("Ward EHR", ((HOSPITAL, "P1"),), ()))

    def send_out(self, issuer: str, launch: str, redirect_uri: str) -> SentOut:
        if issuer != "https://ehr.example/fhir":
            raise PermanentError("no", code="unknown_ehr")
        return SentOut(f"https://ehr.example/auth?to={redirect_uri}", "out")

    def receive(self, sealed: str, answer: Mapping[str, str]) -> str:
        if sealed != "out":
            raise PermanentError("no", code="bad_seal")
        return "opened"

    def context(self, sealed: str) -> LaunchContext:
        if sealed != "opened":
            raise PermanentError("this took too long", code="bad_seal")
        return self.what


@dataclass
class Ward:
    """`world` behind `door`; `provider` says who people are."""

    world: World
    door: Browser
    provider: FakeProvider

    def come_back(self, out: Answer, state: str = "right", cookie: str = "") -> Answer:
        """As the browser does: from another site, with the cookie that was set when it went, and no session's."""
        kept = out.headers["set-cookie"].partition(";")[0]
        return Browser(self.door.port, cookie=cookie or kept).get(f"/oidc/callback?code=c&state={state}", NAVIGATION)

    def log_in(self, next_page: str = "/") -> Browser:
        arrived = self.come_back(self.door.get(f"/oidc/login?next={next_page}", NAVIGATION))
        assert (arrived.status, arrived.headers["location"]) == (303, f"/arrived?next={next_page}"), arrived
        cookies = arrived.headers["set-cookie"]
        return Browser(self.door.port, cookie=cookies.partition(";")[0])

    def confirm(self, browser: Browser, target: str, body: object) -> str:
        """The second component for one request."""
        out = browser.post("/api/confirmation", {"target": target, "body": body})
        assert out.status == 200, out.body
        assert self.come_back(out).headers["location"] == f"/arrived?confirmed={out.json()['number']}"
        return str(out.json()["confirmation"])

    def later(self, seconds: float) -> None:
        self.world.clock.advance(seconds)


@contextmanager
def a_ward(**settings: object) -> Iterator[Ward]:
    world, provider = a_world(settings=WebSettings(version="0", **settings)), FakeProvider()  # type: ignore[arg-type]
    world.services = replace(world.services, provider=provider)
    provider.proved_at = world.clock.now() + timedelta(seconds=1)
    with open_door(world) as door:
        yield Ward(world, door, provider)
