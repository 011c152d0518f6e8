"""What receivers were asked to answer for is kept by every database alike."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from wetread.domain.commitment import Commitment, CommitmentState
from wetread.ports.database import Database

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
ASKED = Commitment("2.25.1", "cstore-PACS", "k:1", "PACS", ("2.25.7", "2.25.8"), NOW)


def keep(database: Database, *commitments: Commitment) -> None:
    with database.begin() as unit:
        for each in commitments:
            unit.save_commitment(each)
        unit.commit()


def test_a_transaction_is_kept_and_its_answer_replaces_it(database: Database) -> None:
    keep(database, ASKED)
    told = replace(ASKED, state=CommitmentState.FAILED, answered_at=NOW + timedelta(hours=1), failed=1, reason="0112")
    for each in (ASKED, told):
        keep(database, each)
        with database.begin(write=False) as unit:
            assert unit.commitment("2.25.1") == each
            assert unit.commitment("2.25.2") is None


def test_the_last_of_what_was_sent_where(database: Database) -> None:
    again = replace(ASKED, transaction_uid="2.25.0", asked_at=NOW + timedelta(hours=1))
    others = replace(again, transaction_uid="2.25.3", sink="cstore"), replace(again, transaction_uid="2.25.4", of="k:2")
    keep(database, ASKED, again, *others)
    with database.begin(write=False) as unit:
        assert unit.last_commitment("cstore-PACS", "k:1") == again
        assert unit.last_commitment("cstore-PACS", "k:3") is None
