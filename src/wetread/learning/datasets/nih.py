"""NIH ChestX-ray14 (Wang et al., CVPR 2017): Data_Entry_2017*.csv, BBox_List_2017.csv, train_val_list.txt, test_list.txt, images*/**/*.png.

Labels were mined from reports by a tool that drops negated and doubted mentions: a label that is not listed is UNMENTIONED, and all 14 are NEGATIVE
only on `No Finding`. `Policy(unmentioned=0)` gives the publisher's 0/1 vectors. Boxes (983 of them) are in the 1024 x 1024 pixels of the PNG files.
"""

from collections.abc import Iterator
from pathlib import Path

from wetread.learning.datasets.labelled_film import Box, LabelledFilm
from wetread.learning.datasets.tables import Row, find_table, find_tables, rows, sex
from wetread.learning.datasets.vocabulary import Unmapped, listed, vocabulary

__all__ = ["read_nih"]

_SIDE_PX = 1024
_REQUIRED = ("Image Index", "Finding Labels", "Patient ID", "Patient Age", "View Position")
_LISTS = {"train_val_list.txt": "train_val", "test_list.txt": "test"}
_BOX_COLUMNS = ("Bbox [x", "y", "w", "h]")


def read_nih(root: Path, unmapped: Unmapped | None = None) -> Iterator[LabelledFilm]:
    """All films; `Patient Gender` and the later `Patient Sex` are both read. Raises DatasetError."""
    unmapped = Unmapped() if unmapped is None else unmapped
    known = vocabulary("nih")
    boxes, splits = _boxes(root, unmapped), _splits(root)
    files = {path.name: path.relative_to(root).as_posix() for path in root.glob("images*/**/*.png")}
    for row in rows(find_table(root, "Data_Entry_2017*.csv"), _REQUIRED):
        image = row.given("Image Index")
        yield LabelledFilm(
            file=files.get(image, f"images/{image}"),
            dataset="nih",
            image_id=image,
            patient_id=f"nih:{row.number_of('Patient ID'):.0f}",
            labels=listed(row.given("Finding Labels").split("|"), known, unmapped),
            view_position=row.text("View Position"),
            patient_sex=sex(row.text("Patient Sex") or row.text("Patient Gender")),
            patient_age_years=row.age_years("Patient Age"),
            boxes=tuple(boxes.get(image, ())),
            split=splits.get(image, ""),
            source_pixels=_SIDE_PX,
        )


def _splits(root: Path) -> dict[str, str]:
    lists = {root / name: split for name, split in _LISTS.items() if (root / name).is_file()}
    return {line.strip(): split for path, split in lists.items() for line in path.read_text("utf-8").splitlines()}


def _boxes(root: Path, unmapped: Unmapped) -> dict[str, list[Box]]:
    found: dict[str, list[Box]] = {}
    for path in find_tables(root, "BBox_List_2017.csv"):
        for row in rows(path, ("Image Index", "Finding Label", *_BOX_COLUMNS)):
            found.setdefault(row.given("Image Index"), []).extend(_box(row, unmapped))
    return found


def _box(row: Row, unmapped: Unmapped) -> list[Box]:
    word = row.given("Finding Label")
    column, line, width, height = map(row.number_of, _BOX_COLUMNS)
    names = vocabulary("nih").findings.get(word, ())
    unmapped.update([] if names else [word])
    return [Box(name, line, column, height, width, _SIDE_PX, _SIDE_PX) for name in names]
