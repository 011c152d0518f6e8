"""Who signs in elsewhere, what hangs on a session, what is used once: kept by every database alike."""

from dataclasses import replace
from datetime import timedelta

import pytest

from wetread.domain.errors import PermanentError
from wetread.domain.role import Act
from wetread.ports.database import Database, Session
from wetread.ports.identity_store import Confirmation, ExternalIdentity, ExternalSession, TokenLimit
from wetread.testing.builders import NOON

HERE, OTHER = "a" * 64, "b" * 64
ISSUER = "https://id.example"
ELSEWHERE = ExternalSession(HERE, ISSUER, "sub-1", "sid-1", "sealed", NOON, NOON)
LIMIT = TokenLimit(frozenset({Act.PLACE_ORDER, Act.SEE_WORKITEMS}), "x" * 43)
SAID = Confirmation("c" * 64, HERE, "d" * 64, NOON + timedelta(minutes=2))


def begun(database: Database, *tokens: str) -> None:
    with database.begin() as unit:
        for each in tokens:
            unit.save_session(Session(each, "ann", NOON + timedelta(hours=1)))
        unit.commit()


def test_somebody_is_known_by_issuer_and_subject_together(database: Database) -> None:
    ann = ExternalIdentity(ISSUER, "sub-1", "ann")
    with database.begin() as unit:
        unit.save_external_identity(ann)
        unit.commit()
    with database.begin(write=False) as unit:
        assert unit.external_identity(ISSUER, "sub-1") == ann
        assert unit.external_identity("https://other.example", "sub-1") is None
        assert unit.external_identity(ISSUER, "sub-2") is None


def test_sessions_elsewhere_are_found_by_subject_and_by_their_own_name(database: Database) -> None:
    second = replace(ELSEWHERE, token_sha256=OTHER, session="sid-2")
    begun(database, HERE, OTHER)
    with database.begin() as unit:
        unit.save_external_session(ELSEWHERE)
        unit.save_external_session(second)
        unit.commit()
    with database.begin(write=False) as unit:
        assert unit.external_session(HERE) == ELSEWHERE
        assert unit.external_sessions(ISSUER, subject="sub-1") == (ELSEWHERE, second)
        assert unit.external_sessions(ISSUER, session="sid-2") == (second,)
        assert unit.external_sessions(ISSUER, subject="sub-2", session="sid-2") == ()
        assert unit.external_sessions("https://other.example", subject="sub-1") == ()


def test_what_hangs_on_a_session_moves_and_ends_with_it(database: Database) -> None:
    begun(database, HERE, OTHER)
    with database.begin() as unit:
        unit.save_external_session(ELSEWHERE)
        unit.move_external_session(HERE, OTHER)
        unit.move_external_session("e" * 64, HERE)
        unit.save_confirmation(SAID)
        unit.limit_token(HERE, LIMIT)
        unit.commit()
    with database.begin() as unit:
        assert unit.external_session(OTHER) == replace(ELSEWHERE, token_sha256=OTHER)
        assert (unit.external_session(HERE), unit.token_limit(OTHER)) == (None, None)
        assert unit.token_limit(HERE) == LIMIT
        unit.end_session(HERE)
        unit.end_session(OTHER)
        unit.commit()
    with database.begin() as unit:
        assert unit.external_sessions(ISSUER) == ()
        assert (unit.token_limit(HERE), unit.take_confirmation(SAID.secret_sha256)) == (None, None)


def test_nothing_hangs_on_a_session_that_is_not_there(database: Database) -> None:
    with database.begin() as unit, pytest.raises(PermanentError, match="refused"):
        unit.save_external_session(ELSEWHERE)


def test_one_of_many_askers_asks_the_provider(database: Database) -> None:
    begun(database, HERE)
    later = NOON + timedelta(seconds=30)
    with database.begin() as unit:
        unit.save_external_session(ELSEWHERE)
        assert not unit.claim_asking(HERE, asked_before=NOON, now=later)
        assert unit.claim_asking(HERE, asked_before=later, now=later)
        assert not unit.claim_asking(HERE, asked_before=later, now=later)
        assert not unit.claim_asking(OTHER, asked_before=later, now=later)
        assert unit.external_session(HERE) == replace(ELSEWHERE, asked_at=later)


def test_a_confirmation_is_taken_once(database: Database) -> None:
    begun(database, HERE)
    with database.begin() as unit:
        unit.save_confirmation(SAID)
        unit.commit()
    with database.begin() as unit:
        assert unit.take_confirmation(SAID.secret_sha256) == SAID
        assert unit.take_confirmation(SAID.secret_sha256) is None


def test_a_token_is_used_once_until_it_is_over(database: Database) -> None:
    ends = NOON + timedelta(minutes=5)
    with database.begin() as unit:
        assert unit.use_once("f" * 64, expires_at=ends, now=NOON)
        assert not unit.use_once("f" * 64, expires_at=ends, now=NOON)
        assert unit.use_once("0" * 64, expires_at=ends, now=NOON)
        assert not unit.use_once("f" * 64, expires_at=ends, now=ends)
        assert unit.use_once("f" * 64, expires_at=ends, now=ends + timedelta(seconds=1))


def test_who_somebody_is_elsewhere_is_listed_by_account_and_taken_away(database: Database) -> None:
    ann, bob = ExternalIdentity(ISSUER, "sub-2", "ann"), ExternalIdentity(ISSUER, "sub-1", "bob")
    with database.begin() as unit:
        unit.save_external_identity(bob)
        unit.save_external_identity(ann)
        unit.commit()
    with database.begin() as unit:
        assert unit.external_identities() == (ann, bob)
        assert (unit.external_identities("bob"), unit.external_identities("eve")) == ((bob,), ())
        unit.drop_external_identity(ISSUER, "sub-1")
        unit.drop_external_identity("https://other.example", "sub-2")
        unit.commit()
    with database.begin(write=False) as unit:
        assert unit.external_identities() == (ann,)
