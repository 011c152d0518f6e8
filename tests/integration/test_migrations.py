"""The migrations and the schema say the same, on both engines; old databases are refused or brought up, never guessed at."""

import warnings
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from neighbours.postgres import PostgresServer, running_pgvector, running_postgres
from sqlalchemy import Connection, column, inspect, text
from sqlalchemy import table as sa_table
from sqlalchemy.exc import SAWarning

from wetread.domain.audit import AuditEvent, verify_chain
from wetread.domain.errors import PermanentError, TransientError
from wetread.domain.identifiers import InstanceKey, StudyKey
from wetread.domain.job import JobKind
from wetread.domain.report import Report, ReportStatus
from wetread.ports.vault import Search, VaultInstance
from wetread.storage.codec import encode
from wetread.storage.database import SqlDatabase
from wetread.storage.engine import make_engine, writing
from wetread.storage.migrate import is_current, upgrade, version_table
from wetread.storage.schema import HEADS, metadata_of
from wetread.storage.vault import SqlVault
from wetread.storage.vault_rows import instance_row, study_row
from wetread.testing.builders import (
    NOON,
    STUDY_KEY,
    a_decision,
    a_header,
    a_job_request,
    a_report,
    a_signature,
    a_study,
    a_vault_instance,
    an_identity,
)
from wetread.testing.critical_builders import a_critical_result, a_page

MIGRATIONS = Path(__file__).parents[2] / "src" / "wetread" / "storage" / "migrations"


_FIRST_REPORT = text(
    "INSERT INTO reports (study_key, version, status, content, author_id, etag, signature, amendment_reason)"
    " VALUES (:study_key, :version, :status, :content, :author_id, :etag, :signature, :amendment_reason)"
)


def _first_row(report: Report) -> dict[str, object]:
    """As the first release wrote a signed version."""
    written = {"content": encode(report.content), "signature": encode(report.signature), "status": report.status.value}
    return {
        name: getattr(report, name) for name in ("study_key", "version", "author_id", "etag", "amendment_reason")
    } | written


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="module")
def pgvector() -> Iterator[PostgresServer]:
    with running_pgvector() as server:
        yield server


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.real)])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/new.db"
    return _new_on(request)


@pytest.fixture
def other_empty_url(empty_url: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A second one on the same engine."""
    return f"sqlite:///{tmp_path}/other.db" if empty_url.startswith("sqlite") else _new_on(request)


def _new_on(request: pytest.FixtureRequest) -> str:
    which = request.node.callspec.params.get("which")
    server: PostgresServer = request.getfixturevalue("pgvector" if which == "snippets" else "postgres")
    return server.url(server.create())


@pytest.mark.parametrize("which", ["work", "vault", "snippets"])
def test_a_migrated_database_is_what_the_schema_says(empty_url: str, which: str) -> None:
    assert not is_current(empty_url, which)
    assert upgrade(empty_url, which)
    assert is_current(empty_url, which)
    assert not upgrade(empty_url, which)
    engine = make_engine(empty_url)
    with engine.connect() as connection:
        assert differences(connection, which) == []
    engine.dispose()


@pytest.mark.parametrize(
    ("which", "table", "indexed"),
    [("work", "instances", "studies"), ("vault", "instances", "studies"), ("snippets", "snippets", "cases")],
)
def test_a_difference_would_be_seen(empty_url: str, which: str, table: str, indexed: str) -> None:
    """The check above can fail: a column too many, an index too few."""
    upgrade(empty_url, which)
    engine = make_engine(empty_url)
    with engine.begin() as connection:
        connection.execute(text(f"ALTER TABLE {table} ADD COLUMN surplus TEXT"))
        connection.execute(text(f"DROP INDEX {inspect(connection).get_indexes(indexed)[0]['name']}"))
    with engine.connect() as connection:
        found = differences(connection, which)
    engine.dispose()
    assert sorted(difference[0] for difference in found) == ["add_index", "remove_column"]


@pytest.mark.parametrize("which", ["work", "vault", "snippets"])
def test_a_migrated_database_has_the_schemas_indexes_word_for_word(
    empty_url: str, other_empty_url: str, which: str
) -> None:
    """The comparison above does not look at the condition of a partial index."""
    upgrade(empty_url, which)
    engine = make_engine(other_empty_url)
    with engine.begin() as connection:
        if which == "snippets" and engine.dialect.name == "postgresql":
            connection.execute(text("CREATE EXTENSION vector"))
        metadata_of(which).create_all(connection)
    engine.dispose()
    assert indexes(empty_url) == indexes(other_empty_url) != {}


def indexes(url: str) -> dict[str, str]:
    """How the engine itself writes down each index."""
    on_sqlite = url.startswith("sqlite")
    query = (
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
        if on_sqlite
        else "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename NOT LIKE '%_version'"
    )
    engine = make_engine(url)
    with engine.connect() as connection:
        found = dict(connection.execute(text(query)).all())
    engine.dispose()
    return found


def differences(connection: Connection, which: str) -> list[tuple[object, ...]]:
    context = MigrationContext.configure(connection, opts={"version_table": version_table(which)})
    with warnings.catch_warnings():
        # an index by an expression is not read back from SQLite: the comparison word for word has it
        warnings.filterwarnings("ignore", "Skipped unsupported reflection of expression-based index", SAWarning)
        warnings.filterwarnings("ignore", "autogenerate skipping metadata-specified expression-based", UserWarning)
        return list(compare_metadata(context, metadata_of(which)))


@pytest.mark.parametrize("which", ["work", "vault", "snippets"])
def test_the_code_expects_the_newest_migration(which: str) -> None:
    assert ScriptDirectory.from_config(config_of(which)).get_heads() == [HEADS[which]]


def test_a_database_of_the_first_release_keeps_its_rows(empty_url: str) -> None:
    """Signed reports, jobs and the audit chain stay as they were, still guarded; the critical queue works on the old studies."""
    migrate_to(empty_url, "0001")
    database = SqlDatabase(empty_url)
    signed = a_report(status=ReportStatus.FINAL, signature=a_signature(), etag=1)
    with database.begin() as uow:
        uow.save_study(a_study())
        uow.save_decision(STUDY_KEY, 1, a_decision())
        uow.enqueue(a_job_request())
        uow.audit(AuditEvent("sign", "dr.roe"), NOON)
        uow.commit()
    engine = make_engine(empty_url)
    with engine.begin() as connection:  # the row of that release: ours writes columns that it does not have
        connection.execute(_FIRST_REPORT, _first_row(signed))
    engine.dispose()
    assert not is_current(empty_url, "work")
    assert upgrade(empty_url, "work")
    assert is_current(empty_url, "work")
    with database.begin() as uow:
        assert (uow.study(STUDY_KEY), uow.decision(STUDY_KEY), uow.report(STUDY_KEY)) == (
            a_study(),
            a_decision(),
            signed,
        )
        uow.save_critical(a_critical_result(), expected_etag=None)
        assert uow.queue_page(a_page())
        with pytest.raises(PermanentError):
            uow.save_report(signed, expected_etag=signed.etag)
        uow.commit()
    assert verify_chain(database.audit_records()) is None
    assert database.claim_job(frozenset(JobKind), now=NOON, lease_s=1) is not None
    assert database.claim_page(now=NOON, lease_s=1) == a_page(attempt=1, due_at=NOON + timedelta(seconds=1))
    database.close()


def test_a_vault_of_the_first_release_is_searched_by_the_new_keys(empty_url: str) -> None:
    migrate_to(empty_url, "0001", "vault")
    films = [an_old_film(number) for number in range(1203)]
    engine = make_engine(empty_url)
    with writing(engine) as connection:
        for table, rows in (
            ("studies", [study_row(each) for each in films[::3]]),
            ("instances", map(instance_row, films)),
        ):
            for row in rows:
                old = {name: value for name, value in row.items() if name not in NEW_COLUMNS}
                connection.execute(sa_table(table, *map(column, old)).insert().values(old))
    engine.dispose()
    assert upgrade(empty_url, "vault")
    vault = SqlVault(empty_url)
    assert [each.study_key for each in vault.search_studies(Search({"StudyID": "400"}))] == ["400"]
    fuzzy = Search({"PatientName": "do jan", "ReferringPhysicianName": "richard"}, 500, fuzzy=True)
    assert len(vault.search_studies(fuzzy)) == 401
    (series,) = vault.search_series(Search({"StudyInstanceUID": "2.25.7", "SeriesNumber": "1"}))
    assert (series.number_of_instances, series.first) == (3, films[21])
    assert [each.header.sop_instance_uid for each in vault.search_instances(Search({"InstanceNumber": "1202"}))] == [
        "2.25.400.1.2"
    ]
    vault.admit([an_old_film(1203)])
    assert len(vault.search_series(Search(limit=500))) == 402
    vault.close()


NEW_COLUMNS = {
    *("patient_birth_date", "referring_physician_name", "study_id", "sop_class_uid", "instance_number"),
    *("received_patient_id", "received_issuer"),
}


def an_old_film(number: int) -> VaultInstance:
    study = number // 3
    header = a_header(
        study_instance_uid=f"2.25.{study}", series_instance_uid=f"2.25.{study}.1", sop_instance_uid=f"2.25.{study}.1.{number % 3}",
        identity=an_identity(study_id=str(study)), instance_number=str(number),
    )  # fmt: skip
    return a_vault_instance(study_key=StudyKey(str(study)), instance_key=InstanceKey(f"i{number}"), header=header)


@pytest.mark.real
def test_what_postgresql_sampled_of_snippets_is_forgotten_and_not_sampled_again(pgvector: PostgresServer) -> None:
    url = pgvector.url(pgvector.create())
    migrate_to(url, "0001", "snippets")
    row = "INSERT INTO snippet_sources VALUES ('source', 'patient', 'report', 0, 'encoder', 'digest', now())"
    assert sampled(url, row) == {"snippet_sources"}
    assert upgrade(url, "snippets")
    assert sampled(url) == set()


def sampled(url: str, statement: str = "SELECT") -> set[str]:
    """Our tables of which the statistics hold values, after `statement` and what PostgreSQL does by itself from time to time."""
    engine = make_engine(url)
    with writing(engine) as connection:
        connection.exec_driver_sql(statement)
        connection.exec_driver_sql("ANALYZE")
        names = connection.execute(
            text("SELECT tablename FROM pg_stats WHERE tablename IN ('snippet_sources', 'snippets')")
        )
        found = set(names.scalars())
    engine.dispose()
    return found


def migrate_to(url: str, revision: str, which: str = "work") -> None:
    """The database as the release of that revision made it."""
    engine = make_engine(url)
    with writing(engine) as connection:
        command.upgrade(config_of(which, connection=connection, version_table=version_table(which)), revision)
    engine.dispose()


def config_of(which: str, **attributes: object) -> Config:
    config = Config(attributes=attributes)
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("version_locations", str(MIGRATIONS / which))
    config.set_main_option("path_separator", "newline")
    return config


def test_a_database_of_a_newer_release_is_refused_and_left_alone(empty_url: str) -> None:
    upgrade(empty_url, "work")
    engine = make_engine(empty_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE work_schema_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(PermanentError) as refusal:
        upgrade(empty_url, "work")
    assert refusal.value.code == "schema_newer"
    assert not is_current(empty_url, "work")


@pytest.mark.parametrize(
    ("first", "second"), [("work", "vault"), ("vault", "work"), ("vault", "snippets"), ("work", "snippets")]
)
def test_what_identifies_never_shares_a_database(empty_url: str, first: str, second: str) -> None:
    upgrade(empty_url, first)
    with pytest.raises(PermanentError) as refusal:
        upgrade(empty_url, second)
    assert refusal.value.code == "bad_settings"
    assert not is_current(empty_url, second)


def test_an_unmigrated_database_is_refused(empty_url: str) -> None:
    database = SqlDatabase(empty_url)
    with pytest.raises(PermanentError):
        database.count_jobs()
    database.close()


def test_a_database_file_is_for_its_owner_only(tmp_path: Path) -> None:
    upgrade(f"sqlite:///{tmp_path}/new.db", "vault")
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


def test_a_database_that_is_not_there_is_down(tmp_path: Path) -> None:
    for url in (f"sqlite:///{tmp_path}/no/such/folder/new.db", f"postgresql://postgres@/work?host={tmp_path}"):
        with pytest.raises(TransientError) as refusal:
            SqlDatabase(url).count_jobs()
        assert refusal.value.code == "database_down"


@pytest.mark.parametrize("url", ["mysql://host/work", "sqlite://", "sqlite:///:memory:"])
def test_an_engine_that_we_do_not_know_is_refused(url: str) -> None:
    with pytest.raises(PermanentError) as refusal:
        SqlDatabase(url)
    assert refusal.value.code == "bad_settings"


@pytest.mark.real
def test_a_server_without_pgvector_is_told_what_it_lacks(postgres: PostgresServer) -> None:
    url = postgres.url(postgres.create())
    with pytest.raises(PermanentError, match="CREATE EXTENSION vector") as refusal:
        upgrade(url, "snippets")
    assert refusal.value.code == "no_pgvector"
    assert not is_current(url, "snippets")
