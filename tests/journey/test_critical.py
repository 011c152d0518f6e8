"""A critical film, from the scanner to somebody's mailbox and back to a closed result, with every real part between."""

import re
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import pytest
from neighbours.wetread import ACCOUNT, PASSWORD, Wetread
from tests.films import film
from tests.journey.waiting import wait_for
from tests.page_receivers import Ledger, http_receiver, smtp_receiver

from wetread.demo.client import Json, ReadingRoomClient

pytestmark = pytest.mark.real

POLICY = """
schema: 2
policy_version: "journey-1"
rules:
  - id: anything
    finding: pneumothorax
    at_least: 0.0001
    priority: stat
    critical: true
    message: "{priority}: suspected {finding}, {site}"
escalation_paths:
  default:
    steps: [{duty: primary, wait_minutes: 5}, {duty: everyone, wait_minutes: 5}]
    acknowledge_within_minutes: 30
    communicate_within_minutes: 60
ai_unavailable: {priority: urgent}
default: {priority: routine}
"""
ROSTER = """
roster_version: "1"
people:
  dr-test:
    name: Dr Test
    contacts: [{channel: email, address: dr-test@hospital.example}, {channel: hook, address: dr-test}]
sites:
  main:
    time_zone: Europe/Berlin
    duties:
      primary: {layers: [{people: [dr-test]}]}
      secondary: {layers: [{people: [dr-test]}]}
      team_lead: {layers: [{people: [dr-test]}]}
      system: {layers: [{people: [dr-test]}]}
"""
SETTINGS = """
[notification_channels.email]
kind = "email"
host = "127.0.0.1"
port = {smtp}
security = "none"
sender = "wetread@hospital.example"

[notification_channels.hook]
kind = "webhook"
carries_phi = true
url = "http://127.0.0.1:{http}/pages"
allow_http = true
secret = "{secret}"
"""
IDENTITY = ("Zephyrine", "PHANTOM-0031", "19700101", "1970-01-01")


@dataclass
class Hospital:
    """A running service with its mailbox and its webhook."""

    house: Wetread
    client: ReadingRoomClient
    mail: Ledger
    hook: Ledger
    log: Path

    def send(self, seed: int) -> None:
        path = self.house.folder.parent / f"film{seed}.dcm"
        path.write_bytes(film(seed))
        assert self.house.run("send", str(path), "--to", self.house.dicomweb_url).returncode == 0

    def criticals(self) -> list[Json]:
        rows: list[Json] = self.client.get("/api/criticals")["criticals"]
        return rows


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hospital]:
    folder = tmp_path_factory.mktemp("hospital")
    (folder / "policy.yaml").write_text(POLICY)
    (folder / "roster.yaml").write_text(ROSTER)
    with smtp_receiver() as mail, http_receiver() as hook:
        secret = "whsec_" + b64encode(b"k" * 32).decode()
        (folder / "settings.toml").write_text(SETTINGS.format(smtp=mail.port, http=hook.port, secret=secret))
        settings = {
            "CONFIG": str(folder / "settings.toml"),
            "TRIAGE_POLICY": str(folder / "policy.yaml"),
            "ROSTER_FILE": str(folder / "roster.yaml"),
            "WORKERS": "1",
        }
        house = Wetread(folder / "house", settings)
        house.add_radiologist()
        with house.serving() as service:
            yield Hospital(house, service.client, mail, hook, service.log)


def test_a_critical_film_is_in_the_mailbox_without_a_name_and_ends_closed(hospital: Hospital) -> None:
    hospital.send(31)
    wait_for(lambda: len(hospital.mail.entries) == 1, "a page")
    _, recipient, text = hospital.mail.entries[0]
    assert recipient == "dr-test@hospital.example"
    assert "suspected pneumothorax" in text.lower()
    assert not any(word in text for word in IDENTITY)
    wait_for(lambda: [row["state"] for row in hospital.criticals()] == ["notified"], "the receipt")
    (row,) = hospital.criticals()
    assert row["patient_id"] == "PHANTOM-0031"
    link = re.search(r"http://\S+/studies/(\S+)", text)
    assert link is not None
    assert link[1] == row["study_key"]
    path = f"/api/criticals/{row['critical_key']}"
    row = hospital.client.post(f"{path}/acknowledge", {"etag": row["etag"], "read_back": "right pneumothorax"})
    told = {"etag": row["etag"], "to_whom": "Dr Ng, ward 4", "how": "phone", "read_back_confirmed": True}
    row = hospital.client.post(f"{path}/communicate", told)
    row = hospital.client.post(f"{path}/close", {"etag": row["etag"], "reason": "communicated", "note": ""})
    assert row["state"] == "closed"
    assert not hospital.criticals()
    assert hospital.house.run("audit", "verify").returncode == 0


def test_identity_travels_only_on_the_channel_that_is_marked_for_it(hospital: Hospital) -> None:
    hospital.mail.refuse = 10**6
    mails = len(hospital.mail.entries)
    try:
        hospital.send(32)
        wait_for(
            lambda: any("PHANTOM-0032" in text for _, _, text in hospital.hook.entries),
            "the page on the second channel",
        )
    finally:
        hospital.mail.refuse = 0
    assert len(hospital.mail.entries) == mails
    log = hospital.log.read_text(errors="replace")
    for word in ("Zephyrine", "PHANTOM-00", "dr-test@hospital.example"):
        assert word not in log


def test_open_results_are_a_metric(hospital: Hospital) -> None:
    hospital.send(34)
    wait_for(lambda: bool(hospital.criticals()), "an open result")
    metrics = urlopen(f"http://127.0.0.1:{hospital.house.port}/metrics").read().decode()
    assert re.search(r'wetread_critical_results\{[^}]*state="(open|notified)"[^}]*\} [1-9]', metrics)


def test_the_commands_on_the_page_do_what_it_says(hospital: Hospital) -> None:
    page = (Path(__file__).parents[2] / "docs" / "critical-findings.md").read_text("utf-8")
    commands = re.findall(r"^\$ wetread (.+)$", page, flags=re.M)
    assert [words.split()[1] for words in commands] == ["list", "show", "acknowledge", "communicate", "close"]
    hospital.send(33)
    wait_for(lambda: any(row["patient_id"] == "PHANTOM-0033" for row in hospital.criticals()), "a critical result")
    (key,) = [row["critical_key"] for row in hospital.criticals() if row["patient_id"] == "PHANTOM-0033"]
    words = {"KEY": key, "USER": ACCOUNT, "TEXT": "right pneumothorax", "WHO": "Dr Ng, ward 4"}
    for command in commands:
        asks = ["--password-stdin"] if "--as" in command else []
        done = hospital.house.run(*(words.get(word, word) for word in command.split()), *asks, stdin=PASSWORD + "\n")
        assert done.returncode == 0, (command, done.stderr)
        assert key in done.stdout
    assert key in hospital.house.run("critical", "list", "--closed").stdout
    late = hospital.house.run("critical", "release", key, "--as", ACCOUNT, "--password-stdin", stdin=PASSWORD + "\n")
    assert late.returncode == 1
    assert "closed" in late.stderr
