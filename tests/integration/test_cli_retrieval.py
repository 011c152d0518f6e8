"""`wetread snippets` and `wetread similar` as a person uses them, on a data folder with two patients."""

import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from migrated import data_folder, migrated

from wetread.bootstrap import Core, build_core
from wetread.bootstrap_retrieval import build_case_keeper, build_case_store, build_retention, build_snippet_store
from wetread.cli import main
from wetread.context.assemble import quoted_as
from wetread.domain.errors import TransientError
from wetread.domain.identifiers import InstanceKey, PatientKey, StudyKey, patient_key
from wetread.domain.report import ReportStatus
from wetread.domain.role import Actor, Role
from wetread.ports.case_store import Case
from wetread.ports.database import Account
from wetread.ports.vault import VaultInstance
from wetread.settings import load_settings
from wetread.testing.builders import (
    a_header,
    a_report,
    a_signature,
    a_study,
    a_vault_instance,
    an_analysis,
    an_identity,
)
from wetread.testing.snippet_builders import a_snippet, a_source
from wetread.web.accounts import hash_password

PASSWORD = "correct horse battery"
SECRET_ID = "SECRET-1"
MODEL = an_analysis().model.sha256
OLD = datetime.now(UTC) - timedelta(days=400)
NEW = datetime.now(UTC) - timedelta(days=1)


@pytest.fixture
def house(tmp_path: Path) -> Core:
    """Patient SECRET-1 with the studies s0 and s1, another with s2; all are read and kept, s1 and s2 are signed."""
    settings = load_settings(data_dir=tmp_path)
    migrated(data_folder(tmp_path) / "snippets" / "snippets.db", "snippets")
    core = build_core(settings)
    cases = build_case_store(settings)
    with core.database.begin() as unit:
        account = Account(Actor("dr-lee", Role.RADIOLOGIST, "Dr Lee"), hash_password(PASSWORD, salt=b"s" * 16))
        unit.save_account(account)
        for number in range(3):
            key = StudyKey(f"s{number}")
            unit.save_study(a_study(study_key=key))
            unit.save_analysis(key, 1, an_analysis())
            if number:
                signed = a_report(study_key=key, status=ReportStatus.FINAL, signature=a_signature())
                unit.save_report(signed, expected_etag=None)
            core.vault.admit([_instance(number)])
            cases.keep(Case(key, MODEL, NEW, np.array([1, number], np.float32)))
        unit.commit()
    mine, other = patient_key(core.secret, SECRET_ID, ""), PatientKey("other")
    build_snippet_store(settings).put(
        [
            a_source(a_snippet("unforgettable"), patient_key=mine, source_id="old", added_at=OLD),
            a_source(patient_key=mine, source_id="new", added_at=NEW),
            a_source(patient_key=other, source_id="theirs", added_at=NEW),
        ]
    )
    return core


def _instance(number: int) -> VaultInstance:
    identity = an_identity(patient_id=SECRET_ID if number < 2 else "SECRET-2", issuer_of_patient_id="")
    header = a_header(study_instance_uid=f"2.25.{number}", sop_instance_uid=f"2.25.9{number}", identity=identity)
    return a_vault_instance(study_key=StudyKey(f"s{number}"), instance_key=InstanceKey(f"i{number}"), header=header)


Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(house: Core, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    def command(*words: str) -> tuple[int, str]:
        monkeypatch.setattr("sys.stdin", io.StringIO(PASSWORD + "\n"))
        monkeypatch.setenv("WETREAD_DATA_DIR", str(house.settings.data_dir))
        status = main(list(words))
        said = capsys.readouterr()
        assert SECRET_ID not in said.out + said.err
        return status, said.out + said.err

    return command


def audited(house: Core) -> list[tuple[str, str, dict[str, str]]]:
    return [
        (record.event.action, record.event.actor_id, dict(record.event.detail))
        for record in house.database.audit_records()
    ]


def test_status_shows_numbers_and_that_retention_is_overdue(run: Run) -> None:
    status, said = run("snippets", "status")
    assert status == 1
    assert "patients 2, sources 3, snippets 3" in said
    assert "OVERDUE" in said
    assert "unforgettable" not in said
    assert json.loads(run("snippets", "status", "--json")[1])["overdue"] is True


def test_purge_removes_what_is_past_its_retention(run: Run, house: Core) -> None:
    assert run("snippets", "purge") == (0, "purged: 1 sources older than 90 days\n")
    assert run("snippets", "purge") == (0, "purged: 0 sources older than 90 days\n")
    assert run("snippets", "status")[0] == 0
    assert audited(house)[0] == ("snippets.purge", "console", {"sources": "1"})
    _nothing_left(house, "unforgettable")


def test_a_worker_purges_by_itself_and_makes_no_database_to_find_it_empty(house: Core, tmp_path: Path) -> None:
    assert build_retention(house.settings, house.clock).run_once() == 1
    elsewhere = load_settings(data_dir=tmp_path / "elsewhere")
    assert build_retention(elsewhere, house.clock).run_once() == 0
    assert not (tmp_path / "elsewhere").exists()


def test_a_patient_is_erased_by_one_of_their_studies(run: Run, house: Core) -> None:
    assert run("snippets", "erase", "--patient-of", "s0") == (0, "erased: 2 sources, 2 films' vectors\n")
    counts = build_snippet_store(house.settings).counts()
    assert (counts.patients, counts.sources) == (1, 1)
    assert build_case_store(house.settings).count(MODEL) == 1
    looked = {"purpose": "console", "fields": "patient_id issuer_of_patient_id"}
    erased = ("snippets.erase", "console", {"sources": "2", "vectors": "2"})
    assert audited(house)[:2] == [("identity.access", "console", looked), erased]
    _nothing_left(house, "unforgettable")


def test_a_source_is_erased_by_the_id_that_a_draft_quotes(run: Run, house: Core) -> None:
    quoted = quoted_as("old", StudyKey("s0"), house.secret)
    for wrong in (("s1", quoted), ("s2", quoted), ("s0", "old")):
        assert run("snippets", "erase", "--patient-of", wrong[0], "--source", wrong[1]) == (1, "erased: 0 sources\n")
    assert run("snippets", "erase", "--patient-of", "s0", "--source", quoted) == (0, "erased: 1 sources\n")
    assert run("snippets", "erase", "--patient-of", "s0", "--source", quoted) == (1, "erased: 0 sources\n")
    _nothing_left(house, "unforgettable")


def test_an_unknown_study_erases_nothing(run: Run, house: Core) -> None:
    status, said = run("snippets", "erase", "--patient-of", "nobody")
    assert status == 1
    assert "never admitted" in said
    assert build_snippet_store(house.settings).counts().sources == 3


def _nothing_left(house: Core, mark: str) -> None:
    for path in (house.settings.data_dir / "snippets").iterdir():
        assert mark.encode() not in path.read_bytes(), path.name


def test_similar_shows_the_signed_studies_that_look_alike(run: Run, house: Core) -> None:
    status, said = run("similar", "s0", "--as", "dr-lee", "--password-stdin")
    assert status == 0
    assert [line.split()[1] for line in said.splitlines()] == ["s1", "s2"]
    assert "left pneumothorax" in said
    nearest = json.loads(run("similar", "s0", "--as", "dr-lee", "--password-stdin", "--limit", "1", "--json")[1])
    assert [each["study_key"] for each in nearest] == ["s1"]
    assert nearest[0]["findings"][0]["name"] == "pneumothorax"
    assert ("study.compare", "dr-lee", {"found": "2"}) in audited(house)


def test_similar_says_when_there_is_nothing_to_compare(run: Run, house: Core) -> None:
    cases = build_case_store(house.settings)
    cases.erase_study(StudyKey("s0"))
    status, said = run("similar", "s0", "--as", "dr-lee", "--password-stdin")
    assert (status, "no vector of this study" in said) == (1, True)
    for key in ("s1", "s2"):
        cases.erase_study(StudyKey(key))
    cases.keep(Case(StudyKey("s0"), MODEL, NEW, np.array([1, 0], np.float32)))
    assert run("similar", "s0", "--as", "dr-lee", "--password-stdin") == (
        0,
        "no other signed study has a vector of this model\n",
    )


def test_vectors_are_kept_only_where_the_site_says_so(house: Core, tmp_path: Path) -> None:
    assert build_case_keeper(house.settings, house.clock) is None
    keeper = build_case_keeper(load_settings(data_dir=tmp_path, similar_cases=True), house.clock)
    assert keeper is not None
    assert keeper.keep(StudyKey("s9"), MODEL, np.array([1, 9], np.float32))
    assert build_case_store(house.settings).count(MODEL) == 4


def test_a_store_that_is_down_is_transient() -> None:
    settings = load_settings(snippets_url="postgresql://nobody@127.0.0.1:9/nowhere")
    with pytest.raises(TransientError):
        build_snippet_store(settings)
