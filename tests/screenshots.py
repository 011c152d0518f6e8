"""`make screenshots`: the pictures in docs/images, taken from a real `wetread demo` with the bundled model, so that they show what a stranger will see."""

import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.builders_web import PASSWORD, World, a_world, open_door
from tests.quality_data import a_simulated_report
from wetread.bootstrap_connections import shown_settings
from wetread.domain.capability import Capability, Verdict
from wetread.domain.errors import TransientError
from wetread.domain.identifiers import StudyKey
from wetread.domain.job import JobKind
from wetread.domain.role import Actor, Role
from wetread.governance.desk import RolloutDesk
from wetread.settings import Settings
from wetread.testing.builders import a_job_request
from wetread.testing.clock import FixedClock
from wetread.testing.rollout_builders import a_gate_plan, a_model_version
from wetread.triage.policy import DEFAULT_POLICY
from wetread.web.services import Administration, Connection

IMAGES = Path(__file__).parents[1] / "docs" / "images"
FLAGS = ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync"]
READY = re.compile(r"ready: (\S+)\s+account (\S+)\s+password (\S+)")


def main() -> None:
    demo = subprocess.Popen(
        [sys.executable, "-m", "wetread", "demo", "--films", "14", "--sign", "2"], stdout=subprocess.PIPE, text=True
    )
    try:
        address, account, password = follow(demo)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            take(page, address, account, password)
            take_quality(browser.new_page(viewport={"width": 1280, "height": 800}))
            take_administration(browser.new_page(viewport={"width": 1280, "height": 800}))
            browser.close()
    finally:
        demo.terminate()
        demo.wait(60)


def follow(demo: "subprocess.Popen[str]") -> tuple[str, str, str]:
    """Tell the demo's story on; returns once it has nothing left to do."""
    found: tuple[str, str, str] | None = None
    for line in demo.stdout or ():
        sys.stdout.write(line)
        if match := READY.search(line):
            found = (match[1], match[2], match[3])
        if "press Ctrl-C" in line and found:
            return found
    raise SystemExit("the demo ended early")


def take(page: Page, address: str, account: str, password: str) -> None:
    page.goto(address)
    page.get_by_label("Account").fill(account)
    page.get_by_label("Password").fill(password)
    page.keyboard.press("Enter")
    page.wait_for_selector("tbody tr")
    page.wait_for_selector("#critical li")
    page.wait_for_timeout(1500)
    page.screenshot(path=IMAGES / "worklist.png")
    take_rooms(page, address)
    page.goto(address)
    page.wait_for_selector("tbody tr")
    page.keyboard.press("Enter")
    page.wait_for_selector("#report h2")
    page.wait_for_timeout(1500)
    called = page.locator(".finding.called")
    if called.count():
        called.first.hover()
        page.keyboard.press("h")
        page.wait_for_timeout(500)
    page.screenshot(path=IMAGES / "reading.png")
    if called.count():
        page.keyboard.press("h")
    page.keyboard.press("Control+Enter")
    page.keyboard.type(password)
    page.keyboard.press("Enter")
    page.get_by_role("group", name="Signature").wait_for()
    page.wait_for_timeout(3000)
    page.screenshot(path=IMAGES / "signed.png")
    with page.context.expect_page() as opened:
        page.keyboard.press("p")
    sources = opened.value
    sources.wait_for_load_state()
    size = sources.viewport_size or {}
    sources.set_viewport_size(
        {**size, "width": 1812, "height": int(sources.locator("svg").get_attribute("height") or 800)}
    )
    sources.screenshot(path=IMAGES / "provenance.png")
    sources.close()


def take_rooms(page: Page, address: str) -> None:
    """A critical result with what happened to it, taken by somebody; and the roster."""
    page.goto(f"{address.rstrip('/')}/criticals")
    page.wait_for_selector("#list li")
    page.keyboard.press("a")
    page.keyboard.type("large right effusion, calling the ward")
    page.keyboard.press("Enter")
    page.wait_for_selector("#list li.acknowledged")
    for summary in page.locator("#list summary").all():
        summary.click()
    page.wait_for_timeout(1500)
    page.screenshot(path=IMAGES / "criticals.png")
    page.goto(f"{address.rstrip('/')}/roster")
    page.wait_for_selector("#sites table")
    page.screenshot(path=IMAGES / "roster.png")


def take_quality(page: Page) -> None:
    """A simulated log: the demo's fourteen films are too few for any number."""
    world = a_world(clock=FixedClock(datetime.now(UTC)))
    with world.services.database.begin() as unit:
        unit.save_quality(a_simulated_report(datetime.now(UTC)))
        unit.commit()
    with open_door(world) as door:
        page.goto(f"http://127.0.0.1:{door.port}/quality")
        page.get_by_label("Account").fill("quality")
        page.get_by_label("Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_selector(".picture svg")
        page.wait_for_timeout(500)
        page.screenshot(path=IMAGES / "quality.png")
        page.close()


def take_administration(page: Page) -> None:
    """Made-up people, work that failed, a version on trial, connections, and the built-in policy tried on made-up studies."""
    world = a_world(clock=FixedClock(datetime.now(UTC)))
    world.services = replace(world.services, administration=an_administration())
    keys = [world.add_study() for _ in range(12)]
    bury(world, keys[:3])
    on_trial(world)
    for key in keys[:6]:
        world.services.desk.open(Actor("radiologist", Role.RADIOLOGIST), key)
    with open_door(world) as door:
        page.goto(f"http://127.0.0.1:{door.port}/administration/people")
        page.get_by_label("Account").fill("admin")
        page.get_by_label("Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_selector("#part table")
        page.screenshot(path=IMAGES / "people.png")
        for part, picture in (
            ("work", "failed-work"),
            ("audit", "audit-log"),
            ("models", "models"),
            ("connections", "connections"),
        ):
            page.goto(f"http://127.0.0.1:{door.port}/administration/{part}")
            page.wait_for_selector("#part table, #part .card")
            if part == "audit":  # what the made-up studies were put there by is not in a real log
                page.get_by_label("Account", exact=True).fill("radiologist")
                page.keyboard.press("Enter")
            if part == "connections":
                for name in ("ae-PACS", "ae-VNA"):
                    page.get_by_role("button", name=f"Test {name}").click()
            page.wait_for_timeout(500)
            page.screenshot(path=IMAGES / f"{picture}.png")
        page.goto(f"http://127.0.0.1:{door.port}/administration/rules")
        page.get_by_role("button", name="Try it").click()
        page.wait_for_selector("#part table")
        page.wait_for_timeout(500)
        page.screenshot(path=IMAGES / "rules.png")
        page.close()


def an_administration() -> Administration:
    """Destinations and DICOM neighbours, of which some do not answer, and the settings of a fresh installation."""

    def silent() -> str:
        raise TransientError("the archive does not answer", code="receiver_unreachable")

    pacs = (
        Capability("connection", "10.0.0.7:2762", Verdict.YES),
        Capability("TLS", "its certificate and ours", Verdict.YES),
        Capability("association", "WETREAD calls PACS", Verdict.YES),
        Capability("verification", "C-ECHO", Verdict.YES),
        Capability("query_retrieve", "C-FIND, study root", Verdict.YES),
        Capability("query_retrieve", "C-GET, study root", Verdict.PARTLY, "not accepted; C-MOVE, study root will do"),
        Capability("query_retrieve", "C-MOVE, study root", Verdict.YES),
    )
    why = "the certificate of VNA has expired: renew it there"
    vna = (
        Capability("connection", "10.0.0.8:2762", Verdict.YES),
        Capability("TLS", "its certificate and ours", Verdict.NO, why),
        Capability("association", "WETREAD calls VNA", Verdict.UNKNOWN),
        Capability("store", "C-STORE, comprehensive SR", Verdict.UNKNOWN),
    )
    return Administration(
        policy_text=lambda: DEFAULT_POLICY.read_text("utf-8"),
        settings=shown_settings(Settings(data_dir=Path("/var/lib/wetread"))),
        connections=(
            Connection("stow", "STOW-RS", "https://archive.example/dicom-web", silent),
            Connection("fhir", "FHIR", "https://ehr.example/fhir", lambda: "ehr.example answers HTTP 200"),
            Connection("ae-PACS", "DICOM, query and retrieve", "PACS@10.0.0.7:2762 (TLS)", lambda: pacs),
            Connection("ae-VNA", "DICOM, store", "VNA@10.0.0.8:2762 (TLS)", lambda: vna),
        ),
    )


def bury(world: World, keys: list[StudyKey]) -> None:
    """Their deliveries were tried for the last time."""
    with world.services.database.begin() as unit:
        for key in keys:
            job = a_job_request(kind=JobKind.DELIVER, study_key=key, dedupe_key=f"deliver:{key}", detail="1:fhir")
            unit.enqueue(job)
        unit.commit()
    for _ in keys:
        claimed = world.services.database.claim_job(frozenset(JobKind), now=world.clock.now(), lease_s=60)
        if claimed:
            world.services.database.bury_job(claimed, reason="receiver_unreachable: no answer within 10 s")


def on_trial(world: World) -> None:
    """A registered version that reads along."""
    version = a_model_version(registered_by="ml_engineer")
    desk = RolloutDesk(world.services.database, world.clock)
    engineer = Actor("ml_engineer", Role.ML_ENGINEER)
    desk.register(engineer, version)
    desk.start(engineer, version.key, "north", a_gate_plan(), "trained on last year's films")


if __name__ == "__main__":
    main()
