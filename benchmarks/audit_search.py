"""How long a search through the audit log takes: a million records on SQLite or PostgreSQL, each filter, the address also without its index."""

import argparse
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sized
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from audit_logs import BEGAN
from neighbours.postgres import running_postgres
from sqlalchemy import Engine, select, text

from wetread.domain.audit import AuditEvent, AuditQuery
from wetread.domain.identifiers import StudyKey
from wetread.storage import schema
from wetread.storage.database import SqlDatabase
from wetread.storage.engine import make_engine, writing
from wetread.storage.migrate import upgrade
from wetread.storage.transaction import audit_record

_BATCH = 5_000
_RARE, _COMMON, _NOBODY = "192.0.2.9", "10.0.0.1", "203.0.113.9"
_ADDRESSES = (("found once", _RARE), ("found often", _COMMON), ("never found", _NOBODY))
_INDEX = "ix_audit_address"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="records in the log (1,000,000)")
    parser.add_argument("--engine", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--times", type=int, default=5, help="searches of each kind (5); the median is said")
    args = parser.parse_args()
    with _empty(args.engine) as url:
        upgrade(url, "work")
        database = SqlDatabase(url)
        _fill(database, args.rows)
        engine = make_engine(url)
        if args.engine == "postgresql":
            with writing(engine) as connection:
                connection.execute(text("ANALYZE audit"))
        print(f"{args.engine}, {args.rows} records, median of {args.times}")
        _measure(database, args.rows, args.times)
        print("by the text of the facts, as before migration 0027:")
        for words, address in _ADDRESSES:
            _print(f"an address {words}", partial(_by_text, engine, address), args.times)
        with writing(engine) as connection:
            connection.execute(text(f"DROP INDEX {_INDEX}"))
        began = time.perf_counter()
        with writing(engine) as connection:
            next(each for each in schema.audit.indexes if each.name == _INDEX).create(connection)
        print(f"making that index: {time.perf_counter() - began:.1f} s")
        engine.dispose()
        database.close()


@contextmanager
def _empty(engine: str) -> Iterator[str]:
    if engine == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite:///{folder}/work.db"
        return
    with running_postgres() as server:
        yield server.url(server.create())


def _fill(database: SqlDatabase, rows: int) -> None:
    """Films from four senders, people from 400 places, and one act from somewhere else in the middle."""
    dice = random.Random(27)  # noqa: S311 - not a secret
    began = time.perf_counter()
    for first in range(0, rows, _BATCH):
        with database.begin() as unit:
            for number in range(first, min(first + _BATCH, rows)):
                unit.audit(_event(dice, _RARE if number == rows // 2 else ""), BEGAN + timedelta(seconds=number))
            unit.commit()
        print(f"\r{first + _BATCH} of {rows} records", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    print(f"written in {time.perf_counter() - began:.0f} s")


def _event(dice: random.Random, address: str) -> AuditEvent:
    if dice.random() < 0.5:
        action, actor, whence = "study.receive", "modality", f"10.0.0.{dice.randrange(4)}"
    else:
        action, actor, whence = (
            "study.read",
            f"dr-{dice.randrange(200)}",
            f"10.1.{dice.randrange(2)}.{dice.randrange(200)}",
        )
    facts = (("version", "1"), ("mode", "concurrent"), ("address", address or whence))
    return AuditEvent(action, actor, study_key=StudyKey(f"{dice.randrange(10**5):024d}"), detail=facts)


def _measure(database: SqlDatabase, rows: int, times: int) -> None:
    at = BEGAN + timedelta(seconds=rows)
    for words, query in (
        *((f"an address {words}", AuditQuery(address=address)) for words, address in _ADDRESSES),
        ("an address found often, an act that nobody did", AuditQuery(action="x", address=_COMMON)),
        ("one account", AuditQuery(actor_id="dr-7")),
        ("one study", AuditQuery(study_key=f"{7:024d}")),
        ("an act that nobody did", AuditQuery(action="report.sign")),
        ("the last ten seconds", AuditQuery(since=at - timedelta(seconds=10))),
        ("the first ten seconds", AuditQuery(until=BEGAN + timedelta(seconds=10))),
    ):
        _print(words, partial(database.search_audit, query), times)


def _by_text(engine: Engine, address: str) -> list[object]:
    fact = schema.audit.c.detail.contains(f'["address","{address}"]', autoescape=True)
    query = select(schema.audit).where(fact).order_by(schema.audit.c.sequence.desc()).limit(100)
    with engine.connect() as connection:
        return list(map(audit_record, connection.execute(query)))


def _print(words: str, search: Callable[[], Sized], times: int) -> None:
    took: list[float] = []
    for _ in range(times):
        began = time.perf_counter()
        found = search()
        took.append(time.perf_counter() - began)
    print(f"  {words:<48} {len(found):>4} records {1000 * statistics.median(took):>9.1f} ms")


if __name__ == "__main__":
    main()
