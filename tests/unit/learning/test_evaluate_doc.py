"""Every command in docs/evaluate.md does what it is shown for, on a few films of our own."""

import re
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from wetread.cli import main
from wetread.inference.bundle import BUNDLED
from wetread.testing.phantom import PhantomSpec, demo_cohort, render

DOC = Path(__file__).parents[3] / "docs" / "evaluate.md"
COMMANDS = re.findall(r"^\$ wetread (.+)$", DOC.read_text(), re.MULTILINE)
HEADER = "file,dataset,image_id,patient_id,view_position,labels,split,source_pixels,rsna_class,nih_boxes,rsna_boxes"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with what the commands name: films, a bundle, its copy, pictures."""
    patient = demo_cohort(1, 3)[0].patient
    (tmp_path / "DATA").mkdir()
    film = render(PhantomSpec(patient, "PA", (), 256, 256, 8, seed=5))[0]
    rows = [HEADER]
    for split, dataset, label in (
        ("test", "NIH phantom", "Mass"),
        ("val", "NIH phantom", "No Finding"),
        ("external", "Kermany phantom", "Pneumonia"),
    ):
        Image.fromarray(film.astype(np.uint8)).save(tmp_path / "DATA" / f"{split}.png")
        rows.append(f"{split}.png,{dataset},{split},1,PA,{label},{split},128,,,")
    (tmp_path / "DATA" / "manifest.csv").write_text("\n".join([*rows, ""]))
    for folder in ("my-model", "src/wetread/models/wetread-cxr-small"):
        shutil.copytree(BUNDLED, tmp_path / folder)
    (tmp_path / "runs" / "a").mkdir(parents=True)
    Image.new("L", (4, 4)).save(tmp_path / "runs" / "a" / "contact_sheet.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_doc_shows_the_commands_that_measure() -> None:
    assert {shlex.split(command)[1] for command in COMMANDS} == {"evaluate", "compare", "card"}


@pytest.mark.parametrize("command", COMMANDS)
def test_command_runs_as_shown(place: Path, command: str) -> None:
    words = shlex.split(command)
    assert main(words) == 0
    for option in ("--json", "--html"):
        if option in words:
            assert (place / words[words.index(option) + 1]).stat().st_size > 100
