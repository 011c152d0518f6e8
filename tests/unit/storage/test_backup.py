"""A backup holds what was acknowledged before it began, of any kept moment, and says so when a byte of it is not what it was."""

import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from migrated import data_folder

from wetread.bootstrap import Core, build_core
from wetread.cli import main
from wetread.domain.audit import AuditEvent
from wetread.domain.errors import PermanentError
from wetread.domain.identifiers import InstanceKey
from wetread.settings import Settings
from wetread.storage.backup import back_up, backups, expire, restore
from wetread.storage.files import files_in
from wetread.testing.builders import NOON, a_study, an_instance

HOUR = timedelta(hours=1)


@pytest.fixture
def core(tmp_path: Path) -> Core:
    core = build_core(Settings(data_dir=data_folder(tmp_path / "here")))
    admit(core, b"first")
    return core


def admit(core: Core, content: bytes) -> str:
    """As the door does: bytes, then the row, with its record."""
    with core.files.receive() as file:
        file.write(content)
        sha256 = file.keep().sha256
    with core.database.begin() as unit:
        unit.save_study(a_study())
        unit.admit_instance(an_instance(instance_key=InstanceKey(f"i-{sha256[:8]}"), content_sha256=sha256))
        unit.audit(AuditEvent("image.store", "modality"), NOON)
        unit.commit()
    return sha256


def restored(tmp_path: Path, *more: str) -> int:
    return main(["restore", str(tmp_path / "backups"), "--data-dir", str(tmp_path / "there"), *more])


def films_of(folder: Path) -> set[bytes]:
    return {each.read_bytes() for each in files_in(folder / "vault" / "films")}


def test_any_kept_moment_comes_back_whole_on_another_machine(
    core: Core, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert back_up(core.settings.data_dir, tmp_path / "backups", NOON).new_films == 1
    admit(core, b"second")
    made = back_up(core.settings.data_dir, tmp_path / "backups", NOON + HOUR)
    assert (made.films, made.new_films, made.damaged) == (2, 1, ())
    admit(core, b"after the backup")
    assert restored(tmp_path) == 0
    assert films_of(tmp_path / "there") == {b"first", b"second"}
    assert "1 studies, 2 films\nthe audit log of 2 records holds" in capsys.readouterr().out
    again = build_core(Settings(data_dir=tmp_path / "there"))
    assert again.secret == core.secret
    assert admit(again, b"it goes on") in set(again.files.stored())
    (tmp_path / "there").rename(tmp_path / "newest")
    assert restored(tmp_path, "--at", (NOON + HOUR / 2).isoformat()) == 0
    assert films_of(tmp_path / "there") == {b"first"}


def test_nothing_is_restored_over_something_or_from_before_the_first(core: Core, tmp_path: Path) -> None:
    back_up(core.settings.data_dir, tmp_path / "backups", NOON)
    with pytest.raises(PermanentError, match="not empty"):
        restore(tmp_path / "backups", core.settings.data_dir)
    with pytest.raises(PermanentError, match="no backup of that time"):
        restore(tmp_path / "backups", tmp_path / "there", NOON - HOUR)
    with pytest.raises(PermanentError, match="dies with it"):
        back_up(core.settings.data_dir, core.settings.data_dir / "backups", NOON)


@pytest.mark.parametrize("what", ["wetread.db", "vault/pseudonym.key", "films.txt", "film"])
def test_a_byte_that_changed_is_found_and_nothing_is_left_behind(core: Core, tmp_path: Path, what: str) -> None:
    made = back_up(core.settings.data_dir, tmp_path / "backups", NOON)
    (film,) = files_in(tmp_path / "backups" / "films")
    target = film if what == "film" else made.folder / what
    content = bytearray(target.read_bytes())
    content[0] ^= 1
    target.write_bytes(content)
    with pytest.raises(PermanentError, match="damaged"):
        restore(tmp_path / "backups", tmp_path / "there")
    assert not (tmp_path / "there").exists()


def test_a_damaged_film_is_told_and_not_kept_over_a_whole_one(core: Core, tmp_path: Path) -> None:
    (name,) = core.files.stored()
    whole = back_up(core.settings.data_dir, tmp_path / "backups", NOON)
    second = admit(core, b"second")
    for each in (name, second):
        core.files.path_of(each).write_bytes(b"rotten")
    made = back_up(core.settings.data_dir, tmp_path / "backups", NOON + HOUR)
    assert (made.films, made.damaged) == (1, (second,))
    core.files.erase(second)
    assert back_up(core.settings.data_dir, tmp_path / "backups", NOON + 2 * HOUR).damaged == (second,)
    assert replace(whole, folder=made.folder).films == 1
    assert restored(tmp_path) == 1


def test_what_expires_takes_its_films_along_and_no_others(core: Core, tmp_path: Path) -> None:
    at = tmp_path / "backups"
    first = set(core.files.stored())
    back_up(core.settings.data_dir, at, NOON)
    for each in first:
        core.files.erase(each)
    second = admit(core, b"second")
    back_up(core.settings.data_dir, at, NOON + HOUR)
    assert expire(at, 1) == 1
    assert [moment for moment, _ in backups(at)] == [NOON + HOUR]
    assert {each.name for each in files_in(at / "films")} == {second}


def test_the_copy_is_for_its_owner_alone_and_half_a_backup_is_none(core: Core, tmp_path: Path) -> None:
    made = back_up(core.settings.data_dir, tmp_path / "backups", NOON)
    assert (made.folder.stat().st_mode & 0o077, (made.folder / "wetread.db").stat().st_mode & 0o077) == (0, 0)
    os.rename(made.folder, made.folder.with_name(made.folder.name + ".part"))  # noqa: PTH104 - as a kill leaves it
    assert backups(tmp_path / "backups") == []


def test_databases_elsewhere_are_not_passed_over_in_silence(
    core: Core, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WETREAD_VAULT_URL", "postgresql://vault.example/vault")
    words = ["backup", str(tmp_path / "backups"), "--data-dir", str(core.settings.data_dir)]
    assert main(words) == 1
    assert "vault_url lies elsewhere" in capsys.readouterr().err
    assert main([*words, "--files-only", "--keep", "1"]) == 0
