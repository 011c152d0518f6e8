"""`wetread status` after a look through the stored films: when it ended, what it found, and what is to be done."""

import json
from datetime import UTC, datetime
from pathlib import Path

from neighbours.wetread import Wetread

from wetread.storage.database import SqlDatabase
from wetread.storage.files import DiskFileStore
from wetread.testing.builders import a_study, an_instance


def test_it_says_when_the_films_were_last_looked_through_and_what_was_found(tmp_path: Path) -> None:
    house = Wetread(tmp_path / "house")
    done = house.run("status")
    assert (done.returncode, "films    not looked through yet" in done.stdout) == (0, True), done.stderr
    files, database = (
        DiskFileStore(house.folder / "vault" / "films"),
        SqlDatabase(f"sqlite:///{house.folder}/wetread.db"),
    )
    with files.receive() as file:
        file.write(b"a film")
        sha256 = file.keep().sha256
    with database.begin() as unit:
        unit.save_study(a_study())
        unit.admit_instance(an_instance(content_sha256=sha256))
        unit.commit()
    assert house.run("scrub").returncode == 0
    day = f"{datetime.now(UTC):%Y-%m-%d}"
    done = house.run("status")
    assert done.returncode == 0
    assert "films    1 looked through, ended" in done.stdout
    assert "all whole" in done.stdout
    (stored,) = (path for path in (house.folder / "vault" / "films").rglob(f"*{sha256[-20:]}*") if path.is_file())
    stored.unlink()
    assert house.run("scrub").returncode == 1
    done = house.run("status")
    assert (done.returncode, "1 damaged or gone: `wetread scrub` lists them" in done.stdout) == (1, True)
    assert "backup   none was made" in done.stdout
    assert house.run("backup", str(tmp_path / "backups")).returncode == 1  # a film is gone: no backup to rely on
    assert json.loads(house.run("status", "--json").stdout)["last_backup"] is None
    assert house.run("audit", "search", "--action", "backup.make").stdout.count("backup.make") == 1
    with files.receive() as file:
        file.write(b"a film")
        file.keep()
    assert house.run("backup", str(tmp_path / "backups")).returncode == 0
    assert f"backup   made {day}" in house.run("status").stdout
    told = json.loads(house.run("status", "--json").stdout)
    (disk,), films = told["disks"], told["films"]
    assert disk["holds"] == ["films", "database", "vault"]
    assert 0 < disk["free_bytes"] < disk["total_bytes"]
    assert "GiB free for films, database, vault" in done.stdout
    assert (films["last_scrub"]["looked"], films["last_scrub"]["damaged"], films["under_way"]) == (1, 1, None)
    assert films["last_scrub"]["ended_at"] >= day
    database.close()
