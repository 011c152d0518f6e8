"""The network address in an audit record's facts, as SQL that an index holds: of every record, whichever release wrote it."""

import json
from typing import Any

from sqlalchemy import ColumnElement, Integer, Text, literal_column
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction

from wetread.domain.audit import ADDRESS

__all__ = ["address_in", "has_address"]

_FACT = json.dumps([ADDRESS, ""], separators=(",", ":"))[:-2]
"""What stands before it in the facts as `transaction` writes them, and within no value: there a quotation mark has a backslash before it."""


class address_in(GenericFunction[str]):  # noqa: N801 - an SQL function
    """`address` of a record's facts; of those without one, anything."""

    type = Text()
    inherit_cache = True


class _fact_at(GenericFunction[int]):  # noqa: N801 - an SQL function
    """Where the fact begins, from 1; 0: nowhere."""

    type = Integer()
    inherit_cache = True


def has_address(facts: ColumnElement[str]) -> ColumnElement[bool]:
    """The condition of the index, which a query must name to use it."""
    return _fact_at(facts) > literal_column("0")


@compiles(address_in, "sqlite")
def _(element: address_in, compiler: SQLCompiler, **options: Any) -> str:
    facts = compiler.process(element.clauses, **options)
    tail = f"substr({facts}, instr({facts}, '{_FACT}') + {len(_FACT)})"
    return f"substr({tail}, 1, instr({tail}, '\"') - 1)"


@compiles(address_in, "postgresql")
def _(element: address_in, compiler: SQLCompiler, **options: Any) -> str:
    return f"split_part(split_part({compiler.process(element.clauses, **options)}, '{_FACT}', 2), '\"', 1)"


@compiles(_fact_at, "sqlite")
def _(element: _fact_at, compiler: SQLCompiler, **options: Any) -> str:
    return f"instr({compiler.process(element.clauses, **options)}, '{_FACT}')"


@compiles(_fact_at, "postgresql")
def _(element: _fact_at, compiler: SQLCompiler, **options: Any) -> str:
    return f"strpos({compiler.process(element.clauses, **options)}, '{_FACT}')"
