"""The working database's tables of the reading room: how people read, who has a study open, what they laid on its films, and words that could not be saved."""

from sqlalchemy import Column, Integer, Table, Text

from wetread.storage.schema import UtcDateTime, integer_column, of_study, text_column, time_column, work

__all__ = ["marks", "reader_profiles", "readings", "recovery_copies", "study_locks"]

readings = Table(  # written once: the migration's trigger refuses changes of what was committed
    "readings",
    work,
    of_study(primary_key=True),
    Column("reader_id", Text, primary_key=True),
    *(text_column("mode"), time_column("begun_at"), Column("own", Text), Column("revealed_at", UtcDateTime)),
)
reader_profiles = Table("reader_profiles", work, Column("reader_id", Text, primary_key=True), text_column("body"))
study_locks = Table(
    "study_locks",
    work,
    of_study(primary_key=True),
    *map(text_column, ("holder_id", "holder_name", "screen")),
    *map(time_column, ("taken_at", "expires_at")),
)
recovery_copies = Table(
    "recovery_copies",
    work,
    of_study(primary_key=True),
    Column("author_id", Text, primary_key=True),
    integer_column("version"),
    text_column("content"),
    time_column("saved_at"),
)

marks = Table(
    "marks",
    work,
    of_study(primary_key=True),
    Column("reader_id", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    *(text_column("reader_name"), time_column("saved_at"), text_column("films")),
)
