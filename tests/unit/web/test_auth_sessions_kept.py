"""Another secret for the same session, where one is signed in, and ending that: at one's own hand or an administrator's, on every server process at once."""

import pytest
from builders_web import PASSWORD, Browser, World, a_token, a_world, open_door

from wetread.web.services import WebSettings
from wetread.web.session_book import client_of

ABSOLUTE_S = WebSettings().absolute_s
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def proved(reader: Browser) -> None:
    """Do something that takes the password again, and succeeds."""
    body = {"new_password": PASSWORD + "!", "password": PASSWORD}
    assert reader.send("PUT", "/api/accounts/resident/password", body).status == 204


def test_signing_in_again_ends_the_session_that_the_browser_had(door: Browser) -> None:
    reader = door.as_("radiologist")
    planted = Browser(door.port, reader.cookie)
    assert reader.log_in("radiologist").status == 200
    assert reader.cookie != planted.cookie
    assert reader.get("/api/session").status == 200
    assert planted.get("/api/session").status == 401


def test_who_proved_more_than_the_cookie_gets_another_secret_and_the_old_one_dies(world: World, door: Browser) -> None:
    admin = door.as_("admin")
    stolen = Browser(door.port, admin.cookie)
    proved(admin)
    assert admin.cookie != stolen.cookie
    assert stolen.get("/api/session").status == 200  # what the page asked for meanwhile still arrives
    world.clock.advance(11)
    assert stolen.get("/api/session").status == 401
    assert admin.get("/api/session").status == 200


def test_an_old_secret_is_neither_renewed_nor_taken_late_nor_changed_again(world: World, door: Browser) -> None:
    key = world.add_study()
    reader = door.as_("admin")
    stolen = Browser(door.port, reader.cookie)
    proved(reader)
    world.clock.advance(9)
    before = stolen.cookie
    proved(stolen)
    assert stolen.get("/api/session").status == 200
    assert stolen.cookie == before
    world.clock.advance(2)
    late = {"version": 1, "content": {"sections": [], "findings": []}}
    assert stolen.send("PUT", f"/api/studies/{key}/recovery", late).status == 401  # 403 for a session that ran out


def test_another_secret_does_not_carry_a_session_past_its_absolute_end(world: World, door: Browser) -> None:
    admin = door.as_("admin")
    left = ABSOLUTE_S
    while left > 600:
        world.clock.advance(600)
        left -= 600
        proved(admin)
    world.clock.advance(left + 1)
    assert admin.get("/api/session").status == 401


def test_a_wrong_password_changes_no_secret(door: Browser) -> None:
    admin = door.as_("admin")
    before = admin.cookie
    assert (
        admin.send("PUT", "/api/accounts/resident/password", {"new_password": "x" * 12, "password": "no"}).status == 401
    )
    assert admin.cookie == before


def test_one_sees_where_one_is_signed_in_and_nobody_else(door: Browser) -> None:
    reader = Browser(door.port, defaults={"User-Agent": FIREFOX})
    assert reader.log_in("radiologist").status == 200
    door.as_("radiologist"), door.as_("admin")
    seen = reader.get("/api/account").json()
    known = {(each["client"], each["address"], each["this"]) for each in seen["sessions"]}  # type: ignore[attr-defined]
    assert known == {("", "127.0.0.1", False), ("Firefox, Linux", "127.0.0.1", True)}
    assert {each["actor_id"] for each in seen["sessions"]} == {"radiologist"}  # type: ignore[attr-defined]


def test_one_ends_another_session_of_ones_own_or_all_of_them(world: World, door: Browser) -> None:
    here, there, third = (door.as_("radiologist") for _ in range(3))
    token = Browser(door.port, defaults={"Authorization": f"Bearer {a_token(world, 'radiologist')}"})
    mine = there.get("/api/account").json()["sessions"]
    this = next(each["session"] for each in mine if each["this"])  # type: ignore[attr-defined]
    assert here.post("/api/account/sessions/end", {"session": this}).status == 200
    assert [each.get("/api/session").status for each in (here, there, third, token)] == [200, 401, 200, 200]
    assert here.post("/api/account/sessions/end-others").status == 200
    assert [each.get("/api/session").status for each in (here, third, token)] == [200, 401, 401]


def test_nobody_ends_the_session_of_somebody_else_as_their_own(door: Browser) -> None:
    reader, admin = door.as_("radiologist"), door.as_("admin")
    this = next(each["session"] for each in admin.get("/api/account").json()["sessions"])  # type: ignore[attr-defined]
    answer = reader.post("/api/account/sessions/end", {"session": this})
    assert (answer.status, answer.json()["code"]) == (422, "no_session")
    assert admin.get("/api/session").status == 200


@pytest.mark.parametrize("act", ["sessions/end", "role", "disabled", "password"])
def test_what_an_administrator_ends_is_over_on_every_server_process(act: str) -> None:
    world = a_world()
    with open_door(world) as here, open_door(world) as there:
        reader, admin = there.as_("radiologist"), here.as_("admin")
        bodies: dict[str, dict[str, object]] = {
            "role": {"role": "resident"},
            "disabled": {"disabled": True},
            "password": {"new_password": "another long password"},
        }
        method = "PUT" if act in bodies else "POST"
        body = {**bodies[act], "password": PASSWORD} if act in bodies else None
        assert admin.send(method, f"/api/accounts/radiologist/{act}", body).status in (200, 204)
        assert reader.get("/api/session").status == 401


def test_only_names_of_ours_are_kept_of_a_browser() -> None:
    assert client_of("<script>alert(1)</script>") == ""
    assert client_of(FIREFOX) == "Firefox, Linux"
    edge = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0"
    assert client_of(edge) == "Edge, Windows"
