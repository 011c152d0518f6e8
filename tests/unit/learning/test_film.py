"""Training reads films with the runtime's own arithmetic and remembers them."""

from pathlib import Path

import numpy as np
import pytest

from wetread.inference.resample import fit_long_side
from wetread.learning.film import load_films, picture_files
from wetread.learning.manifest import FINDINGS, Film, read_manifest, read_teacher, targets
from wetread.ports.decoder import DecodedImage

image_module = pytest.importorskip("PIL.Image", reason="pillow comes with the optional extra `learning`")

_HEADER = (
    "file,dataset,image_id,patient_id,view_position,patient_sex,patient_age_years,labels,split,source_pixels,"
    "rsna_class,google_adjudicated,nih_boxes,rsna_boxes\n"
)
_ROWS = (
    "a.png,NIH ChestX-ray14,1_0,1,PA,M,50,Mass|Effusion,train,1024,Lung Opacity,,,\n"
    "b.png,NIH ChestX-ray14,2_0,2,AP,F,60,No Finding,train,128,,,,\n"
    "c.png,Kermany 2018,3_0,2,AP,,,Pneumonia|Viral,external,900,,,,\n"
)


@pytest.fixture
def films(tmp_path: Path) -> list[Film]:
    (tmp_path / "manifest.csv").write_text(_HEADER + _ROWS)
    random = np.random.default_rng(1)
    for name, shape in {"a.png": (90, 90), "b.png": (64, 64), "c.png": (50, 81)}.items():
        image_module.fromarray(random.integers(0, 256, shape, np.uint8)).save(tmp_path / name)
    return read_manifest(tmp_path / "manifest.csv")


def test_films_are_read_as_the_runtime_reads_them(films: list[Film], tmp_path: Path) -> None:
    stack = load_films(films, tmp_path, 32, tmp_path / "cache")
    stored = np.array(image_module.open(tmp_path / "c.png"))
    display = np.linspace(0, 1, 256, dtype=np.float32)
    expected, _ = fit_long_side(DecodedImage(stored, display, 1.0, 1.0, *stored.shape), 32)
    assert stack[2] / 255 == pytest.approx(expected, abs=0.5 / 255 + 1e-6)
    assert not stack[2][:5].any(), "a wide film is padded with black above"


def test_decoded_films_are_kept_until_the_list_changes(films: list[Film], tmp_path: Path) -> None:
    first = load_films(films, tmp_path, 32, tmp_path / "cache")
    for film in films:
        (tmp_path / film.file).unlink()
    assert np.array_equal(load_films(films, tmp_path, 32, tmp_path / "cache"), first)
    with pytest.raises(FileNotFoundError):
        load_films(films[:2], tmp_path, 32, tmp_path / "cache")


def test_picture_folder_is_read_by_name(films: list[Film], tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no picture")
    assert [path.name for path in picture_files(tmp_path)] == ["a.png", "b.png", "c.png"]


def test_what_nobody_labelled_is_unknown_not_absent(films: list[Film]) -> None:
    table = targets(films)
    assert [FINDINGS[c] for c in np.flatnonzero(table[0] == 1)] == ["effusion", "mass", "lung_opacity"]
    assert np.isnan(table[1, -1])
    assert table[1, :-1].tolist() == [0.0] * 14
    assert np.isnan(table[2]).all()


def test_same_number_at_two_sites_is_two_patients(films: list[Film]) -> None:
    assert films[1].patient_id != films[2].patient_id


def test_teacher_is_unknown_where_it_has_not_read(films: list[Film], tmp_path: Path) -> None:
    labels = "Atelectasis,Cardiomegaly,Effusion,Infiltration,Mass,Nodule,Pneumonia,Pneumothorax,Consolidation,Edema,Emphysema,Fibrosis,Pleural_Thickening,Hernia"
    (tmp_path / "teacher.csv").write_text(f"image_id,split,{labels}\n2_0,train," + ",".join(["0.25"] * 14) + "\n")
    table = read_teacher(tmp_path / "teacher.csv", films)
    assert np.isnan(table[[0, 2]]).all()
    assert table[1, :-1].tolist() == [0.25] * 14
    assert np.isnan(table[1, -1])
