"""A signature needs two components (21 CFR 11.200(a)(1)): for who signs in elsewhere the second is proved there, for this very act (ADR-0028)."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from builders_web import PASSWORD, Browser
from elsewhere_world import ANN, Ward, a_ward

from wetread.domain.identifiers import StudyKey


@pytest.fixture
def ward() -> Iterator[Ward]:
    with a_ward() as ward:
        yield ward


@pytest.fixture
def browser(ward: Ward) -> Browser:
    return ward.log_in()


@pytest.fixture
def key(ward: Ward, browser: Browser) -> StudyKey:
    key = ward.world.add_study()
    assert browser.post(f"/api/studies/{key}/open").status == 200
    return key


def act_of(browser: Browser, key: StudyKey) -> dict[str, object]:
    report = browser.get(f"/api/studies/{key}").json()["report"]
    return {"etag": report["etag"], "meaning": "I reviewed the images"}  # type: ignore[index]


def sign(browser: Browser, key: StudyKey, act: dict[str, object], secret: str):  # type: ignore[no-untyped-def]
    return browser.post(f"/api/studies/{key}/sign", {**act, "password": secret})


def test_what_was_confirmed_is_signed_once(ward: Ward, browser: Browser, key: StudyKey) -> None:
    act = act_of(browser, key)
    secret = ward.confirm(browser, f"POST /api/studies/{key}/sign", act)
    signed = sign(browser, key, act, secret)
    assert signed.status == 200, signed.body
    signature = signed.json()["signature"]
    assert (signature["signer_name"], signature["meaning"]) == ("Ann Lee", act["meaning"])  # type: ignore[index]
    acts = [(action, outcome) for action, actor, outcome in ward.world.audited() if actor == "ann.lee"]
    assert acts.index(("reauthenticate", "success")) < acts.index(("report.sign", "success"))
    assert sign(browser, key, act, secret).status == 401


def test_the_log_says_how_it_was_proved(ward: Ward, browser: Browser, key: StudyKey) -> None:
    ward.confirm(browser, f"POST /api/studies/{key}/sign", act_of(browser, key))
    events = [each.event for each in ward.world.services.database.audit_records()]
    facts = dict(next(each.detail for each in events if each.action == "reauthenticate"))
    assert (facts["issuer"], facts["proved"], facts["at"][:4]) == (ANN.issuer, "urn:mfa", "2026")
    assert len(facts["act"]) == 64


@pytest.mark.parametrize("secret", ["", "elsewhere", PASSWORD, "wrc_made-up"])
def test_nothing_else_confirms(browser: Browser, key: StudyKey, secret: str) -> None:
    assert sign(browser, key, act_of(browser, key), secret).status in (400, 401)


def test_another_meaning_another_text_or_another_report_is_another_act(
    ward: Ward, browser: Browser, key: StudyKey
) -> None:
    act, target = act_of(browser, key), f"POST /api/studies/{key}/sign"
    other = ward.world.add_study()
    browser.post(f"/api/studies/{other}/open")
    for changed, where in (
        ({**act, "meaning": "I did not look"}, key),
        ({**act, "etag": 999}, key),
        (act_of(browser, other), other),
    ):
        secret = ward.confirm(browser, target, act)
        answer = sign(browser, where, changed, secret)
        assert (answer.status, answer.json()["code"]) == (401, "not_confirmed")
    secret = ward.confirm(browser, f"POST /api/studies/{key}/addendum", act)
    assert sign(browser, key, act, secret).status == 401


def test_it_holds_for_two_minutes_and_for_the_session_that_asked(ward: Ward, browser: Browser, key: StudyKey) -> None:
    act, target = act_of(browser, key), f"POST /api/studies/{key}/sign"
    secret = ward.confirm(browser, target, act)
    assert sign(ward.log_in(), key, act, secret).status == 401
    secret = ward.confirm(browser, target, act)
    ward.later(121)
    assert sign(browser, key, act, secret).status == 401


def test_somebody_else_at_the_provider_confirms_nothing(ward: Ward, browser: Browser, key: StudyKey) -> None:
    act, target = act_of(browser, key), f"POST /api/studies/{key}/sign"
    ward.provider.person = replace(ANN, subject="u-ben")
    out = browser.post("/api/confirmation", {"target": target, "body": act})
    assert ward.come_back(out).headers["location"] == "/login?said=somebody_else"
    assert sign(browser, key, act, str(out.json()["confirmation"])).status == 401
    assert ("reauthenticate", "ann.lee", "somebody_else") in ward.world.audited()


def test_an_errand_that_nobody_came_back_from_confirms_nothing(ward: Ward, browser: Browser, key: StudyKey) -> None:
    act = act_of(browser, key)
    out = browser.post("/api/confirmation", {"target": f"POST /api/studies/{key}/sign", "body": act})
    assert "again=1" in str(out.json()["url"])
    assert sign(browser, key, act, str(out.json()["confirmation"])).status == 401


def test_an_errand_of_a_session_that_ended_confirms_nothing(ward: Ward, browser: Browser, key: StudyKey) -> None:
    out = browser.post("/api/confirmation", {"target": f"POST /api/studies/{key}/sign", "body": act_of(browser, key)})
    browser.post("/api/logout")
    assert ward.come_back(out).headers["location"] == "/login?said=not_signed_in"


def test_a_session_of_a_password_has_nothing_to_confirm_elsewhere(ward: Ward) -> None:
    local = ward.door.as_("radiologist")
    body = {"target": "POST /api/x", "body": {}}
    assert local.post("/api/confirmation", body).status == 422
    assert ward.log_in().post("/api/confirmation", {"target": 7, "body": {}}).status == 422


def test_a_confirmation_signs_nothing_for_a_session_of_a_password(ward: Ward, browser: Browser, key: StudyKey) -> None:
    act = act_of(browser, key)
    secret = ward.confirm(browser, f"POST /api/studies/{key}/sign", act)
    assert sign(ward.door.as_("radiologist"), key, act, secret).status == 401
