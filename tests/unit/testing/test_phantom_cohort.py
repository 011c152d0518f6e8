"""The demo worklist is varied, reproducible, invented, and the command writes it."""

import json
from datetime import date
from pathlib import Path

import imagecodecs
import numpy as np
import pydicom

from wetread.domain.finding import FindingName
from wetread.testing.phantom import TRANSFER_SYNTAXES, demo_cohort, render
from wetread.testing.phantom.__main__ import main
from wetread.testing.phantom.cohort import REFERENCE_DAY
from wetread.testing.phantom.marker import text_bitmap


def _age(born: date) -> int:
    return REFERENCE_DAY.year - born.year - ((REFERENCE_DAY.month, REFERENCE_DAY.day) < (born.month, born.day))


def test_a_cohort_is_the_same_for_the_same_seed_and_grows_at_its_end() -> None:
    assert demo_cohort(6, 3) == demo_cohort(6, 3)
    assert demo_cohort(9, 3)[:6] == demo_cohort(6, 3)
    assert demo_cohort(6, 3) != demo_cohort(6, 4)


def test_a_cohort_varies_in_everything_a_site_would() -> None:
    specs = demo_cohort(48, 1)
    found = {p.finding for s in specs for p in s.pathologies}
    assert found == {
        FindingName.PNEUMOTHORAX,
        FindingName.EFFUSION,
        FindingName.CARDIOMEGALY,
        FindingName.NODULE,
        FindingName.CONSOLIDATION,
    }
    assert 0.2 < np.mean([not s.pathologies for s in specs]) < 0.5
    assert {s.transfer_syntax_uid for s in specs} == set(TRANSFER_SYNTAXES)
    for varied in ("view_position", "photometric_interpretation", "modality"):
        assert len({getattr(s, varied) for s in specs}) == 2
    assert len({s.institution_name for s in specs}) == 3
    assert len({s.manufacturer for s in specs}) == 4
    assert len({s.patient.patient_id for s in specs}) == len({s.seed for s in specs}) == 48


def test_a_cohorts_people_are_invented_and_their_ages_agree() -> None:
    for spec in demo_cohort(40, 2):
        patient = spec.patient
        assert patient.patient_name.startswith("Phantom^")
        assert patient.patient_id.startswith("PHANTOM-")
        assert _age(patient.birth_date) == patient.age_years
        assert spec.bits_stored in TRANSFER_SYNTAXES[spec.transfer_syntax_uid].bits


def test_the_command_writes_films_truth_and_a_contact_sheet(tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.png"
    assert main(["--out", str(tmp_path / "films"), "--count", "2", "--seed", "11", "--contact-sheet", str(sheet)]) == 0
    entries = json.loads((tmp_path / "films" / "truth.json").read_text())
    assert [entry["file"] for entry in entries] == ["phantom-0001.dcm", "phantom-0002.dcm"]
    spec = demo_cohort(2, 11)[1]
    (truth,) = render(spec)[1]
    assert entries[1]["truth"][0]["finding"] == truth.finding
    assert entries[1]["truth"][0]["box"]["row_start"] == truth.box.row_start
    dataset = pydicom.dcmread(tmp_path / "films" / "phantom-0002.dcm")
    assert dataset.SOPInstanceUID == entries[1]["sop_instance_uid"]
    assert (dataset.Rows, dataset.Columns) == (spec.rows, spec.columns)
    assert imagecodecs.png_decode(sheet.read_bytes()).shape == (384, 4 * 384)


def test_text_is_drawn_letter_by_letter() -> None:
    assert text_bitmap("LR", 2).shape == (14, 22)
    assert np.array_equal(text_bitmap("L", 1)[:, 0], np.ones(7))
