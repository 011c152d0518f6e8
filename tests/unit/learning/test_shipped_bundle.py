"""The bundle that ships with wetread is whole, loads, and keeps what bundle.json says."""

import hashlib
import json
import shutil
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray

from wetread.domain.errors import PermanentError
from wetread.evaluation.calibration_maps import calibration_from_document
from wetread.inference.bundle import load_bundle
from wetread.inference.bundle_signature import Signer

FOLDER = Path(str(resources.files("wetread"))) / "models" / "wetread-cxr-small"


@pytest.fixture(scope="module")
def stated() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / "bundle.json").read_text())
    return found


@pytest.fixture(scope="module")
def session() -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(FOLDER / "model.onnx"), options)


def _image(stated: dict[str, Any], count: int = 2) -> NDArray[np.float32]:
    shape = (count, 1, stated["input"]["rows"], stated["input"]["columns"])
    return np.random.default_rng(11).random(shape, np.float32)


def test_every_file_has_the_hash_that_is_stated(stated: dict[str, Any]) -> None:
    assert set(stated["files"]) == {"model.onnx", "card.md", "card.json"}
    for name, expected in stated["files"].items():
        content = (FOLDER / name).read_bytes()
        assert (hashlib.sha256(content).hexdigest(), len(content)) == (expected["sha256"], expected["bytes"])


def test_bundle_is_small_and_holds_nothing_else(stated: dict[str, Any]) -> None:
    assert {path.name for path in FOLDER.iterdir()} == {"bundle.json", *stated["files"]}
    assert (FOLDER / "bundle.json").stat().st_size < 1_000_000
    assert stated["files"]["model.onnx"]["bytes"] < 25_000_000


def test_it_is_signed_by_the_key_that_ships_and_by_nobody_once_a_word_is_changed(
    stated: dict[str, Any], tmp_path: Path
) -> None:
    signature = load_bundle(FOLDER, require_signature=True).signature
    assert (signature.signer, signature.key_name) == (Signer.TRUSTED, f"wetread-{stated['version']}")
    changed = Path(shutil.copytree(FOLDER, tmp_path / "changed"))
    (changed / "bundle.json").write_text(json.dumps({**stated, "not_for": "Nothing."}))
    with pytest.raises(PermanentError, match="does not hold"):
        load_bundle(changed)


def test_outputs_have_the_stated_names_and_shapes(stated: dict[str, Any], session: Any) -> None:
    names = list(stated["outputs"])
    values = dict(zip(names, session.run(names, {"image": _image(stated)}), strict=True))
    findings, classes = len(stated["findings"]), len(stated["gate"]["classes"])
    assert values["logits"].shape == (2, findings)
    assert values["cam"].shape[:2] == (2, findings)
    assert values["gate_logits"].shape == (2, classes)
    assert values["ood_score"].shape == (2,)
    assert all(np.isfinite(value).all() for value in values.values())


def test_reading_is_deterministic_and_independent_of_the_batch(stated: dict[str, Any], session: Any) -> None:
    image = _image(stated)
    first, again = (session.run(["logits"], {"image": image})[0] for _ in range(2))
    assert np.array_equal(first, again)
    assert session.run(["logits"], {"image": image[:1]})[0][0] == pytest.approx(first[0], abs=1e-4)


def test_map_pooled_differs_from_the_logit_by_the_same_bias_on_every_film(stated: dict[str, Any], session: Any) -> None:
    logits, cam = session.run(["logits", "cam"], {"image": _image(stated, 3)})
    bias = logits - cam.mean((2, 3))
    assert np.ptp(bias, axis=0) == pytest.approx(0, abs=1e-3)


def test_gate_refuses_noise_and_blank(stated: dict[str, Any], session: Any) -> None:
    side = stated["input"]["rows"]
    images = np.stack(
        [_image(stated, 1)[0], np.zeros((1, side, side), np.float32), np.full((1, side, side), 0.5, np.float32)]
    )
    logits = session.run(["gate_logits"], {"image": images})[0].astype(float)
    share = np.exp(logits - logits.max(1, keepdims=True))
    accepted = share[:, stated["gate"]["classes"].index(stated["gate"]["accept_class"])] / share.sum(1)
    assert (accepted < stated["gate"]["threshold"]).all()


def test_every_finding_states_calibration_rule_and_interval(stated: dict[str, Any]) -> None:
    for index, finding in enumerate(stated["findings"]):
        assert finding["output_index"] == index
        probability = calibration_from_document(finding["calibration"]).apply([-4.0, 0.0, 4.0])
        assert 0 < probability[0] < probability[1] < probability[2] < 1
        point = finding["operating_point"]
        assert 0 < point["threshold"] <= 1
        assert "95 % lower bound" in point["rule"]
        assert point["bound"] >= 0.90
        for rate in (point["sensitivity"], point["specificity"]):
            assert 0 <= rate["low"] <= rate["value"] <= rate["high"] <= 1
            assert rate["n"] > 0


def test_limit_of_the_distance_is_the_ninety_ninth_percentile_of_its_reference(stated: dict[str, Any]) -> None:
    distance = stated["out_of_distribution"]
    beyond = sum(score > distance["threshold"] for score in distance["reference_scores"])
    assert beyond / len(distance["reference_scores"]) == pytest.approx(0.01, abs=0.003)


def test_card_says_what_its_data_say(stated: dict[str, Any]) -> None:
    test = json.loads((FOLDER / "card.json").read_text())["evaluation"]["test"]
    text = (FOLDER / "card.md").read_text()
    assert text.startswith(f"# {stated['name']} {stated['version']}\n")
    for name, row in test["per_finding"].items():
        assert f"| {name} | {row['n_positive']} / {row['n_positive'] + row['n_negative']} |" in text
        assert row == next(each["auroc_test"] for each in stated["findings"] if each["name"] == name)


def test_attribution_that_the_data_licence_asks_for_is_there(stated: dict[str, Any]) -> None:
    data, text = stated["training_data"][0], (FOLDER / "card.md").read_text()
    assert "Wang" in data["citation"]
    assert "CVPR 2017" in data["citation"]
    for words in ("NIH Clinical", data["link_text"], "not a cleared medical device"):
        assert words in text
