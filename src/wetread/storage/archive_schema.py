"""The tables of the working database about other archives and late images."""

from sqlalchemy import Column, Index, Table, Text

from wetread.storage.schema import OrderedText, of_study, text_column, time_column, work

__all__ = ["archive_feeds", "archive_probes", "fetched_copies", "late_images", "prior_searches", "put_asides"]

archive_feeds = Table("archive_feeds", work, Column("archive", OrderedText, primary_key=True), text_column("body"))
archive_probes = Table("archive_probes", work, Column("archive", OrderedText, primary_key=True), text_column("body"))
put_asides = Table(
    "put_asides",
    work,
    Column("archive", OrderedText, primary_key=True),
    Column("name", OrderedText, primary_key=True),
    time_column("at"),
    text_column("body"),
)
fetched_copies = Table(
    "fetched_copies",
    work,
    of_study(primary_key=True),
    Column(
        "fetched_for", Text, nullable=False
    ),  # no foreign key: what it was fetched for may itself be a copy that is dropped
    time_column("fetched_at"),
    text_column("body"),
    Index(None, "fetched_at", "study_key"),
)
prior_searches = Table("prior_searches", work, of_study(primary_key=True), text_column("body"))
late_images = Table("late_images", work, of_study(primary_key=True), text_column("body"))
