import io
import json
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from torch import Tensor, nn

from wetread.cli.model_import import run
from wetread.domain.errors import PermanentError
from wetread.inference.bundle import load_bundle
from wetread.learning.description import read_description
from wetread.runtimes.onnx import OnnxPredictor

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the exporter announces its own successor

SIDE = 64
XRAY = {"value_range": [-1024, 1024], "mean": [0], "std": [1]}
IMAGENET = {"value_range": [0, 1], "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}


class _Dense(nn.Module):
    """A small densely connected net, randomly initialised: each layer sees all earlier maps."""

    def __init__(self, channels: int, activation: str) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Conv2d(channels + 8 * n, 8, 3, padding=1) for n in range(3))
        self.norm, self.head, self.activation = nn.BatchNorm2d(channels + 24), nn.Linear(channels + 24, 3), activation

    def forward(self, image: Tensor) -> Tensor:
        for layer in self.layers:
            image = torch.cat([image, torch.relu(layer(image))], 1)
        logits: Tensor = self.head(torch.relu(self.norm(image)).mean((2, 3)))
        return torch.sigmoid(logits) if self.activation == "sigmoid" else logits


def _description(folder: Path, given: dict[str, list[float]], activation: str, **changes: str) -> Path:
    said = {
        "name": "tiny-foreign",
        "findings": 'Pneumothorax = "pneumothorax"\nEffusion = "effusion"',
        "output": "out",
        **changes,
    }
    (folder / "d.toml").write_text(f"""
name = "{said["name"]}"
version = "1.0.0"
intended_use = "tests"
not_for = "people"
licence = "Apache-2.0"
training_data = "none: random weights"
view_positions = ["PA"]
[input]
side_px = {SIDE}
value_range = {given["value_range"]}
mean = {given["mean"]}
std = {given["std"]}
[output]
name = "{said["output"]}"
activation = "{activation}"
labels = ["Effusion", "Other", "Pneumothorax"]
[findings]
{said["findings"]}
""")
    return folder / "d.toml"


def _export(net: nn.Module, channels: int, file: Path) -> None:
    with io.BytesIO() as kept:
        example = (torch.zeros(1, channels, SIDE, SIDE),)
        torch.onnx.export(net, example, kept, input_names=["x"], output_names=["out"], opset_version=17, dynamo=False)
        file.write_bytes(kept.getvalue())


@pytest.fixture
def network(tmp_path: Path) -> Path:
    torch.manual_seed(3)
    _export(_Dense(1, "logits").eval(), 1, tmp_path / "net.onnx")
    return tmp_path / "net.onnx"


def _import(source: Path, description: Path, out: Path, *more: str) -> None:
    run([str(source), "--format", "onnx", "--describe", str(description), "--out", str(out), *more])


@pytest.mark.parametrize("activation", ["logits", "sigmoid"])
@pytest.mark.parametrize("given", [XRAY, IMAGENET], ids=["x-ray", "imagenet"])
def test_the_bundle_answers_as_the_torch_network_does(
    tmp_path: Path, given: dict[str, list[float]], activation: str
) -> None:
    torch.manual_seed(3)
    channels = len(given["mean"])
    net = _Dense(channels, activation).eval()
    if given is XRAY:
        nn.init.normal_(
            net.layers[0].weight, std=1e-4
        )  # its input is a thousand times larger: keep the answers apart from 0 and 1
    _export(net, channels, tmp_path / "net.onnx")
    _import(tmp_path / "net.onnx", _description(tmp_path, given, activation), tmp_path / "b")
    predictor = OnnxPredictor(load_bundle(tmp_path / "b").onnx)
    for seed in range(3):
        image = np.random.default_rng(seed).random((SIDE, SIDE), np.float32)
        low, high = given["value_range"]
        planes = [((low + image * (high - low)) - m) / s for m, s in zip(given["mean"], given["std"], strict=True)]
        with torch.no_grad():
            expected = net(torch.tensor(np.stack(planes)[None]).float())[0].numpy()
        logits = predictor.predict(image).logits
        said = 1 / (1 + np.exp(-logits)) if activation == "sigmoid" else logits
        assert np.abs(said - expected).max() <= 1e-4


def test_an_import_says_what_it_lacks_and_fakes_nothing(tmp_path: Path, network: Path) -> None:
    _import(network, _description(tmp_path, IMAGENET | {"mean": [0.5], "std": [0.25]}, "logits"), tmp_path / "b")
    bundle = load_bundle(tmp_path / "b")
    assert (bundle.gate, bundle.ood_threshold) == (None, None)
    assert {head.name.value: (head.output_index, head.calibration) for head in bundle.heads} == {
        "pneumothorax": (2, None),
        "effusion": (0, None),
    }
    document = json.loads((tmp_path / "b" / "bundle.json").read_text())
    assert document["imported"]["unmapped_labels"] == ["Other"]
    assert all(each in bundle.card for each in document["lacks"])
    prediction = OnnxPredictor(bundle.onnx).predict(np.zeros((SIDE, SIDE), np.float32))
    assert (prediction.cam, prediction.gate_logits, prediction.ood_score) == (None, None, None)


def test_a_dry_run_writes_nothing_and_a_bundle_is_never_overwritten(tmp_path: Path, network: Path) -> None:
    description = _description(tmp_path, {"value_range": [0, 1], "mean": [0], "std": [1]}, "logits")
    _import(network, description, tmp_path / "b", "--dry-run")
    assert not (tmp_path / "b").exists()
    _import(network, description, tmp_path / "b")
    with pytest.raises(PermanentError, match="exists"):
        _import(network, description, tmp_path / "b")


@pytest.mark.parametrize(
    ("activation", "changes", "told"),
    [
        ("logits", {"output": "nowhere"}, "no output nowhere"),
        ("logits", {"findings": 'Oedema = "edema"'}, "not among output.labels"),
        ("logits", {"findings": 'Effusion = "water"'}, "must be one of"),
        ("softmax", {}, "activation"),
    ],
)
def test_a_description_that_does_not_fit_is_refused(
    tmp_path: Path, network: Path, activation: str, changes: dict[str, str], told: str
) -> None:
    with pytest.raises(PermanentError, match=told):
        _import(network, _description(tmp_path, XRAY, activation, **changes), tmp_path / "b")
    assert not (tmp_path / "b").exists()


def test_logits_are_not_taken_for_probabilities(tmp_path: Path) -> None:
    net = _Dense(1, "logits").eval()
    nn.init.constant_(net.head.bias, 5.0)
    _export(net, 1, tmp_path / "net.onnx")
    with pytest.raises(PermanentError, match="no sigmoid"):
        _import(
            tmp_path / "net.onnx",
            _description(tmp_path, IMAGENET | {"mean": [0], "std": [1]}, "sigmoid"),
            tmp_path / "b",
        )


def test_a_graph_with_foreign_operators_is_refused(tmp_path: Path, network: Path) -> None:
    model = onnx.load(network)
    model.opset_import.append(onnx.helper.make_opsetid("com.example", 1))
    onnx.save(model, network)
    with pytest.raises(PermanentError, match=r"com\.example"):
        _import(network, _description(tmp_path, XRAY, "logits"), tmp_path / "b")


def test_the_normalisation_is_the_one_described(tmp_path: Path) -> None:
    scale, offset = read_description(_description(tmp_path, XRAY, "logits")).affine
    assert (scale, offset) == ((2048.0,), (-1024.0,))
