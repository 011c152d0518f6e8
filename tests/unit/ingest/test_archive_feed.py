"""The change feed: what is new and wanted comes once and in order, whatever the archive does; one bad instance does not stop it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from archive_house import TODAY, ArchiveHouse, there
from builders_ingest import SECRET, a_file

from wetread.domain.errors import TransientError
from wetread.domain.identifiers import SOPInstanceUID, instance_key
from wetread.domain.job import JobState
from wetread.ingest.archive_sweep import ArchiveSweep


@pytest.fixture
def house(tmp_path: Path) -> Iterator[ArchiveHouse]:
    house = ArchiveHouse(tmp_path)
    yield house
    house.close()


def drain(house: ArchiveHouse) -> dict[str, int]:
    total: dict[str, int] = {}
    more = True
    while more:
        found = house.feed.poll()
        more = found.more
        for name, count in found.counts.items():
            total[name] = total.get(name, 0) + count
    return total


def test_what_is_new_comes_once_in_batches_and_is_read(house: ArchiveHouse) -> None:
    for number in range(5):
        there(house.archive, number)
    assert drain(house)["taken"] == 5
    assert set(house.states().values()) == {"admitted"}
    assert len(house.database.jobs(JobState.READY)) == 5
    house.archive.asked.clear()
    assert drain(house).get("taken", 0) == 0
    assert "retrieve" not in house.archive.asked


def test_what_came_by_another_door_is_not_fetched(house: ArchiveHouse) -> None:
    instance = there(house.archive, 1)
    house.send(a_file(instance.sop_instance_uid, study="1.2.1"))
    assert drain(house) == {"gone": 0, "known": 1}


def test_only_what_is_wanted_comes(tmp_path: Path) -> None:
    house = ArchiveHouse(tmp_path, modalities=frozenset({"DX"}), max_age_days=7)
    there(house.archive, 1)
    there(house.archive, 2, modality="CT")
    there(house.archive, 3, day="20261101")
    there(house.archive, 4, day="")  # what it does not say is no reason
    counts = drain(house)
    assert (counts["taken"], counts["unwanted_modality"], counts["unwanted_age"]) == (2, 1, 1)
    house.close()


def test_an_archive_that_is_away_stops_the_feed_where_it_is(house: ArchiveHouse) -> None:
    there(house.archive, 1)
    drain(house)
    cursor = house.state().cursor
    there(house.archive, 2)
    house.archive.away = True
    with pytest.raises(TransientError):
        house.feed.poll()
    state = house.state()
    assert (state.cursor, state.failure) == (cursor, "receiver_unreachable")
    since = state.failing_since
    house.clock.advance(60)
    with pytest.raises(TransientError):
        house.feed.poll()
    assert house.state().failing_since == since
    house.archive.away = False
    assert drain(house)["taken"] == 1
    assert house.state().failing_since is None


def test_one_that_always_breaks_off_is_put_aside_after_three_tries(house: ArchiveHouse) -> None:
    there(house.archive, 1)
    there(house.archive, 2)
    house.archive.breaks_off_after = 0
    for _ in range(2):
        with pytest.raises(TransientError):
            house.feed.poll()
    with pytest.raises(TransientError):  # the first is aside now, the second breaks off for the first time
        house.feed.poll()
    house.archive.breaks_off_after = None
    assert drain(house)["taken"] == 2  # nothing was lost: it was put aside in a round that did not end


def test_a_poison_instance_is_put_aside_with_its_reason(house: ArchiveHouse) -> None:
    there(house.archive, 1, content=b"no dicom at all")
    there(house.archive, 2)
    counts = drain(house)
    assert (counts["taken"], counts["aside"]) == (1, 1)
    (aside,) = house.asides()
    assert (aside.code, "1.2.1" in aside.name) == ("not_dicom", False)  # a key, not a UID
    assert drain(house).get("aside", 0) == 0


def test_another_instance_than_was_asked_for_is_put_aside(house: ArchiveHouse) -> None:
    there(house.archive, 1, content=a_file("9.9.9", study="9.9"))
    drain(house)
    assert [each.code for each in house.asides()] == ["claim_mismatch"]
    assert house.states() == {}


def test_the_same_uid_with_other_bytes_is_put_aside_and_the_first_stays(house: ArchiveHouse) -> None:
    house.send(a_file("1.2.1.1.1", study="1.2.1", patient="P2"))
    there(house.archive, 1, content=a_file("1.2.1.1.1", study="1.2.1", patient="P1"))
    house.intake.bring(house.archive.instances("1.2.1")[0], found := house.feed.poll())
    assert [each.code for each in found.aside] == ["conflict"]


def test_another_database_there_is_read_anew_and_said(house: ArchiveHouse) -> None:
    for number in range(4):
        there(house.archive, number)
    drain(house)
    house.archive.replace_database()
    there(house.archive, 1)
    there(house.archive, 7)
    found = house.feed.poll()
    assert (found.restarted, found.counts["taken"], found.counts["known"]) == (True, 1, 1)
    assert "archive.restart" in [each.event.action for each in house.database.audit_records()]


def test_our_own_result_from_the_archive_begins_nothing(house: ArchiveHouse) -> None:
    own = a_file(
        "1.2.5.1.1",
        study="1.2.5",
        modality="DX",
        sop_class_uid="1.2.840.10008.5.1.4.1.1.88.33",
        manufacturer="wetread",
        has_pixel_data=False,
    )
    there(house.archive, 5, content=own)
    assert drain(house)["own"] == 1
    assert house.states() == {}
    assert house.database.jobs(JobState.READY) == ()
    assert house.sweep.look(house.clock.now().date()).missing == ()  # and is not offered again and again


def test_a_full_disk_stops_the_feed_and_blames_nobody(house: ArchiveHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    there(house.archive, 1)

    def full() -> None:
        raise TransientError("the disk is full", code="storage_full")

    monkeypatch.setattr(house.files, "receive", full)
    for _ in range(5):
        with pytest.raises(TransientError):
            house.feed.poll()
    assert house.asides() == ()
    monkeypatch.undo()
    assert drain(house)["taken"] == 1


def test_the_sweep_finds_what_the_feed_missed_and_says_so(house: ArchiveHouse) -> None:
    there(house.archive, 1)
    there(house.archive, 2, day="20261122")
    there(house.archive, 3, day="20261101")  # older than the sweep looks
    drain(house)
    house.archive._log.clear()  # a feed that forgot
    there(house.archive, 4, day="20261121")
    house.archive._log.clear()
    steps = 1
    while not house.sweep.step():
        steps += 1
    assert steps == 4  # east of us it is the 24th
    assert house.states()["1.2.4"] == "admitted"
    state = house.state()
    assert (state.missed, state.incomplete, state.sweep_day) == (1, 0, "")
    told = [each.event for each in house.database.audit_records() if each.event.action == "archive.sweep"]
    assert [each.outcome for each in told] == ["missed"]


def test_what_the_feed_is_about_to_bring_was_not_missed(house: ArchiveHouse) -> None:
    there(house.archive, 1)
    while not house.sweep.step():
        pass
    assert (house.states()["1.2.1"], house.state().missed) == ("admitted", 0)


def test_a_sweep_goes_on_with_the_day_it_was_stopped_at(house: ArchiveHouse) -> None:
    there(house.archive, 1, day="20261121")
    assert not house.sweep.step()
    assert house.state().sweep_day == "2026-11-22"
    house.archive.away = True
    with pytest.raises(TransientError):
        house.sweep.step()
    assert house.state().sweep_day == "2026-11-22"
    house.archive.away = False
    assert [house.sweep.step() for _ in range(3)] == [False, False, True]


def test_a_whole_study_costs_the_sweep_one_question_a_day(house: ArchiveHouse) -> None:
    there(house.archive, 1)
    drain(house)
    house.archive.asked.clear()
    assert house.sweep.look(house.clock.now().date()).missing == ()
    assert "instances" not in house.archive.asked


@pytest.mark.parametrize(
    ("at", "day"),
    [
        (datetime(2026, 11, 23, 19, tzinfo=UTC), "20261124"),  # the morning of the 24th in Auckland
        (datetime(2026, 11, 24, 4, tzinfo=UTC), "20261123"),  # the evening of the 23rd in Los Angeles
    ],
)
def test_a_film_of_today_is_swept_wherever_the_hospital_is(house: ArchiveHouse, at: datetime, day: str) -> None:
    house.clock.advance((at - house.clock.now()).total_seconds())
    house.archive._log.clear()
    there(house.archive, 1, day=day)
    sweep = ArchiveSweep(house.intake, house.feed, days=1, feeds=False)
    while not sweep.step():
        pass
    assert house.states() == {"1.2.1": "admitted"}


def test_without_a_feed_the_sweep_brings_the_films_and_nothing_was_missed(tmp_path: Path) -> None:
    from wetread.testing.memory_archive import MemoryArchive

    house = ArchiveHouse(tmp_path, MemoryArchive(feeds=False))
    there(house.archive, 1, day=TODAY)
    while not house.sweep.step():
        pass
    assert (house.states(), house.state().missed) == ({"1.2.1": "admitted"}, 0)
    house.close()


def test_what_a_crash_left_in_the_vault_alone_still_comes(house: ArchiveHouse) -> None:
    """The vault commits inside the working transaction: killed between the two, it knows an instance that nothing else does."""
    there(house.archive, 1, image=1)
    drain(house)
    second = there(house.archive, 1, image=2)
    (first,) = house.held.instances(house.key("1.2.1"))
    header = replace(first.header, sop_instance_uid=SOPInstanceUID(second.sop_instance_uid))
    lost = replace(first, instance_key=instance_key(SECRET, header.sop_instance_uid), header=header)
    house.vault.admit([lost])
    assert drain(house)["taken"] == 1
    with house.database.begin(write=False) as unit:
        assert len(unit.instances(house.key("1.2.1"))) == 2
