"""Public chest-radiograph datasets, and folders of one's own, read into one manifest format; no torch, no pixels. See docs/datasets.md."""

from collections.abc import Callable, Iterator
from pathlib import Path

from wetread.learning.datasets.chexpert import read_chexpert, read_chexpert_plus
from wetread.learning.datasets.dicom_folder import read_dicom_folder
from wetread.learning.datasets.labelled_film import Box, DatasetError, Label, LabelledFilm
from wetread.learning.datasets.manifest import read_manifest, write_manifest
from wetread.learning.datasets.mimic import read_mimic
from wetread.learning.datasets.nih import read_nih
from wetread.learning.datasets.openi import read_openi
from wetread.learning.datasets.padchest import read_padchest
from wetread.learning.datasets.rsna import read_rsna
from wetread.learning.datasets.shipped import from_shipped
from wetread.learning.datasets.splits import check_patients, split_by_patient
from wetread.learning.datasets.targets import U_IGNORE, U_ONES, U_ZEROS, Policy, soft, targets
from wetread.learning.datasets.vindr import read_vindr
from wetread.learning.datasets.vocabulary import Unmapped

__all__ = [
    "READERS",
    "U_IGNORE",
    "U_ONES",
    "U_ZEROS",
    "Box",
    "DatasetError",
    "Label",
    "LabelledFilm",
    "Policy",
    "Reader",
    "Unmapped",
    "check_patients",
    "from_shipped",
    "read_chexpert",
    "read_chexpert_plus",
    "read_dicom_folder",
    "read_manifest",
    "read_mimic",
    "read_nih",
    "read_openi",
    "read_padchest",
    "read_rsna",
    "read_vindr",
    "soft",
    "split_by_patient",
    "targets",
    "write_manifest",
]

Reader = Callable[[Path, Unmapped | None], Iterator[LabelledFilm]]

READERS: dict[str, Reader] = {
    "nih": read_nih,
    "chexpert": read_chexpert,
    "chexpert-plus": read_chexpert_plus,
    "mimic": read_mimic,
    "padchest": read_padchest,
    "vindr": read_vindr,
    "rsna": read_rsna,
    "openi": read_openi,
    "dicom-folder": read_dicom_folder,
}
