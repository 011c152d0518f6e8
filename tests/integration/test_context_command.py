"""docs/context.md as a reader would use it: its settings load, its commands run, against a real FHIR server behind SMART Backend Services."""

import json
import re
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from neighbours.fhir_server import FhirServer, fhir_server
from neighbours.wetread import ACCOUNT, PASSWORD, Wetread
from tests.films import film
from tests.journey.waiting import wait_for

from wetread.cli import main
from wetread.domain.drafting_context import RecordKind
from wetread.fhir.backend_services import read_scope
from wetread.fhir.client_assertion import load_client_key
from wetread.settings import load_settings

DOCS = (Path(__file__).parents[2] / "docs" / "context.md").read_text("utf-8")
COMMANDS = re.findall(r"^\$ wetread (.*)$", DOCS, flags=re.M)
pytestmark = pytest.mark.real


def settings_of_the_docs(folder: Path, url: str = "") -> Path:
    (text,) = re.findall(r"```toml\n(.*?)```", DOCS, flags=re.S)
    text = text.replace("/etc/wetread", str(folder))
    if url:
        text = text.replace("https://ehr.hospital.example/fhir/r4", url).replace("_s = 5", "_s = 30")
    (folder / "wetread.toml").write_text(text)
    return folder / "wetread.toml"


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, FhirServer]]:
    """With the key that the documented command made, registered for the documented scope."""
    folder = tmp_path_factory.mktemp("hospital")
    command = next(each for each in COMMANDS if each.startswith("record new-key"))
    assert main(command.replace("/etc/wetread", str(folder)).split()) == 0
    key = load_client_key(folder / "record.pem")
    (scope,) = re.findall(r"```\n(system/.*?)```", DOCS, flags=re.S)
    with fhir_server(folder / "fhir", {"wetread": {"keys": [key.jwk], "scope": " ".join(scope.split())}}) as server:
        settings_of_the_docs(folder, server.url)
        yield folder, server


def test_the_settings_of_the_docs_load(tmp_path: Path) -> None:
    settings = load_settings(settings_of_the_docs(tmp_path))
    assert settings.record_patient_systems["HOSPITAL"] == settings.record_patient_systems[""]
    assert settings.record_kinds == tuple(RecordKind)


def test_the_scope_in_the_docs_is_what_is_asked_for() -> None:
    (scope,) = re.findall(r"```\n(system/.*?)```", DOCS, flags=re.S)
    assert " ".join(scope.split()) == read_scope(tuple(RecordKind))


def test_a_key_is_made_and_its_public_half_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["record", "new-key", str(tmp_path / "record.pem")]) == 0
    assert stat.S_IMODE((tmp_path / "record.pem").stat().st_mode) == 0o600
    made = json.loads(capsys.readouterr().out)
    assert main(["record", "--config", str(settings_of_the_docs(tmp_path)), "public-key"]) == 0
    assert json.loads(capsys.readouterr().out) == made
    assert set(made["keys"][0]) == {"kty", "crv", "x", "y", "alg", "use", "key_ops", "kid"}
    assert main(["record", "new-key", str(tmp_path / "record.pem")]) == 1


def test_the_check_says_what_works(hospital: tuple[Path, FhirServer], capsys: pytest.CaptureFixture[str]) -> None:
    folder, server = hospital
    assert "record check" in COMMANDS
    assert main(["record", "--config", str(folder / "wetread.toml"), "check"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["Patient", *RecordKind, "patient", "encoder"]
    assert all(line.endswith(" ok") for line in lines)
    assert "Condition?patient=Patient%2Fwetread-nobody" in server.log.read_text()


def test_the_check_says_what_does_not(
    hospital: tuple[Path, FhirServer], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, _ = hospital
    text = (folder / "wetread.toml").read_text()
    (tmp_path / "w.toml").write_text(text.replace('"wetread"', '"stranger"').partition("[record_patient_systems]")[0])
    assert main(["record", "--config", str(tmp_path / "w.toml"), "check"]) == 1
    said = capsys.readouterr().out
    assert said.count("invalid_client") == 7
    assert "record_patient_systems is empty" in said


def test_without_a_record_the_check_says_that(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["record", "check"]) == 0
    assert "record_fhir_url is not set" in capsys.readouterr().out
    assert main(["record", "public-key"]) == 1


@pytest.mark.parametrize(
    "settings",
    [
        {"record_fhir_url": '"http://ehr.hospital.example"'},
        {"record_fhir_url": '"https://ehr.hospital.example"', "record_client_id": '"wetread"'},
        {"record_fhir_url": '"https://ehr.hospital.example"', "record_key_file": '"key.pem"'},
        {
            "record_fhir_url": '"https://ehr.hospital.example"',
            "record_client_id": '"wetread"',
            "record_key_file": '"missing.pem"',
        },
        {"record_fhir_url": '"https://ehr.hospital.example"', "record_ca_file": '"missing.pem"'},
        {"record_kinds": '"Condition,Everything"'},
        {"record_deadline_s": "0"},
    ],
)
def test_settings_that_cannot_work_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], settings: dict[str, str]
) -> None:
    (tmp_path / "w.toml").write_text("\n".join(f"{name} = {value}" for name, value in settings.items()))
    assert main(["record", "--config", str(tmp_path / "w.toml"), "check"]) == 1
    assert "wetread:" in capsys.readouterr().err


def test_a_record_that_cannot_be_used_stops_no_draft_and_a_person_may_look(tmp_path: Path) -> None:
    house = Wetread(tmp_path / "house", {"RECORD_FHIR_URL": "http://ehr.hospital.example"})
    house.add_radiologist()
    (tmp_path / "film.dcm").write_bytes(film(3))
    with house.serving() as service:
        assert house.run("send", str(tmp_path / "film.dcm"), "--to", house.dicomweb_url).returncode == 0
        wait_for(lambda: [r["state"] for r in service.client.worklist("open")] == ["drafted"], "a draft")
        (row,) = service.client.worklist("open")
    command = next(each for each in COMMANDS if each.startswith("context"))
    words = command.replace("STUDY", row["study_key"]).replace("dr-lee", ACCOUNT).split()
    shown = house.run(*words, "--password-stdin", stdin=PASSWORD + "\n")
    assert shown.returncode == 0, shown.stderr
    assert [line for line in shown.stdout.splitlines() if not line.startswith("  ")] == [
        "indication",
        "signed priors",
        "record",
        "problems",
    ]
    refused = house.run(*words, "--password-stdin", stdin="wrong password\n")
    assert refused.returncode == 1
    house.run("user", "add", "tech", "--role", "technologist", "--password-stdin", stdin=PASSWORD + "\n")
    words[-1] = "tech"
    barred = house.run(*words, "--password-stdin", stdin=PASSWORD + "\n")
    assert barred.returncode == 1
    assert "may not read study" in barred.stderr
