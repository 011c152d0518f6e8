"""Signing in, staying in, being put out; and everything a hostile page or proxy could send in between."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from builders_web import PASSWORD, Browser, World, a_token, a_world, open_door

from wetread.domain.role import Role
from wetread.ports.database import Account
from wetread.web.lockout import FREE_FAILURES
from wetread.web.services import WebSettings

IDLE_S, ABSOLUTE_S = WebSettings().idle_s, WebSettings().absolute_s


def account(world: World, actor_id: str) -> Account:
    with world.services.database.begin(write=False) as unit:
        found = unit.account(actor_id)
    assert found is not None
    return found


def change(world: World, actor_id: str, **fields: object) -> None:
    with world.services.database.begin() as unit:
        unit.save_account(replace(account(world, actor_id), **fields))
        unit.commit()


def disable(world: World, actor_id: str) -> None:
    change(world, actor_id, disabled=True)


def test_signing_in_gives_a_cookie_no_script_and_no_other_site_can_use(door: Browser) -> None:
    answer = door.log_in("radiologist")
    attributes = {part.strip().lower() for part in answer.headers["set-cookie"].split(";")[1:]}
    assert {"httponly", "samesite=strict", "path=/"} <= attributes
    assert door.get("/api/session").json()["role"] == "radiologist"


def test_a_cookie_for_https_is_secure_and_bound_to_the_host() -> None:
    with open_door(a_world(settings=WebSettings(secure=True))) as door:
        answer = door.log_in("radiologist")
    assert answer.headers["set-cookie"].startswith("__Host-wetread=")
    assert "Secure" in answer.headers["set-cookie"]
    assert "strict-transport-security" in answer.headers


def test_a_hash_of_an_older_release_opens_and_is_made_anew(world: World, door: Browser) -> None:
    scrypt = "scrypt$2,1,1$AAAAAAAAAAAAAAAAAAAAAA==$yt97JvvKZhbS8uSi7C5+7MnP1Wx0IqvrRd/oWuvofcY="
    change(world, "radiologist", password_hash=scrypt)
    assert door.log_in("radiologist", "wrong password").status == 401
    assert account(world, "radiologist").password_hash == scrypt
    assert door.log_in("radiologist").status == 200
    renewed = account(world, "radiologist").password_hash
    assert renewed.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert door.log_in("radiologist").status == 200
    assert account(world, "radiologist").password_hash == renewed


@pytest.mark.parametrize(
    ("name", "password"),
    [("radiologist", "wrong password"), ("nobody", PASSWORD), ("radiologist", "correct horse battery ")],
)
def test_every_failure_sounds_the_same(door: Browser, name: str, password: str) -> None:
    answer = door.log_in(name, password)
    assert (answer.status, answer.json()["code"]) == (401, "bad_credentials")
    assert answer.json()["detail"] == "the name or the password is not right"


def test_a_disabled_account_neither_enters_nor_stays(world: World, door: Browser) -> None:
    reader = door.as_("radiologist")
    disable(world, "radiologist")
    assert reader.get("/api/session").status == 401
    assert door.log_in("radiologist").status == 401


def test_a_session_ends_after_idleness(world: World, door: Browser) -> None:
    reader = door.as_("radiologist")
    world.clock.advance(IDLE_S - 1)
    assert reader.get("/api/session").status == 200
    world.clock.advance(IDLE_S - 1)
    assert reader.get("/api/session").status == 200
    world.clock.advance(IDLE_S + 1)
    assert reader.get("/api/session").status == 401


def test_a_page_that_refreshes_itself_does_not_keep_a_session_alive(world: World, door: Browser) -> None:
    reader = door.as_("radiologist")
    for _ in range(3):
        world.clock.advance(IDLE_S / 3 - 1)
        assert reader.get("/api/session", {"wetread-activity": "background"}).status == 200
    world.clock.advance(10)
    assert reader.get("/api/session", {"wetread-activity": "background"}).status == 401


def test_no_activity_carries_a_session_past_its_absolute_end(world: World, door: Browser) -> None:
    reader = door.as_("radiologist")
    left = ABSOLUTE_S
    while left > IDLE_S / 2:
        world.clock.advance(IDLE_S / 2)
        left -= IDLE_S / 2
        assert reader.get("/api/session").status == 200
    world.clock.advance(left + 1)
    assert reader.get("/api/session").status == 401


def test_signing_out_ends_this_session_only(door: Browser) -> None:
    here, there = door.as_("radiologist"), door.as_("radiologist")
    assert here.post("/api/logout").status == 204
    assert here.get("/api/session").status == 401
    assert there.get("/api/session").status == 200


def test_a_made_up_or_altered_secret_opens_nothing(door: Browser) -> None:
    reader = door.as_("radiologist")
    name, _, token = reader.cookie.partition("=")
    prefix, issued, secret = token.split("_", 2)
    for forged in (
        "",
        "x",
        f"{prefix}_0_{secret}",
        f"{prefix}_{int(issued, 16) + 9999:x}_{secret}",
        token[:-1],
        token + "x",
        f"wrt_{secret}",
    ):
        reader.cookie = f"{name}={forged}"
        assert reader.get("/api/session").status == 401


def test_repeated_failures_must_wait_and_the_right_password_does_not_jump_the_queue(
    world: World, door: Browser
) -> None:
    for _ in range(FREE_FAILURES):
        assert door.log_in("radiologist", "not this one either").status == 401
    answer = door.log_in("radiologist")
    assert answer.status == 429
    assert int(answer.headers["retry-after"]) >= 1
    world.clock.advance(3600)
    assert door.log_in("radiologist").status == 200


def test_sign_ins_and_failures_are_audited_without_the_name_that_was_typed(world: World, door: Browser) -> None:
    door.log_in("my secret typed in the wrong field", "x" * 12)
    door.log_in("radiologist", "wrong password")
    door.log_in("radiologist")
    assert world.audited() == [
        ("login", "unknown", "bad_credentials"),
        ("login", "radiologist", "bad_credentials"),
        ("login", "radiologist", "success"),
    ]


def test_a_bearer_token_speaks_for_its_account(world: World, door: Browser) -> None:
    service = Browser(door.port, defaults={"Authorization": f"Bearer {a_token(world, 'service')}"})
    assert service.get("/api/session").json()["role"] == "service"
    assert service.get("/api/worklist").status == 403
    world.clock.advance(2 * 86400)
    assert service.get("/api/session").status == 401


def test_a_bearer_token_wins_over_a_cookie_and_is_never_a_person(world: World, door: Browser) -> None:
    key = world.add_study()
    mixed = door.as_("admin")
    mixed.defaults["Authorization"] = f"Bearer {a_token(world, 'radiologist')}"
    assert mixed.get("/api/session").json()["role"] == "radiologist"
    assert mixed.get(f"/api/studies/{key}").status == 200
    assert mixed.post(f"/api/studies/{key}/open").status == 403
    assert mixed.post(f"/api/studies/{key}/sign", {"etag": 1, "meaning": "m", "password": PASSWORD}).status == 403


def test_a_session_secret_is_no_bearer_token(door: Browser) -> None:
    reader = door.as_("radiologist")
    secret = reader.cookie.partition("=")[2]
    assert Browser(door.port, defaults={"Authorization": f"Bearer {secret}"}).get("/api/session").status == 401


@pytest.mark.parametrize(
    "header", ["Basic cmFkaW9sb2dpc3Q6eA==", "Bearer", "Bearer ", "bearer wrt_x", "Digest x", "wrt_x"]
)
def test_other_authorisation_is_refused_even_with_a_good_cookie(door: Browser, header: str) -> None:
    assert door.as_("radiologist").get("/api/session", {"Authorization": header}).status == 401


def test_a_forwarded_user_header_means_nothing(door: Browser) -> None:
    forged = {
        "X-Forwarded-User": "radiologist",
        "X-Remote-User": "radiologist",
        "Remote-User": "radiologist",
        "X-Forwarded-Host": "evil",
    }
    assert door.get("/api/session", forged).status == 401


CROSS_SITE: list[Mapping[str, str | None]] = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": None, "Sec-Fetch-Site": None},
    {"Origin": None, "Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"wetread-request": None},
    {"wetread-request": "0"},
    {"Origin": "http://127.0.0.1:1"},
    {"Origin": "http://127.0.0.1.evil.example"},
]


@pytest.mark.parametrize("headers", CROSS_SITE)
def test_another_site_changes_nothing(world: World, door: Browser, headers: Mapping[str, str | None]) -> None:
    key = world.add_study()
    reader = door.as_("radiologist")
    before = world.services.database.change_token()
    answer = reader.send("POST", f"/api/studies/{key}/open", headers=headers)
    assert answer.status == 403
    assert world.services.database.change_token() == before


@pytest.mark.parametrize("headers", CROSS_SITE[:-3])
def test_another_site_cannot_sign_somebody_in(door: Browser, headers: Mapping[str, str | None]) -> None:
    assert door.send("POST", "/api/login", {"actor_id": "radiologist", "password": PASSWORD}, headers).status == 403


def test_another_site_can_show_no_film_of_ours(world: World, door: Browser) -> None:
    key = world.add_study()
    reader = door.as_("radiologist")
    assert reader.get(f"/api/studies/{key}/film.png", {"Sec-Fetch-Site": "cross-site"}).status == 403


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "", "localhost@evil.example", "169.254.169.254"]
)
def test_an_unknown_host_name_is_refused(door: Browser, host: str) -> None:
    assert door.get("/healthz", {"Host": host}).status in (400, 421)


@pytest.mark.parametrize(
    "path",
    [
        "/api/studies/..%2f..",
        "/api%2fworklist",
        "/dicom-web/studies/1.2%00",
        "//api/worklist",
        "/api/../api/worklist",
        "/api/studies/%2e%2e",
        "/a\\b",
    ],
)
def test_no_path_needs_escapes(door: Browser, path: str) -> None:
    assert door.as_("radiologist").get(path).status == 400


def test_a_refusal_by_role_is_audited(world: World, door: Browser) -> None:
    key = world.add_study()
    assert door.as_("technologist").get(f"/api/studies/{key}").status == 403
    assert ("refused", "technologist", "not_permitted") in world.audited()


def test_an_account_without_a_hash_never_opens(world: World, door: Browser) -> None:
    actor = world.add_account("ghost", Role.RADIOLOGIST)
    with world.services.database.begin() as unit:
        unit.save_account(Account(actor, ""))
        unit.commit()
    assert door.log_in("ghost", "").status == 400
    assert door.log_in("ghost").status == 401
