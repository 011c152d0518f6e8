"""The service with keys that come from the environment and from a program, as from a key management service: nobody but its own processes has them, and it starts with no others."""

import base64
import os
import re
import signal
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from neighbours.wetread import Wetread
from tests.journey.waiting import wait_for

from wetread.checkpoints.note import fresh_pem

pytestmark = pytest.mark.real

PSEUDONYM, SECOND_FACTOR, AUDIT = bytes(range(200, 232)), bytes(range(160, 192)), fresh_pem()
SHOWN = ("environ", "cmdline")
AUDIT_WORDS = b"".join(AUDIT.splitlines()[1:-1])
CANARIES = [
    form
    for key in (PSEUDONYM, SECOND_FACTOR)
    for form in (key, key.hex().encode(), base64.b64encode(key), repr(key).encode()[2:-1])
] + [AUDIT_WORDS, base64.b64encode(AUDIT)]


@pytest.fixture
def keeper(tmp_path: Path) -> Path:
    """A program that prints what it is asked for, as the client of a key management service does, and counts who asks."""
    script = tmp_path / "keeper.py"
    answers = {"second": base64.b64encode(SECOND_FACTOR).decode(), "audit": AUDIT.decode()}
    script.write_text(
        f"import os, sys\nopen({str(tmp_path / 'asked')!r}, 'a').write(sys.argv[1] + '\\n')\n"
        f"print({answers!r}[sys.argv[1]])\nprint('decrypted for you', file=sys.stderr)\n"
    )
    return script


@pytest.fixture
def house(tmp_path: Path, keeper: Path) -> Wetread:
    ask = f"command:{sys.executable} -P {keeper}"
    sources = {"PSEUDONYM_KEY": "env:PSEUDONYM_OF_THE_HOUSE", "SECOND_FACTOR_KEY": f"{ask} second", "AUDIT_KEY": f"{ask} audit"}  # fmt: skip
    settings = {**sources, "AUDIT_CHECKPOINT_EVERY_S": "10", "WORKERS": "1"}
    house = Wetread(tmp_path / "data", settings)
    house.add_radiologist()
    return house


@pytest.fixture
def in_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """`Wetread.environment` hands on what this process has."""
    monkeypatch.setenv("PSEUDONYM_OF_THE_HOUSE", base64.b64encode(PSEUDONYM).decode())


def descendants(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in map(int, (task / "children").read_text().split()):
            found += [child, *descendants(child)]
    return found


def held_by(text: bytes) -> list[bytes]:
    return [each for each in CANARIES if each in text]


def test_canaries_are_found_where_they_are() -> None:
    assert held_by(b"x" + PSEUDONYM.hex().encode()) == [PSEUDONYM.hex().encode()]
    assert held_by(AUDIT.replace(b"\n", b"")) == [AUDIT_WORDS]


def pager_of(service: int, gone: int = 0) -> int:
    """Its process, 0 while there is none."""
    for each in descendants(service):
        with suppress(OSError):
            if each != gone and b"\0pager\0" in Path(f"/proc/{each}/cmdline").read_bytes():
                return each
    return 0


@pytest.mark.usefixtures("in_environment")
def test_nobody_else_sees_a_key_and_a_pager_that_died_needs_no_keeper(house: Wetread, tmp_path: Path) -> None:
    with house.serving() as serving:
        wait_for(lambda: any((house.folder / "checkpoints").glob("*.checkpoint")), "a checkpoint, signed by the pager")
        service = serving.process.pid
        seen = [Path(f"/proc/{each}/{what}").read_bytes() for each in descendants(service) for what in SHOWN]
        assert sum(b"WETREAD_KEYS_FD" in each for each in seen) >= 2
        pages = [str(serving.client.get(path)) for path in ("/healthz", "/readyz", "/api/worklist?view=open")]
        asked = (tmp_path / "asked").read_text()
        os.kill(pager := pager_of(service), signal.SIGKILL)
        wait_for(lambda: bool(pager_of(service, gone=pager)), "another pager")
        seen.append(Path(f"/proc/{pager_of(service, gone=pager)}/environ").read_bytes())
        assert (tmp_path / "asked").read_text() == asked
    told = [house.run(*words.split()) for words in ("keys list", "settings", f"backup {tmp_path / 'backup'}", "audit verify", "status")]  # fmt: skip
    assert [each.returncode for each in told] == [0] * len(told), told
    texts = [text for each in told for text in (each.stdout, each.stderr)] + [serving.log.read_text("utf-8"), *pages]
    files = [each.read_bytes() for folder in (house.folder, tmp_path / "backup") for each in folder.rglob("*") if each.is_file()]  # fmt: skip
    assert [held_by(each) for each in (*seen, *files, *(each.encode() for each in texts)) if held_by(each)] == []
    assert re.search(r"pseudonym +environment variable PSEUDONYM_OF_THE_HOUSE  fingerprint [0-9a-f]{8}, since", told[0].stdout)  # fmt: skip
    assert "pseudonym_key (environment variable PSEUDONYM_OF_THE_HOUSE)" in told[2].stdout
    assert not list((house.folder / "vault").glob("*.key"))


def test_without_its_keys_the_service_does_not_start_and_makes_no_others(
    house: Wetread, tmp_path: Path, keeper: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(code: int, *words: str) -> None:
        told = house.run("serve")
        assert told.returncode == code
        assert all(each in told.stderr for each in words), told.stderr
        assert held_by(told.stderr.encode()) == []

    refused(1, "PSEUDONYM_OF_THE_HOUSE is not set")
    monkeypatch.setenv("PSEUDONYM_OF_THE_HOUSE", PSEUDONYM.hex())
    assert house.run("user", "list").returncode == 0
    monkeypatch.setenv("PSEUDONYM_OF_THE_HOUSE", SECOND_FACTOR.hex())
    refused(1, "is not the one that this installation was run with", "docs/security.md#keys")
    monkeypatch.setenv("PSEUDONYM_OF_THE_HOUSE", PSEUDONYM.hex())
    keeper.write_text("import sys\nsys.exit('denied')\n")
    refused(1, "command python ended with status 1")
    assert not list((house.folder / "vault").glob("*.key"))
    del house.settings["PSEUDONYM_KEY"]
    refused(1, "vault/pseudonym.key is missing", "restore it from a backup", "A new one is not made")
    assert not (house.folder / "vault" / "pseudonym.key").exists()
