"""What is kept of other archives and of late images is kept by every database alike."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from wetread.domain.archive_feed import (
    ArchiveProbe,
    FeedState,
    FetchedCopy,
    PriorFetch,
    PriorOutcome,
    PriorSearch,
    PutAside,
)
from wetread.domain.capability import Capability, Verdict
from wetread.domain.errors import PermanentError
from wetread.domain.identifiers import InstanceKey, StudyKey
from wetread.domain.identity_hold import HoldKind, IdentityHold
from wetread.domain.late_images import LateImages
from wetread.domain.study_state import StudyState
from wetread.ports.database import Database
from wetread.testing.builders import STUDY_KEY, a_study, an_analysis, an_instance

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
OTHER = StudyKey("o" * 24)


def kept(database: Database, *states: StudyState) -> None:
    """A study in each state, with one instance; all hold the same bytes."""
    with database.begin() as unit:
        for key, state in zip((STUDY_KEY, OTHER), states, strict=False):
            unit.save_study(a_study(study_key=key, state=state))
            unit.admit_instance(an_instance(instance_key=InstanceKey(f"i-{key}"), study_key=key))
        unit.commit()


def test_a_feed_begins_empty_and_comes_back_as_it_was_saved(database: Database) -> None:
    state = FeedState("pacs", "7:a:b", NOW, NOW, "receiver_unreachable", NOW, "2026-11-28", 1, 0, NOW, 2, 3)
    with database.begin() as unit:
        assert unit.feed("pacs") == FeedState("pacs")
        unit.save_feed(FeedState("vna"))
        unit.save_feed(FeedState("pacs"))
        unit.save_feed(state)
        unit.commit()
    with database.begin(write=False) as unit:
        assert (unit.feed("pacs"), unit.feeds()) == (state, (state, FeedState("vna")))


def test_what_was_put_aside_is_one_row_each_and_is_taken_back(database: Database) -> None:
    first = PutAside("pacs", "x", "too_large", "too large", NOW)
    again, other = replace(first, code="refused"), replace(first, name="y", at=NOW - timedelta(hours=1))
    with database.begin() as unit:
        for each in (first, again, other, replace(first, archive="vna")):
            unit.put_aside(each)
        unit.commit()
    with database.begin() as unit:
        assert unit.put_asides("pacs") == (other, again)
        unit.take_back("pacs", "x")
        unit.take_back("pacs", "never there")
        unit.commit()
    with database.begin(write=False) as unit:
        assert unit.put_asides("pacs") == (other,)


def test_a_probe_is_kept_with_what_it_found(database: Database) -> None:
    probe = ArchiveProbe("pacs", "Orthanc", "1.10", NOW, (Capability("QIDO-RS", "search", Verdict.NO, "HTTP 404"),))
    with database.begin() as unit:
        assert unit.probe("pacs") is None
        unit.save_probe(probe)
        unit.commit()
    with database.begin(write=False) as unit:
        assert unit.probe("pacs") == probe


def test_a_fetched_study_is_no_work_and_counts_nowhere(database: Database) -> None:
    kept(database, StudyState.FETCHED, StudyState.ADMITTED)
    with database.begin(write=False) as unit:
        assert [each.study_key for each in unit.worklist()] == [OTHER]
        assert [each.study_key for each in unit.studies()] == [OTHER]
        assert {each.studies for each in unit.arrivals(NOW - timedelta(days=3650))} == {1}
        assert unit.recent_reads(10) == ()
        assert len(unit.worklist(states=frozenset({StudyState.FETCHED}))) == 1


def test_copies_are_listed_oldest_first_and_dropped_with_bytes_that_nobody_else_names(database: Database) -> None:
    kept(database, StudyState.FETCHED, StudyState.FETCHED)
    copies = [
        FetchedCopy(key, "pacs", StudyKey("f" * 24), NOW - timedelta(days=n))
        for n, key in enumerate((STUDY_KEY, OTHER))
    ]
    with database.begin() as unit:
        for each in copies:
            unit.save_copy(each)
        unit.commit()
    with database.begin() as unit:
        assert unit.copies() == (copies[1], copies[0])
        assert unit.copies(before=NOW) == (copies[1],)
        assert unit.copies_for(copies[0].fetched_for) == (copies[1], copies[0])
        assert unit.copies_for(STUDY_KEY) == ()
        assert unit.drop_copy(OTHER) == ()  # the other study holds the same bytes
        assert len(unit.drop_copy(STUDY_KEY)) == 1
        unit.commit()
    with database.begin(write=False) as unit:
        assert (unit.find_study(OTHER), unit.instances(STUDY_KEY), unit.copies()) == (None, (), ())


def test_only_a_copy_can_be_dropped(database: Database) -> None:
    kept(database, StudyState.ADMITTED)
    with database.begin() as unit:
        with pytest.raises(PermanentError) as refusal:
            unit.drop_copy(STUDY_KEY)
        assert refusal.value.code == "no_copy"


def test_a_copy_that_something_names_is_not_dropped(database: Database) -> None:
    """At once, not when the transaction ends: in between the vault would forget it."""
    kept(database, StudyState.FETCHED)
    with database.begin() as unit:
        unit.open_hold(IdentityHold("h", STUDY_KEY, HoldKind.DEMOGRAPHICS, NOW))
        unit.commit()
    with database.begin() as unit, pytest.raises(PermanentError):
        unit.drop_copy(STUDY_KEY)


def test_a_copy_that_was_sent_to_be_read_is_forgotten_as_one(database: Database) -> None:
    kept(database, StudyState.FETCHED)
    copy = FetchedCopy(STUDY_KEY, "pacs", OTHER, NOW)
    with database.begin() as unit:
        unit.save_copy(copy)
        assert unit.copy(STUDY_KEY) == copy
        unit.forget_copy(STUDY_KEY)
        unit.forget_copy(STUDY_KEY)
        assert unit.copy(STUDY_KEY) is None
        unit.commit()


def test_searches_for_priors_and_late_images_come_back(database: Database) -> None:
    kept(database, StudyState.SIGNED)
    search = PriorSearch(
        STUDY_KEY, NOW, (PriorFetch("pacs", PriorOutcome.FETCHED, 2), PriorFetch("vna", PriorOutcome.AWAY))
    )
    late = LateImages(STUDY_KEY, NOW, NOW, (InstanceKey("a"),), analysis=replace(an_analysis(), heat=None))
    with database.begin() as unit:
        assert unit.prior_search(STUDY_KEY) is None
        unit.save_prior_search(search)
        unit.save_late_images(replace(late, analysis=None))
        unit.save_late_images(late)
        unit.commit()
    with database.begin(write=False) as unit:
        assert unit.prior_search(STUDY_KEY) == search
        assert unit.late_images([STUDY_KEY, OTHER]) == {STUDY_KEY: late}
