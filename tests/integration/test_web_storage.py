"""The door over real storage: everything still holds, two servers share one truth, and the process stays small."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from builders_web import PASSWORD, Browser, World, a_world, open_door
from migrated import migrated

from wetread.ports.recorded_vault import RecordedVault
from wetread.storage.database import SqlDatabase
from wetread.storage.files import DiskFileStore
from wetread.storage.vault import SqlVault
from wetread.testing.clock import FixedClock

_FORBIDDEN = ("numpy", "pydicom", "scipy", "onnxruntime", "torch", "highdicom", "PIL", "imagecodecs", "alembic")
_SERVER = """
import sys
from pathlib import Path
from wetread.domain.role import Actor, Role
from wetread.ports.database import Account
from wetread.signoff.desk import ReadingDesk
from wetread.storage.database import SqlDatabase
from wetread.storage.files import DiskFileStore
from wetread.storage.vault import SqlVault
from wetread.testing.clock import FixedClock
from wetread.ports.recorded_vault import RecordedVault
from wetread.web.app import create_app
from wetread.web.server import server_for
from wetread.web.services import WebServices
folder = Path(sys.argv[1])
database = SqlDatabase(f"sqlite:///{folder / 'work.db'}")
clock = FixedClock()
services = WebServices(database, RecordedVault(SqlVault(f"sqlite:///{folder / 'vault.db'}"), database, clock), DiskFileStore(folder / "films"), None, None, ReadingDesk(database, clock, ()), clock)
server = server_for(create_app(services), host="127.0.0.1", port=0)
loaded = [name for name in FORBIDDEN if name in sys.modules]
print("loaded", loaded)
print([line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS")][0].split()[1])
"""


def sql_world(folder: Path) -> World:
    work, vault = migrated(folder / "work.db", "work"), migrated(folder / "vault.db", "vault")
    database, clock = SqlDatabase(work), FixedClock()
    return a_world(
        database, RecordedVault(SqlVault(vault), database, clock), DiskFileStore(folder / "films"), clock=clock
    )


def close(world: World) -> None:
    world.services.database.close()  # type: ignore[attr-defined]
    world.services.vault.close()  # type: ignore[attr-defined]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = sql_world(tmp_path)
    yield made
    close(made)


def test_a_study_is_read_edited_signed_and_retrieved_over_real_storage(world: World) -> None:
    key = world.add_study(content=bytes(range(256)) * 4096)
    with open_door(world) as door:
        reader = door.as_("radiologist")
        assert [each["study_key"] for each in reader.get("/api/worklist").json()["studies"]] == [key]  # type: ignore[union-attr, index]
        report = reader.post(f"/api/studies/{key}/open").json()["report"]
        body = {"sections": [{"section": "impression", "text": "Pneumothorax, 美."}], "findings": []}
        saved = reader.put(f"/api/studies/{key}/report", body, report["etag"]).json()  # type: ignore[index, call-overload]
        signed = reader.post(
            f"/api/studies/{key}/sign", {"etag": saved["etag"], "meaning": "approved", "password": PASSWORD}
        )
        assert signed.json()["status"] == "final"
        assert reader.get("/dicom-web/studies?PatientID=P1").json()[0]["00200010"]["Value"] == ["1"]  # type: ignore[index]
        assert bytes(range(256)) * 4096 in reader.get("/dicom-web/studies/2.25.1").body
        assert reader.get(f"/api/studies/{key}/film.png").status == 200
        assert door.as_("quality").get("/api/audit").json()["chain"]["holds"] is True  # type: ignore[index]


def test_two_servers_share_sessions_and_only_one_signature_wins(world: World) -> None:
    for _ in range(3):
        key = world.add_study()
        with open_door(world) as one, open_door(world) as other:
            here = one.as_("radiologist")
            there = Browser(other.port, cookie=here.cookie)
            etag = here.post(f"/api/studies/{key}/open").json()["report"]["etag"]  # type: ignore[index]
            statuses: list[int] = []
            start = threading.Barrier(2)

            def attempt(
                reader: Browser,
                key: str = key,
                etag: object = etag,
                start: threading.Barrier = start,
                statuses: list[int] = statuses,
            ) -> None:
                start.wait()
                statuses.append(
                    reader.post(f"/api/studies/{key}/sign", {"etag": etag, "meaning": "m", "password": PASSWORD}).status
                )

            threads = [threading.Thread(target=attempt, args=(each,)) for each in (here, there)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert sorted(statuses) == [200, 412]


def test_a_session_survives_a_restart(tmp_path: Path) -> None:
    first = sql_world(tmp_path)
    with open_door(first) as door:
        cookie = door.as_("radiologist").cookie
    close(first)
    second = sql_world(tmp_path)
    with open_door(second) as door:
        assert Browser(door.port, cookie=cookie).get("/api/session").status == 200
    close(second)


def test_forty_screens_at_once_are_all_answered(world: World) -> None:
    for _ in range(20):
        world.add_study()
    with open_door(world) as door:
        reader = door.as_("radiologist")
        answers: list[int] = []
        threads = [
            threading.Thread(target=lambda: answers.append(reader.get("/api/worklist").status)) for _ in range(40)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert answers == [200] * 40


def test_the_server_process_loads_no_heavy_library_and_stays_small(world: World, tmp_path: Path) -> None:
    """Bar of the performance notes: at most 80 MB resident before anything is read."""
    code = _SERVER.replace("FORBIDDEN", repr(_FORBIDDEN))
    done = subprocess.run([sys.executable, "-P", "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    loaded, resident_kb = done.stdout.splitlines()
    assert loaded == "loaded []"
    assert int(resident_kb) < 80 * 1024
