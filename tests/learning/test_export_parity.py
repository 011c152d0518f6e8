"""Torch, the exported graph and its int8 form give the same answers, within what each form may lose; needs the extra `learning`."""

from datetime import date
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from numpy.typing import NDArray

from wetread.inference.bundle import BUNDLED
from wetread.inference.resample import fit_long_side
from wetread.learning.distance import Distance
from wetread.learning.export import Deployed, export_onnx
from wetread.learning.gate import Gate
from wetread.learning.network import Reader
from wetread.learning.parity import Answers, answers, open_graph, parity
from wetread.learning.quantise import quantise
from wetread.ports.decoder import DecodedImage
from wetread.testing.phantom import PhantomPatient, PhantomSpec, render

pytestmark = pytest.mark.filterwarnings("ignore")  # the exporter announces its own successor

_FINDINGS = 4
_SIDE_PX = 64


def _phantom(seed: int, side_px: int) -> NDArray[np.uint8]:
    patient = PhantomPatient("Phantom^Parity", f"PHANTOM-{seed:04}", date(1970, 1, 1), "F", 55, 22.0 + 2 * seed)
    stored = render(PhantomSpec(patient, rows=128, columns=128, seed=seed))[0]
    display = np.linspace(0, 1, 2**12, dtype=np.float32)
    film = fit_long_side(DecodedImage(stored, display, 1.0, 1.0, *stored.shape), side_px)[0]
    return np.rint(film * 255).astype(np.uint8)


@pytest.fixture(scope="module")
def films() -> NDArray[np.uint8]:
    return np.stack([_phantom(seed, _SIDE_PX) for seed in range(4)])


@pytest.fixture(scope="module")
def deployed(films: NDArray[np.uint8]) -> Deployed:
    """Random weights; statistics of the norms as these films make them, so that every layer is alive."""
    torch.manual_seed(5)
    reader = Reader(_FINDINGS, work_px=(96,)).train()
    torch.nn.init.normal_(reader.head.weight, std=0.2)
    for module in reader.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 1.0
    with torch.no_grad():
        reader(torch.from_numpy(films).unsqueeze(1).float() / 255)
    distance = Distance(reader.head.in_features, 8)
    torch.nn.init.normal_(distance.directions, std=0.02)
    return Deployed(reader.eval(), Gate().eval(), distance)


@pytest.fixture(scope="module")
def graph(deployed: Deployed, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("graph") / "model.onnx"
    export_onnx(deployed, _SIDE_PX, path)
    return path


@torch.inference_mode()
def _in_torch(deployed: Deployed, films: NDArray[np.uint8]) -> Answers:
    logits, _, _, gate_logits, ood_score = deployed(torch.from_numpy(films).unsqueeze(1).float() / 255)
    return Answers(logits.double().numpy(), gate_logits.double().numpy(), ood_score.double().numpy())


def _stated() -> dict[str, object]:
    """What `parity` reads of a bundle.json."""
    finding = {
        "calibration": {"method": "platt", "slope": 1.0, "intercept": 0.0},
        "operating_point": {"threshold": 0.5},
    }
    return {
        "findings": [finding] * _FINDINGS,
        "gate": {"classes": list("abcdef"), "accept_class": "a", "threshold": 0.2},
        "out_of_distribution": {"threshold": 1.0},
    }


def test_exported_graph_answers_as_torch_does(deployed: Deployed, graph: Path, films: NDArray[np.uint8]) -> None:
    ours, theirs = _in_torch(deployed, films), answers(open_graph(graph), films)
    assert np.ptp(ours.logits, axis=0).min() > 0.05, "films that all look the same to the reader would prove nothing"
    for name in ("logits", "gate_logits", "ood_score"):
        np.testing.assert_allclose(getattr(theirs, name), getattr(ours, name), atol=1e-3, rtol=1e-3)


@pytest.fixture(scope="module")
def small(graph: Path, films: NDArray[np.uint8]) -> Path:
    path = graph.with_name("int8.onnx")
    quantise(graph, films, "minmax", path)
    return path


def test_int8_form_stays_near_the_float32_graph(small: Path, graph: Path, films: NDArray[np.uint8]) -> None:
    """A net of random weights bears rounding worse than a trained one: hence the wide margin."""
    exact, near = (answers(open_graph(path), films).logits for path in (graph, small))
    assert small.stat().st_size < 0.45 * graph.stat().st_size
    assert 0 < np.abs(near - exact).max() < 0.5 * np.ptp(exact)
    assert np.corrcoef(near.ravel(), exact.ravel())[0, 1] > 0.8


def test_head_gate_and_distance_stay_float32(small: Path) -> None:
    nodes = onnx.load(small).graph.node
    integers = {output for node in nodes if node.op_type == "DequantizeLinear" for output in node.output}
    weights = {node.op_type for node in nodes if len(node.input) > 1 and node.input[1] in integers}
    assert "Conv" in weights
    assert not weights & {"Gemm", "MatMul", "Einsum"}


def test_parity_of_a_graph_with_itself_is_exact_and_a_changed_graph_is_seen(
    graph: Path, films: NDArray[np.uint8], tmp_path: Path
) -> None:
    truth = np.tile(np.array([[1], [0]], np.float32), (2, _FINDINGS))
    same = parity((graph, graph), films, truth, _stated())
    assert (same.logit_difference_max, same.decisions_changed, same.gate_changed, same.ood_changed) == (0, 0, 0, 0)
    assert same.mean_smooth_ece[0] == same.mean_smooth_ece[1]

    model = onnx.load(graph)
    head = next(each for each in model.graph.initializer if each.name == "reader.head.bias")
    head.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(head) + np.float32(9), head.name))
    onnx.save(model, tmp_path / "moved.onnx")
    moved = parity((graph, tmp_path / "moved.onnx"), films, truth, _stated())
    assert moved.logit_difference_max == pytest.approx(9, abs=1e-3)
    assert moved.decisions_changed > 0.5


def test_a_graph_without_the_reader_is_refused(films: NDArray[np.uint8], tmp_path: Path) -> None:
    layer = torch.nn.Conv2d(1, 1, 3)
    image = torch.zeros(1, 1, _SIDE_PX, _SIDE_PX)
    torch.onnx.export(layer, (image,), str(tmp_path / "other.onnx"), input_names=["image"], dynamo=False)
    with pytest.raises(ValueError, match="no backbone"):
        quantise(tmp_path / "other.onnx", films, "minmax", tmp_path / "int8.onnx")


def test_shipped_graph_in_int8_reads_phantoms_nearly_as_before(tmp_path: Path) -> None:
    graph, small = BUNDLED / "model.onnx", tmp_path / "int8.onnx"
    side_px = onnx.load(graph).graph.input[0].type.tensor_type.shape.dim[-1].dim_value
    films = np.stack([_phantom(seed, side_px) for seed in range(10, 14)])
    quantise(graph, films[:3], "minmax", small)
    exact, near = (answers(open_graph(path), films).logits for path in (graph, small))
    assert np.abs(near - exact).max() < 1.5
    assert np.sqrt(np.mean((near - exact) ** 2)) < 0.4
