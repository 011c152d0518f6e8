"""The importing child: reads one untrusted file with torch under limits and leaves `network.onnx`, `answers.npz` and `answer.json` in its folder."""

import json
import resource
import sys
from pathlib import Path

from wetread.domain.errors import PermanentError
from wetread.learning.foreign_torch import OUTPUT, Limits, Request

__all__ = ["main"]


def main(arguments: list[str]) -> None:
    """`arguments`: a Request and Limits as JSON. The folder is the working one and holds `images.npy`."""
    request, limits = Request(**json.loads(arguments[0])), Limits(**json.loads(arguments[1]))
    _limit(limits)
    try:
        answer: dict[str, object] = {"maps": _convert(request)}
    except PermanentError as refusal:
        answer = {"refused": str(refusal), "code": refusal.code}
    Path("answer.json").write_text(json.dumps(answer), "utf-8")


def _limit(limits: Limits) -> None:
    """RLIMIT_DATA and not RLIMIT_AS: a CUDA build of torch maps many times the memory that it uses."""
    for kind, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_CPU, limits.cpu_s),
        (resource.RLIMIT_DATA, limits.data_bytes),
        (resource.RLIMIT_FSIZE, limits.file_bytes),
    ):
        resource.setrlimit(kind, (value, value))


def _convert(request: Request) -> list[str]:
    """The names of the maps that the network has."""
    import numpy as np
    import torch

    from wetread.learning.foreign_networks import export, open_network

    torch.set_num_threads(1)  # five times as fast as two on a machine whose cores are taken
    with torch.no_grad():
        images = torch.from_numpy(np.load("images.npy", allow_pickle=False))
        network, answers = open_network(request, images)
        maps = list(answers)[1:]
        export(network, images[:1], [OUTPUT, *maps], Path("network.onnx"))
    np.savez("answers.npz", allow_pickle=False, **{name: answer.numpy() for name, answer in answers.items()})
    return maps


if __name__ == "__main__":
    main(sys.argv[1:])
