"""The tables of the snippet database: pieces of patients' records, and the films' feature vectors. No identity, no dates of the calendar, but it counts as identifying."""

from sqlalchemy import BigInteger, Column, Float, ForeignKey, Index, Integer, MetaData, Table, Text

from wetread.storage.int8_vectors import Int8Vector
from wetread.storage.schema import NAMES, UtcDateTime

__all__ = ["cases", "snippet_sources", "snippets", "snippets_metadata"]

snippets_metadata = MetaData(naming_convention=NAMES)

snippet_sources = Table(
    "snippet_sources",
    snippets_metadata,
    Column("source_id", Text, primary_key=True),
    Column("patient_key", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("day", BigInteger),
    Column("encoder", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("added_at", UtcDateTime, nullable=False),
    Index(None, "patient_key", "encoder"),
    Index(None, "added_at"),
)
snippets = Table(
    "snippets",
    snippets_metadata,
    Column("source_id", Text, ForeignKey("snippet_sources.source_id", ondelete="CASCADE"), primary_key=True),
    Column("ordinal", Integer, primary_key=True, autoincrement=False),
    Column("text", Text, nullable=False),
    Column("labels", Text, nullable=False),
    Column("vector", Int8Vector, nullable=False),
    Column("scale", Float, nullable=False),
)
cases = Table(
    "cases",
    snippets_metadata,
    Column("case_id", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True),
    Column("study_key", Text, nullable=False),
    Column("model_sha256", Text, nullable=False),
    Column("vector", Int8Vector, nullable=False),
    Column("scale", Float, nullable=False),
    Column("added_at", UtcDateTime, nullable=False),
    Index(None, "model_sha256", "study_key", unique=True),
    Index(None, "study_key"),
    Index(None, "added_at"),
)
