"""What holds between processes, and when one of them is killed."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from neighbours.postgres import PostgresServer

from wetread.domain.audit import AuditEvent, verify_chain
from wetread.domain.errors import TransientError
from wetread.domain.job import JobKind, JobState
from wetread.domain.study_state import StudyState
from wetread.storage.database import SqlDatabase
from wetread.testing.builders import NOON, STUDY_KEY, a_job_request, a_study

PROGRAMS = Path(__file__).parent / "programs"


def program(name: str, *arguments: str) -> "subprocess.Popen[str]":
    command = [sys.executable, str(PROGRAMS / name), *arguments]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def enqueue(database: SqlDatabase, count: int) -> None:
    with database.begin() as uow:
        uow.save_study(a_study())
        for number in range(count):
            uow.enqueue(a_job_request(dedupe_key=f"job/{number}"))
        uow.commit()


def test_processes_never_hold_the_same_job(sql_url: str, sql_database: SqlDatabase) -> None:
    enqueue(sql_database, 60)
    claimers = [program("claim_all.py", sql_url) for _ in range(4)]
    for each in claimers:
        assert each.stdout
        assert each.stdout.readline() == "ready\n"
    outputs = [each.communicate("go\n", timeout=120)[0].split() for each in claimers]
    assert [each.returncode for each in claimers] == [0] * 4
    assert sorted(int(job_id) for output in outputs for job_id in output) == sorted(
        job.job_id for job, _ in sql_database.jobs(JobState.LEASED)
    )
    assert sum(map(len, outputs)) == 60


def test_writers_that_share_nothing_but_the_database_follow_one_another(
    sql_url: str, sql_database: SqlDatabase
) -> None:
    enqueue(sql_database, 0)

    def raise_revision(_: int) -> None:
        own = SqlDatabase(sql_url)
        for _ in range(5):
            with own.begin() as uow:
                study = uow.study(STUDY_KEY)
                uow.save_study(replace(study, revision=study.revision + 1))
                uow.audit(AuditEvent("revise", "wetread"), NOON)
                uow.commit()
        own.close()

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(raise_revision, range(6)))
    with sql_database.begin(write=False) as uow:
        assert uow.study(STUDY_KEY).revision == a_study().revision + 30
    assert verify_chain(sql_database.audit_records()) is None


@pytest.mark.parametrize("point", ["begun", "state", "audit", "job done", "next job"])
def test_a_killed_unit_leaves_nothing_and_its_job_is_claimed_again(
    sql_url: str, sql_database: SqlDatabase, point: str
) -> None:
    enqueue(sql_database, 1)
    assert die_at(sql_url, point) == -9
    reopened = SqlDatabase(sql_url)
    assert reopened.count_studies() == {StudyState.ADMITTED: 1}
    assert reopened.change_token() == 0
    with reopened.begin() as uow:
        assert uow.analysis(STUDY_KEY) is None
    again = reopened.claim_job(frozenset(JobKind), now=NOON + timedelta(seconds=1), lease_s=1)
    assert again is not None
    assert again.attempt == 2
    reopened.close()


def test_a_unit_killed_after_its_commit_is_whole(sql_url: str, sql_database: SqlDatabase) -> None:
    enqueue(sql_database, 1)
    assert die_at(sql_url, "committed") == -9
    assert sql_database.count_studies() == {StudyState.ANALYSED: 1}
    assert sql_database.count_jobs() == {(JobKind.ANALYSE, JobState.DONE): 1, (JobKind.TRIAGE, JobState.READY): 1}
    assert sql_database.change_token() == 1
    assert verify_chain(sql_database.audit_records()) is None


def die_at(url: str, point: str) -> int:
    with program("die_at.py", url, point) as dying:
        return dying.wait(timeout=60)


@pytest.mark.parametrize("sql_url", [pytest.param("postgresql", marks=pytest.mark.real)], indirect=True)
def test_a_server_that_drops_its_connections_is_a_passing_fault(
    sql_database: SqlDatabase, postgres: PostgresServer
) -> None:
    enqueue(sql_database, 1)
    with sql_database.begin() as uow:
        uow.save_study(a_study(state=StudyState.SIGNED))
        postgres.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname LIKE 'test_%'")
        with pytest.raises(TransientError) as refusal:
            uow.commit()
    assert refusal.value.code == "database_down"
    assert sql_database.count_studies() == {StudyState.ADMITTED: 1}
    enqueue(sql_database, 1)


@pytest.mark.parametrize("sql_url", [pytest.param("postgresql", marks=pytest.mark.real)], indirect=True)
def test_a_server_that_was_restarted_while_nobody_asked_refuses_nobody(
    sql_database: SqlDatabase, postgres: PostgresServer
) -> None:
    enqueue(sql_database, 1)
    assert sql_database.count_jobs()
    postgres.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname LIKE 'test_%'")
    enqueue(sql_database, 1)


@pytest.mark.parametrize("sql_url", [pytest.param("postgresql", marks=pytest.mark.real)], indirect=True)
def test_a_server_that_only_reads_is_a_passing_fault(sql_url: str, postgres: PostgresServer) -> None:
    name = sql_url.partition("@/")[2].partition("?")[0]
    postgres.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    database = SqlDatabase(sql_url)
    with pytest.raises(TransientError, match="it is a standby or set so") as refusal:
        database.claim_job(frozenset(JobKind), now=NOON, lease_s=1)
    assert refusal.value.code == "database_read_only"
    postgres.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")
    postgres.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname LIKE 'test_%'")
    assert database.claim_job(frozenset(JobKind), now=NOON, lease_s=1) is None
    database.close()
