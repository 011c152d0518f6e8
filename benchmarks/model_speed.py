"""How long the shipped model takes per film on one core, and what it weighs: `python benchmarks/model_speed.py`."""

import argparse
import os
import resource
import time
from pathlib import Path

import numpy as np
import onnxruntime

BUNDLED = Path(__file__).parent.parent / "src" / "wetread" / "models" / "wetread-cxr-small" / "model.onnx"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=BUNDLED)
    parser.add_argument("--films", type=int, default=200)
    arguments = parser.parse_args()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    began = time.perf_counter()
    session = onnxruntime.InferenceSession(str(arguments.model), options)
    side = session.get_inputs()[0].shape[-1]
    image = np.random.default_rng(1).random((1, 1, side, side), np.float32)
    session.run(None, {"image": image})
    load_s = time.perf_counter() - began
    wall_ms, cpu_ms = [], []
    for _ in range(arguments.films):
        wall, cpu = time.perf_counter(), time.process_time()
        session.run(None, {"image": image})
        wall_ms.append(1000 * (time.perf_counter() - wall))
        cpu_ms.append(1000 * (time.process_time() - cpu))
    print(f"model {arguments.model.stat().st_size / 1e6:.1f} MB, load and first film {load_s:.2f} s")
    print(
        f"wall ms per film: p50 {np.median(wall_ms):.1f}, p95 {np.percentile(wall_ms, 95):.1f}, best {min(wall_ms):.1f}"
    )
    print(
        f"CPU ms per film: p50 {np.median(cpu_ms):.1f}; peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB"
    )
    print(f"films {arguments.films}, one thread, load average {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
