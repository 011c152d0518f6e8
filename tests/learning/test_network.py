"""The reader in torch and the bundle's graph say the same; needs the optional extra `learning`."""

import copy
import json
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from wetread.domain.errors import PermanentError
from wetread.inference.bundle import BUNDLED, load_bundle
from wetread.learning.augment import augment
from wetread.learning.backbone import EfficientNetLite0, load_imagenet_weights
from wetread.learning.distance import fit_distance
from wetread.learning.export import OUTPUTS, Deployed, export_onnx, write_bundle
from wetread.learning.gate import Gate, acceptance, fit_gate
from wetread.learning.network import Reader, fold_norms
from wetread.learning.refit import fit_row


def _a_reader() -> Reader:
    """Random weights and statistics that are not the identity."""
    torch.manual_seed(3)
    reader = Reader(findings=4, work_px=(64, 96))
    for module in reader.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.uniform_(-0.1, 0.1)
            module.running_var.uniform_(0.5, 1.5)
            torch.nn.init.uniform_(module.weight, 0.8, 1.2)
    return reader.eval()


def test_map_pooled_plus_bias_is_the_logit() -> None:
    reader = _a_reader()
    with torch.inference_mode():
        reading = reader(torch.rand(2, 1, 64, 64))
        pooled = reading.cam.mean((2, 3)) + reader.head.bias
    assert torch.allclose(pooled, reading.logits, atol=1e-5)


def test_folding_the_norms_changes_nothing() -> None:
    reader = _a_reader()
    folded = copy.deepcopy(reader)
    fold_norms(folded)
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in folded.modules())
    with torch.inference_mode():
        image = torch.rand(2, 1, 64, 64)
        assert torch.allclose(reader(image).logits, folded(image).logits, atol=1e-4)


@pytest.mark.filterwarnings("ignore")  # the exporter announces its own successor
def test_exported_graph_agrees_with_torch(tmp_path: Path) -> None:
    deployed = Deployed(_a_reader(), Gate().eval(), fit_distance(torch.randn(200, 1280), rank=16))
    export_onnx(deployed, 64, tmp_path / "model.onnx")
    image = torch.rand(3, 1, 64, 64)
    with torch.inference_mode():
        expected = deployed(image)
    session = onnxruntime.InferenceSession(str(tmp_path / "model.onnx"))
    got = session.run(list(OUTPUTS), {"image": image.numpy()})
    for ours, theirs in zip(got, expected, strict=True):
        assert ours == pytest.approx(theirs.numpy(), rel=1e-3, abs=1e-3)


def test_distance_is_near_one_inside_and_far_outside() -> None:
    torch.manual_seed(5)
    basis = torch.randn(8, 40)
    known = torch.randn(2000, 8) @ basis + 0.1 * torch.randn(2000, 40)
    distance = fit_distance(known, rank=8)
    assert float(distance(known).mean()) == pytest.approx(1.0, abs=0.05)
    assert float(distance(known[:5] + torch.randn(5, 40)).min()) > 3


def test_augmented_film_keeps_range_and_is_reproducible() -> None:
    image = torch.rand(4, 1, 64, 64)
    first, again = (augment(image, 96, torch.Generator().manual_seed(1))[0] for _ in range(2))
    assert first.shape == (4, 1, 96, 96)
    assert torch.equal(first, again)
    assert float(first.min()) >= 0
    assert float(first.max()) <= 1


def test_augmentation_never_mirrors_the_film() -> None:
    """Left stays left: a bright left half is brighter than the right one after every variation."""
    image = torch.full((64, 1, 64, 64), 0.2)
    image[..., :32] = 0.8
    varied = augment(image, 64, torch.Generator().manual_seed(2))[0]
    assert bool((varied[..., :28].mean((1, 2, 3)) > varied[..., 36:].mean((1, 2, 3))).all())


def test_imagenet_weights_fit_our_backbone() -> None:
    backbone = EfficientNetLite0()
    load_imagenet_weights(backbone)
    with torch.inference_mode():
        features = backbone.eval()(torch.from_numpy(np.full((1, 1, 64, 64), 0.5, np.float32)))
    assert features.shape == (1, 1280, 2, 2)


def test_written_bundle_is_one_the_runtime_accepts(tmp_path: Path) -> None:
    """The statement of the shipped bundle, written again, loads; a changed byte does not."""
    stated = json.loads((BUNDLED / "bundle.json").read_text())
    (tmp_path / "model.onnx").write_bytes(b"not a real graph")
    write_bundle(
        tmp_path, {key: value for key, value in stated.items() if key not in ("files", "signature")}, "# card\n"
    )
    assert load_bundle(tmp_path).card == "# card\n"
    (tmp_path / "model.onnx").write_bytes(b"not a real grapH")
    with pytest.raises(PermanentError, match="sha256"):
        load_bundle(tmp_path)


def test_refitted_row_finds_the_direction_that_made_the_labels() -> None:
    torch.manual_seed(7)
    features = torch.randn(3000, 6) * 0.2 + 3
    truth = (torch.rand(3000) < torch.sigmoid(8 * (features[:, 2] - 3) - 1)).float()
    weights, bias = fit_row(features, truth, penalty=0.0001)
    assert float(weights[2]) == pytest.approx(8, rel=0.15)
    assert float(weights.abs().sum() - weights[2].abs()) < 4
    assert float(features.mean(0) @ weights + bias) == pytest.approx(-1, abs=0.25)


def test_gate_is_fitted_on_varied_films_and_gives_shares() -> None:
    films = np.random.default_rng(5).integers(0, 256, (8, 64, 64), np.uint8)
    reader = _a_reader()
    gate = fit_gate(reader, films, seed=3, epochs=1)
    logits = gate(reader(torch.from_numpy(films).unsqueeze(1).float() / 255).layout).detach()
    share = acceptance(logits.double().numpy())
    assert share == pytest.approx(logits.softmax(1)[:, 0].numpy(), abs=1e-6)
    assert share.shape == (8,)
    assert ((share >= 0) & (share <= 1)).all()
