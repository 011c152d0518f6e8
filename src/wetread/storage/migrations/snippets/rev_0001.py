"""The snippet database's first schema: sources and snippets of patients' records, feature vectors of films."""

import sqlalchemy as sa
from alembic import op

from wetread.domain.errors import PermanentError
from wetread.storage.int8_vectors import HalfVector

revision = "0001"
down_revision = None

_Vector = sa.LargeBinary().with_variant(HalfVector(), "postgresql")


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def _vector() -> tuple[sa.Column[bytes], sa.Column[float]]:
    return sa.Column("vector", _Vector, nullable=False), sa.Column("scale", sa.Float, nullable=False)


def _added_at() -> sa.Column[object]:
    return sa.Column("added_at", sa.DateTime(timezone=True), nullable=False)


def upgrade() -> None:
    _need_pgvector(op.get_bind())
    op.create_table(
        "snippet_sources",
        sa.Column("source_id", sa.Text, primary_key=True),
        _text("patient_key"),
        _text("kind"),
        sa.Column("day", sa.BigInteger),
        _text("encoder"),
        _text("digest"),
        _added_at(),
    )
    op.create_index("ix_snippet_sources_patient_key_encoder", "snippet_sources", ["patient_key", "encoder"])
    op.create_index("ix_snippet_sources_added_at", "snippet_sources", ["added_at"])
    op.create_table(
        "snippets",
        sa.Column(
            "source_id",
            sa.Text,
            sa.ForeignKey("snippet_sources.source_id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("ordinal", sa.Integer, primary_key=True, autoincrement=False),
        _text("text"),
        _text("labels"),
        *_vector(),
    )
    op.create_table(
        "cases",
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
        _text("study_key"),
        _text("model_sha256"),
        *_vector(),
        _added_at(),
    )
    op.create_index("ix_cases_model_sha256_study_key", "cases", ["model_sha256", "study_key"], unique=True)
    op.create_index("ix_cases_study_key", "cases", ["study_key"])
    op.create_index("ix_cases_added_at", "cases", ["added_at"])


def _need_pgvector(connection: sa.Connection) -> None:
    """pgvector is not a trusted extension: an administrator creates it unless we are one."""
    if connection.dialect.name != "postgresql":
        return
    if connection.scalar(sa.text("SELECT 1 FROM pg_extension WHERE extname = 'vector'")):
        return
    try:
        connection.execute(sa.text("CREATE EXTENSION vector"))
    except sa.exc.DBAPIError:
        raise PermanentError(
            "the snippet database needs pgvector >= 0.7: install it, then CREATE EXTENSION vector as an administrator",
            code="no_pgvector",
        ) from None
