"""The administration pages at the screen: what each does, what each refuses, and that everybody can use them."""

import base64
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest
from builders_web import PASSWORD, World, a_world, open_door
from playwright.sync_api import Page, expect
from reading_room import Room, held, until

from wetread.domain.audit import AuditEvent
from wetread.domain.errors import TransientError
from wetread.domain.job import JobKind
from wetread.domain.priority import Priority
from wetread.domain.role import Actor, Role
from wetread.governance.desk import RolloutDesk
from wetread.governance.plan import told_to_expect
from wetread.testing.builders import a_decision, a_job_request, an_analysis
from wetread.testing.clock import FixedClock
from wetread.testing.rollout_builders import a_decision_of_gates, a_gate_plan, a_model_version, evidence
from wetread.triage.policy import DEFAULT_POLICY
from wetread.web.services import Administration, Connection
from wetread.web.totp import code_at

pytestmark = pytest.mark.real

AXE = Path(__file__).parents[1] / "neighbours" / "node" / "node_modules" / "axe-core" / "axe.min.js"
NASTY = "<img src=https://evil.example/a onerror=alert(1)>"


def _silent() -> str:
    raise TransientError(f"archive does not answer {NASTY}", code="receiver_unreachable")


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    """Twins instead of storage: what is looked at here is the pages."""
    world = a_world(clock=FixedClock(datetime.now(UTC)))
    shown = Administration(
        policy_text=lambda: DEFAULT_POLICY.read_text("utf-8"),
        settings=(("secret", "********", "default", NASTY), ("site", "north", "file", "Name of the site.")),
        connections=(
            Connection("stow", "STOW-RS", "https://archive/", _silent),
            Connection("fhir", "FHIR", "https://ehr/", lambda: "ehr answers HTTP 200"),
        ),
    )
    world.services = replace(world.services, administration=shown)
    with open_door(world) as door:
        yield Room(world, door, tmp_path)


def _open(page: Page, room: Room, part: str, actor_id: str = "admin") -> None:
    page.goto(f"{room.address}/administration/{part}")
    page.get_by_label("Account").fill(actor_id)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda address: address == f"{room.address}/administration/{part}")
    page.wait_for_selector("#part > *")


def _bury(world: World, count: int) -> None:
    for number in range(count):
        key = world.add_study()
        with world.services.database.begin() as unit:
            unit.enqueue(a_job_request(study_key=key, dedupe_key=f"job {number}"))
            unit.commit()
        job = world.services.database.claim_job(frozenset(JobKind), now=world.clock.now(), lease_s=60)
        assert job is not None
        world.services.database.bury_job(job, reason=f"decoder_died {NASTY}")


def test_failed_work_is_put_back_one_and_all(page: Page, room: Room) -> None:
    _bury(room.world, 3)
    _open(page, room, "work")
    expect(page.locator("#part tbody tr")).to_have_count(3)
    expect(page.locator("#part")).to_contain_text(NASTY)
    page.get_by_role("button", name="Try again analyse").first.click()
    expect(page.locator("#said")).to_have_text("1 job is back in the queue.")
    expect(page.locator("#part tbody tr")).to_have_count(2)
    page.get_by_role("button", name="Try all analyse again (2)").click()
    expect(page.locator("#part")).to_contain_text("Nothing has failed for good")
    assert room.world.audited().count(("job.retry", "admin", "success")) == 3


def test_a_record_with_much_to_tell_stays_on_the_page(page: Page, room: Room) -> None:
    with room.world.services.database.begin() as unit:
        detail = (("model", 2 * "0123456789abcdef" * 4), ("input", "f" * 64))
        unit.audit(AuditEvent("ai.read", "worker", detail=detail), room.world.clock.now())
        unit.commit()
    _open(page, room, "audit", "quality")
    expect(page.locator("#part table")).to_contain_text("f" * 64)
    assert page.evaluate("document.querySelector('#part table').getBoundingClientRect().right <= innerWidth")


def test_the_log_is_searched_and_a_broken_chain_is_shouted(page: Page, room: Room) -> None:
    room.door.as_("radiologist")
    room.world.add_account("b<b>old", Role.RESIDENT)
    room.door.as_("b<b>old")
    _open(page, room, "audit", "quality")
    expect(page.locator("#part")).to_contain_text("The chain holds:")
    expect(page.locator("#part")).to_contain_text("b<b>old")
    page.get_by_label("Account", exact=True).fill("radiologist")
    page.get_by_label("Action begins with").fill("log")
    page.keyboard.press("Enter")
    expect(page.locator("#part tbody tr")).to_have_count(1)
    expect(page.locator("#part tbody tr")).to_contain_text("login")
    with page.expect_download() as download:
        page.get_by_role("button", name="Export as CSV").click()
    assert "radiologist" in download.value.path().read_text("utf-8")
    page.get_by_label("Account", exact=True).fill("nobody")
    page.keyboard.press("Enter")
    expect(page.locator("#part")).to_contain_text("No record matches")
    state = room.world.services.database.state  # type: ignore[attr-defined]
    newest = max(state.audit)
    state.audit[newest] = replace(state.audit[newest], hash="0" * 64)
    room.door.as_("radiologist")
    page.get_by_label("Account", exact=True).fill("")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("THE CHAIN IS BROKEN")


def test_a_radiologist_sees_own_acts_and_own_account_and_no_other_part(page: Page, room: Room) -> None:
    _open(page, room, "people", "radiologist")
    expect(page.locator("#title")).to_have_text("Audit log")
    expect(page.locator("#parts a")).to_have_text(["Audit log", "My account"])
    expect(page.locator("#part")).to_contain_text("Your own acts")
    expect(page.get_by_label("Account", exact=True)).to_be_disabled()


def test_an_account_is_added_refused_changed_and_its_session_ended(page: Page, room: Room) -> None:
    stranger = room.door.as_("technologist")
    _open(page, room, "people")
    page.get_by_role("button", name="Add an account").click()
    dialog = page.get_by_role("dialog", name="Add an account")
    dialog.get_by_label("Account name").fill("quality")
    dialog.get_by_label("Name under a signature").fill(NASTY)
    dialog.get_by_label("New password").fill("a long password")
    dialog.get_by_label("Your own password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("alert")).to_have_text("there is an account quality already")
    dialog.get_by_label("Account name").fill("dr.new")
    page.keyboard.press("Enter")
    expect(page.locator("#said")).to_contain_text("dr.new, radiologist")
    expect(page.locator("#part")).to_contain_text(NASTY)
    page.get_by_role("button", name="Role… dr.new").click()
    dialog = page.get_by_role("dialog", name="Another role for dr.new")
    dialog.get_by_label("Role").select_option("resident")
    dialog.get_by_label("Your own password").fill("not my password")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("alert")).to_have_text("the password is not right")
    dialog.get_by_label("Your own password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("#said")).to_contain_text("dr.new, resident")
    expect(page.get_by_role("button", name="Disable admin")).to_have_count(0)
    page.get_by_role("button", name="End technologist").click()
    expect(page.locator("#said")).to_contain_text("End a session of technologist")
    assert stranger.get("/api/session").status == 401


def test_connections_answer_or_say_why_not_and_secrets_are_masked(page: Page, room: Room) -> None:
    _open(page, room, "connections")
    page.get_by_role("button", name="Test fhir").click()
    expect(page.locator("#part tbody tr").nth(1)).to_contain_text("ehr answers HTTP 200")
    page.get_by_role("button", name="Test stow").click()
    expect(page.locator("#part tbody tr").first).to_contain_text(f"archive does not answer {NASTY}")
    expect(page.get_by_role("table", name="Settings").locator("tbody tr").first).to_contain_text("north")
    expect(page.locator("#part")).to_contain_text("********")
    page.get_by_label("Filter the settings").fill("north")
    expect(page.get_by_role("row", name="secret")).to_have_count(0)


def _start_rollout(world: World) -> str:
    engineer = Actor("ml_engineer", Role.ML_ENGINEER)
    desk, version = RolloutDesk(world.services.database, world.clock), a_model_version(note=NASTY)
    desk.register(engineer, version)
    desk.start(engineer, version.key, "north", told_to_expect(a_gate_plan(stake=0.8), 1100), NASTY)
    with world.services.database.begin() as unit:
        unit.add_decision(a_decision_of_gates(model_key=version.key, site="north", evidence=(evidence(),)))
        unit.commit()
    return version.key


def test_a_version_is_held_and_taken_back_by_who_may(page: Page, room: Room) -> None:
    key = _start_rollout(room.world)
    _open(page, room, "models")
    expect(page.locator("#part")).to_contain_text(NASTY)
    expect(page.locator("#part")).to_contain_text("At the start: 1,100 different patients without a finding")
    page.get_by_text("Gates (1)").click()
    expect(page.locator("#part")).to_contain_text("false positives")
    page.get_by_role("button", name="Hold").click()
    dialog = page.get_by_role("dialog", name=f"Hold: {key} at north")
    dialog.get_by_label("Why").fill("too many calls at night")
    dialog.get_by_label("Your own password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("#part")).to_contain_text("HELD: too many calls at night")
    expect(page.get_by_role("button", name="Resume")).to_be_visible()
    expect(page.get_by_role("button", name="Hold")).to_have_count(0)
    page.get_by_role("button", name="Roll back").click()
    page.get_by_role("dialog").get_by_label("Why").fill("it gets worse")
    page.get_by_role("dialog").get_by_label("Your own password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("#part")).to_contain_text("retired")
    assert ("rollout.roll_back", "admin", "success") in room.world.audited()


def test_a_policy_is_checked_while_typed_and_tried_without_changing_anything(page: Page, room: Room) -> None:
    decision = a_decision(priority=Priority.ROUTINE, critical=False)
    room.world.add_study(analysis=an_analysis(), decision=decision)
    _open(page, room, "rules", "quality")
    expect(page.locator("#part")).to_contain_text("No problem.")
    policy = page.get_by_label("Policy", exact=True)
    good = policy.input_value()
    policy.fill(good.replace("priority: stat", "priority: at_once"))
    expect(page.locator("#part .alert")).to_contain_text("problem")
    expect(page.get_by_role("button", name="Download")).to_be_disabled()
    policy.fill(good)
    expect(page.locator("#part")).to_contain_text("No problem.")
    page.get_by_role("button", name="Try it").click()
    expect(page.locator("#part")).to_contain_text("1 of 1 studies would have another priority.")
    expect(page.locator("#part")).to_contain_text("1 become critical")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    assert download.value.path().read_text("utf-8") == good


def test_a_verdict_that_comes_late_is_not_said_of_other_words(page: Page, room: Room) -> None:
    _open(page, room, "rules", "quality")
    expect(page.locator("#part")).to_contain_text("No problem.")
    policy = page.get_by_label("Policy", exact=True)
    good = policy.input_value()
    late = held(page, "**/api/policy/check")
    policy.fill(good.replace("priority: stat", "priority: at_once"))
    until(page, lambda: len(late) == 1)
    with page.expect_response("**/api/policy/check"):
        policy.fill(f"{good} ")
    with page.expect_response("**/api/policy/check"):
        late[0].continue_()
    page.wait_for_timeout(300)  # the longer, the more this shows
    expect(page.locator("#part .alert")).to_have_count(0)
    expect(page.get_by_role("button", name="Download")).to_be_enabled()


def test_a_policy_is_proposed_by_one_and_approved_by_another(page: Page, room: Room) -> None:
    _open(page, room, "rules", "quality")
    policy = page.get_by_label("Policy", exact=True)
    policy.fill(policy.input_value().replace('"default-2"', '"north-1"'))
    page.get_by_role("button", name="Propose it").click()
    page.get_by_role("dialog").get_by_label("Why").fill("fewer pages at night")
    page.get_by_role("dialog").get_by_label("Your own password").fill(PASSWORD)
    page.keyboard.press("Enter")
    waiting = page.get_by_role("group", name="Version 1: policy north-1")
    expect(waiting).to_contain_text("proposed")
    expect(waiting.get_by_role("button", name="Approve")).to_have_count(0)
    page.get_by_role("button", name="Sign out").click()
    page.get_by_label("Account").wait_for()
    _open(page, room, "rules")
    waiting.get_by_role("button", name="Compare with what decides").click()
    expect(page.get_by_role("dialog").locator("ins")).to_contain_text('policy_version: "north-1"')
    page.keyboard.press("Escape")
    waiting.get_by_role("button", name="Approve").click()
    page.get_by_role("dialog").get_by_label("Why").fill("tried on last week")
    page.get_by_role("dialog").get_by_label("Your own password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("#part")).to_contain_text("Version 1 decides: policy north-1.")
    assert ("policy.approve", "admin", "success") in room.world.audited()


def _open_in_emergency(room: Room) -> None:
    room.world.add_account("far", Role.RADIOLOGIST, sites=("south",))
    body = {
        "study": room.world.add_study(),
        "reason": "covering",
        "words": f"night shift {NASTY}",
        "password": PASSWORD,
    }
    assert room.door.as_("far").post("/api/emergencies", body).status == 200


def test_an_emergency_is_judged_on_its_page(page: Page, room: Room) -> None:
    _open_in_emergency(room)
    _open(page, room, "emergencies", "quality")
    expect(page.locator("#part tbody tr")).to_contain_text("I cover for this site")
    page.get_by_role("button", name="Judge").press("Enter")
    dialog = page.get_by_role("dialog", name="Judge emergency 1 of far")
    expect(dialog.get_by_label("Verdict")).to_be_focused()
    dialog.get_by_label("Verdict").select_option("not_justified")
    dialog.get_by_role("button", name="Save").click()
    expect(page.locator("#part tbody tr")).to_contain_text("not justified")


def test_an_authenticator_is_set_up_and_asked_for_by_keyboard_alone(page: Page, room: Room) -> None:
    _open(page, room, "account", "radiologist")
    page.get_by_role("button", name="Set up an authenticator").press("Enter")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog").get_by_role("textbox", name="Code")).to_be_focused()
    seed = base64.b32decode(page.locator("dialog code").inner_text().replace(" ", ""))
    step = int(room.world.clock.now().timestamp()) // 30
    page.keyboard.type(code_at(seed, step))
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Recovery codes").locator("li")).to_have_count(10)
    page.keyboard.press("Enter")
    # the page is loaded anew: a key before that is lost
    expect(page.locator("#part")).to_contain_text("10 recovery codes are left")
    room.world.clock.advance(30)
    page.get_by_role("button", name="Sign out").press("Enter")
    page.get_by_label("Account").fill("radiologist")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_label("Code of your authenticator")).to_be_focused()
    page.keyboard.type(code_at(seed, step + 1))
    page.keyboard.press("Enter")
    expect(page.locator("#who")).to_contain_text("radiologist")


@pytest.mark.parametrize(
    "part", ["work", "audit", "people", "models", "connections", "rules", "emergencies", "account"]
)
def test_axe_finds_no_serious_barrier_and_everything_fits(page: Page, room: Room, part: str) -> None:
    _bury(room.world, 2)
    _start_rollout(room.world)
    _open_in_emergency(room)
    _open(page, room, part)
    for summary in page.locator("summary").all():
        summary.click()
    page.evaluate(AXE.read_text("utf-8"))
    found = cast(list[dict[str, object]], page.evaluate("async () => (await axe.run()).violations"))
    serious = {each["id"]: each["nodes"] for each in found if each["impact"] in ("serious", "critical")}
    assert serious == {}
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth") is True
