"""`wetread export`: signed studies to a folder, of which nothing leads back but the vault."""

import csv
import json
import os
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import dcmread
from tests.films import film
from tests.in_process_decoder import InProcessDecoder
from tests.unit.cli.signed_house import Run, open_house, runner

from wetread.bootstrap import Core
from wetread.domain.erasure import Leftovers
from wetread.domain.identifiers import InstanceKey, StudyKey
from wetread.domain.identity_access import Purpose, of_service
from wetread.ports.film_text import ReadText
from wetread.ports.vault import VaultInstance
from wetread.storage.vault_erasure import SqlVaultEraser

STUDIES = 4


class Blind:
    def read(self, grey: NDArray[np.uint8]) -> tuple[ReadText, ...]:
        return ()


def a_named_film(seed: int) -> bytes:
    dataset, out = dcmread(BytesIO(film(seed, 128))), BytesIO()
    dataset.PatientName, dataset.StudyDescription = "Kanarienvogel^Zephyrine", "Thorax, Kanarienvogel"
    dataset.ReferringPhysicianName = "Kanarienvogel^Referrer"
    dataset.save_as(out, enforce_file_format=True)
    return out.getvalue()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Core]:
    """Four signed studies; the first and the fourth are signed with findings."""
    folder = tmp_path_factory.mktemp("exporting")
    core = open_house(folder, STUDIES)
    for number in range(STUDIES):
        with core.files.receive() as incoming:
            incoming.write(a_named_film(number + 1))
            kept = incoming.keep()
        header = InProcessDecoder().inspect(kept.path)
        key = StudyKey(f"{number:024d}")
        core.vault.admit([VaultInstance(InstanceKey(f"i{number:023d}"), key, kept.sha256, header)])
    return folder, core


@pytest.fixture
def run(house: tuple[Path, Core], monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr("wetread.cli.export.text_reader", lambda _: Blind())
    return runner(house[0], monkeypatch)


def words_of(core: Core) -> Iterator[str]:
    """Everything by which the house knows its studies and patients."""
    for number in range(STUDIES):
        key = StudyKey(f"{number:024d}")
        for instance in core.vault.on_behalf_of(of_service(Purpose.CONSOLE)).instances(key):
            header = instance.header
            yield from (key, instance.instance_key, instance.content_sha256)
            yield from (header.study_instance_uid, header.series_instance_uid, header.sop_instance_uid)
            yield from (header.identity.patient_id, header.identity.patient_birth_date, "Zephyrine", "Kanarienvogel")


def rows(table: Path) -> list[dict[str, str]]:
    with table.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_nothing_in_the_folder_or_on_the_screen_names_anybody(
    house: tuple[Path, Core], run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, words = tmp_path / "out", [each for each in words_of(house[1]) if each]
    assert run("export", "canary", "--as", "qa", "--out", str(out), "--with", "clean-descriptors") == 0
    printed = capsys.readouterr()
    everything = [printed.out + printed.err, *(str(each.relative_to(out)) for each in out.rglob("*"))]
    everything += [each.read_bytes().decode("latin-1") for each in out.rglob("*") if each.is_file()]
    assert len(list(out.rglob("*.dcm"))) == STUDIES
    for word in words:
        assert not [each[:60] for each in everything if word.casefold() in each.casefold()], word


def test_tables_say_what_was_signed_and_where_the_films_are(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run("export", "tables", "--as", "qa", "--out", str(out)) == 0
    labels, films = rows(out / "labels.csv"), rows(out / "films.csv")
    assert len(labels) == 2 * STUDIES
    assert {each["label"] for each in labels} == {"positive", "negative"}
    assert {each["study"] for each in labels} == {each["study"] for each in films}
    for each in films:
        dataset = dcmread(out / each["film"])
        assert (dataset.StudyInstanceUID, dataset.PatientID) == (each["study"], each["patient"])
        assert dataset.BurnedInAnnotation == "NO"
    said = json.loads((out / "export.json").read_text())
    assert (said["counts"]["studies"], said["options"]) == (STUDIES, ["clean-pixels"])
    assert run("dataset", "version", str(out / "labels.csv"), "--as", "ml", "--out", str(tmp_path / "versions")) == 0


def test_a_second_run_goes_on_and_makes_nothing_twice(
    house: tuple[Path, Core], run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    words = ("export", "again", "--as", "qa", "--out", str(out))
    assert run(*words, "--limit", "1") == 0
    (first,) = out.rglob("*.dcm")
    os.utime(first, (1, 1))
    assert run(*words) == 0
    assert len(list(out.rglob("*.dcm"))) == STUDIES
    assert first.stat().st_mtime == 1
    assert run(*words, "--with", "shift-dates") == 1
    assert "other options" in capsys.readouterr().err
    other = tmp_path / "other"
    assert run("export", "elsewhere", "--as", "qa", "--out", str(other)) == 0
    assert not {each.name for each in out.rglob("*.dcm")} & {each.name for each in other.rglob("*.dcm")}


def test_what_is_chosen_is_what_goes(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("export", "chosen", "--as", "qa", "--out", str(tmp_path / "out"), "--dry-run")
    assert run(*words) == 0
    assert "4 signed studies would go, signed as present: 2 effusion, 2 pneumothorax" in capsys.readouterr().out
    assert run(*words, "--finding", "effusion") == 0
    assert "2 signed studies" in capsys.readouterr().out
    assert run(*words, "--site", "nowhere") == 1
    assert run(*words, "--until", "2001-01-01") == 1
    assert run(*words, "--since", "2001-01-01") == 0
    assert not (tmp_path / "out").exists()


def test_only_who_may_exports_and_every_study_is_audited(house: tuple[Path, Core], run: Run, tmp_path: Path) -> None:
    for nobody in ("ml", "dr-lee", "admin"):
        assert run("export", "audited", "--as", nobody, "--out", str(tmp_path / "no")) == 1
    assert not (tmp_path / "no").exists()
    assert run("export", "Bad Name", "--as", "qa", "--out", str(tmp_path / "no")) == 1
    assert run("export", "audited", "--as", "qa", "--out", str(tmp_path / "out")) == 0
    told = (each.event for each in house[1].database.audit_records())
    events = [each for each in told if ("export", "audited") in each.detail]
    assert [each.action for each in events] == ["research.export"] * (STUDIES + 1)
    assert len({each.study_key for each in events} - {None}) == STUDIES


def test_a_pseudonym_leads_back_for_who_may_and_an_erased_study_nowhere(
    house: tuple[Path, Core], run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    core, out = house[1], tmp_path / "out"
    assert run("export", "back", "--as", "qa", "--out", str(out)) == 0
    patients = [each["patient"] for each in rows(out / "films.csv")]
    capsys.readouterr()
    assert run("export", "back", "--as", "qa", "--who", patients[0]) == 0
    key = StudyKey(capsys.readouterr().out.split()[0])
    held = core.vault.on_behalf_of(of_service(Purpose.CONSOLE)).instances(key)
    assert run("export", "back", "--as", "admin", "--who", patients[0]) == 1
    eraser = SqlVaultEraser(core.settings.resolved_vault_url)
    assert eraser.erase(key, Leftovers((), (), (), ()), whole_patient=False)["research_studies"] >= 1
    assert run("export", "back", "--as", "qa", "--who", patients[0]) == 1
    assert run("export", "back", "--as", "qa", "--out", str(tmp_path / "later")) == 1
    assert len(list((tmp_path / "later").rglob("*.dcm"))) == STUDIES - 1
    core.vault.admit(list(held))


def test_a_film_whose_header_still_names_its_patient_is_refused(
    house: tuple[Path, Core], run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The second net: what the vault knows is looked for in what would leave."""
    core, key = house[1], StudyKey(f"{1:024d}")
    (held,) = core.vault.on_behalf_of(of_service(Purpose.CONSOLE)).instances(key)
    maker = dcmread(core.files.path_of(held.content_sha256)).Manufacturer.split()[0]
    identity = replace(held.header.identity, referring_physician_name=maker)
    named = replace(held, header=replace(held.header, identity=identity))
    SqlVaultEraser(core.settings.resolved_vault_url).erase(key, Leftovers((), (), (), ()), whole_patient=False)
    core.vault.admit([named])
    assert run("export", "netted", "--as", "qa", "--out", str(tmp_path / "out")) == 1
    assert "1 refused identity_left" in capsys.readouterr().out
    assert len(rows(tmp_path / "out" / "films.csv")) == STUDIES - 1


def test_films_are_decoded_under_the_limits_of_the_house(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WETREAD_SANDBOX_WALL_S", "1e-6")
    assert run("export", "hurried", "--as", "qa", "--out", str(tmp_path / "out"), "--limit", "1") == 1
    assert "1 refused decoder_killed" in capsys.readouterr().out
