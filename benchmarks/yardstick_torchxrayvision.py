"""What a user would write instead of `wetread read`: torchxrayvision's own functions, one DICOM film to 18 numbers. Run by read_one_film.py.

PyPI's torchvision does not import beside a CPU torch, so two operator schemas are declared first. Weights are random: speed does not depend on them.
"""

import sys
from pathlib import Path

import torch

_LIBRARY = torch.library.Library("torchvision", "DEF")
for _name in ("nms", "qnms"):
    _LIBRARY.define(f"{_name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")

import torchvision  # noqa: E402
import torchxrayvision as xrv  # noqa: E402


def main(film: str, weights: Path, repeats: int) -> None:
    torch.set_num_threads(1)
    model = xrv.models.DenseNet(num_classes=18)
    if not weights.exists():
        torch.save(model.state_dict(), weights)
        return
    model.load_state_dict(torch.load(weights))
    model.eval()
    shape = torchvision.transforms.Compose([xrv.datasets.XRayCenterCrop(), xrv.datasets.XRayResizer(224)])
    for _ in range(repeats):
        image = shape(xrv.utils.read_xray_dcm(film)[None, ...])
        with torch.no_grad():
            answer = model(torch.from_numpy(image).float()[None, ...])
    print([round(float(each), 4) for each in answer[0]])


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
