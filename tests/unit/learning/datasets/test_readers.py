"""Each reader keeps what its dataset says apart: stated, denied, doubted, not mentioned, not asked."""

import csv
import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from unit.learning.datasets import layouts

from wetread.domain.finding import FindingName as F
from wetread.learning.datasets import (
    READERS,
    Box,
    DatasetError,
    Label,
    LabelledFilm,
    Unmapped,
    read_chexpert,
    read_chexpert_plus,
    read_dicom_folder,
    read_mimic,
    read_nih,
    read_openi,
    read_padchest,
    read_rsna,
    read_vindr,
)

P, N, U, M = Label.POSITIVE, Label.NEGATIVE, Label.UNCERTAIN, Label.UNMENTIONED
LAYOUTS = {
    "nih": layouts.nih,
    "chexpert": layouts.chexpert,
    "mimic": layouts.mimic,
    "padchest": layouts.padchest,
    "vindr": layouts.vindr,
    "rsna": layouts.rsna,
    "openi": layouts.openi,
    "dicom-folder": layouts.dicom_folder,
}


def test_nih_denies_only_on_no_finding(tmp_path: Path) -> None:
    first, second, third = read_nih(layouts.nih(tmp_path))
    assert (first.labels[F.EFFUSION], first.labels[F.PLEURAL_THICKENING], first.labels[F.HERNIA]) == (P, P, M)
    assert len(second.labels) == 14
    assert set(second.labels.values()) == {N}
    assert F.FRACTURE not in second.labels
    assert (first.patient_id, second.patient_id, third.patient_id) == ("nih:7", "nih:7", "nih:8")
    assert (first.split, third.split) == ("train_val", "test")
    assert (first.patient_age_years, second.patient_age_years, third.patient_age_years) == (58, 59, None)
    assert (first.file, second.file) == ("images_001/images/00000007_000.png", "images/00000007_001.png")
    assert first.boxes == (Box(F.INFILTRATION, 20, 10.5, 40, 30, 1024, 1024),)


def test_chexpert_keeps_its_four_states(tmp_path: Path) -> None:
    unmapped = Unmapped()
    frontal, lateral, valid = read_chexpert(layouts.chexpert(tmp_path), unmapped)
    assert [frontal.labels[name] for name in (F.EDEMA, F.PNEUMONIA, F.FRACTURE, F.EFFUSION)] == [P, U, N, M]
    assert set(lateral.labels.values()) == {M}
    assert set(valid.labels.values()) == {N}
    assert unmapped == {"No Finding": 2}
    assert (frontal.file, frontal.patient_id) == (
        "train/patient00011/study1/view1_frontal.jpg",
        "chexpert:patient00011",
    )
    assert [film.view_position for film in (frontal, lateral, valid)] == ["AP", "LATERAL", "PA"]
    assert (frontal.patient_age_years, valid.patient_age_years) == (68, None)
    assert (frontal.split, valid.split) == ("train", "valid")


def test_chexpert_plus_joins_labels_by_image(tmp_path: Path) -> None:
    (tmp_path / "chexbert_labels").mkdir()
    line = {
        "path_to_image": "train/patient00011/study1/view1_frontal.jpg",
        "Edema": -1.0,
        "Fracture": None,
        "Pneumonia": 1.0,
    }
    (tmp_path / "chexbert_labels" / "report_fixed.json").write_text(json.dumps(line) + "\n")
    header = ["path_to_image", "frontal_lateral", "ap_pa", "deid_patient_id", "age", "sex", "split", "report"]
    layouts.table(
        tmp_path / "df_chexpert_plus_240401.csv",
        header,
        [line["path_to_image"], "Frontal", "AP", "patient00011", 71.0, "Male", "train", "two\nlines"],
        ["train/patient00012/study1/view1_lateral.jpg", "Lateral", "", "patient00012", 40.0, "Female", "train", ""],
    )
    first, second = read_chexpert_plus(tmp_path)
    assert first.labels == {F.EDEMA: U, F.FRACTURE: M, F.PNEUMONIA: P}
    assert first.patient_id == "chexpert:patient00011"
    assert second.labels == {}


def test_mimic_gives_a_study_labels_to_its_films(tmp_path: Path) -> None:
    labelled, bare = read_mimic(layouts.mimic(tmp_path))
    assert [labelled.labels[name] for name in (F.EDEMA, F.FRACTURE, F.PNEUMONIA)] == [U, N, M]
    assert bare.labels == {}
    assert labelled.file == "files/p10/p10990001/s50990001/aa-1.jpg"
    assert (labelled.source_pixels, bare.source_pixels) == (2544, 0)
    assert (labelled.patient_id, labelled.split) == ("mimic:10990001", "train")


def test_padchest_reads_lists_and_never_guesses(tmp_path: Path) -> None:
    unmapped = Unmapped()
    normal, effusion, excluded, blank, unchanged, both = read_padchest(layouts.padchest(tmp_path), unmapped)
    assert set(normal.labels.values()) == {N}
    assert (effusion.labels[F.EFFUSION], effusion.labels[F.PNEUMONIA]) == (P, M)
    assert excluded.labels == blank.labels == {}
    assert set(unchanged.labels.values()) == {M}
    assert (both.labels[F.EFFUSION], both.labels[F.PNEUMOTHORAX]) == (P, P)
    assert unmapped == {"scoliosis": 1, "unchanged": 1}
    assert (normal.file, normal.patient_age_years, normal.source_pixels) == ("3/i0.png", 62, 1800)


def test_vindr_readers_vote(tmp_path: Path) -> None:
    """Two of three: present. One of three: uncertain. None: absent."""
    unmapped = Unmapped()
    test, train = read_vindr(layouts.vindr(tmp_path), unmapped)
    assert train.labels == {F.CARDIOMEGALY: P, F.LUNG_LESION: U, F.FRACTURE: N}
    assert test.labels == {F.CARDIOMEGALY: N, F.LUNG_LESION: N, F.FRACTURE: P}
    assert unmapped == {"ILD": 1}
    assert train.boxes == (Box(F.CARDIOMEGALY, 200, 100, 150, 300, reader="R1"),)
    assert (train.file, train.split, test.split) == ("train/v1.dicom", "train", "test")


def test_vindr_of_kaggle_counts_readers_who_saw_nothing(tmp_path: Path) -> None:
    (film,) = read_vindr(layouts.vindr_kaggle(tmp_path))
    assert (film.labels[F.EFFUSION], film.labels[F.CARDIOMEGALY]) == (U, N)
    assert F.PNEUMONIA not in film.labels
    assert len(film.boxes) == 1


def test_rsna_suspicion_is_no_pneumonia(tmp_path: Path) -> None:
    opaque, other = read_rsna(layouts.rsna(tmp_path))
    assert opaque.labels == {F.LUNG_OPACITY: P, F.PNEUMONIA: U}
    assert other.labels == {F.LUNG_OPACITY: N, F.PNEUMONIA: N}
    assert opaque.boxes[1] == Box(F.LUNG_OPACITY, 153, 562, 453, 256, 1024, 1024)
    assert opaque.patient_id == "rsna:s1"


def test_rsna_takes_nih_patients_where_the_mapping_is(tmp_path: Path) -> None:
    layouts.rsna(tmp_path)
    mapping = [{"subset_img_id": "s1", "img_id": "00000007_000.png"}]
    (tmp_path / "pneumonia-challenge-dataset-mappings_2018.json").write_text(json.dumps(mapping))
    assert [film.patient_id for film in read_rsna(tmp_path)] == ["nih:7", "rsna:s2"]


def test_rsna_refuses_tables_that_contradict_each_other(tmp_path: Path) -> None:
    layouts.rsna(tmp_path)
    layouts.table(
        tmp_path / "stage_2_detailed_class_info.csv", ["patientId", "class"], ["s1", "Normal"], ["s2", "Normal"]
    )
    with pytest.raises(DatasetError, match="row 2, column 'Target'"):
        list(read_rsna(tmp_path))


def test_openi_reads_headings_with_their_qualifiers(tmp_path: Path) -> None:
    unmapped = Unmapped()
    films = list(read_openi(layouts.openi(tmp_path), unmapped))
    assert [film.patient_id for film in films] == ["openi:CXR0"] * 2 + ["openi:CXR1"] * 2 + ["openi:CXR2"] * 2
    assert set(films[0].labels.values()) == {N}
    assert [films[2].labels[name] for name in (F.LUNG_OPACITY, F.CARDIOMEGALY, F.EFFUSION)] == [P, U, M]
    assert films[4].labels == {}
    assert unmapped == {"spine": 1}


@pytest.mark.parametrize(
    "content",
    [
        b'<!DOCTYPE a [<!ENTITY b "c">]><eCitation><uId id="&b;"/></eCitation>',
        '<!DOCTYPE a [<!ENTITY b "c">]><eCitation><uId id="&b;"/></eCitation>'.encode("utf-16"),
        b"<eCitation>",
        b"<eCitation/>",
        b'<?xml version="1.0" encoding="nonsense"?><eCitation/>',
    ],
)
def test_openi_refuses_doctype_and_broken_xml(tmp_path: Path, content: bytes) -> None:
    layouts.openi(tmp_path)
    (tmp_path / "ecgen-radiology" / "9.xml").write_bytes(content)
    with pytest.raises(DatasetError, match=r"9\.xml"):
        list(read_openi(tmp_path))


def test_own_folder_groups_by_patient_without_naming_one(tmp_path: Path) -> None:
    unmapped = Unmapped()
    first, second = read_dicom_folder(layouts.dicom_folder(tmp_path), unmapped)
    assert first.labels == {F.PNEUMOTHORAX: P, F.FRACTURE: U}
    assert second.labels == {F.PNEUMOTHORAX: N, F.FRACTURE: M}
    assert first.patient_id == second.patient_id
    assert "MRN" not in first.patient_id
    assert first.patient_age_years == 0.5
    assert unmapped == {"gallstones": 1}


@pytest.mark.parametrize("file", ["../outside.dcm", "/etc/hostname", "films/none.dcm"])
def test_own_folder_reads_only_files_inside(tmp_path: Path, file: str) -> None:
    root = layouts.dicom_folder(tmp_path / "own")
    (tmp_path / "outside.dcm").touch()
    layouts.table(root / "labels.csv", ["file", "PatientID"], [file, "MRN-1"])
    with pytest.raises(DatasetError, match="row 2, column 'file'"):
        list(read_dicom_folder(root))


@pytest.mark.parametrize(
    ("dataset", "table", "column", "value"),
    [
        ("nih", "Data_Entry_2017.csv", "Patient ID", "Doe^Jane"),
        ("chexpert", "train.csv", "Edema", "2"),
        ("chexpert", "train.csv", "Edema", "nan"),
        ("chexpert", "train.csv", "Age", "Doe^Jane"),
        ("mimic", "mimic-cxr-2.0.0-chexpert.csv", "Edema", "Doe^Jane"),
        ("padchest", "PADCHEST_chest_x_ray_images_labels_160K_01.02.19.csv", "Labels", "__import__('os')"),
        ("padchest", "PADCHEST_chest_x_ray_images_labels_160K_01.02.19.csv", "Labels", "[1]"),
        ("vindr", "annotations/image_labels_train.csv", "Cardiomegaly", "0.5"),
        ("vindr", "annotations/annotations_train.csv", "x_max", "50"),
        ("vindr", "annotations/annotations_train.csv", "image_id", "stranger"),
        ("rsna", "stage_2_train_labels.csv", "width", "Doe^Jane"),
        ("rsna", "stage_2_train_labels.csv", "Target", "2"),
        ("dicom-folder", "labels.csv", "fracture", "yes"),
    ],
)
def test_malformed_cell_is_named_by_place_never_by_content(
    tmp_path: Path, dataset: str, table: str, column: str, value: str
) -> None:
    path = LAYOUTS[dataset](tmp_path) / table
    header, row, *rest = _cells(path)
    row[header.index(column)] = value
    layouts.table(path, header, row, *rest)
    with pytest.raises(DatasetError, match=f"{path.name}, row 2, column '{column}'") as refusal:
        list(READERS[dataset](tmp_path, None))
    assert "Doe" not in str(refusal.value)


def _cells(path: Path) -> list[list[str]]:
    with path.open(newline="") as stream:
        return list(csv.reader(stream))


@pytest.mark.parametrize("dataset", sorted(READERS))
def test_empty_folder_names_what_is_missing(tmp_path: Path, dataset: str) -> None:
    with pytest.raises(DatasetError, match=r"csv|json|CSV|xml"):
        list(READERS[dataset](tmp_path, None))


def test_short_row_missing_column_and_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "Data_Entry_2017.csv"
    layouts.nih(tmp_path)
    path.write_text(path.read_text() + "00000009_000.png,No Finding\n")
    with pytest.raises(DatasetError, match="row 5: not as many cells"):
        list(read_nih(tmp_path))
    path.write_text("Image Index,Finding Labels\n")
    with pytest.raises(DatasetError, match=r"lacks the column.*Patient ID"):
        list(read_nih(tmp_path))
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DatasetError, match="cannot be read as CSV"):
        list(read_nih(tmp_path))


def test_gzip_table_reads_like_the_plain_one(tmp_path: Path) -> None:
    plain = list(read_mimic(layouts.mimic(tmp_path)))
    for path in list(tmp_path.glob("*.csv")):
        path.with_name(path.name + ".gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    assert list(read_mimic(tmp_path)) == plain


def every_film(root: Path) -> list[LabelledFilm]:
    readers: list[tuple[str, Callable[[Path], Path]]] = list(LAYOUTS.items())
    return [film for name, make in readers for film in READERS[name](make(root / name), None)]


def test_patients_of_different_datasets_never_share_an_id(tmp_path: Path) -> None:
    films = every_film(tmp_path)
    prefixes = {(film.dataset, film.patient_id.partition(":")[0]) for film in films}
    assert len(prefixes) == len(LAYOUTS)
    assert len({prefix for _, prefix in prefixes}) == len(LAYOUTS)
