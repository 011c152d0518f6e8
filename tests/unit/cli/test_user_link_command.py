"""`wetread user link`, `unlink` and `list`: an account of ours becomes one of the identity provider's, and back."""

from pathlib import Path

import pytest
from tests.unit.cli.signed_house import Run, runner

from wetread.bootstrap import Core
from wetread.governance.external_accounts import NO_PASSWORD

ISSUER = "https://id.hospital.example/realms/clinic"
PROVIDER = (
    f'{{"issuer": "{ISSUER}", "client_id": "wetread", "name": "Clinic sign-in", "roles": {{"r": "radiologist"}}}}'
)
DOCS = (Path(__file__).parents[3] / "docs" / "identity.md").read_text("utf-8")


@pytest.fixture
def run(house: tuple[Path, Core], monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("WETREAD_IDENTITY_PROVIDER", PROVIDER)
    return runner(house[0], monkeypatch)


def test_the_commands_of_the_docs(house: tuple[Path, Core], run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    commands = [line[2:].split()[1:] for line in DOCS.splitlines() if line.startswith("$ wetread")]
    assert [each[:2] for each in commands] == [["user", "link"], ["user", "list"], ["user", "unlink"]]
    assert [run(*each) for each in commands] == [0, 0, 0]
    shown = capsys.readouterr().out
    assert "dr-lee signs in with Clinic sign-in as 8f2c1d44-lee; its password opens nothing any more" in shown
    assert f"{ISSUER} 8f2c1d44-lee" in shown
    assert "dr-lee is linked to nobody" in shown
    assert run("user", "list") == 0
    assert "8f2c1d44-lee" not in capsys.readouterr().out
    with house[1].database.begin(write=False) as unit:
        account = unit.account("dr-lee")
    assert account is not None
    assert account.password_hash == NO_PASSWORD
    assert [each.event.action for each in house[1].database.audit_records()][-2:] == ["account.link", "account.unlink"]


def test_who_is_linked_is_on_the_list(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("user", "link", "dr-poe", "--subject", "u-poe", "--issuer", ISSUER) == 0
    capsys.readouterr()
    assert run("user", "list") == 0
    (line,) = [each for each in capsys.readouterr().out.splitlines() if each.startswith("dr-poe")]
    assert line.endswith(f"{ISSUER} u-poe")


def test_only_the_provider_of_the_settings_is_linked_to(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("user", "link", "dr-moe", "--subject", "u-moe", "--issuer", "https://other.example") == 1
    monkeypatch.delenv("WETREAD_IDENTITY_PROVIDER")
    assert run("user", "link", "dr-moe", "--subject", "u-moe", "--issuer", ISSUER) == 1
    assert capsys.readouterr().err.count("not the identity_provider of the settings") == 2


def test_a_password_that_nobody_types_is_told_in_one_line(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def nobody(_: str) -> str:
        raise EOFError

    monkeypatch.setattr("getpass.getpass", nobody)
    assert run("user", "add", "dr-new", "--role", "radiologist") == 1
    assert "--password-stdin" in capsys.readouterr().err
    assert run("user", "list") == 0
    assert "dr-new" not in capsys.readouterr().out
