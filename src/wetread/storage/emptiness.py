"""Whether a database holds anything yet."""

from collections.abc import Container
from pathlib import Path

from sqlalchemy import Table, inspect, literal, select

from wetread.storage.access_schema import second_factors
from wetread.storage.engine import make_engine, parse_url, reaching

__all__ = ["holds_second_factors", "rows_in"]


def rows_in(url: str, which: str, without: Container[str] = ()) -> str:
    """The first table of the "work" or "vault" database that has a row, "" for none, also where the tables are not made yet."""
    from wetread.storage.schema import metadata_of

    return _first([each for each in metadata_of(which).sorted_tables if each.name not in without], url)


def holds_second_factors(url: str) -> bool:
    return bool(_first([second_factors], url))


def _first(tables: list[Table], url: str) -> str:
    parsed = parse_url(url)
    if parsed.get_backend_name() == "sqlite" and not Path(parsed.database or "").exists():
        return ""  # to look makes no file
    engine = make_engine(url)
    try:
        with reaching(url), engine.connect() as connection:
            there = set(inspect(connection).get_table_names())
            for each in tables:
                if each.name in there and connection.execute(select(literal(1)).select_from(each).limit(1)).first():
                    return each.name
    finally:
        engine.dispose()
    return ""
