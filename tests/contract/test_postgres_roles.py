"""The roles that docs/security.md grants: enough for the service, too little for anything else."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from in_process_decoder import InProcessDecoder
from neighbours.postgres import PostgresServer
from neighbours.postgres_roles import granted_roles, url_of
from order_world import a_film

from wetread.bootstrap import build_core, build_reception
from wetread.bootstrap_retrieval import build_snippet_store
from wetread.cli import main
from wetread.domain.errors import PermanentError
from wetread.domain.identifiers import StudyInstanceUID, study_key
from wetread.domain.identity_access import Purpose, Reader
from wetread.settings import Settings, load_settings
from wetread.storage.migrate import bring_up_to_date
from wetread.storage.snippets import SqlSnippetStore
from wetread.storage.vault_erasure import SqlVaultEraser
from wetread.testing.snippet_builders import a_source

pytestmark = pytest.mark.real

WORK, VAULT, SNIPPETS = "wetread", "wetread_vault", "wetread_snippets"
KEPT = {"audit": WORK, "reports": WORK, "studies": VAULT}
"""A table that matters, and its database."""


@pytest.fixture(scope="module")
def server(pgvector: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """Migrated by the owner, as an administrator does it."""
    with granted_roles(pgvector), pytest.MonkeyPatch.context() as here:
        here.setenv("WETREAD_DATA_DIR", str(tmp_path_factory.mktemp("owner")))
        for name, url in urls(pgvector, "wetread_owner", "wetread_owner").items():
            here.setenv(f"WETREAD_{name.upper()}", url)
        assert main(["migrate"]) == 0
        yield pgvector


def urls(server: PostgresServer, work: str = "wetread_work", vault: str = "wetread_vault") -> dict[str, str]:
    named = {"database_url": (work, WORK), "snippets_url": (work, SNIPPETS), "vault_url": (vault, VAULT)}
    return {name: url_of(server, role, database) for name, (role, database) in named.items()}


@pytest.fixture
def settings(server: PostgresServer, tmp_path: Path) -> Settings:
    """Of a service that knows the two roles' credentials and not the owner's."""
    return load_settings(data_dir=tmp_path, **urls(server))


def refusal(url: str, statement: str) -> str:
    """What the server says to whoever holds these credentials and speaks SQL."""
    with pytest.raises(psycopg.Error) as refused, psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.encode())
    return str(refused.value)


def test_neither_role_comes_into_the_others_database(server: PostgresServer, settings: Settings) -> None:
    for role, database in (("wetread_work", VAULT), ("wetread_vault", WORK), ("wetread_vault", SNIPPETS)):
        assert "permission denied for database" in refusal(url_of(server, role, database), "SELECT 1")
    for url in (settings.resolved_database_url, settings.resolved_vault_url):
        assert "permission denied to set role" in refusal(url, "SET ROLE wetread_owner")


def test_where_somebody_lets_them_in_by_mistake_the_tables_are_shut(server: PostgresServer) -> None:
    for role, database in (("wetread_work", VAULT), ("wetread_vault", WORK)):
        server.execute(f"GRANT CONNECT ON DATABASE {database} TO {role}")
        try:
            told = refusal(url_of(server, role, database), "SELECT * FROM public.studies")
        finally:
            server.execute(f"REVOKE CONNECT ON DATABASE {database} FROM {role}")
        assert "permission denied for schema public" in told


def test_they_change_no_table_and_take_no_trigger_away(settings: Settings) -> None:
    for table, database in KEPT.items():
        url = settings.resolved_vault_url if database == VAULT else settings.resolved_database_url
        for statement in (f"DROP TABLE {table}", f"ALTER TABLE {table} DISABLE TRIGGER ALL"):
            assert f"must be owner of table {table}" in refusal(url, statement)
        assert "permission denied for table" in refusal(url, f"TRUNCATE {table} CASCADE")
        assert "permission denied for schema" in refusal(url, "CREATE TABLE mine (number int)")
    assert "permission denied to set parameter" in refusal(
        settings.resolved_database_url, "SET session_replication_role = replica"
    )


def test_a_film_is_stored_looked_up_on_record_and_erased(settings: Settings) -> None:
    core = build_core(settings)
    snippets, eraser = build_snippet_store(settings), SqlVaultEraser(settings.resolved_vault_url)
    assert isinstance(snippets, SqlSnippetStore)
    try:
        incoming = core.files.receive()
        incoming.write(a_film(PatientName="Roe^Mary"))
        (outcome,) = build_reception(core, InProcessDecoder()).receive([incoming], "test")  # type: ignore[arg-type]
        assert outcome.outcome.acknowledged
        key = study_key(core.secret, StudyInstanceUID(outcome.study_instance_uid))
        assert core.vault.on_behalf_of(Reader("dr-test", Purpose.PAGE)).study(key).identity.patient_name == "Roe^Mary"
        assert "identity.access" in {each.event.action for each in core.database.audit_records()}
        snippets.put([a_source()])
        assert snippets.erase_patient(a_source().patient_key) > 0
        core.vault.drop(key)
        eraser.rewrite()
        core.database.rewrite()
    finally:
        for each in (snippets, eraser, core.database, core.vault):
            each.close()


def test_a_service_that_may_not_migrate_says_who_may(server: PostgresServer) -> None:
    empty = server.create()
    with pytest.raises(PermanentError, match="wetread migrate") as refused:
        bring_up_to_date(url_of(server, "wetread_work", empty), "work")
    server.drop(empty)
    assert refused.value.code == "migration_failed"


def test_an_erasure_that_the_server_leaves_out_is_not_told_as_done(server: PostgresServer, settings: Settings) -> None:
    eraser = SqlVaultEraser(settings.resolved_vault_url)
    server.execute("REVOKE MAINTAIN ON TABLE studies FROM wetread_vault", VAULT)
    try:
        with pytest.raises(PermanentError, match="MAINTAIN") as refused:
            eraser.rewrite()
    finally:
        server.execute("GRANT MAINTAIN ON TABLE studies TO wetread_vault", VAULT)
        eraser.close()
    assert refused.value.code == "may_not_rewrite"
