"""Requests for a read are kept by every database alike, before their study comes and after."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from wetread.domain.identifiers import InstanceKey, StudyKey
from wetread.domain.priority import Priority
from wetread.domain.read_request import Failure, ReadRequest, RequestOrigin, RequestState
from wetread.ports.database import Database
from wetread.testing.builders import STUDY_KEY

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
REQUEST = ReadRequest(
    "r1", RequestOrigin.WORKITEM, STUDY_KEY, Priority.STAT, "ris", NOW, NOW + timedelta(days=1), (InstanceKey("i1"),)
)


def keep(database: Database, *requests: ReadRequest) -> None:
    with database.begin() as unit:
        for each in requests:
            unit.save_request(each)
        unit.commit()


def test_a_request_comes_back_before_its_study_is_here(database: Database) -> None:
    keep(database, REQUEST)
    with database.begin(write=False) as unit:
        assert (unit.request("r1"), unit.request("r2")) == (REQUEST, None)
        assert unit.open_requests() == (REQUEST,)
        assert unit.requests_of([STUDY_KEY, StudyKey("other")]) == {STUDY_KEY: (REQUEST,)}


def test_it_is_replaced_under_its_key_and_no_longer_open_once_it_ended(database: Database) -> None:
    failed = replace(REQUEST, state=RequestState.READING, progress=50).failed(Failure.AI_UNAVAILABLE, "no model")
    keep(database, REQUEST, failed)
    with database.begin(write=False) as unit:
        assert (unit.request("r1"), unit.open_requests()) == (failed, ())
        assert unit.requests_of([STUDY_KEY]) == {STUDY_KEY: (failed,)}


def test_open_ones_are_listed_oldest_first(database: Database) -> None:
    older = [replace(REQUEST, request_key=f"r{n}", asked_at=NOW - timedelta(hours=n)) for n in (2, 3)]
    reading = replace(REQUEST, request_key="r0", state=RequestState.READING, study_key=StudyKey("other"))
    keep(database, REQUEST, *older, reading)
    with database.begin(write=False) as unit:
        assert [each.request_key for each in unit.open_requests()] == ["r3", "r2", "r0", "r1"]
        assert [each.request_key for each in unit.open_requests(limit=1)] == ["r3"]
        second = unit.open_requests()[1]
        assert [each.request_key for each in unit.open_requests(after=second)] == ["r0", "r1"]
        assert [each.request_key for each in unit.open_requests(limit=1, after=second)] == ["r0"]
        assert [each.request_key for each in unit.requests_of([STUDY_KEY])[STUDY_KEY]] == ["r3", "r2", "r1"]
