"""One thread of torchxrayvision's DenseNet-121 at 224 px, run in its own environment. Run by model_speed.py.

It needs torch, torchvision and torchxrayvision, and `onnx` where the second figure is wanted. First line out: whether its ONNX was written to the path given. Then, for every count read from stdin, the CPU milliseconds of
each of so many films on one line. Weights are random: speed does not depend on them.
"""

import sys
import time

from yardstick_torchxrayvision import torch, xrv

SIDE_PX = 224


def main(onnx: str) -> None:
    torch.set_num_threads(1)
    torch.manual_seed(1)
    model = xrv.models.DenseNet(num_classes=18).eval()
    film = torch.rand(1, 1, SIDE_PX, SIDE_PX)
    print(exported(model, film, onnx), flush=True)
    with torch.inference_mode():
        for line in sys.stdin:
            print(*(cpu_ms(model, film) for _ in range(int(line))), flush=True)


def cpu_ms(model: torch.nn.Module, film: torch.Tensor) -> float:
    began = time.process_time()
    model(film)
    return 1000 * (time.process_time() - began)


def exported(model: torch.nn.Module, film: torch.Tensor, path: str) -> str:
    try:
        torch.onnx.export(model, (film,), path, input_names=["image"], opset_version=17, dynamo=False)
    except Exception as error:  # noqa: BLE001  the exporter raises whatever it likes, and this figure is an extra
        return f"not measured: {type(error).__name__}: {error}".splitlines()[0]
    return "exported"


if __name__ == "__main__":
    main(sys.argv[1])
