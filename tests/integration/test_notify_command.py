"""docs/channels.md as a reader would use it: its settings load, its commands run, its verification code verifies."""

import re
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from neighbours.process import free_port
from neighbours.receivers import Receiver, http_receiver, mllp_listener, smtp_server

from wetread.bootstrap_notifiers import build_notifiers, build_ping, running_notifiers
from wetread.cli import main
from wetread.domain.errors import PermanentError, TransientError
from wetread.domain.page import PageMessage
from wetread.domain.priority import Priority
from wetread.settings import SettingsError, load_settings
from wetread.settings_explained import explain

DOCS = (Path(__file__).parents[2] / "docs" / "channels.md").read_text("utf-8")
SECRET = "whsec_" + b64encode(b"0123456789abcdef0123456789abcdef").decode()
URL = "https://hooks.example.org/s3cret"
A_PAGE = PageMessage(
    "title", "text", "http://127.0.0.1/", Priority.STAT, "main", None, 0, datetime(2026, 3, 1, tzinfo=UTC)
)


def block(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", DOCS, flags=re.S)
    return str(found)


@pytest.fixture
def web() -> Iterator[Receiver]:
    with http_receiver() as receiver:
        yield receiver


@pytest.fixture
def mail() -> Iterator[Receiver]:
    with smtp_server() as receiver:
        yield receiver


@pytest.fixture
def config(tmp_path: Path, web: Receiver, mail: Receiver, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The settings of the docs, with receivers on this machine in place of the hospital's."""
    for name in ("smtp-password", "sms-authorization", "fhir-authorization"):
        (tmp_path / name).write_text("s3cret\n")
    (tmp_path / "webhook-secret").write_text(SECRET)
    for name in ("slack-url", "teams-url"):
        (tmp_path / name).write_text(URL)
    text = re.sub(r"https://(sms|ops)\.hospital\.example", f"http://127.0.0.1:{web.port}", block("toml"))
    text = text.replace("/etc/wetread", str(tmp_path)).replace(
        '"mail.hospital.example"\nport = 587', f'"127.0.0.1"\nport = {mail.port}'
    )
    text = text.replace('"starttls"  ', '"none"').replace('user = "wetread"\n', "")
    (tmp_path / "wetread.toml").write_text(text)
    monkeypatch.setenv("WETREAD_CONFIG", str(tmp_path / "wetread.toml"))
    return tmp_path / "wetread.toml"


def test_the_settings_of_the_docs_make_every_channel(config: Path) -> None:
    settings = load_settings()
    notifiers = build_notifiers(settings)
    assert list(notifiers) == ["email", "sms-night", "ops", "chat", "teams", "ehr", "ris"]
    assert [name for name, each in notifiers.items() if each.carries_phi] == ["ehr", "ris"]
    assert all(name == each.name for name, each in notifiers.items())
    assert "s3cret" not in repr(settings) + repr(explain(settings))


def test_the_commands_of_the_docs_run(
    config: Path, web: Receiver, mail: Receiver, capsys: pytest.CaptureFixture[str]
) -> None:
    commands = [line.removeprefix("$ wetread ").split() for line in block("console").splitlines()]
    assert [main(words) for words in commands] == [0, 0, 0, 0]
    shown = capsys.readouterr().out
    assert re.search(r"^chat +slack +hooks.example.org +without identity$", shown, flags=re.M)
    assert re.search(r"^ris +hl7 +ris.hospital.example:2575 +carries identity$", shown, flags=re.M)
    assert "taken by the webhook (HTTP 201)" in shown
    assert not any(each in shown for each in ("s3cret", "whsec_", "+4917", "dr-lee"))
    (_, page, _), (_, sms, _) = web.arrivals
    assert page["data"]["title"].startswith("TEST")
    assert page["data"]["patient"] is None
    assert sms["to"] == "+491701234567"
    assert sms["from"] == "wetread"
    assert sms["client_ref"]
    assert [each["To"] for each in mail.arrivals] == ["dr-lee@hospital.example"]


def test_the_verification_of_the_docs_takes_our_pages_and_no_others(config: Path, web: Receiver) -> None:
    names: dict[str, Any] = {}
    exec(block("python"), names)  # noqa: S102 - the example of the docs
    assert main(["notify", "test", "ops", "dr-lee"]) == 0
    headers, _, body = web.arrivals[0]
    now = int(headers["webhook-timestamp"])
    assert names["verify"](SECRET, headers, body, now)["data"]["to"] == "dr-lee"
    other = "whsec_" + b64encode(b"x" * 32).decode()
    for wrong in ((SECRET, headers, body + b" ", now), (SECRET, headers, body, now + 301), (other, headers, body, now)):
        with pytest.raises(ValueError, match=r"signature|old"):
            names["verify"](*wrong)


def test_a_channel_that_is_down_or_unknown_is_told(
    config: Path, mail: Receiver, capsys: pytest.CaptureFixture[str]
) -> None:
    config.write_text(config.read_text().replace(f"port = {mail.port}", f"port = {free_port()}"))
    assert main(["notify", "test", "email", "dr-lee@hospital.example"]) == 1
    assert main(["notify", "test", "pigeon", "dr-lee"]) == 1
    said = capsys.readouterr().err
    assert "does not answer" in said
    assert "no channel pigeon; configured: email, sms-night" in said
    assert "dr-lee" not in said


def test_an_hl7_test_page_carries_the_made_up_patient_only(tmp_path: Path) -> None:
    with mllp_listener() as receiver:
        config = tmp_path / "wetread.toml"
        table = f"kind = 'hl7'\nhost = '127.0.0.1'\nport = {receiver.port}\nprocessing_id = 'T'\ncarries_phi = true"
        config.write_text(f"[notification_channels.ris]\n{table}")
        assert main(["notify", "--config", str(config), "test", "ris", "dr-lee"]) == 0
        (text,) = receiver.arrivals
    assert "PID|1||WETREAD-TEST^^^WETREAD^MR||Test^Wetread|||O" in text
    assert text.split("|")[10] == "T"


@pytest.mark.parametrize(
    "table",
    [
        "kind = 'hl7'\nhost = 'ris'\ncarries_phi = false",
        "kind = 'hl7'\nhost = 'ris'",
        "kind = 'sms'\nurl = 'https://s/'\ncarries_phi = true",
        "kind = 'pigeon'",
        "kind = 'email'\nhost = 'm'",
        "kind = 'email'\nhost = 'm'\nsender = 'a@b.c'\nsecurity = 'perhaps'",
        "kind = 'email'\nhost = 'm'\nsender = 'not an address'",
        "kind = 'email'\nhost = 'm'\nsender = 'a@b.c'\nuser = 'u'\nsecurity = 'none'",
        "kind = 'slack'\nurl = 'http://hooks.example.org/s3cret'",
        "kind = 'slack'\nurl_file = '/nonexistent/s3cret'",
        "kind = 'slack'\nurl = 'https://h/s3cret'\nca_file = '/nonexistent'",
        "kind = 'slack'\nurl = 'https://h/s3cret'\ntypo = 1",
        "kind = 'webhook'\nurl = 'https://h/'\nsecret = 's3cret'",
        "kind = 'webhook'\nurl = 'https://h/'",
    ],
)
def test_settings_that_cannot_work_are_refused_by_the_name_of_their_channel(tmp_path: Path, table: str) -> None:
    config = tmp_path / "wetread.toml"
    config.write_text(f"[notification_channels.night]\n{table}")
    with pytest.raises(PermanentError, match="night") as caught:
        build_notifiers(load_settings(config))
    assert "s3cret" not in str(caught.value).replace("secret file s3cret", "")
    assert isinstance(caught.value, SettingsError) or caught.value.code in ("bad_settings", "bad_address")


def test_a_service_pages_by_the_other_channels_and_by_this_one_when_its_secret_is_back(tmp_path: Path) -> None:
    config, secret = tmp_path / "wetread.toml", tmp_path / "token"
    night = f"kind = 'webhook'\nurl = 'https://127.0.0.1:1/'\nsecret_file = '{secret}'"
    day = "kind = 'email'\nhost = 'm'\nsender = 'a@b.c'"
    config.write_text(f"[notification_channels.night]\n{night}\n[notification_channels.day]\n{day}")
    channels, broken = running_notifiers(load_settings(config))
    assert set(channels) == {"night", "day"}
    (found,) = broken()
    assert found == ("night", "channel night: secret file token cannot be read (No such file or directory)")
    with pytest.raises(PermanentError):
        channels["night"].send(A_PAGE, "dev", "key")
    secret.write_text(SECRET)
    assert broken() == ()
    with pytest.raises(TransientError):  # nobody listens there: it was tried
        channels["night"].send(A_PAGE, "dev", "key")


def test_a_channel_name_is_a_plain_word(tmp_path: Path) -> None:
    config = tmp_path / "wetread.toml"
    config.write_text("[notification_channels.'a b']\nkind = 'slack'\nurl = 'https://h/'")
    with pytest.raises(SettingsError):
        load_settings(config)


def test_channels_can_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WETREAD_NOTIFICATION_CHANNELS", f'{{"chat": {{"kind": "slack", "url": "{URL}"}}}}')
    monkeypatch.setenv("WETREAD_DEADMAN_PING_URL", URL)
    settings = load_settings()
    assert list(build_notifiers(settings)) == ["chat"]
    assert build_ping(settings) is not None
    assert "s3cret" not in repr(settings) + repr(explain(settings))


def test_without_a_watcher_there_is_no_ping() -> None:
    assert build_ping(load_settings()) is None
