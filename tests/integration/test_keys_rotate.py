"""Another key takes over: what was made with the one before still holds, also where the change was cut off, and a loss is a person's word."""

import base64
from functools import partial
from io import StringIO
from pathlib import Path

import pytest
from tests.integration.test_keys_command import data, said

from wetread.bootstrap import SystemClock
from wetread.bootstrap_keys import second_factor_key, second_factor_keys
from wetread.checkpoints.note import fresh_pem
from wetread.cli import main
from wetread.domain.errors import PermanentError
from wetread.domain.role import Actor, Role
from wetread.settings import load_settings
from wetread.storage.database import SqlDatabase
from wetread.web.sealing import unseal
from wetread.web.second_factors import SecondFactors
from wetread.web.totp import code_at

__all__ = ["data"]
pytestmark = pytest.mark.real

NEW = bytes(range(200, 232))
DOCTOR = Actor("dr-a", Role.RADIOLOGIST, "Dr Test")


class Crash(Exception):
    """The process ends here."""


@pytest.fixture
def factors(data: Path) -> SecondFactors:
    """As a server that runs all the while has them; one person's authenticator is set up."""
    settings = load_settings()
    database = SqlDatabase(settings.resolved_database_url)
    factors = SecondFactors(database, SystemClock(), partial(second_factor_keys, settings))
    seed = factors.begin(DOCTOR)
    factors.confirm(DOCTOR, code_at(seed, step_now()))
    factors.begin(DOCTOR)  # another, not confirmed yet
    return factors


def step_now() -> int:
    return int(SystemClock().now().timestamp()) // 30


def opens(factors: SecondFactors, key: bytes) -> bool:
    """Both seeds, the one in use and the one that is being set up."""
    with factors.database.begin(write=False) as unit:
        held = unit.second_factor(DOCTOR.actor_id)
    assert held is not None
    try:
        return len({unseal([key], each, DOCTOR.actor_id) for each in (held.sealed, held.pending)}) == 2
    except PermanentError:
        return False


def takes_the_next_code(factors: SecondFactors) -> bool:
    with factors.database.begin(write=False) as unit:
        held = unit.second_factor(DOCTOR.actor_id)
    assert held is not None
    seed = unseal(factors.keys(), held.sealed, DOCTOR.actor_id)
    return factors.takes(DOCTOR.actor_id, code_at(seed, max(held.last_step + 1, step_now())))


def key_file(data: Path) -> Path:
    return data / "vault" / "second-factor.key"


def test_seeds_are_sealed_anew_and_a_server_that_runs_goes_on(
    data: Path, factors: SecondFactors, capsys: pytest.CaptureFixture[str]
) -> None:
    before = key_file(data).read_bytes()
    status, told = said(capsys, "keys", "rotate", "second-factor")
    assert (status, "1 second factors are sealed with it" in told) == (0, True)
    after = key_file(data).read_bytes()
    assert after != before
    assert (opens(factors, before), opens(factors, after)) == (False, True)
    assert takes_the_next_code(factors)
    assert not list((data / "vault").glob("*.before"))
    assert second_factor_key(load_settings()).seen()[0].fingerprint in told
    assert len(second_factor_key(load_settings()).seen()) == 1
    log = said(capsys, "audit", "search", "--action", "key.rotate")[1]
    assert "sealed_anew=1" in log
    assert not [each for each in (before, after) if each.hex() in log + told]


@pytest.mark.parametrize("at", ["replace_file", "seal_anew", "unlink"])
def test_one_that_was_cut_off_loses_nothing_and_is_finished_by_the_next(
    data: Path, factors: SecondFactors, at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object, **__: object) -> None:
        raise Crash

    before = key_file(data).read_bytes()
    place = {"replace_file": "wetread.cli.keys_rotate.replace_file", "seal_anew": "wetread.web.second_factors.SecondFactors.seal_anew", "unlink": "wetread.cli.keys_rotate.sync_folder"}[at]  # fmt: skip
    with monkeypatch.context() as cut:
        cut.setattr(place, crash)
        if at == "unlink":
            cut.setattr(Path, "unlink", crash)
        with pytest.raises(Crash):
            main(["keys", "rotate", "second-factor"])
    assert (data / "vault" / "second-factor.key.before").read_bytes() == before
    assert takes_the_next_code(factors)
    assert main(["keys", "rotate", "second-factor"]) == 0
    after = key_file(data).read_bytes()
    assert (after != before, opens(factors, before), opens(factors, after)) == (True, False, True)
    assert not (data / "vault" / "second-factor.key.before").exists()


def test_it_moves_to_another_source_and_the_old_one_is_refused_then(
    data: Path, factors: SecondFactors, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    source = "env:SECOND_FACTOR_OF_TEST"
    monkeypatch.setenv("SECOND_FACTOR_OF_TEST", base64.b64encode(NEW).decode())
    status, told = said(capsys, "keys", "rotate", "second-factor", "--to", source)
    assert (status, "set second_factor_key" in told) == (0, True)
    assert opens(factors, NEW)
    status, told = said(capsys, "keys", "list")
    assert (status, "OTHER_KEY" in told) == (1, True)
    monkeypatch.setenv("WETREAD_SECOND_FACTOR_KEY", source)
    status, told = said(capsys, "keys", "list")
    assert (status, f"{key_file(data)}  not used any more" in told) == (0, True)
    assert takes_the_next_code(SecondFactors(factors.database, factors.clock, partial(second_factor_keys, load_settings())))  # fmt: skip
    assert said(capsys, "keys", "rotate", "second-factor")[0] == 1  # where would the new one be?


def test_a_lost_key_is_a_persons_word_and_what_it_sealed_stays_shut(
    data: Path, factors: SecondFactors, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "rotate it without --lost" in said(capsys, "keys", "rotate", "second-factor", "--lost")[1]
    key_file(data).unlink()
    status, told = said(capsys, "keys", "list")
    assert (status, "people have second factors" in told or "NO_KEY" in told) == (1, True)
    monkeypatch.setattr("sys.stdin", StringIO("correct horse battery staple\n000000\n"))
    status, told = said(capsys, "report", "export", "0" * 24, "x.json", "--as", "dr-a", "--password-stdin")
    assert (status, "second-factor.key is missing, and people have second factors" in told) == (1, True)
    assert not key_file(data).exists()
    assert said(capsys, "keys", "rotate", "second-factor")[0] == 1
    status, told = said(capsys, "keys", "rotate", "second-factor", "--lost")
    assert (status, "to be reset, as nobody can read them any more: dr-a" in told) == (0, True)
    assert not opens(factors, key_file(data).read_bytes())
    with pytest.raises(PermanentError, match="cannot be read"):
        factors.takes(DOCTOR.actor_id, "123456")
    assert "lost=yes" in said(capsys, "audit", "search", "--action", "key.rotate")[1]


def test_the_audit_key_moves_to_another_source_under_a_checkpoint_of_the_old(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["audit", "checkpoint"]) == 0
    mounted = tmp_path / "mounted.pem"
    for content, told in ((b"x" * 40, "no private key"), ((data / "vault" / "audit.key").read_bytes(), "key in use")):
        mounted.write_bytes(content)
        assert told in said(capsys, "keys", "rotate", "audit", "--to", f"file:{mounted}")[1]
    mounted.write_bytes(fresh_pem())
    mounted.chmod(0o400)
    assert said(capsys, "keys", "rotate", "audit", "--to", f"file:{mounted}")[0] == 0
    assert "OTHER_KEY" in said(capsys, "keys", "list")[1]
    assert "is not the one" in said(capsys, "audit", "checkpoint")[1]
    monkeypatch.setenv("WETREAD_AUDIT_KEY", f"file:{mounted}")
    assert main(["audit", "export", str(tmp_path / "log.csv")]) == 0
    assert main(["audit", "checkpoint"]) == 0
    assert "3 checkpoints hold" in said(capsys, "audit", "verify")[1]
    assert mounted.stat().st_mode & 0o777 == 0o400


def test_a_lost_audit_key_is_said_in_the_log_and_its_public_half_still_checks(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "kept.pem").write_text(said(capsys, "audit", "key")[1])
    assert main(["audit", "checkpoint"]) == 0
    (data / "vault" / "audit.key").unlink()
    for words in (("audit", "checkpoint"), ("audit", "key"), ("keys", "rotate", "audit")):
        status, told = said(capsys, *words)
        assert (status, "audit.key is missing" in told, "holds checkpoints" in told) == (1, True, True)
    assert not (data / "vault" / "audit.key").exists()
    assert said(capsys, "keys", "rotate", "audit", "--lost", "--public-key", str(tmp_path / "kept.pem"))[0] == 0
    assert main(["audit", "checkpoint"]) == 0
    assert "2 checkpoints hold" in said(capsys, "audit", "verify")[1]
    assert "lost=yes" in said(capsys, "audit", "search", "--action", "key.rotate")[1]
