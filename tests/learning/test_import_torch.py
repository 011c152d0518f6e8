"""TorchScript files and checkpoints on their way to a bundle; networks are tiny and random, nothing is downloaded."""

import json
import os
import pickle
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from wetread.cli.model_import import run
from wetread.domain.errors import PermanentError
from wetread.domain.finding import FindingName
from wetread.inference.bundle import load_bundle
from wetread.learning.description import read_description
from wetread.learning.foreign_checkpoint import import_beside_torch, load_weights, read_weights
from wetread.learning.foreign_networks import open_network
from wetread.learning.foreign_torch import Limits, Request, convert
from wetread.learning.foreign_torchxrayvision import KnownWeights, describe, find_weights
from wetread.runtimes.onnx import OnnxPredictor

pytestmark = pytest.mark.filterwarnings("ignore")  # torch announces the end of TorchScript at every step

SIDE = 64
needs_timm = pytest.mark.skipif(find_spec("timm") is None, reason="needs timm: wetread[learning]")
needs_xrv = pytest.mark.skipif(find_spec("torchxrayvision") is None, reason="needs torchxrayvision: wetread[learning]")


class _Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer, self.norm, self.head = nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Linear(4, 3)

    def forward(self, image: Tensor) -> Tensor:
        places = torch.relu(self.norm(self.layer(image)))
        if places.shape[0] > 1:  # a branch that only a script keeps
            places = places * 2
        return self.head(places.mean((2, 3)))


class _Saves(_Net):
    """Writes a file when it is read."""

    def forward(self, image: Tensor) -> Tensor:
        torch.save(image, "written")
        return image.mean((2, 3)).expand(1, 3)


class _Reserves(_Net):
    """Wants 4 GiB that it never touches."""

    def forward(self, image: Tensor) -> Tensor:
        return image.mean((2, 3)).expand(1, 3) + torch.empty(1 << 30)[0]


class _Pair(_Net):
    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        return image, image


class _Sized(_Net):
    """Takes 32 px and nothing else."""

    def forward(self, image: Tensor) -> Tensor:
        return self.head(image.reshape(1, 4, 256)[:, :, 0])


class _Code:
    """A pickle that would make a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, (str(self.folder),)


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(3)
    torch.set_num_threads(1)


def _description(folder: Path, architecture: str = "", labels: int = 3) -> Path:
    names = ["Effusion", "Other", "Pneumothorax", *(f"L{n}" for n in range(3, labels))]
    (folder / "d.toml").write_text(f"""
name = "tiny-foreign"
version = "1.0.0"
intended_use = "tests"
not_for = "people"
licence = "Apache-2.0"
training_data = "none: random weights"
view_positions = ["PA"]
{architecture}
[input]
side_px = {SIDE}
value_range = [0, 1]
mean = [0.5]
std = [0.25]
[output]
activation = "logits"
labels = {names[:labels]}
[findings]
Effusion = "effusion"
""")
    return folder / "d.toml"


def _import(source: Path, kind: str, description: Path, *more: str) -> Path:
    out = description.parent / "b"
    run([str(source), "--format", kind, "--describe", str(description), "--out", str(out), *more])
    return out


def _compare(bundle: Path, network: nn.Module) -> list[Any]:
    """The bundle's predictions for two images, which must hold the network's own logits."""
    predictor, said = OnnxPredictor(load_bundle(bundle).onnx), []
    for seed in range(2):
        image = np.random.default_rng(seed).random((SIDE, SIDE), np.float32)
        with torch.no_grad():
            expected = network.eval()((torch.tensor(image)[None, None] - 0.5) / 0.25)[0].numpy()
        said.append(predictor.predict(image))
        assert np.abs(said[-1].logits - expected).max() <= 1e-4
    return said


@pytest.mark.parametrize("traced", [False, True])
def test_a_torchscript_bundle_answers_as_the_torch_network_does(tmp_path: Path, traced: bool) -> None:
    net = _Net().eval()
    made = torch.jit.trace(net, torch.zeros(1, 1, SIDE, SIDE)) if traced else torch.jit.script(net)
    made.save(str(tmp_path / "net.pt"))
    if traced:
        assert not _import(tmp_path / "net.pt", "torchscript", _description(tmp_path), "--dry-run").exists()
    bundle = _import(tmp_path / "net.pt", "torchscript", _description(tmp_path))
    assert all(each.cam is None for each in _compare(bundle, net))
    document = json.loads((bundle / "bundle.json").read_text())
    assert document["imported"]["format"] == "torchscript"
    assert any(each.startswith("class activation map") for each in document["lacks"])


@needs_timm
def test_a_timm_bundle_has_maps_whose_mean_and_bias_are_the_logits(tmp_path: Path) -> None:
    net = import_beside_torch("timm").create_model("test_resnet", num_classes=3, in_chans=1)
    import_beside_torch("safetensors.torch").save_file(net.state_dict(), tmp_path / "w.safetensors")
    described = _description(tmp_path, '[architecture]\nname = "test_resnet"\nnum_classes = 3\nin_chans = 1')
    bundle = _import(tmp_path / "w.safetensors", "timm", described)
    for said in _compare(bundle, net):
        means = said.cam.mean((1, 2)) + net.get_classifier().bias.detach().numpy()
        assert np.abs(means - said.logits).max() <= 1e-4
    assert not any(each.startswith("class act") for each in json.loads((bundle / "bundle.json").read_text())["lacks"])


@needs_timm
def test_a_timm_network_of_another_end_gets_no_map(tmp_path: Path) -> None:
    net = import_beside_torch("timm").create_model("test_convnext", num_classes=3, in_chans=1)
    nn.init.normal_(net.get_classifier().weight)
    torch.save({"state_dict": {f"module.{name}": each for name, each in net.state_dict().items()}}, tmp_path / "w.pth")
    bundle = _import(tmp_path / "w.pth", "timm", _description(tmp_path, '[architecture]\nname = "test_convnext"'))
    assert all(each.cam is None for each in _compare(bundle, net))


@needs_xrv
def test_a_torchxrayvision_bundle_answers_with_logits_and_not_with_normalised_outputs(tmp_path: Path) -> None:
    net = import_beside_torch("torchxrayvision").models.DenseNet(num_classes=3).eval()
    torch.save(net.state_dict() | {"op_threshs": torch.full((3,), 0.1)}, tmp_path / "w.pt")
    bundle = _import(tmp_path / "w.pt", "torchxrayvision", _description(tmp_path))
    assert all(said.cam is not None and said.cam.shape[0] == 3 for said in _compare(bundle, net))


@needs_xrv
def test_torchxrayvision_describes_its_own_weights(tmp_path: Path) -> None:
    (tmp_path / "densenet121-res224-chex.pt").write_bytes(b"")
    described = describe(find_weights(str(tmp_path / "densenet121-res224-chex.pt")))
    assert (described.side_px, described.low, described.high, len(described.labels)) == (224, -1024, 1024, 18)
    assert described.findings["Enlarged Cardiomediastinum"] is FindingName.ENLARGED_CARDIOMEDIASTINUM
    assert "unused output 2" in described.unmapped
    with pytest.raises(PermanentError, match="--describe"):
        describe(KnownWeights("", tmp_path / "mine.pt"))
    with pytest.raises(PermanentError, match="densenet121-res224-all"):
        find_weights(str(tmp_path / "nowhere.pt"))


@needs_xrv
def test_weights_that_are_not_there_are_not_downloaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(PermanentError, match="fetch https://"):
        find_weights("densenet121-res224-all")
    assert not list(tmp_path.rglob("*.pt"))


@pytest.mark.parametrize("zipped", [True, False])
def test_a_pickled_network_of_known_classes_gives_its_tensors(tmp_path: Path, zipped: bool) -> None:
    net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Sequential(nn.Linear(4, 3)))
    torch.save(net, tmp_path / "whole.pt", _use_new_zipfile_serialization=zipped)
    weights = read_weights(tmp_path / "whole.pt", known=[nn.Sequential, nn.Conv2d, nn.BatchNorm2d, nn.Linear])
    assert weights.keys() == net.state_dict().keys()
    assert all(torch.equal(weights[name], each) for name, each in net.state_dict().items())


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("known", [(), (nn.Linear,)])
def test_a_pickle_with_code_is_refused_and_does_not_run(tmp_path: Path, zipped: bool, known: tuple[type, ...]) -> None:
    held = {"weight": torch.zeros(2), "more": _Code(tmp_path / "ran")}
    torch.save(held, tmp_path / "w.pth", _use_new_zipfile_serialization=zipped)
    with pytest.raises(PermanentError, match=r"holds code \(posix\.mkdir\).*safetensors"):
        read_weights(tmp_path / "w.pth", known)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("name", ["w.pth", "w.safetensors"])
def test_a_file_that_is_no_checkpoint_is_refused(tmp_path: Path, name: str) -> None:
    pytest.importorskip("safetensors")
    (tmp_path / name).write_text("weights, honestly")
    with pytest.raises(PermanentError, match=r"no tensors|no safetensors"):
        read_weights(tmp_path / name)
    torch.save([torch.zeros(2)], tmp_path / "list.pth")
    with pytest.raises(PermanentError, match="no state_dict"):
        read_weights(tmp_path / "list.pth")


def test_a_checkpoint_of_another_network_is_refused() -> None:
    weights = _Net().state_dict()
    weights["head.weight"] = torch.zeros(5, 4)
    del weights["norm.bias"]
    with pytest.raises(PermanentError, match=r"lacks norm\.bias; head\.weight is \(5, 4\), the network's \(3, 4\)"):
        load_weights(_Net(), weights)


def test_a_missing_package_is_named_with_its_remedy() -> None:
    with pytest.raises(PermanentError, match=r"needs the package absent_package: pip install \"wetread\[learning\]\""):
        import_beside_torch("absent_package")


def test_labels_that_are_not_the_outputs_are_refused(tmp_path: Path) -> None:
    torch.jit.script(_Net().eval()).save(str(tmp_path / "net.pt"))
    with pytest.raises(PermanentError, match=r"shape \(1, 3\).*4 labels"):
        _import(tmp_path / "net.pt", "torchscript", _description(tmp_path, labels=4))
    assert not (tmp_path / "b").exists()


@pytest.mark.parametrize(
    ("network", "told"),
    [
        (_Saves, "names 'save'"),
        (_Pair, "answers with a tuple"),
        (_Sized, r"does not take an image of shape \(1, 1, 64, 64\).*check side_px"),
    ],
)
def test_a_torchscript_network_that_does_not_fit_is_refused(
    tmp_path: Path, network: type[nn.Module], told: str
) -> None:
    torch.jit.script(network().eval()).save(str(tmp_path / "net.pt"))
    request = Request("torchscript", str(tmp_path / "net.pt"), 3, 1, SIDE, "")
    with pytest.raises(PermanentError, match=told):
        open_network(request, torch.zeros(1, 1, SIDE, SIDE))
    assert not Path("written").exists()


@pytest.mark.parametrize("content", [b"net", pickle.dumps({})])
def test_a_file_that_is_no_torchscript_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "net.pt").write_bytes(content)
    with pytest.raises(PermanentError, match="no TorchScript file"):
        open_network(Request("torchscript", str(tmp_path / "net.pt"), 3, 1, SIDE, ""), torch.zeros(1, 1, SIDE, SIDE))
    torch.save(_Net().state_dict(), tmp_path / "net.pt")
    with pytest.raises(PermanentError, match="it is a checkpoint"):
        open_network(Request("torchscript", str(tmp_path / "net.pt"), 3, 1, SIDE, ""), torch.zeros(1, 1, SIDE, SIDE))


def test_a_network_that_takes_more_than_an_import_may_is_refused(tmp_path: Path) -> None:
    torch.jit.script(_Reserves().eval()).save(str(tmp_path / "net.pt"))
    described = read_description(_description(tmp_path))
    with pytest.raises(PermanentError, match="memory"):
        convert("torchscript", (tmp_path / "net.pt").read_bytes(), ".pt", described, Limits(data_bytes=3 << 30))
    with pytest.raises(PermanentError, match="took too long"):
        convert("torchscript", (tmp_path / "net.pt").read_bytes(), ".pt", described, Limits(wall_s=0))


@pytest.mark.parametrize(
    ("kind", "architecture", "told"),
    [
        ("timm", "", "architecture"),
        ("timm", '[architecture]\nname = "resnet18"\nnum_classes = 5', "output.labels has 3"),
        ("timm", '[architecture]\nname = "hf-hub:someone/model"', "form"),
        ("onnx", "", "no valid ONNX"),
    ],
)
def test_a_wrong_description_or_file_is_refused_before_torch_starts(
    tmp_path: Path, kind: str, architecture: str, told: str
) -> None:
    torch.save(_Net().state_dict(), tmp_path / "w.pth")
    with pytest.raises(PermanentError, match=told):
        _import(tmp_path / "w.pth", kind, _description(tmp_path, architecture))
    with pytest.raises(PermanentError, match="No such file"):
        _import(tmp_path / "nowhere", "onnx", _description(tmp_path))
