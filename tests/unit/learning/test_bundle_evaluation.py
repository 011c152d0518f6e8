"""`wetread model evaluate` and `compare` on films of our own, through the shipped bundle, against numbers computed another way."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray
from PIL import Image
from sklearn.metrics import roc_auc_score

from wetread.cli import main
from wetread.domain.finding import FindingName
from wetread.inference.bundle import BUNDLED, load_bundle
from wetread.inference.resample import average_with_numpy
from wetread.learning.manifest import FINDINGS, NIH_LABELS
from wetread.testing.phantom import Pathology, PhantomSpec, demo_cohort, render

HEADER = "file,dataset,image_id,patient_id,view_position,labels,split,source_pixels,rsna_class,nih_boxes,rsna_boxes"
EFFUSION = FINDINGS.index("effusion")
COUNT = 22
SIDE = 256


def _films() -> Iterator[NDArray[np.uint8]]:
    """Two phantoms, the second with fluid, each at eleven exposures: dark enough in the end that the reader errs."""
    patient = demo_cohort(1, 3)[0].patient
    kinds: tuple[tuple[Pathology, ...], ...] = ((), (Pathology(FindingName.EFFUSION, "left", 0.8),))
    drawn = [render(PhantomSpec(patient, "PA", ill, SIDE, SIDE, 8, seed=5))[0] / 255 for ill in kinds]
    for index in range(COUNT):
        yield np.rint(255 * drawn[index % 2] ** (0.6 + 0.1 * (index // 2))).astype(np.uint8)


def _row(index: int, split: str = "val") -> str:
    ill = index % 2
    box = '"[[""Effusion"", 512, 512, 400, 400]]"' if ill else ""
    return f"{index}.png,NIH phantom,{index},{index // 3},PA,{'Effusion' if ill else 'No Finding'},{split},128,,{box},"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with the films, a manifest, and a reference reader that knows the truth."""
    folder = tmp_path_factory.mktemp("films")
    for index, film in enumerate(_films()):
        Image.fromarray(film).save(folder / f"{index}.png")
    (folder / "manifest.csv").write_text("\n".join([HEADER, *map(_row, range(COUNT)), ""]))
    known = [
        ",".join([str(i), *(str(i % 2 if label == "Effusion" else 0.5) for label in NIH_LABELS)]) for i in range(COUNT)
    ]
    (folder / "chexnet_reference.csv").write_text("\n".join([",".join(["image_id", *NIH_LABELS]), *known, ""]))
    return folder


@pytest.fixture(scope="module")
def direct(data: Path) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Logits and maps without any of the code under test."""
    bundle = load_bundle(BUNDLED)
    session: Any = onnxruntime.InferenceSession(bundle.onnx)
    side, scale = bundle.input_side_px, np.linspace(0, 1, 256, dtype=np.float32)
    stored = [np.array(Image.open(data / f"{index}.png")) for index in range(COUNT)]
    images = np.stack([average_with_numpy(film, scale, side, side) for film in stored])[:, None]
    logits, cams = session.run(["logits", "cam"], {"image": images})
    return logits, cams


@pytest.fixture(scope="module")
def report(data: Path) -> dict[str, Any]:
    """From a process of its own, which ends with 3 when anything brought torch in."""
    code = (
        "import sys\n"
        "from wetread.cli import main\n"
        "status = main(sys.argv[1:]); sys.exit(3 if {'torch', 'lightning_fabric'} & set(sys.modules) else status)"
    )
    words = ["model", "evaluate", "--manifest", str(data / "manifest.csv"), "--split", "val"]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *words, "--json", str(data / "report.json")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads((data / "report.json").read_text())
    return {**found, "text": done.stdout}


def test_auroc_is_that_of_the_graph_run_by_hand(
    report: dict[str, Any], direct: tuple[NDArray[np.float32], NDArray[np.float32]]
) -> None:
    truth = np.arange(COUNT) % 2
    row = report["discrimination"]["per_finding"]["effusion"]
    assert row["value"] == pytest.approx(roc_auc_score(truth, direct[0][:, EFFUSION]), abs=1e-9)
    assert (row["n_positive"], row["n_negative"]) == (11, 11)
    assert report["discrimination"]["mean_auroc"]["value"] == row["value"], "only effusion has five positives here"
    assert f"{row['value']:.3f} ({row['low']:.3f}-{row['high']:.3f})" in report["text"]


def test_calls_are_those_of_the_products_own_calibration(
    report: dict[str, Any], direct: tuple[NDArray[np.float32], NDArray[np.float32]]
) -> None:
    heads = {head.name.value: head for head in load_bundle(BUNDLED).heads}
    for name in ("effusion", "hernia"):
        head, row = heads[name], report["operating"]["per_finding"][name]
        assert head.calibration
        probability = [head.calibration.apply(float(each)) for each in direct[0][:, head.output_index]]
        called = np.array(probability) >= head.operating_point.threshold
        truth = (np.arange(COUNT) % 2 == 1) & (name == "effusion")
        assert row["fp_per_100_films"] == pytest.approx(100 * (called & ~truth).mean())
        assert row["specificity"]["value"] == pytest.approx((~called[~truth]).mean())


def test_pointing_game_counts_hottest_places_in_the_boxes(
    report: dict[str, Any], direct: tuple[NDArray[np.float32], NDArray[np.float32]]
) -> None:
    hits = []
    for cam in direct[1][1::2, EFFUSION]:
        row, column = np.argwhere(cam >= cam.max() - 1e-6).mean(0)  # the middle, should several be hottest
        place = ((row + 0.5) / cam.shape[0] * 1024, (column + 0.5) / cam.shape[1] * 1024)
        hits.append(all(512 <= each <= 912 for each in place))
    game = report["pointing_game"]["per_finding"]["effusion"]
    assert (game["cases"], game["hit_rate"]["value"]) == (11, pytest.approx(np.mean(hits)))
    assert game["random_place"] == pytest.approx((400 / 1024) ** 2, abs=0.01)


def test_reference_that_knows_the_truth_is_ahead_by_what_we_miss(report: dict[str, Any]) -> None:
    ours = report["discrimination"]["per_finding"]["effusion"]["value"]
    assert (report["chexnet"]["chexnet"], report["chexnet"]["films"]) == (1.0, COUNT)
    assert report["chexnet"]["difference"] == pytest.approx(ours - 1)


def test_what_few_films_cannot_support_is_said_not_guessed(report: dict[str, Any]) -> None:
    assert report["discrimination"]["per_finding"]["mass"]["value"] is None
    assert report["operating"]["per_finding"]["mass"]["brier_skill"] is None
    assert report["kermany"] is None
    assert "RSNA opacity vs normal   not estimable  n 0 + 0" in report["text"]


def test_films_that_cannot_be_read_are_named_counted_and_make_the_status_one(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (data / "broken.png").write_bytes((data / "1.png").read_bytes()[:900])
    Image.fromarray(np.full((200, 200), 40_000, np.uint16)).save(data / "deep.png")
    rows = [_row(0), _row(1), *(_row(1).replace("1.png", name) for name in ("broken.png", "deep.png", "gone.png"))]
    (data / "damaged.csv").write_text("\n".join([HEADER, *rows, ""]))
    status = main(["model", "evaluate", "--manifest", str(data / "damaged.csv"), "--split", "val"])
    text = capsys.readouterr().out
    assert status == 1
    assert "2 of 5 films read" in text
    assert "NOT READ, left out of every number: 3" in text
    assert "gone.png: No such file or directory" in text
    assert "deep.png: I;16 pixels have more than 8 bits" in text
    assert "broken.png: " in text


@pytest.mark.parametrize(
    ("content", "split", "reason"),
    [
        (None, "val", "No such file"),
        ("file,labels\n", "val", "it has no column dataset"),
        (f"{HEADER}\n{_row(0)}\n{_row(2).replace('128', 'small')}\n", "val", "line 3 cannot be understood"),
        (f"{HEADER}\n{_row(1).replace('512, 512', 'x')}\n", "val", "line 2 cannot be understood"),
        (f"{HEADER}\n{_row(0, 'train')}\n", "test", "belongs to split 'test'; its splits: train"),
        (f"{HEADER}\n", "val", "it holds no film at all"),
        (f"{HEADER}\n{_row(99)}\n", "val", "none of the 1 films can be read; the first, 99.png: No such file"),
    ],
)
def test_a_bad_manifest_is_refused_with_the_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | None, split: str, reason: str
) -> None:
    manifest = tmp_path / "manifest.csv"
    if content is not None:
        manifest.write_text(content)
    assert main(["model", "evaluate", "--manifest", str(manifest), "--split", split]) == 1
    assert reason in capsys.readouterr().err


def _other_bundle(folder: Path) -> Path:
    """The shipped network with the places of effusion and mass exchanged, and no hernia."""
    shutil.copytree(BUNDLED, folder)
    stated = json.loads((folder / "bundle.json").read_text())
    del stated["signature"]
    places = {"effusion": FINDINGS.index("mass"), "mass": EFFUSION}
    stated["findings"] = [
        each | {"output_index": places.get(each["name"], each["output_index"])}
        for each in stated["findings"]
        if each["name"] != "hernia"
    ]
    (folder / "bundle.json").write_text(json.dumps(stated))
    return folder


def test_comparison_is_the_difference_of_two_readings_of_the_same_films(
    data: Path, tmp_path: Path, direct: tuple[NDArray[np.float32], NDArray[np.float32]]
) -> None:
    other, out = _other_bundle(tmp_path / "other"), tmp_path / "compared.json"
    status = main(
        ["model", "compare", str(BUNDLED), str(other), "--manifest", str(data / "manifest.csv"), "--json", str(out)]
    )
    report = json.loads(out.read_text())
    truth, row = np.arange(COUNT) % 2, report["per_finding"]["effusion"]
    ours, theirs = (roc_auc_score(truth, direct[0][:, place]) for place in (EFFUSION, FINDINGS.index("mass")))
    assert status == 0
    assert row["difference"] == pytest.approx(ours - theirs)
    assert row["low"] <= row["difference"] <= row["high"]
    assert report["mean"]["difference"] == row["difference"]
    assert report["per_finding"]["mass"]["difference"] is None
    assert "hernia" not in report["per_finding"], "only what both bundles have is compared"


def test_a_bundle_without_all_findings_is_refused_by_name(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--manifest", str(data / "manifest.csv"), "--split", "val", "--limit", "1"]
    assert main(["model", "evaluate", "--bundle", str(_other_bundle(tmp_path / "other")), *words]) == 1
    assert "no head for hernia" in capsys.readouterr().err


def test_what_a_bundle_lacks_is_said(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "bare"
    shutil.copytree(BUNDLED, folder)
    stated = json.loads((folder / "bundle.json").read_text())
    bare = {key: value for key, value in stated.items() if key not in ("gate", "out_of_distribution", "signature")}
    bare["findings"] = [{key: each[key] for key in ("name", "output_index")} for each in stated["findings"]]
    (folder / "bundle.json").write_text(json.dumps(bare))
    words = ["--manifest", str(data / "manifest.csv"), "--split", "val", "--bundle", str(folder)]
    assert main(["model", "evaluate", *words]) == 0
    text = capsys.readouterr().out
    assert "none (it has no image gate); out of distribution: not known" in text
    assert "not calibrated: no operating point, no calibration error" in text


def test_training_acts_name_the_extra_where_torch_is_missing() -> None:
    code = "import sys; sys.modules['torch'] = None\nfrom wetread.cli import main\nsys.exit(main(['model', 'train']))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "pip install 'wetread[learning]'" in done.stderr
    assert "Traceback" not in done.stderr
