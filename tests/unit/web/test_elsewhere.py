"""People who sign in with an identity provider: who comes in as whom, for how long, and who is turned away."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from builders_web import PASSWORD, Browser
from elsewhere_world import ANN, ISSUER, NAVIGATION, Ward, a_ward

from wetread.domain.role import Role
from wetread.ports.identity_provider import StillIn
from wetread.web.services import WebSettings

CHECK_S, GRACE_S = WebSettings().check_every_s, WebSettings().unreachable_grace_s


@pytest.fixture
def ward() -> Iterator[Ward]:
    with a_ward() as ward:
        yield ward


def who(browser: Browser) -> dict[str, object]:
    return browser.get("/api/session").json()


def test_somebody_new_gets_an_account_and_a_session_of_their_role(ward: Ward) -> None:
    browser = ward.log_in("/quality")
    session = who(browser)
    assert (session["actor_id"], session["display_name"], session["role"]) == ("ann.lee", "Ann Lee", "radiologist")
    assert session["provider"] == "the ward's sign-in"
    assert [each[0] for each in ward.world.audited()] == ["account.save", "login"]
    assert browser.get("/api/worklist").status == 200


def test_the_session_of_a_password_has_no_provider(ward: Ward) -> None:
    assert who(ward.door.as_("radiologist"))["provider"] == ""


def test_who_comes_again_is_known_by_issuer_and_subject_and_has_the_role_of_today(ward: Ward) -> None:
    ward.log_in()
    ward.provider.person = replace(ANN, account="ann.roe", display_name="Ann Roe", role=Role.RESIDENT, sites=("north",))
    session = who(ward.log_in())
    assert (session["actor_id"], session["display_name"], session["role"]) == ("ann.lee", "Ann Roe", "resident")
    with ward.world.services.database.begin(write=False) as unit:
        account = unit.account("ann.lee")
    assert account is not None
    assert account.actor.sites == ("north",)


@pytest.mark.parametrize("wanted", ["radiologist", "admin", "console", "wetread", "unknown", ""])
def test_a_name_that_is_taken_is_nobody_else_s(ward: Ward, wanted: str) -> None:
    """An account of ours is never found by what the provider calls somebody."""
    ward.provider.person = replace(ANN, account=wanted)
    session = who(ward.log_in())
    assert session["actor_id"] != wanted
    assert str(session["actor_id"]).startswith(f"{wanted or 'person'}-")
    assert session["role"] == "radiologist"
    ward.provider.person = replace(ANN, account=wanted, subject="u-other")
    assert who(ward.log_in())["actor_id"] != session["actor_id"]


def test_the_same_subject_of_another_issuer_is_somebody_else(ward: Ward) -> None:
    ward.log_in()
    ward.provider.person = replace(ANN, issuer="https://other.example")
    assert who(ward.log_in())["actor_id"] != "ann.lee"


@pytest.mark.parametrize(("changes", "code"), [({"role": None}, "no_role"), ({"sites": None}, "no_site")])
def test_who_has_no_place_here_is_told_so_and_gets_none(ward: Ward, changes: dict[str, object], code: str) -> None:
    ward.provider.person = replace(ANN, **changes)  # type: ignore[arg-type]
    answer = ward.come_back(ward.door.get("/oidc/login", NAVIGATION))
    assert (answer.status, answer.headers["location"]) == (303, f"/login?said={code}")
    assert "wetread=" not in answer.headers["set-cookie"]
    assert ("login", "unknown", code) in ward.world.audited()
    with ward.world.services.database.begin(write=False) as unit:
        assert unit.external_identity(ISSUER, "u-ann") is None


def test_an_account_that_is_disabled_here_stays_so(ward: Ward) -> None:
    ward.log_in()
    with ward.world.services.database.begin() as unit:
        account = unit.account("ann.lee")
        assert account is not None
        unit.save_account(replace(account, disabled=True))
        unit.commit()
    answer = ward.come_back(ward.door.get("/oidc/login", NAVIGATION))
    assert answer.headers["location"] == "/login?said=account_disabled"


def test_no_password_opens_an_account_of_the_provider(ward: Ward) -> None:
    ward.log_in()
    for password in ("elsewhere", "", "x" * 12):
        assert ward.door.log_in("ann.lee", password).status in (400, 401)


def test_nobody_gives_it_one(ward: Ward) -> None:
    ward.log_in()
    body = {"new_password": PASSWORD + "!", "password": PASSWORD}
    answer = ward.door.as_("admin").send("PUT", "/api/accounts/ann.lee/password", body)
    assert (answer.status, answer.json()["code"]) == (422, "no_password")


@pytest.mark.parametrize(
    "next_page",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "/login",
        "/api/worklist",
        "javascript:alert(1)",
        "/studies/x",
    ],
)
def test_nobody_is_sent_on_to_another_place(ward: Ward, next_page: str) -> None:
    answer = ward.come_back(ward.door.get(f"/oidc/login?next={next_page}", NAVIGATION))
    assert answer.headers["location"] == "/arrived?next=/"


def test_who_began_nothing_in_this_browser_is_nobody(ward: Ward) -> None:
    """Login CSRF: the answer to the attacker's own sign-in, brought to a victim's browser."""
    out = ward.door.get("/oidc/login", NAVIGATION)
    for cookie, state in (("wetread-out=", "right"), ("", "wrong")):
        answer = ward.come_back(out, state, cookie)
        assert (answer.headers["location"], "wetread=" in answer.headers["set-cookie"]) == (
            "/login?said=wrong_state", False
        )  # fmt: skip


def test_the_cookie_that_goes_along_is_for_this_way_only(ward: Ward) -> None:
    kept = ward.door.get("/oidc/login", NAVIGATION).headers["set-cookie"]
    assert {"HttpOnly", "SameSite=lax", "Max-Age=600", "Path=/"} <= {each.strip() for each in kept.split(";")}
    with a_ward(secure=True) as secure:
        kept = secure.door.get("/oidc/login", NAVIGATION).headers["set-cookie"]
        assert kept.startswith("__Host-wetread-out=")
        assert "Secure" in kept


def test_a_session_stands_as_long_as_the_provider_stands_by_it(ward: Ward) -> None:
    browser = ward.log_in()
    ward.later(CHECK_S - 1)
    assert browser.get("/api/session").status == 200
    assert ward.provider.asked == 0
    ward.later(2)
    for _ in range(3):
        assert browser.get("/api/session").status == 200
    assert ward.provider.asked == 1
    ward.provider.still = None
    ward.later(CHECK_S + 1)
    assert browser.get("/api/session").status == 401
    ward.provider.still = StillIn("held")
    assert browser.get("/api/session").status == 401
    assert ward.world.audited()[-1] == ("session.revoke", "ann.lee", "ended_elsewhere")


def test_who_loses_their_groups_loses_the_session_and_who_gets_others_has_another_role(ward: Ward) -> None:
    browser = ward.log_in()
    ward.provider.still = StillIn("held", replace(ANN, role=Role.QUALITY))
    ward.later(CHECK_S + 1)
    assert who(browser)["role"] == "quality"
    ward.provider.still = StillIn("held", replace(ANN, role=None))
    ward.later(CHECK_S + 1)
    assert browser.get("/api/session").status == 401


def test_a_provider_that_is_down_ends_nobody_s_reading_at_once_and_lets_nobody_in(ward: Ward) -> None:
    browser = ward.log_in()
    ward.provider.down = True
    ward.later(CHECK_S + 1)
    assert browser.get("/api/session").status == 200
    for _ in range(int(GRACE_S // 600)):
        ward.later(600)
        browser.get("/api/session")
    assert ward.door.get("/oidc/login", NAVIGATION).headers["location"] == "/login?said=provider_unreachable"
    ward.later(GRACE_S % 600 + 1)
    assert browser.get("/api/session").status == 401
    ward.provider.down = False
    ward.later(CHECK_S + 1)
    assert browser.get("/api/session").status == 200


def test_a_live_view_ends_with_the_provider_s_session(ward: Ward) -> None:
    browser = ward.log_in()
    ward.provider.still = None
    ward.later(CHECK_S + 1)
    assert browser.get("/api/events").status == 401


def test_sessions_of_a_provider_that_is_no_longer_set_are_over(ward: Ward) -> None:
    browser = ward.log_in()
    object.__setattr__(ward.world.services, "provider", None)
    assert browser.get("/api/session").status == 401
    assert ward.door.get("/oidc/login", NAVIGATION).headers["location"] == "/login?said=no_provider"


@pytest.mark.parametrize(("token", "ends"), [("logout:u-ann,,a", True), ("logout:,sid-1,a", True), ("logout:u-ann,sid-1,a", True), ("logout:u-ben,,a", False), ("logout:u-ann,sid-2,a", False)])  # fmt: skip
def test_the_provider_s_word_ends_its_sessions_here_and_no_others(ward: Ward, token: str, ends: bool) -> None:
    browser, other = ward.log_in(), ward.door.as_("radiologist")
    answer = tell(ward, token)
    assert (answer.status, answer.headers["cache-control"]) == (200, "no-store")
    assert browser.get("/api/session").status == (401 if ends else 200)
    assert other.get("/api/session").status == 200


def test_a_logout_token_works_once_and_nothing_else_works(ward: Ward) -> None:
    assert tell(ward, "logout:u-ann,,a").status == 200
    assert tell(ward, "logout:u-ann,,a").status == 400
    assert tell(ward, "garbage").status == 400
    assert tell(ward, "").status == 400
    assert ward.door.post("/oidc/back-channel-logout", {"logout_token": "logout:u-ann,,b"}).status == 415
    twice = b"logout_token=logout:u-ann,,b&logout_token=x"
    assert tell(ward, "", raw=twice).status == 400
    assert tell(ward, "", raw=b"logout_token=" + b"x" * 300_000).status == 413


def tell(ward: Ward, token: str, raw: bytes | None = None):  # type: ignore[no-untyped-def]
    form = {"Content-Type": "application/x-www-form-urlencoded", "Origin": None, "Sec-Fetch-Site": None}
    body = raw if raw is not None else f"logout_token={token}".encode()
    return Browser(ward.door.port).send("POST", "/oidc/back-channel-logout", headers=form, raw=body)


def test_leaving_ends_the_session_here_and_says_where_it_ends_there(ward: Ward) -> None:
    browser = ward.log_in()
    answer = browser.post("/api/logout/elsewhere")
    assert answer.json() == {"url": f"{ISSUER}/end?back=http://127.0.0.1:{ward.door.port}/login"}
    assert browser.get("/api/session").status == 401
    assert ward.door.as_("radiologist").post("/api/logout/elsewhere").json() == {"url": ""}


def test_passwords_may_be_left_to_a_few(ward: Ward) -> None:
    assert ward.door.get("/api/sign-in").json() == {"provider": "the ward's sign-in", "password": True}
    with a_ward(local_accounts=("admin",)) as strict:
        assert strict.door.log_in("radiologist").status == 401
        assert strict.door.log_in("admin").status == 200
        assert strict.door.get("/api/sign-in").json()["password"] is True
    with a_ward(local_accounts=()) as none:
        assert none.door.log_in("admin").status == 401
        assert none.door.get("/api/sign-in").json()["password"] is False


def link(ward: Ward, subject: str = ANN.subject) -> int:
    admin, body = ward.door.as_("admin"), {"subject": subject, "password": PASSWORD}
    return admin.send("PUT", "/api/accounts/radiologist/identity", body).status


def test_a_linked_account_is_signed_in_to_elsewhere_and_by_no_password(ward: Ward) -> None:
    before = ward.door.as_("radiologist")
    assert link(ward) == 200
    assert before.get("/api/session").status == 401
    session = who(ward.log_in())
    assert (session["actor_id"], session["display_name"], session["provider"]) == (
        "radiologist",
        "Ann Lee",
        ward.provider.name,
    )
    assert ward.door.log_in("radiologist").status == 401
    refused = ward.door.as_("admin").send(
        "PUT", "/api/accounts/radiologist/password", {"new_password": "another password", "password": PASSWORD}
    )
    assert (refused.status, refused.json()["code"]) == (422, "no_password")


def test_linking_gives_nobody_a_role(ward: Ward) -> None:
    """An administrator who links a radiologist's account to themselves comes in as what the provider says that they are."""
    ward.provider.person = replace(ANN, role=Role.ADMIN, display_name="Root")
    assert link(ward) == 200
    session = who(ward.log_in())
    assert (session["actor_id"], session["display_name"], session["role"]) == ("radiologist", "Root", "admin")


def test_who_came_in_before_the_link_keeps_their_own_account(ward: Ward) -> None:
    ward.log_in()
    assert link(ward) == 422
    assert who(ward.log_in())["actor_id"] == "ann.lee"


def test_an_unlinked_account_is_nobody_s_and_its_person_somebody_new(ward: Ward) -> None:
    link(ward)
    there = ward.log_in()
    answer = ward.door.as_("admin").post("/api/accounts/radiologist/identity/unlink", {"password": PASSWORD})
    assert answer.status == 200
    assert there.get("/api/session").status == 401
    assert who(ward.log_in())["actor_id"] == "ann.lee"
    assert ward.door.log_in("radiologist").status == 401


def test_the_people_page_is_told_who_is_linked(ward: Ward) -> None:
    link(ward)
    told = ward.door.as_("admin").get("/api/accounts").json()
    assert told["provider"] == ward.provider.name
    subjects = {each["actor_id"]: each["subject"] for each in told["accounts"]}
    assert (subjects["radiologist"], subjects["admin"]) == (ANN.subject, "")


def test_without_a_provider_nothing_is_linked(door: Browser) -> None:
    body = {"subject": "u-ann", "password": PASSWORD}
    answer = door.as_("admin").send("PUT", "/api/accounts/radiologist/identity", body)
    assert (answer.status, answer.json()["code"]) == (404, "no_provider")
    assert door.log_in("radiologist").status == 200
