"""`wetread batch --archive` as its page shows it, on a real Orthanc behind a front that has bad days: the rows of a folder, once each, whatever happens on the way."""

import json
import re
import shlex
import signal
import subprocess
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pytest
from archive_faults import Front, front_of
from batch_runs import ended_by, rows_of
from films import film
from migrated import data_folder
from neighbours.archives import re_labelled
from neighbours.asking import ask_once
from neighbours.orthanc import Orthanc, orthanc
from neighbours.wetread import COMMAND
from pydicom import dcmread

from wetread.batch import connections
from wetread.cli import main
from wetread.storage.database import SqlDatabase

pytestmark = pytest.mark.real

DOCS = (Path(__file__).parents[2] / "docs" / "batch.md").read_text("utf-8")
DRY, RUN, CHOSEN = [each for each in re.findall(r"^\$ wetread (.*)$", DOCS, flags=re.M) if "--archive" in each]
NUMBER_OF_FILMS = 7
NAME = "DOE^JANE"


@dataclass
class World:
    """films/ holds what Orthanc has of the first half of 2026 that is read; `front` is what the settings call pacs."""

    place: Path
    front: Front
    archive: Orthanc
    uids: list[str]
    studies: list[str]


def _films() -> dict[str, bytes]:
    """By SOP Instance UID: films of seven days, one of them lateral, one of which nobody can read the pixels."""
    made = []
    for number in range(NUMBER_OF_FILMS):
        station = ("ROOM1", "ROOM2")[number % 2]
        more = {"ViewPosition": "LL"} if number == 5 else {}
        made.append(
            re_labelled(
                film(60 + number), PatientName=NAME, StudyDate=f"20260{number // 2 + 1}11", StationName=station, **more
            )
        )
    cut = dcmread(BytesIO(made[6]))
    cut.PixelData = cut.PixelData[:1000]
    out = BytesIO()
    cut.save_as(out, enforce_file_format=True)
    made[6] = out.getvalue()
    return {str(dcmread(BytesIO(each), stop_before_pixels=True).SOPInstanceUID): each for each in made}


def _others() -> list[bytes]:
    """What the query does not mean: another day, another part, another modality."""
    changes = ({"StudyDate": "20251231"}, {"StudyDate": "20260211", "BodyPartExamined": "ABDOMEN"}, {"StudyDate": "20260211", "Modality": "CT"})  # fmt: skip
    return [re_labelled(film(80 + number), **each) for number, each in enumerate(changes)]


def keep(archive: Orthanc, content: bytes) -> None:
    assert ask_once("POST", f"{archive.url}/instances", body=content, timeout=30).status == 200


@contextmanager
def one_more(archive: Orthanc) -> Iterator[str]:
    """A film of a day that was listed, in the archive for a while; its SOP Instance UID."""
    content = re_labelled(film(99), StudyDate="20260211")
    uid = str(dcmread(BytesIO(content), stop_before_pixels=True).SOPInstanceUID)
    keep(archive, content)
    yield uid
    (found,) = ask_once("POST", f"{archive.url}/tools/lookup", body=uid.encode(), timeout=10).json()
    assert ask_once("DELETE", f"{archive.url}{found['Path']}", timeout=10).status == 200


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    place = tmp_path_factory.mktemp("batch")
    films = _films()
    with orthanc(place / "orthanc") as neighbour, front_of(neighbour.url) as front:
        for content in (*films.values(), *_others()):
            keep(neighbour, content)
        (place / "films").mkdir()
        for uid, content in films.items():
            (place / "films" / f"{uid}.dcm").write_bytes(neighbour.file(uid))
            assert neighbour.file(uid) == content
        data_folder(place / "house")
        archive = f'[[archives]]\nname = "pacs"\nkind = "dicomweb"\nurl = "{front.url}/dicom-web"\n'
        (place / "wetread.toml").write_text(f'data_dir = "{place / "house"}"\n{archive}')
        assert run(place, "batch films --out folder --workers 1", None)[0] == 0
        studies = [str(dcmread(BytesIO(each), stop_before_pixels=True).StudyInstanceUID) for each in films.values()]
        yield World(place, front, neighbour, list(films), studies)


@pytest.fixture(autouse=True)
def quiet(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The settings of the page; a front without faults; signals that come back."""
    monkeypatch.setenv("WETREAD_CONFIG", str(world.place / "wetread.toml"))
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    world.front.faults.clear()
    world.front.most_at_once = 0
    world.front.asked.clear()
    yield
    world.front.down, world.front.before = False, lambda path: None
    for number, heard in kept.items():
        signal.signal(number, heard)


def run(place: Path, command: str, capsys: pytest.CaptureFixture[str] | None) -> tuple[int, str]:
    with chdir(place):
        status = main(shlex.split(command))
    said = capsys.readouterr() if capsys else None
    return status, said.out + said.err if said else ""


def by_bytes(table: Path) -> list[tuple[tuple[str, str], ...]]:
    """Rows without their number: a folder lists by name, an archive by day."""
    return sorted(
        tuple(sorted((key, value) for key, value in row.items() if key != "number")) for row in rows_of(table)
    )


def has_the_rows_of_the_folder(out: Path) -> None:
    for name in ("films", "predictions"):
        assert by_bytes(out / f"{name}.csv") == by_bytes(out.parent / "folder" / f"{name}.csv")


def test_a_dry_run_counts_and_tries_and_writes_nothing(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    status, said = run(world.place, DRY, capsys)
    assert status == 0
    assert "8 studies, 7 films" in said
    assert "left out: 1 no_chest_film" in said
    assert "7 of them tried: 5 read, 1 refused (lateral_view), 1 refused (pixel_length)" in said, said
    assert "s to fetch and" in said
    assert not (world.place / "first-half").exists()


def test_an_archive_has_the_rows_of_a_folder_and_nothing_of_the_patient(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    status, said = run(world.place, f"{RUN} --workers 1 --connections 2", capsys)
    out = world.place / "first-half"
    assert status == 0, said
    assert "8 studies; left out: 1 no_chest_film" in said
    has_the_rows_of_the_folder(out)
    assert sorted(world.front.retrieved()) == sorted(world.uids)
    assert world.front.most_at_once <= 2
    assert json.loads((out / "summary.json").read_text())["left_out"] == {"no_chest_film": 1}
    assert sorted(each.name for each in out.iterdir()) == [
        "films.csv", "films.parquet", "predictions.csv", "predictions.parquet", "summary.json",
    ]  # fmt: skip
    told = said.encode() + b"".join(each.read_bytes() for each in out.iterdir())
    assert NAME.encode() not in told
    assert not any(uid.encode() in told for uid in world.uids)
    database = SqlDatabase(f"sqlite:///{world.place / 'house' / 'wetread.db'}")
    acts = [each.event for each in database.audit_records() if each.event.action == "archive.batch"]
    database.close()
    assert [dict(each.detail) for each in acts] == [{"archive": "pacs", "studies": "8", "films": "7"}]


def test_a_run_that_was_killed_ends_as_one_that_was_not(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--archive", "pacs", "--from", "2026-01-01", "--until", "2026-06-30", "--out", "killed")
    killed = ended_by(signal.SIGKILL, world.place, *words, "--connections", "2")
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    work = world.place / "killed" / "unfinished"
    done = [json.loads(line)["number"] for line in next(work.glob("open-*")).read_text().splitlines()]
    listed = [json.loads(line)["path"].rpartition("/")[2] for line in (work / "films.jsonl").read_text().splitlines()]
    assert (len(done), len(listed), work.stat().st_mode & 0o777) == (2, NUMBER_OF_FILMS, 0o700)
    world.front.asked.clear()
    with one_more(world.archive) as late:
        status, said = run(world.place, f"batch {shlex.join(words)} --workers 1", capsys)
    assert (status, "2 films were done before" in said) == (0, True), said
    has_the_rows_of_the_folder(world.place / "killed")
    assert sorted(world.front.retrieved()) == sorted(uid for n, uid in enumerate(listed, 1) if n not in done)
    assert late not in world.front.retrieved()


@pytest.mark.parametrize("fault", ["busy", "slow down", "cut", "failed"])
def test_a_bad_moment_costs_a_further_try_and_no_film(
    world: World, fault: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world.front.faults[world.uids[2]].append(fault)
    world.front.faults["00&limit=200"].append("busy")
    out = world.place / fault.replace(" ", "-")
    status, said = run(world.place, f"batch --archive pacs --from 2026-01-01 --until 2026-06-30 --out {out}", capsys)
    assert status == 0, said
    has_the_rows_of_the_folder(out)
    assert world.front.retrieved().count(world.uids[2]) == 2


@pytest.mark.parametrize(
    ("fault", "code", "tries"), [("gone", "gone", 1), ("failed", "receiver_failed", 3), ("cut", "broke_off", 3)]
)
def test_a_film_that_does_not_come_is_put_aside_with_its_reason(
    world: World, fault: str, code: str, tries: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "BROKEN_PAUSES_S", (0.01, 0.01))
    world.front.faults[world.uids[0]].extend([fault] * 9)
    out = world.place / f"aside-{fault}"
    status, said = run(world.place, f"batch --archive pacs --from 2026-01-01 --until 2026-06-30 --out {out}", capsys)
    assert (status, f"failed: {code}  1" in said) == (1, True), said
    (row,) = (each for each in rows_of(out / "films.csv") if each["code"] == code)
    assert (row["fate"], row["study"], "pacs" in row["reason"]) == ("failed", f"film-{row['number']}", True)
    assert world.front.retrieved().count(world.uids[0]) == tries
    assert len(rows_of(out / "films.csv")) == NUMBER_OF_FILMS


def test_a_listing_that_was_killed_goes_on_where_it_was(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--archive", "pacs", "--from", "2026-01-01", "--until", "2026-06-30", "--out", "listing", "--workers", "1"]
    process = subprocess.Popen(
        [*COMMAND, "batch", *words], cwd=world.place, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )

    work = world.place / "listing" / "unfinished"

    def kill_in_a_later_step(path: str) -> None:
        state = work / "films.state"
        if "/instances?" in path and state.exists() and json.loads(state.read_text())["films"]:
            process.kill()

    world.front.before = kill_in_a_later_step
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    listed = {json.loads(line)["path"].partition("/")[0] for line in (work / "films.jsonl").read_text().splitlines()}
    assert 0 < len(listed) < NUMBER_OF_FILMS
    with (work / "films.jsonl").open("a") as torn:
        torn.write('{"path": "1.2/3')
    world.front.asked.clear()
    world.front.before = lambda path: None
    status, said = run(world.place, shlex.join(["batch", *words]), capsys)
    assert (status, "going on with the run" in said) == (0, True), said
    assert not any(f"/studies/{uid}/instances?" in path for uid in listed for path in world.front.asked)
    has_the_rows_of_the_folder(world.place / "listing")
    other = run(world.place, "batch --archive pacs --from 2026-01-02 --out listing", capsys)
    assert "finished run" in other[1]


def test_an_archive_that_goes_away_stops_the_run_and_blames_no_film(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "AWAY_PAUSES_S", (0.01, 0.01))
    command = "batch --archive pacs --from 2026-01-01 --until 2026-06-30 --out away --workers 1 --connections 1"

    def away_after_the_second(path: str) -> None:
        world.front.down = len(world.front.retrieved()) == 2

    world.front.before = away_after_the_second
    status, said = run(world.place, command, capsys)
    assert (status, "could not be fetched" in said, "None of them is written down" in said) == (1, True, True), said
    assert not (world.place / "away" / "summary.json").exists()
    world.front.down, world.front.before = False, lambda path: None
    status, said = run(world.place, command, capsys)
    assert status == 0, said
    has_the_rows_of_the_folder(world.place / "away")


def test_studies_by_name_of_one_station(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    lines = ["# of the reader study", *world.studies[:4], "", world.studies[0], "2.25.1234567"]
    (world.place / "uids.txt").write_text("\n".join(lines))
    status, said = run(world.place, f"{CHOSEN} --workers 1", capsys)
    assert (status, "5 studies; left out: 2 other_station, 1 study_not_there" in said) == (0, True), said
    assert sorted(world.front.retrieved()) == sorted([world.uids[0], world.uids[2]])


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("--archive pacs", "--from"),
        ("--archive pacs --from 2026-02-01 --until 2026-01-01", "before --from"),
        ("--archive pacs --from 2026-02-01 --studies uids.txt", "leave --from"),
        ("--archive nowhere --from 2026-02-01", "no archive is called nowhere"),
        ("films --from 2026-02-01", "ask an --archive"),
        ("films --archive pacs --from 2026-02-01", "or an archive"),
        ("--archive pacs --studies wrong.txt", "1 lines are no UID; the first: line 2"),
        ("--archive pacs --studies absent.txt", "cannot be read"),
        ("--archive pacs --from 1999-01-01 --until 1999-12-31", "the source holds no film"),
    ],
)
def test_what_cannot_be_meant_is_said(world: World, words: str, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    (world.place / "wrong.txt").write_text("1.2.3\nDoe^Jane\n")
    status, said = run(world.place, f"batch {words} --out refused", capsys)
    assert (status, says in said, "Doe" in said) == (1, True, False), said
    assert not [each for each in (world.place / "refused").rglob("*") if each.is_file()]
