"""Systems get short tokens by their key, for as much as they ask and their role allows, and no more (security.md 71: a replayed jti)."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlencode

import pytest
from builders_web import Answer, Browser, World, a_world, open_door

from wetread.bootstrap import SystemClock
from wetread.domain.role import Act
from wetread.fhir.backend_services import ASSERTION_TYPE, BackendServices
from wetread.fhir.bounded_http import BoundedHttp, Budget
from wetread.fhir.client_assertion import ClientKey, new_client_key
from wetread.oidc.service_clients import RegisteredClients

FORM = {"Content-Type": "application/x-www-form-urlencoded", "Origin": None, "Sec-Fetch-Site": None}
WORKING = "act/see_workitems act/place_order"


@dataclass
class Desk:
    world: World
    door: Browser
    keys: dict[str, ClientKey]
    number: int = 0

    @property
    def place(self) -> str:
        return f"http://127.0.0.1:{self.door.port}/oauth/token"

    def assertion(self, account: str = "workflow", **changes: object) -> str:
        self.number += 1
        at = int(self.world.clock.now().timestamp())
        claims = {"iss": account, "sub": account, "aud": self.place, "exp": at + 120, "jti": f"j-{self.number}"}
        return self.keys[account].sign({**claims, **changes})

    def ask(self, assertion: str, scope: str = WORKING, **changes: str) -> Answer:
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": assertion,
            "scope": scope,
            **changes,
        }
        return Browser(self.door.port).send("POST", "/oauth/token", headers=FORM, raw=urlencode(form).encode())

    def with_token(self, scope: str = WORKING, account: str = "workflow") -> Browser:
        answer = self.ask(self.assertion(account), scope)
        assert answer.status == 200, answer.body
        return Browser(self.door.port, defaults={"Authorization": f"Bearer {answer.json()['access_token']}"})


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder, world = tmp_path_factory.mktemp("keys"), a_world()
    keys, files = {}, {}
    for account in ("workflow", "service", "quality"):
        keys[account] = new_client_key(folder / f"{account}.pem")
        files[account] = jwks(folder / f"{account}.json", keys[account])
    world.services = replace(world.services, service_clients=RegisteredClients(files, world.clock))
    with open_door(world) as door:
        yield Desk(world, door, keys)


def jwks(file: Path, key: ClientKey) -> Path:
    file.write_text(json.dumps({"keys": [dict(key.jwk)]}))
    return file


def test_a_token_is_short_and_says_what_it_is_for(desk: Desk) -> None:
    answer = desk.ask(desk.assertion())
    assert (answer.status, answer.headers["cache-control"]) == (200, "no-store")
    told = answer.json()
    assert (told["token_type"], told["expires_in"], told["scope"]) == ("bearer", 300, WORKING)
    browser = Browser(desk.door.port, defaults={"Authorization": f"Bearer {told['access_token']}"})
    assert browser.get("/dicom-web/workitems").status in (200, 204)
    assert ("token.issue", "workflow", "success") in desk.world.audited()
    desk.world.clock.advance(301)
    assert browser.get("/dicom-web/workitems").status == 401
    with desk.world.services.database.begin(write=False) as unit:
        before = len(unit.sessions())
    desk.with_token()
    with desk.world.services.database.begin(write=False) as unit:
        assert len(unit.sessions()) <= before  # those that are over are forgotten


def test_a_token_does_what_was_asked_for_and_nothing_else_of_its_role(desk: Desk) -> None:
    browser = desk.with_token("act/place_order")
    assert browser.get("/dicom-web/workitems").status == 403
    assert browser.get("/fhir/Task/none").status == 404
    assert browser.get("/api/worklist").status == 403


def test_what_is_read_by_fhir_is_asked_for_as_smart_says(desk: Desk) -> None:
    browser = desk.with_token("system/*.rs", "quality")
    assert browser.get("/fhir/DiagnosticReport").status == 200
    assert browser.get("/api/audit").status == 403
    assert desk.with_token("act/read_audit", "quality").get("/fhir/DiagnosticReport").status == 403


@pytest.mark.parametrize(
    "scope", ["", "act/sign", "act/read_study", "system/*.rs", "system/*.cruds", "act/", "act/nothing", "openid", f"{WORKING} act/sign"]
)  # fmt: skip
def test_nobody_gets_more_than_their_role(desk: Desk, scope: str) -> None:
    answer = desk.ask(desk.assertion(), scope)
    assert (answer.status, answer.json()) == (400, {"error": "invalid_scope"})


def test_no_scope_signs(desk: Desk) -> None:
    """Law 1, once more: what a token holds, no token signs."""
    key = desk.world.add_study()
    for account in ("workflow", "service", "quality"):
        for act in (Act.SIGN, Act.SIGN_PRELIMINARY, Act.EDIT_DRAFT):
            assert desk.ask(desk.assertion(account), f"act/{act.value}").status == 400
    assert desk.with_token("system/*.rs", "quality").post(f"/api/studies/{key}/open").status == 403


def test_an_assertion_is_taken_once(desk: Desk) -> None:
    assertion = desk.assertion()
    assert desk.ask(assertion).status == 200
    again = desk.ask(assertion)
    assert (again.status, again.json()) == (401, {"error": "invalid_client"})
    spent = desk.assertion()
    assert desk.ask(spent, "act/sign").status == 400
    assert desk.ask(spent).status == 401


@pytest.mark.parametrize(
    "changes",
    [{"grant_type": "authorization_code"}, {"grant_type": "password"}, {"client_assertion_type": "x"}, {"client_assertion": "a.b.c"}, {"client_secret": "s"}, {"client_id": "service"}],
)  # fmt: skip
def test_another_way_in_is_none(desk: Desk, changes: dict[str, str]) -> None:
    answer = desk.ask(desk.assertion(), **changes)
    assert answer.status in (400, 401)
    assert set(answer.json()) == {"error"}


def test_a_key_opens_its_own_account_only(desk: Desk) -> None:
    stolen = desk.assertion("service", iss="workflow", sub="workflow")
    assert desk.ask(stolen).status == 401
    assert desk.ask(desk.assertion(aud="https://other.example/oauth/token")).status == 401


def test_an_account_that_is_disabled_gets_none_and_what_it_had_is_over(desk: Desk) -> None:
    browser = desk.with_token("act/see_rollouts", "service")
    set_disabled(desk, "service", disabled=True)
    assert browser.get("/api/session").status == 401
    assert desk.ask(desk.assertion("service"), "act/see_rollouts").status == 401
    set_disabled(desk, "service", disabled=False)


def set_disabled(desk: Desk, actor_id: str, *, disabled: bool) -> None:
    with desk.world.services.database.begin() as unit:
        account = unit.account(actor_id)
        assert account is not None
        unit.save_account(replace(account, disabled=disabled))
        unit.commit()


def test_a_client_finds_the_way_by_itself(desk: Desk, tmp_path: Path) -> None:
    """Our own client of other people's servers, which knows the specification and nothing of this door."""
    world = a_world(clock=SystemClock())  # type: ignore[arg-type]
    files = {"workflow": jwks(tmp_path / "keys.json", desk.keys["workflow"])}
    world.services = replace(world.services, service_clients=RegisteredClients(files, SystemClock()))
    with open_door(world) as door:
        found = door.get("/fhir/.well-known/smart-configuration").json()
        assert found == door.get("/.well-known/oauth-authorization-server").json()
        base = f"http://127.0.0.1:{door.port}/fhir"
        client = BackendServices(BoundedHttp(), base, "workflow", desk.keys["workflow"], WORKING)
        header = client.authorization(Budget(5, 10_000, 10_000))
        assert Browser(door.port, defaults={"Authorization": header}).get("/dicom-web/workitems").status in (200, 204)


def test_a_form_is_a_form_and_nobody_is_registered_by_default(desk: Desk) -> None:
    assert desk.door.post("/oauth/token", {}).status == 415
    assert Browser(desk.door.port).send("POST", "/oauth/token", headers=FORM, raw=b"a=1&a=2").status == 400
    with open_door(a_world()) as other:
        form = urlencode({"grant_type": "client_credentials", "client_assertion_type": ASSERTION_TYPE}).encode()
        assert Browser(other.port).send("POST", "/oauth/token", headers=FORM, raw=form).status == 404


def test_a_stranger_s_tries_do_not_fill_the_log(desk: Desk) -> None:
    desk.ask("a.b.c")
    before = len(desk.world.audited())
    for _ in range(5):
        desk.ask("a.b.c")
    assert len(desk.world.audited()) == before
