"""Studies by when they came: what the watch over silent failures walks once a minute."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_index("ix_studies_received_at", "studies", ["received_at"])
