"""CPU per film of the shipped network, one thread, batch 1, against torchxrayvision's DenseNet-121 in turn (blocks of films).

The yardstick needs its own environment; give its Python as --yardstick. It runs as torchxrayvision runs it (PyTorch, 224 px) and,
where its environment can export it, in our ONNX Runtime too. `--model` may be given more than once; the first is compared.
"""

import argparse
import os
import resource
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import onnxruntime

BUNDLED = Path(__file__).parent.parent / "src" / "wetread" / "models" / "wetread-cxr-small" / "model.onnx"
BAR_MS, BAR_RATIO = 10, 8
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
Block = Callable[[int], list[float]]
"""Runs so many films; the CPU milliseconds of each."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, action="append", help="an ONNX file (default: the shipped one)")
    parser.add_argument("--yardstick", type=Path, help="Python of an environment with torchxrayvision")
    parser.add_argument("--blocks", type=int, default=20)
    parser.add_argument("--films", type=int, default=20, help="films in a block; the yardsticks read a quarter of it")
    args = parser.parse_args()
    models = args.model or [BUNDLED]
    with ExitStack() as stack:
        blocks = {f"wetread {path.parent.name}/{path.name}": in_onnx_runtime(path, report=True) for path in models}
        own = len(blocks)
        if args.yardstick:
            blocks |= stack.enter_context(densenet(args.yardstick))
        counts = [args.films if place < own else max(1, args.films // 4) for place in range(len(blocks))]
        print_table(in_turn(blocks, counts, args.blocks))
    if not args.yardstick:
        print("DenseNet-121: not measured: no --yardstick PYTHON with torchxrayvision given")
    print(f"one thread, batch 1, {args.blocks} blocks in turn, load average {os.getloadavg()[0]:.1f}")


def in_onnx_runtime(path: Path, report: bool = False) -> Block:
    began, before_mb = time.process_time(), peak_mb()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False  # as wetread.runtimes runs it
    session = onnxruntime.InferenceSession(str(path), options)
    given = session.get_inputs()[0]
    film = {given.name: np.random.default_rng(1).random((1, *given.shape[1:]), np.float32)}
    session.run(None, film)
    if report:
        print(f"{path.name}: {path.stat().st_size / 1e6:.1f} MB, input {given.shape[-1]} px, ", end="")
        print(
            f"load and first film {time.process_time() - began:.2f} s CPU, peak memory {before_mb:.0f} -> {peak_mb():.0f} MB"
        )

    def cpu_ms() -> float:
        began = time.process_time()
        session.run(None, film)
        return 1000 * (time.process_time() - began)

    return lambda films: [cpu_ms() for _ in range(films)]


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@contextmanager
def densenet(python: Path) -> Iterator[dict[str, Block]]:
    script = Path(__file__).with_name("yardstick_densenet.py")
    with tempfile.TemporaryDirectory() as folder:
        onnx = Path(folder) / "densenet121.onnx"
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        with subprocess.Popen([python, script, onnx], text=True, env={**os.environ, **ONE_THREAD}, **pipes) as child:
            told = child.stdout.readline().strip()
            if not told:
                raise SystemExit(f"{python} cannot run {script.name}: try it alone to see why")
            blocks: dict[str, Block] = {"DenseNet-121, PyTorch": lambda films: asked(child, films)}
            if told == "exported":
                blocks["DenseNet-121, ONNX Runtime"] = in_onnx_runtime(onnx)
            else:
                print(f"DenseNet-121, ONNX Runtime: {told}")
            yield blocks
            child.stdin.close()


def asked(child: subprocess.Popen[str], films: int) -> list[float]:
    child.stdin.write(f"{films}\n")
    child.stdin.flush()
    return [float(word) for word in child.stdout.readline().split()]


def in_turn(blocks: dict[str, Block], counts: list[int], rounds: int) -> dict[str, list[list[float]]]:
    """{name: CPU ms of every film, by round}; the first round warms up and is not kept."""
    taken: dict[str, list[list[float]]] = {name: [] for name in blocks}
    for number in range(rounds + 1):
        for (name, block), films in zip(blocks.items(), counts, strict=True):
            found = block(films)
            if number:
                taken[name].append(found)
    return taken


def print_table(taken: dict[str, list[list[float]]]) -> None:
    """Ratios are of block medians within a round: their median, and the middle 90 % of rounds."""
    medians = {name: np.array([np.median(films) for films in rounds]) for name, rounds in taken.items()}
    first = next(iter(medians.values()))
    print(f"{'CPU ms per film':<42} {'median':>8} {'p95':>8} {'films':>6}   CPU of it / CPU of the first")
    for name, rounds in taken.items():
        films, ratios = np.concatenate(rounds), medians[name] / first
        low, middle, high = np.percentile(ratios, [5, 50, 95])
        print(f"{name:<42} {np.median(films):>8.2f} {np.percentile(films, 95):>8.2f} {len(films):>6}   ", end="")
        print(f"{middle:.2f} ({low:.2f} to {high:.2f})")
    print(f"bars: at most {BAR_MS} ms for the first; at least {BAR_RATIO} for DenseNet-121 in PyTorch")


if __name__ == "__main__":
    main()
