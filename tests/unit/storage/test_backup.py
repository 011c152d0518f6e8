"""A backup holds what was acknowledged before it began, of any kept moment, and says so when a byte of it is not what it was."""

import errno
import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
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
from wetread.storage import backup
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
    unread = core.files.path_of(name)
    unread.unlink()
    unread.mkdir()
    apart = back_up(core.settings.data_dir, tmp_path / "elsewhere", NOON)
    assert (apart.films, set(apart.damaged)) == (0, {name, second})
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


def test_what_failed_or_was_killed_leaves_nothing_of_patients_in_the_backups(core: Core, tmp_path: Path) -> None:
    at, here = tmp_path / "backups", core.settings.data_dir
    (film,) = core.files.stored()
    killed = [at / "2026-11-28T03-00-00.000000Z.part", at / "films" / film[:2] / f"{film}.part"]
    for each in killed:
        each.parent.mkdir(parents=True, exist_ok=True)
    killed[0].mkdir()
    (killed[0] / "wetread.db").write_bytes(b"names")
    killed[1].write_bytes(b"half")
    back_up(here, at, NOON)
    assert not any(each.exists() for each in killed)
    (at / "films" / film[:2] / film).unlink()
    (at / "films" / film[:2]).rmdir()
    (at / "films" / film[:2]).write_text("in the way, as a full disk is")
    with pytest.raises(OSError, match="exists"):
        back_up(here, at, NOON + HOUR)
    assert sorted(each.name for each in at.iterdir()) == [backups(at)[0][1].name, "films"]


def test_one_backup_at_a_time(core: Core, tmp_path: Path) -> None:
    at = tmp_path / "backups"
    back_up(core.settings.data_dir, at, NOON)
    with held(at):
        with pytest.raises(PermanentError, match="another backup to") as refusal:
            back_up(core.settings.data_dir, at, NOON + HOUR)
        with pytest.raises(PermanentError, match="another backup to"):
            expire(at, 1)
    assert refusal.value.code == "backup_running"
    back_up(core.settings.data_dir, at, NOON + HOUR)


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """As by another process: a lock belongs to the open file."""
    handle = os.open(folder, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    yield
    os.close(handle)


def test_what_is_no_data_folder_is_not_backed_up_as_nothing(
    core: Core, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    at = tmp_path / "backups"
    kept = back_up(core.settings.data_dir, at, NOON).folder
    assert main(["backup", str(at), "--keep", "1", "--data-dir", str(tmp_path / "misspelt")]) == 1
    (core.settings.data_dir / "vault" / "vault.db").unlink()
    assert main(["backup", str(at), "--keep", "1", "--data-dir", str(core.settings.data_dir)]) == 1
    without_films, without_vault = capsys.readouterr().err.splitlines()
    assert "misspelt is not wetread's data folder, it has no vault/films" in without_films
    assert "it has no vault/vault.db" in without_vault
    assert [each for _, each in backups(at)] == [kept]


@pytest.mark.parametrize("name", ["wetread.db", "vault/vault.db"])
def test_a_damaged_database_does_not_take_the_place_of_a_whole_one(
    core: Core, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    at, here = tmp_path / "backups", core.settings.data_dir
    kept = back_up(here, at, NOON).folder
    core.database.close()
    core.vault.close()
    with closing(sqlite3.connect(here / name)) as live:
        live.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with (here / name).open("r+b") as file:
        file.seek(-4096, os.SEEK_END)
        file.write(b"Z" * 4096)
    assert main(["backup", str(at), "--keep", "1", "--data-dir", str(here)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert f"{here / name} is damaged: it is not backed up, and no earlier backup is removed" in line
    assert [each for _, each in backups(at)] == [kept]


def test_a_place_that_cannot_be_written_is_told_in_one_line(
    core: Core, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    for at, says in (("file", "File exists"), ("file/below", "Not a directory")):
        assert main(["backup", str(tmp_path / at), "--data-dir", str(core.settings.data_dir)]) == 1
        assert capsys.readouterr().err == f"wetread: {tmp_path / at}: {says}\n"


@pytest.mark.parametrize("what", ["nowhere", "file", "backups/films", "backups"])
def test_what_is_no_backup_is_told_with_its_name(
    core: Core, tmp_path: Path, capsys: pytest.CaptureFixture[str], what: str
) -> None:
    made = back_up(core.settings.data_dir, tmp_path / "backups", NOON)
    (made.folder / "manifest.json").write_text('{"made_of_another_release": 1}')
    (tmp_path / "file").write_text("")
    assert main(["restore", str(tmp_path / what), "--data-dir", str(tmp_path / "there")]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert f"{made.folder}/manifest.json" in line if what == "backups" else f"no backup in {tmp_path / what}:" in line
    assert not (tmp_path / "there").exists()


def test_signatures_come_back_also_where_a_film_of_the_backup_does_not(
    core: Core, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    second = admit(core, b"second")
    back_up(core.settings.data_dir, tmp_path / "backups", NOON)
    (tmp_path / "backups" / "films" / second[:2] / second).write_bytes(b"rotten")
    assert restored(tmp_path) == 1
    assert "--without-damaged-films" in capsys.readouterr().err
    assert restored(tmp_path, "--without-damaged-films") == 1
    assert "1 studies, 1 films\nthe audit log of 2 records holds\n1 films that studies name are NOT in it" in (
        capsys.readouterr().out
    )
    assert films_of(tmp_path / "there") == {b"first"}


def test_a_restore_that_fails_leaves_nothing_and_its_databases_come_last(
    core: Core, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    back_up(core.settings.data_dir, tmp_path / "backups", NOON)
    there, copied = tmp_path / "there", backup._copy
    before_the_databases = set[str]()

    def full(source: Path, target: Path) -> str:
        if target.suffix != ".db":
            return copied(source, target)
        before_the_databases.update(path.suffix or path.name for path in there.rglob("*") if path.is_file())
        raise OSError(errno.ENOSPC, "No space left on device", str(target))

    monkeypatch.setattr(backup, "_copy", full)
    with pytest.raises(OSError, match="No space"):
        restore(tmp_path / "backups", there)
    (film,) = core.files.stored()
    assert {film, ".key"} <= before_the_databases
    assert ".db" not in before_the_databases
    assert not there.exists()


def test_databases_elsewhere_are_not_passed_over_in_silence(
    core: Core, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WETREAD_VAULT_URL", "postgresql://vault.example/vault")
    words = ["backup", str(tmp_path / "backups"), "--data-dir", str(core.settings.data_dir)]
    assert main(words) == 1
    assert "vault_url lies elsewhere" in capsys.readouterr().err
    assert main([*words, "--files-only", "--keep", "1"]) == 0
