"""Runs migration scripts on the connection, inside the transaction, that `storage.migrate` hands over."""

from alembic import context

_handed = context.config.attributes
context.configure(connection=_handed["connection"], version_table=_handed["version_table"])
context.run_migrations()
