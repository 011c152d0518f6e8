"""What a first-time user gets wrong: each is told in one line that names what and says what to do, with exit status 1, without a traceback and without a secret."""

import json
import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from neighbours.postgres import PostgresServer, running_postgres
from neighbours.wetread import COMMAND, Wetread
from tests.journey.waiting import wait_for

from wetread.triage.roster_file import EXAMPLE_ROSTER

SECRET = "hunter2"
_RIGHTS = "-dac_override,-dac_read_search,-fowner,-chown"
"""What makes root free of permissions: without them it is an account like another, whose interpreter it may still read."""
PACS = {"ae_title": "PACS", "host": "127.0.0.1", "port": 104}


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    with running_postgres() as server:
        yield server


def refused(house: Wetread, *words: str) -> str:
    """The one line."""
    done = house.run(*words)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert SECRET not in done.stdout + done.stderr
    (line,) = [each for each in done.stderr.splitlines() if each.startswith("wetread: ")]
    return line


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("AETITLE", "X", "WETREAD_AETITLE: did you mean WETREAD_AE_TITLE?"),
        ("ZZZ", SECRET, "WETREAD_ZZZ (see `wetread settings`)"),
        ("DIMSE_PORT", SECRET, "dimse_port: Input should be a valid integer"),
        ("AE_TITLE", "WETREAD-RADIOLOGY-LONG", "ae_title: an AE title has 1 to 16 characters"),
        ("APPLICATION_ENTITIES", json.dumps([PACS | {"aetitle": "X"}]), "application_entities, entry 1, aetitle: there is no such setting in that table"),
        ("APPLICATION_ENTITIES", json.dumps([{"ae_title": "PACS", "we_use": ["store"]}]), "application_entities, entry 1: host and port are needed"),
        ("TRUSTED_PROXIES", "10.0.0.1/8", "settings: trusted_proxies, entry 1: that is no network, like 10.0.0.0/8, without bits beyond its mask"),
        ("DATABASE_URL", f"postgresql://u:{SECRET}@127.0.0.1:1/w", "127.0.0.1:1/w: the database cannot be reached (nobody listens at its host and port)"),
        ("VAULT_URL", f"postgresql://u:{SECRET}@no-such-host.invalid/v", "no-such-host.invalid/v: the database cannot be reached (its host has no address)"),
    ],
)  # fmt: skip
def test_a_wrong_setting_in_the_environment(tmp_path: Path, name: str, value: str, says: str) -> None:
    assert says in refused(Wetread(tmp_path / "house", {name: value}), "status")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("dimse_prot = 1\n", "dimse_prot: there is no such setting: did you mean dimse_port?"),
        ("ae_title = WETREAD\n", "is not TOML: Invalid value (at line 1, column 12); texts stand in quotes"),
        ("roster_file = 3\n", "settings: roster_file: it is to be a path, in quotes"),
        ("[notification_channels.email]\nkind = 'email'\nhost = 'h'\n", "email, sender: it is missing"),
        (None, "cannot be read (No such file or directory)"),
    ],
)
def test_a_wrong_settings_file(tmp_path: Path, text: str | None, says: str) -> None:
    file = tmp_path / "wetread.toml"
    if text is not None:
        file.write_text(text)
    assert says in refused(Wetread(tmp_path / "house"), "status", "--config", str(file))


def test_a_file_in_a_folder_that_is_not_there(tmp_path: Path) -> None:
    where = ("--roster", str(EXAMPLE_ROSTER), "--ics", str(tmp_path / "no" / "oncall.ics"))
    assert "oncall.ics: No such file or directory" in refused(Wetread(tmp_path / "house"), "roster", "export", *where)


def test_a_data_folder_that_cannot_be_one(tmp_path: Path) -> None:
    house = Wetread(tmp_path / "house")
    (tmp_path / "file").write_text("")
    line = refused(house, "status", "--data-dir", str(tmp_path / "file"))
    assert f"data_dir {tmp_path / 'file'} cannot be made or is not ours (Not a directory)" in line


@pytest.mark.real
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to another account")
@pytest.mark.parametrize("words", [("status",), ("backup", "copy"), ("keys", "list"), ("migrate",)])
def test_a_data_folder_that_is_another_accounts(tmp_path: Path, words: tuple[str, ...]) -> None:
    house = Wetread(tmp_path / "house")
    (tmp_path / "house" / "vault").mkdir(exist_ok=True)
    for each in (tmp_path / "house" / "vault", tmp_path / "house"):
        os.chown(each, 65534, 65534)
        each.chmod(0o700)
    without = ["setpriv", "--bounding-set", _RIGHTS, "--inh-caps", _RIGHTS, *COMMAND]
    arguments = [str(tmp_path / each) if each == "copy" else each for each in words]
    done = subprocess.run([*without, *arguments], env=house.environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 1, done.stdout
    (line,) = done.stderr.splitlines()
    assert line.startswith("wetread: ")
    assert "correct its owner" in line


def test_a_dimse_port_that_another_has(tmp_path: Path) -> None:
    house = Wetread(tmp_path / "house", {"DIMSE_HOST": "127.0.0.1"})
    with socket.create_server(("127.0.0.1", house.dimse_port)):
        line = refused(house, "dimse")
    assert f"the DIMSE door cannot be opened at 127.0.0.1, port {house.dimse_port} (Address already in use)" in line


def test_the_service_says_where_it_is_to_be_found(tmp_path: Path) -> None:
    house = Wetread(tmp_path / "house")
    house.add_radiologist()
    with house.serving() as serving:
        for words in (
            f"HTTP door open at http://127.0.0.1:{house.port}/",
            f"DIMSE door open on port {house.dimse_port}",
        ):
            wait_for(lambda words=words: words in serving.log.read_text("utf-8"), words)


@pytest.mark.real
def test_what_a_postgresql_says_is_in_our_words(tmp_path: Path, postgres: PostgresServer) -> None:
    url = postgres.url("no_such_database")
    line = refused(Wetread(tmp_path / "house", {"DATABASE_URL": url}), "status")
    assert "no_such_database: the database cannot be reached (it has no such database)" in line
