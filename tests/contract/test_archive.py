"""Another archive: it finds what was asked for and nothing else, gives whole files, and says what is new once."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date
from io import BytesIO
from itertools import count

import pytest
from neighbours.archives import (
    ArchiveWorld,
    KeptFiles,
    dcmqrscp_worlds,
    memory_world,
    orthanc_worlds,
    own_worlds,
    re_labelled,
)
from pydicom import dcmread
from tests.films import another_instance, film

from wetread.domain.archive import ArchivedInstance, StudyQuery
from wetread.domain.errors import PermanentError

_SEEDS = count(700)
REAL = pytest.mark.real


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, ArchiveWorld]]:
    """Each is started when it is first asked for, and serves all tests."""

    class Started(dict[str, ArchiveWorld]):
        def __missing__(self, name: str) -> ArchiveWorld:
            folder = tmp_path_factory.mktemp(name)
            if name == "memory":
                self[name] = memory_world()
            else:
                kind = name.partition("-")[0]
                self.update(stack.enter_context(_REAL_WORLDS[kind](folder)))
            return self[name]

    with ExitStack() as stack:
        yield Started()


_REAL_WORLDS = {"orthanc": orthanc_worlds, "wetread": own_worlds, "dcmqrscp": dcmqrscp_worlds}
_NAMES = ("orthanc", "orthanc-web", "orthanc-dimse", "wetread", "wetread-dimse", "dcmqrscp", "dcmqrscp-move")


@pytest.fixture(params=["memory", *(pytest.param(name, marks=REAL) for name in _NAMES)])
def world(request: pytest.FixtureRequest, worlds: dict[str, ArchiveWorld]) -> ArchiveWorld:
    return worlds[request.param]


def holds(files: KeptFiles, world: ArchiveWorld, content: bytes) -> bool:
    """To the byte: the file, or where only data sets come, the data set."""
    part: Callable[[bytes], bytes] = bytes if world.whole_files else data_set_of
    return part(content) in map(part, files.contents)


def data_set_of(content: bytes) -> bytes:
    """A Part 10 file behind its file meta information (PS3.10 §7.1)."""
    return content[144 + int.from_bytes(content[140:144], "little") :]


def a_film(**values: str) -> tuple[bytes, str]:
    """A film of a new study, and its Study Instance UID."""
    content = film(next(_SEEDS))
    content = re_labelled(content, **values) if values else content
    return content, str(dcmread(BytesIO(content), stop_before_pixels=True).StudyInstanceUID)


def kept(world: ArchiveWorld, **values: str) -> tuple[bytes, str]:
    content, uid = a_film(**values)
    world.keep(content)
    return content, uid


def uids(world: ArchiveWorld, **query: object) -> list[str]:
    return sorted(each.study_instance_uid for each in world.archive.studies(StudyQuery(**query), 50).studies)  # type: ignore[arg-type]


def test_it_says_who_it_is(world: ArchiveWorld) -> None:
    assert world.archive.identity().product in ("memory", "Orthanc", "DICOMweb", "DIMSE")


def test_the_studies_of_a_patient_and_of_nobody_else(world: ArchiveWorld) -> None:
    kept(world)
    number = f"ARC^{next(_SEEDS)} &%/e"
    _, first = kept(world, PatientID=f"{number}?", StudyDate="20200301")
    _, second = kept(world, PatientID=f"{number}?", StudyDate="20240301")
    kept(world, PatientID=f"{number}X")
    found = world.archive.studies(StudyQuery(patient_id=f"{number}?"), 50)
    assert {each.study_instance_uid for each in found.studies} == {first, second}
    assert {(each.study_date, each.patient_birth_date) for each in found.studies} == {
        ("20200301", "19700101"),
        ("20240301", "19700101"),
    }
    assert uids(world, patient_id=f"{number}?", taken_until=date(2022, 1, 1)) == [first]
    assert uids(world, patient_id=f"{number}?", taken_from=date(2022, 1, 1)) == [second]
    assert uids(world, patient_id=f"{number}?", modality="CT") == []
    assert uids(world, patient_id="*") == []


def test_a_study_by_its_uid_and_by_its_accession_number(world: ArchiveWorld) -> None:
    number = f"ARC ACC {next(_SEEDS)}"
    _, uid = kept(world, AccessionNumber=number)
    assert uids(world, study_instance_uid=uid) == [uid]
    assert uids(world, accession_number=number) == [uid]
    assert uids(world, study_instance_uid="2.25.1234567") == []


def test_more_than_was_asked_for_is_said(world: ArchiveWorld) -> None:
    query = StudyQuery(patient_id=f"ARC-{next(_SEEDS)}")
    for _ in range(3):
        kept(world, PatientID=query.patient_id)
    assert (len(world.archive.studies(query, 2).studies), world.archive.studies(query, 2).complete) == (2, False)
    assert (len(world.archive.studies(query, 3).studies), world.archive.studies(query, 3).complete) == (3, True)


def test_the_instances_of_a_study(world: ArchiveWorld) -> None:
    content, uid = kept(world)
    further = f"2.25.555{next(_SEEDS)}"
    world.keep(another_instance(content, further))
    listed = world.archive.instances(uid)
    assert further in {each.sop_instance_uid for each in listed}
    assert {(each.study_instance_uid, each.modality) for each in listed} == {(uid, "DX")}
    assert len(listed) == 2
    assert world.archive.instances("2.25.1234567") == ()


def test_a_study_and_a_series_and_an_instance_are_retrieved_whole(world: ArchiveWorld) -> None:
    content, uid = kept(world)
    further = f"2.25.555{next(_SEEDS)}"
    second = another_instance(content, further)
    world.keep(second)
    listed = world.archive.instances(uid)
    (series,) = {each.series_instance_uid for each in listed}
    wanted = {
        2: ArchivedInstance(uid, "", ""),
        -2: ArchivedInstance(uid, series, ""),
        1: ArchivedInstance(uid, series, further),
    }
    for number, what in wanted.items():
        files = KeptFiles()
        answer = world.archive.retrieve(what, files)
        assert (answer.handed_over, answer.failed, len(files.contents)) == (abs(number), (), abs(number))
        assert holds(files, world, second)


def test_what_is_not_there_is_told(world: ArchiveWorld) -> None:
    answer = world.archive.retrieve(ArchivedInstance("2.25.1234567", "", ""), KeptFiles())
    assert (answer.handed_over, [each.code for each in answer.failed]) == (0, ["gone"])


def test_what_is_new_comes_once_and_in_order(world: ArchiveWorld) -> None:
    if not world.archive.identity().feeds:
        with pytest.raises(PermanentError) as none:
            world.archive.changes("", 10)
        assert none.value.code == "no_change_feed"
        return
    cursor = at_the_end(world)
    first, second = kept(world)[1], kept(world)[1]
    seen, steps = [], 0
    while True:
        new = world.archive.changes(cursor, 3)
        seen += [each.study_instance_uid for each in new.instances]
        cursor, steps = new.cursor, steps + 1
        if not new.more:
            break
    assert seen == [first, second]
    assert not new.restarted
    assert world.archive.changes(cursor, 10).instances == ()
    assert world.archive.changes(cursor, 10).cursor == cursor


def test_a_new_instance_can_be_retrieved_by_what_the_feed_says_of_it(world: ArchiveWorld) -> None:
    if not world.archive.identity().feeds:
        assert not world.archive.identity().feeds or world.delete is None
        return
    cursor = at_the_end(world)
    content, uid = kept(world)
    (new,) = world.archive.changes(cursor, 10).instances
    assert (new.study_instance_uid, new.modality, new.body_part_examined) == (uid, "DX", "CHEST")
    files = KeptFiles()
    assert world.archive.retrieve(new, files).handed_over == 1
    assert holds(files, world, content)


def test_what_was_deleted_meanwhile_does_not_stop_the_feed(world: ArchiveWorld) -> None:
    if world.delete is None or not world.archive.identity().feeds:
        assert not world.archive.identity().feeds or world.delete is None
        return
    _, uid = kept(world)
    cursor = at_the_end(world)
    (instance,) = world.archive.instances(uid)
    world.delete(instance.sop_instance_uid)  # what stood at the cursor is gone: still the same database
    _, later = kept(world)
    new = world.archive.changes(cursor, 10)
    assert ([each.study_instance_uid for each in new.instances], new.restarted) == ([later], False)
    (gone,) = [each for each in new.instances if each.study_instance_uid == later]
    world.delete(gone.sop_instance_uid)
    assert [each.code for each in world.archive.retrieve(gone, KeptFiles()).failed] == ["gone"]


def at_the_end(world: ArchiveWorld) -> str:
    cursor, more = "", True
    while more:
        new = world.archive.changes(cursor, 50)
        cursor, more = new.cursor, new.more
    return cursor
