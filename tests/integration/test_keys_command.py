"""wetread keys: what there is and who may read it; a rotation after which everything that was signed still holds, and nothing else does."""

import json
import stat
from io import StringIO
from pathlib import Path
from shutil import rmtree

import pytest

from wetread.cli import main

pytestmark = pytest.mark.real


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "data"
    monkeypatch.setenv("WETREAD_DATA_DIR", str(folder))
    (folder / "vault").mkdir(parents=True, mode=0o755)
    monkeypatch.setattr("sys.stdin", StringIO("correct horse battery staple\n"))
    assert main(["user", "add", "dr-a", "--display-name", "Dr Test", "--password-stdin"]) == 0
    return folder


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    capsys.readouterr()
    status = main(list(words))
    told = capsys.readouterr()
    return status, told.out + told.err


def test_a_rotation_keeps_what_was_signed_and_the_new_key_signs_on(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["audit", "checkpoint"]) == 0
    old = said(capsys, "audit", "key")[1]
    assert said(capsys, "keys", "rotate", "audit")[0] == 0
    new = said(capsys, "audit", "key")[1]
    assert new != old
    assert said(capsys, "keys", "rotate", "audit")[0] == 0
    assert main(["audit", "checkpoint"]) == 0
    status, told = said(capsys, "audit", "verify")
    assert (status, "checkpoints hold" in told) == (0, True)
    (tmp_path / "old.pem").write_text(old)
    (tmp_path / "new.pem").write_text(new)
    newest = said(capsys, "audit", "key")[1]
    (tmp_path / "newest.pem").write_text(newest)
    kept_elsewhere = [
        word for name in ("old", "new", "newest") for word in ("--public-key", str(tmp_path / f"{name}.pem"))
    ]
    assert said(capsys, "audit", "verify", *kept_elsewhere)[0] == 0
    assert said(capsys, "audit", "verify", "--public-key", str(tmp_path / "old.pem"))[0] == 1
    rmtree(data / "vault" / "audit.key.retired")
    assert said(capsys, "audit", "verify")[0] == 1
    assert "key.rotate" in said(capsys, "audit", "search", "--action", "key.")[1]


def test_a_log_that_does_not_hold_keeps_its_key(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "checkpoint"]) == 0
    (checkpoint,) = (data / "checkpoints").iterdir()
    checkpoint.write_text("nonsense")
    before = (data / "vault" / "audit.key").read_bytes()
    status, told = said(capsys, "keys", "rotate", "audit")
    assert (status, "the old key stays" in told) == (1, True)
    assert (data / "vault" / "audit.key").read_bytes() == before


def test_keys_are_the_owners_and_one_that_is_not_is_named(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "checkpoint"]) == 0
    modes = {
        name: stat.S_IMODE((data / name).stat().st_mode) for name in ("vault", "vault/pseudonym.key", "vault/audit.key")
    }
    assert modes == {"vault": 0o700, "vault/pseudonym.key": 0o600, "vault/audit.key": 0o600}
    status, told = said(capsys, "keys", "list")
    assert (status, "READABLE" in told, "pseudonym.key" in told) == (0, False, True)
    assert (data / "vault" / "pseudonym.key").read_bytes().hex() not in told
    (data / "vault" / "audit.key").chmod(0o644)
    status, told = said(capsys, "keys", "list")
    assert (status, told.count("READABLE BY OTHERS")) == (1, 1)


def test_the_keys_of_every_door_are_looked_at(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    second, listener, pacs = data / "vault" / "second-factor.key", tmp_path / "mllp.key", tmp_path / "pacs.key"
    for each in (second, listener, pacs):
        each.write_bytes(b"k" * 32)
        each.chmod(0o640)
    monkeypatch.setenv("WETREAD_HL7_LISTENER", json.dumps({"tls": True, "cert_file": "c", "key_file": str(listener)}))
    monkeypatch.setenv(
        "WETREAD_APPLICATION_ENTITIES",
        json.dumps(
            [
                {
                    "ae_title": "PACS",
                    "host": "pacs",
                    "port": 2762,
                    "tls": True,
                    "ca_file": "a",
                    "cert_file": "c",
                    "key_file": str(pacs),
                }
            ]
        ),
    )
    status, told = said(capsys, "keys", "list")
    lines = {line.split("  ")[0].strip(): line for line in told.splitlines()}
    assert status == 1
    assert all("READABLE BY OTHERS" in lines[name] for name in ("second-factor", "hl7_listener", "PACS"))
