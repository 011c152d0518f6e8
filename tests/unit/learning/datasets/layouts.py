"""Small folders in the publishers' layouts, with rows of our own invention."""

import csv
from collections.abc import Sequence
from pathlib import Path

CHEXPERT = (
    "No Finding", "Enlarged Cardiomediastinum", "Cardiomegaly", "Lung Opacity", "Lung Lesion", "Edema", "Consolidation",
    "Pneumonia", "Atelectasis", "Pneumothorax", "Pleural Effusion", "Pleural Other", "Fracture", "Support Devices",
)  # fmt: skip


def table(path: Path, header: Sequence[str], *rows: Sequence[object]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as stream:
        csv.writer(stream).writerows([header, *rows])
    return path


def cells(**values: object) -> list[object]:
    """CheXpert's fourteen cells: `cells(Edema=-1)`; underscores stand for blanks."""
    return [values.get(name.replace(" ", "_"), "") for name in CHEXPERT]


def nih(root: Path) -> Path:
    header = [
        "Image Index",
        "Finding Labels",
        "Follow-up #",
        "Patient ID",
        "Patient Age",
        "Patient Gender",
        "View Position",
    ]
    table(
        root / "Data_Entry_2017.csv",
        header,
        ["00000007_000.png", "Effusion|Pleural_Thickening", 0, 7, "058Y", "M", "PA"],
        ["00000007_001.png", "No Finding", 1, 7, "59", "M", "AP"],
        ["00000008_000.png", "Hernia", 0, 8, "414", "F", "PA"],
    )
    table(
        root / "BBox_List_2017.csv",
        ["Image Index", "Finding Label", "Bbox [x", "y", "w", "h]", "", "", ""],
        ["00000007_000.png", "Infiltrate", 10.5, 20, 30, 40, "", "", ""],
    )
    (root / "train_val_list.txt").write_text("00000007_000.png\n00000007_001.png\n")
    (root / "test_list.txt").write_text("00000008_000.png")
    (root / "images_001" / "images").mkdir(parents=True)
    (root / "images_001" / "images" / "00000007_000.png").touch()
    return root


def chexpert(root: Path) -> Path:
    header = ["Path", "Sex", "Age", "Frontal/Lateral", "AP/PA", *CHEXPERT]
    base = "CheXpert-v1.0-small"
    table(
        root / "train.csv",
        header,
        [f"{base}/train/patient00011/study1/view1_frontal.jpg", "Female", 68, "Frontal", "AP",
         *cells(Edema=1.0, Pneumonia=-1.0, Fracture=0.0)],
        [f"{base}/train/patient00011/study1/view2_lateral.jpg", "Female", 68, "Lateral", "", *cells(No_Finding=1)],
    )  # fmt: skip
    table(
        root / "valid.csv",
        header,
        [f"{base}/valid/patient60001/study1/view1_frontal.jpg", "Male", 0, "Frontal", "PA", *[0.0] * 14],
    )
    return root


def mimic(root: Path) -> Path:
    table(
        root / "mimic-cxr-2.0.0-chexpert.csv",
        ["subject_id", "study_id", *CHEXPERT],
        [10990001, 50990001, *cells(Edema=-1, Fracture=0)],
    )
    table(
        root / "mimic-cxr-2.0.0-split.csv",
        ["dicom_id", "study_id", "subject_id", "split"],
        ["aa-1", 50990001, 10990001, "train"],
        ["aa-2", 50990002, 10990001, "train"],
    )
    table(
        root / "mimic-cxr-2.0.0-metadata.csv",
        ["dicom_id", "subject_id", "study_id", "ViewPosition", "Rows", "Columns"],
        ["aa-1", 10990001, 50990001, "PA", 3056, 2544],
        ["aa-2", 10990001, 50990002, "LATERAL", "", ""],
    )
    return root


def padchest(root: Path) -> Path:
    header = ["", "ImageID", "ImageDir", "StudyDate_DICOM", "PatientID", "PatientBirth", "PatientSex_DICOM", "Projection",
              "Rows_DICOM", "Columns_DICOM", "Labels"]  # fmt: skip
    lists = [
        "['normal']",
        "['Pleural effusion ', 'scoliosis']",
        "['exclude']",
        "nan",
        "['normal', 'unchanged']",
        "['hydropneumothorax']",
    ]
    films = [
        [n, f"i{n}.png", 3, 20120503, f"p{n}", 1950.0, "F", "PA", 2000, 1800, words] for n, words in enumerate(lists)
    ]
    table(root / "PADCHEST_chest_x_ray_images_labels_160K_01.02.19.csv", header, *films)
    return root


def vindr(root: Path) -> Path:
    header = [
        "image_id",
        "rad_id",
        "Cardiomegaly",
        "Nodule/Mass",
        "Rib fracture",
        "Clavicle fracture",
        "ILD",
        "No finding",
    ]
    table(
        root / "annotations" / "image_labels_train.csv",
        header,
        ["v1", "R1", 1, 1, 0, 0, 1, 0],
        ["v1", "R2", 1, 0, 0, 0, 0, 0],
        ["v1", "R3", 0, 0, 0, 0, 0, 1],
    )
    table(root / "annotations" / "image_labels_test.csv", ["image_id", *header[2:]], ["v2", 0, 0, 1, 0, 0, 0])
    boxes = ["image_id", "rad_id", "class_name", "x_min", "y_min", "x_max", "y_max"]
    table(
        root / "annotations" / "annotations_train.csv",
        boxes,
        ["v1", "R1", "Cardiomegaly", 100, 200, 400, 350],
        ["v1", "R3", "No finding", "", "", "", ""],
    )
    table(root / "annotations" / "annotations_test.csv", [boxes[0], *boxes[2:]], ["v2", "Rib fracture", 1, 2, 3, 5])
    return root


def vindr_kaggle(root: Path) -> Path:
    table(
        root / "train.csv",
        ["image_id", "class_name", "class_id", "rad_id", "x_min", "y_min", "x_max", "y_max"],
        ["k1", "Pleural effusion", 10, "R1", 5, 6, 15, 26],
        ["k1", "No finding", 14, "R2", "", "", "", ""],
        ["k1", "No finding", 14, "R3", "", "", "", ""],
    )
    return root


def rsna(root: Path) -> Path:
    table(
        root / "stage_2_train_labels.csv",
        ["patientId", "x", "y", "width", "height", "Target"],
        ["s1", 264.0, 152.0, 213.0, 379.0, 1],
        ["s1", 562.0, 153.0, 256.0, 453.0, 1],
        ["s2", "", "", "", "", 0],
    )
    table(
        root / "stage_2_detailed_class_info.csv",
        ["patientId", "class"],
        ["s1", "Lung Opacity"],
        ["s1", "Lung Opacity"],
        ["s2", "No Lung Opacity / Not Normal"],
    )
    return root


def openi(root: Path) -> Path:
    folder = root / "ecgen-radiology"
    folder.mkdir(parents=True)
    for number, terms in enumerate(
        (["normal"], ["Opacity/lung/base/left", "Cardiomegaly/borderline", "Spine/degenerative"], ["No Indexing"])
    ):
        majors = "".join(f"<major>{term}</major>" for term in terms)
        (folder / f"{number}.xml").write_text(
            f'<?xml version="1.0" encoding="utf-8"?><eCitation><uId id="CXR{number}"/><MeSH>{majors}</MeSH>'
            f'<parentImage id="CXR{number}_1001"/><parentImage id="CXR{number}_2001"/></eCitation>'
        )
    return root


def dicom_folder(root: Path) -> Path:
    (root / "films").mkdir(parents=True)
    for name in ("a.dcm", "b.dcm"):
        (root / "films" / name).touch()
    table(
        root / "labels.csv",
        ["file", "PatientID", "ViewPosition", "PatientSex", "PatientAge", "pneumothorax", "fracture", "gallstones"],
        ["films/a.dcm", "MRN-1", "AP", "F", "006M", 1, -1, 1],
        ["films/b.dcm", "MRN-1", "PA", "F", "", 0, "", ""],
    )
    return root
