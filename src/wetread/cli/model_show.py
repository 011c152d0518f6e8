"""`wetread model show|verify|card`: what a bundle is, whether it is whole, what its makers measured."""

import argparse
from collections.abc import Callable
from pathlib import Path

from wetread.domain.errors import PermanentError
from wetread.inference.bundle import BUNDLED, ModelBundle, load_bundle
from wetread.settings import load_settings

__all__ = ["card", "run_once", "show", "verify"]


def show(argv: list[str]) -> int:
    return _look("show", "Summary of a bundle: identity, findings, operating points.", _show, argv)


def verify(argv: list[str]) -> int:
    return _look("verify", "Check every hash of a bundle and run its network once.", _verify, argv)


def card(argv: list[str]) -> int:
    """`wetread model card`: Markdown to the terminal, or one HTML page to a file."""
    parser = _parser("card", "Print a bundle's model card, or write it as one HTML page with its figures drawn.")
    parser.add_argument("--html", type=Path, metavar="OUT", help="write a self-contained page to OUT instead")
    parser.add_argument(
        "--pictures",
        type=Path,
        metavar="FILE",
        help="set this contact sheet into the page (`python -m wetread.learning sheet`)",
    )
    args = parser.parse_args(argv)
    if args.pictures and not args.html:
        parser.error("--pictures goes with --html")
    bundle = _load(args.bundle)
    if args.html is None:
        print(bundle.card)
        return 0
    from wetread.learning.card_page import card_page

    try:
        args.html.write_text(card_page(bundle, args.pictures), "utf-8")
    except (OSError, ValueError) as error:
        raise PermanentError(f"the page cannot be written: {error}", code="no_page") from error
    print(f"wrote {args.html}")
    return 0


def _look(act: str, description: str, look: Callable[[ModelBundle], None], argv: list[str]) -> int:
    look(_load(_parser(act, description).parse_args(argv).bundle))
    return 0


def _parser(act: str, description: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"wetread model {act}", description=description)
    parser.add_argument(
        "bundle", nargs="?", type=Path, default=BUNDLED, help="folder or zip; default: the bundle that ships"
    )
    return parser


def _load(path: Path) -> ModelBundle:
    return load_bundle(path, trusted_keys_dir=load_settings().model_trusted_keys_dir)


def _show(bundle: ModelBundle) -> None:
    print(f"{bundle.identity.name} {bundle.identity.version}  ({bundle.licence})")
    print(f"sha256  {bundle.identity.sha256}")
    print(f"for     {bundle.intended_use}")
    distance = "not measured" if bundle.ood_threshold is None else f"limit {bundle.ood_threshold:.2f}"
    print(
        f"views   {', '.join(bundle.view_positions)}; input {bundle.input_side_px} px; out-of-distribution {distance}; "
        f"image gate: {'yes' if bundle.gate else 'none'}"
    )
    print(f"maker   {bundle.signature}")
    print(f"\n{'finding':<20} {'operating point':>15}  {'sensitivity (95 %)':<24} {'specificity (95 %)':<24} rule")
    for head in bundle.heads:
        point = head.operating_point
        rates = [
            f"{r.value:.2f} ({r.low:.2f}-{r.high:.2f}, n={r.n})" if r else "not measured"
            for r in (point.sensitivity, point.specificity)
        ]
        print(f"{head.name.value:<20} {point.threshold:>15.3f}  {rates[0]:<24} {rates[1]:<24} {point.rule}")


def _verify(bundle: ModelBundle) -> None:
    run_once(bundle)
    print(f"{bundle.identity.name} {bundle.identity.version}: every hash matches, the network runs")
    print(f"signature: {bundle.signature}")


def run_once(bundle: ModelBundle) -> None:
    """Raises PermanentError(code='bad_bundle') when the network's outputs do not fit bundle.json."""
    import numpy as np

    from wetread.runtimes.onnx import OnnxPredictor

    side = bundle.input_side_px
    prediction = OnnxPredictor(bundle.onnx).predict(np.zeros((side, side), np.float32))
    heads = max(head.output_index for head in bundle.heads) + 1
    gate = 0 if prediction.gate_logits is None else len(prediction.gate_logits)
    gate_fits = bundle.gate is None or gate == len(bundle.gate.classes)
    distance_fits = bundle.ood_threshold is None or prediction.ood_score is not None
    if len(prediction.logits) < heads or not gate_fits or not distance_fits:
        raise PermanentError("the network's outputs do not fit bundle.json", code="bad_bundle")
