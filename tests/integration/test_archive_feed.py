"""Orthanc as the archive, with the service as its users start it: films come by its feed and are read, earlier ones come to be compared, our own results come back and begin nothing;
a feed that is killed anywhere loses nothing and doubles nothing."""

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from neighbours.archives import re_labelled
from neighbours.asking import ask_once
from neighbours.orthanc import Orthanc, orthanc
from neighbours.wetread import COMMAND, Wetread
from tests.films import another_instance, film
from tests.journey.waiting import wait_for

from wetread.storage.database import SqlDatabase

pytestmark = [pytest.mark.real, pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")]

_SEEDS = count(810)
TODAY = time.strftime("%Y%m%d")


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    with orthanc(tmp_path_factory.mktemp("orthanc")) as neighbour:
        yield neighbour


def keep(archive: Orthanc, content: bytes) -> None:
    assert ask_once("POST", f"{archive.url}/instances", body=content).status == 200


def house_of(folder: Path, archive: Orthanc, **more: str) -> Wetread:
    table = {"name": "pacs", "kind": "orthanc", "url": archive.url, "poll_s": 1, "max_age_days": 7}
    return Wetread(folder, {"ARCHIVES": json.dumps([table]), **more})


def database_of(house: Wetread) -> SqlDatabase:
    return SqlDatabase(f"sqlite:///{house.folder / 'wetread.db'}")


def states(house: Wetread) -> list[str]:
    database = database_of(house)
    try:
        return sorted(each.value for each, count in database.count_studies().items() for _ in range(count))
    finally:
        database.close()


def feed(house: Wetread, fault: str = "") -> subprocess.Popen[bytes]:
    environment = {**house.environment, **({"WETREAD_FAULT": fault} if fault else {})}
    return subprocess.Popen([*COMMAND, "archive", "feed"], env=environment, stderr=subprocess.DEVNULL)


def stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    assert process.wait(120) == 0


def test_a_film_comes_by_the_feed_with_its_prior_and_goes_back_as_a_result_that_begins_nothing(
    tmp_path: Path, archive: Orthanc
) -> None:
    """The whole way, with our results stored into the very archive that the films come from."""
    today = re_labelled(film(801), PatientID="FEED-1", StudyDate=TODAY)
    earlier = re_labelled(film(802), PatientID="FEED-1", StudyDate="20250301")
    keep(archive, earlier)
    keep(archive, today)
    house = house_of(tmp_path / "house", archive, STOW_SINK_URL=archive.dicomweb_url)
    house.add_radiologist()
    with house.serving() as service:
        wait_for(lambda: len(service.client.worklist("open")) == 1, "the film by the feed")
        (row,) = service.client.worklist("open")
        wait_for(lambda: states(house).count("fetched") == 1, "its prior")
        path = f"/api/studies/{row['study_key']}"
        wait_for(lambda: service.client.get(path)["draft"], "a draft")
        reading = service.client.get(path)
        assert [(each["study_date"], each["fetched_from"]) for each in reading["priors"]] == [("20250301", "pacs")]
        assert len(service.client.worklist("open")) == 1  # the prior is on no list
        opened = service.client.post(f"{path}/open", {})
        before = len(archive.sop_instance_uids())
        sign = {"etag": opened["report"]["etag"], "meaning": "authored", "password": "correct horse battery"}
        service.client.post(f"{path}/sign", sign)
        wait_for(lambda: len(archive.sop_instance_uids()) > before, "our result in the archive")
        wait_for(lambda: service.client.get(f"{path}/status")["study"]["state"] == "delivered", "the delivery")
        last = json.loads(archive.get("/changes?last"))["Last"]
        wait_for(lambda: cursor_of(house) >= last, "the feed behind our result")
        assert service.client.get(f"{path}/status")["study"]["state"] == "delivered"
        assert (states(house), len(service.client.worklist("open"))) == (["delivered", "fetched"], 0)
        # and a second film of the same study, which the modality sends to the archive an hour later
        keep(archive, another_instance(today, "2.25.99801"))
        wait_for(lambda: [each["new_images"] for each in service.client.worklist("open")] == [1], "the late film")
        wait_for(lambda: service.client.get(path)["late_images"]["read"], "its read")
        assert service.client.get(path)["report"]["version"] == 1
        assert service.client.post(f"{path}/keep-report", {})["state"] == "delivered"
    database = database_of(house)
    acts = [record.event for record in database.audit_records() if record.event.actor_id == "archive:pacs"]
    database.close()
    assert {"archive.probe", "archive.read", "instance.store", "prior.fetch"} <= {each.action for each in acts}
    assert {each.address for each in acts} == {"127.0.0.1"}


@pytest.mark.parametrize("fault", ["before_commit:2", "feed_before_cursor:1"])
def test_a_feed_that_is_killed_loses_nothing_and_doubles_nothing(tmp_path: Path, archive: Orthanc, fault: str) -> None:
    house = house_of(tmp_path / "house", archive, WORKERS="0")
    # patients of this case alone: another case's film of the same one would come as a prior too
    for seed in [next(_SEEDS) for _ in range(3)]:
        keep(archive, re_labelled(film(seed), StudyDate=TODAY, PatientID=f"KILL-{seed}"))
    killed = feed(house, fault)
    assert killed.wait(120) == -signal.SIGKILL
    last = json.loads(archive.get("/changes?last"))["Last"]
    again = feed(house)
    try:
        wait_for(lambda: cursor_of(house) >= last, "the feed's end")
    finally:
        stop(again)
    database = database_of(house)
    with database.begin(write=False) as unit:
        held = [each for study in unit.studies() for each in unit.instances(study.study_key)]
    ours = {each.study_key for each in held}  # without the earlier films of another test's patient
    acts = (record.event for record in database.audit_records())
    stored = [each for each in acts if each.action == "instance.store" and each.study_key in ours]
    database.close()
    assert len(held) == films_of_today(archive)
    assert len({each.instance_key for each in held}) == len(held)
    assert len(stored) == len(held)  # nothing was even fetched twice but what died before its commit


def films_of_today(archive: Orthanc) -> int:
    """What the feed wants: films of the last days, and not what we stored there ourselves."""
    wanted = {"Level": "Instance", "Query": {"StudyDate": TODAY, "Modality": "DX"}}
    found = ask_once("POST", f"{archive.url}/tools/find", json=wanted).json()
    return len(found)


def cursor_of(house: Wetread) -> int:
    database = database_of(house)
    try:
        with database.begin(write=False) as unit:
            return int(unit.feed("pacs").cursor.partition(":")[0] or 0)
    finally:
        database.close()


def test_the_commands_say_what_is_there_and_bring_it(tmp_path: Path, archive: Orthanc) -> None:
    house = house_of(tmp_path / "house", archive, WORKERS="0")
    house.add_radiologist()
    keep(archive, re_labelled(film(next(_SEEDS)), PatientID="CLI 1", StudyDate=TODAY))
    keep(archive, re_labelled(film(next(_SEEDS)), PatientID="CLI 2", StudyDate=TODAY))
    checked = house.run("archive", "check", "pacs")
    assert checked.stdout.startswith("Orthanc 1.10")
    assert "percent-encoded query" in house.run("archive", "list").stdout.split("cannot: ")[1].splitlines()[0]
    asked = ("archive", "search", "pacs", "--patient", "CLI 1", "--as", "dr-test", "--password-stdin")
    found = house.run(*asked, stdin="correct horse battery\n")
    (line,) = found.stdout.splitlines()
    assert TODAY in line
    uid = next(word for word in line.split() if word.startswith("2.25."))
    assert "would" not in house.run("archive", "fetch", "pacs", uid, "--dry-run").stdout
    assert states(house) == []
    fetched = house.run("archive", "fetch", "pacs", uid)
    assert (fetched.returncode, fetched.stderr.splitlines()[-1]) == (0, "1 taken")
    assert states(house) == ["admitted"]
    dry = house.run("archive", "sweep", "pacs", "--days", "1", "--dry-run").stdout
    assert TODAY[:4] in dry
    assert states(house) == ["admitted"]
    swept = house.run("archive", "sweep", "pacs", "--days", "1")
    assert swept.returncode == 0, swept.stderr
    assert len(states(house)) > 1
    assert house.run("archive", "fetch", "pacs", "2.25.1234567").returncode == 1
    unknown = house.run("archive", "check", "vna")
    assert (unknown.returncode, "there are: pacs" in unknown.stderr) == (1, True)
