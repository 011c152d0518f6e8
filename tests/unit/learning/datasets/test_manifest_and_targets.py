"""What was read comes back from the manifest; no patient is in two splits; a policy alone turns labels into targets."""

import math
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wetread.domain.finding import FindingName as F
from wetread.learning.datasets import (
    U_IGNORE,
    U_ONES,
    U_ZEROS,
    Box,
    DatasetError,
    Label,
    LabelledFilm,
    Policy,
    check_patients,
    from_shipped,
    read_manifest,
    soft,
    split_by_patient,
    targets,
    write_manifest,
)
from wetread.learning.datasets.__main__ import main
from wetread.learning.manifest import Film

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
_PIXELS = st.floats(0, 1e5, allow_nan=False)
_BOXES = st.builds(Box, st.sampled_from(F), *[_PIXELS] * 4, st.integers(0, 5000), st.integers(0, 5000), _TEXT)
_FILMS = st.builds(
    LabelledFilm,
    file=_TEXT,
    dataset=_TEXT,
    image_id=_TEXT,
    patient_id=_TEXT,
    labels=st.dictionaries(st.sampled_from(F), st.sampled_from(Label)),
    view_position=_TEXT,
    patient_sex=st.sampled_from(["", "M", "F", "O"]),
    patient_age_years=st.none() | st.floats(0, 120),
    boxes=st.lists(_BOXES, max_size=3).map(tuple),
    split=st.just("train"),
    source_pixels=st.integers(0, 10_000),
)


def _film(patient: str = "a", split: str = "", **labels: Label) -> LabelledFilm:
    return LabelledFilm("f", "own", "i", patient, {F(name): label for name, label in labels.items()}, split=split)


@given(st.lists(_FILMS, max_size=5))
def test_manifest_returns_what_was_written(films: list[LabelledFilm]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "manifest.csv"
        write_manifest(path, films)
        assert read_manifest(path) == films


@given(st.lists(_TEXT, max_size=60), st.integers(0, 5))
def test_no_patient_is_in_two_splits(patients: list[str], seed: int) -> None:
    films = split_by_patient([_film(patient) for patient in patients], {"train": 0.5, "val": 0.3, "test": 0.2}, seed)
    check_patients(films)
    assert {film.split for film in films} <= {"train", "val", "test"}
    assert split_by_patient(reversed(films), {"train": 0.5, "val": 0.3, "test": 0.2}, seed) == films[::-1]


def test_split_keeps_its_fractions_and_moves_nobody_when_films_come() -> None:
    fractions = {"train": 0.7, "val": 0.1, "test": 0.2}
    films = split_by_patient([_film(f"p{number}") for number in range(4000)], fractions, 1)
    shares = [sum(film.split == name for film in films) / 4000 for name in fractions]
    assert shares == pytest.approx([0.7, 0.1, 0.2], abs=0.03)
    assert split_by_patient([_film(f"p{number}") for number in range(100)], fractions, 1) == films[:100]
    assert split_by_patient(films, fractions, 2) != films


@pytest.mark.parametrize(
    "fractions", [{}, {"train": 0.9}, {"train": 1.2, "test": -0.2}, {"train": math.nan, "test": 1}]
)
def test_fractions_that_are_no_split_are_refused(fractions: dict[str, float]) -> None:
    with pytest.raises(DatasetError, match="sum to 1"):
        split_by_patient([], fractions, 0)


def test_manifest_with_a_patient_in_two_splits_is_not_read(tmp_path: Path) -> None:
    write_manifest(
        tmp_path / "m.csv", [_film("secret", "train"), _film("secret", "test"), _film("b", "test"), _film("b")]
    )
    with pytest.raises(DatasetError, match=r"^1 patient\(s\)") as refusal:
        read_manifest(tmp_path / "m.csv")
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize(
    ("old", "new", "column"),
    [
        ("wetread-films-1", "wetread-films-2", "version"),
        ("positive", "perhaps", "label.edema"),
        ('""edema""', '""glow""', "boxes"),
        ('""row_px"": 1', '""row_px"": NaN', "boxes"),
        ("1024", "many", "source_pixels"),
    ],
)
def test_manifest_of_another_kind_is_refused_by_row_and_column(tmp_path: Path, old: str, new: str, column: str) -> None:
    path = tmp_path / "m.csv"
    film = replace(_film(edema=Label.POSITIVE), boxes=(Box(F.EDEMA, 1, 2, 3, 4),), source_pixels=1024)
    write_manifest(path, [film])
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(DatasetError, match=f"row 2, column '{column}'"):
        read_manifest(path)


_NAN = math.nan


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (U_ONES, [1, 0, 1, _NAN, _NAN]),
        (U_ZEROS, [1, 0, 0, _NAN, _NAN]),
        (U_IGNORE, [1, 0, _NAN, _NAN, _NAN]),
        (soft(0.25), [1, 0, 0.25, _NAN, _NAN]),
        (Policy(uncertain=1, unmentioned=0), [1, 0, 1, 0, _NAN]),
    ],
)
def test_policy_decides_only_what_is_unclear(policy: Policy, expected: list[float]) -> None:
    """Columns: stated, denied, doubted, not mentioned, never asked about."""
    film = _film(edema=Label.POSITIVE, mass=Label.NEGATIVE, nodule=Label.UNCERTAIN, hernia=Label.UNMENTIONED)
    table = targets([film], policy, (F.EDEMA, F.MASS, F.NODULE, F.HERNIA, F.FRACTURE))
    assert table.dtype == np.float32
    np.testing.assert_array_equal(table, [expected])


def test_targets_stand_in_the_vocabulary_order() -> None:
    table = targets([_film(), _film(fracture=Label.POSITIVE)], U_IGNORE)
    assert table.shape == (2, len(F))
    assert np.argwhere(~np.isnan(table)).tolist() == [[1, list(F).index(F.FRACTURE)]]
    assert targets([], U_IGNORE).shape == (0, len(F))


@pytest.mark.parametrize("value", [-0.1, 1.1, math.inf])
def test_target_outside_0_to_1_is_refused(value: float) -> None:
    with pytest.raises(DatasetError, match="between 0 and 1"):
        soft(value)


def test_film_of_the_shipped_manifest_comes_over() -> None:
    film = Film(
        "f.png",
        "NIH x",
        "i",
        "NIH:7",
        "PA",
        frozenset(["Edema"]),
        "val",
        1024,
        "Lung Opacity",
        '[["Mass", 1, 2, 3, 4]]',
        "[[5, 6, 7, 8]]",
    )
    found = from_shipped(film)
    assert [found.labels[name] for name in (F.EDEMA, F.MASS, F.LUNG_OPACITY)] == [
        Label.POSITIVE,
        Label.UNMENTIONED,
        Label.POSITIVE,
    ]
    assert found.boxes == (Box(F.MASS, 2, 1, 4, 3, 1024, 1024), Box(F.LUNG_OPACITY, 6, 5, 8, 7, 1024, 1024))
    assert from_shipped(replace(film, labels=frozenset(["No Finding"]), rsna_class="")).labels[F.MASS] is Label.NEGATIVE


def _own_folder(root: Path) -> Path:
    (root / "a.dcm").touch()
    (root / "labels.csv").write_text("file,PatientID,edema,gallstones\na.dcm,MRN-1,-1,1\n")
    return root


def test_command_writes_the_manifest_and_counts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out" / "m.csv"
    out.parent.mkdir()
    assert main(["dicom-folder", str(_own_folder(tmp_path)), "--out", str(out), "--split", "train=0.5,test=0.5"]) == 0
    (film,) = read_manifest(out)
    assert film.split in ("train", "test")
    printed = capsys.readouterr().out
    assert "1 films of 1 patients" in printed
    assert printed.splitlines()[2].split() == ["edema", "0", "0", "1", "0"]
    assert "gallstones: 1" in printed
    assert [path.name for path in out.parent.iterdir()] == ["m.csv"]


def test_dry_run_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dicom-folder", str(_own_folder(tmp_path)), "--out", str(tmp_path / "m.csv"), "--dry-run"]) == 0
    assert not (tmp_path / "m.csv").exists()
    assert "1 films" in capsys.readouterr().out


def test_command_says_what_is_missing_and_ends_with_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mimic", str(tmp_path), "--dry-run"]) == 2
    assert "mimic-cxr-2*-chexpert.csv" in capsys.readouterr().err
