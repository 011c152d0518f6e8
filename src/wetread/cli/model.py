"""`wetread model ACT`: one module or function per act, imported only when it is asked for."""

import argparse
import importlib
from collections.abc import Callable

__all__ = ["ACTS", "run"]

ACTS = {
    "show": ("model_show.show", "summary of a bundle"),
    "verify": ("model_show.verify", "check a bundle's hashes and run its network once"),
    "card": ("model_show.card", "print the model card, or write it as an HTML page"),
    "import": ("model_import.run", "make a bundle of a foreign network (needs wetread[learning])"),
    "sign": ("model_sign.sign_bundle", "sign a bundle with your key"),
    "keygen": ("model_sign.keygen", "make a key pair to sign bundles with"),
    "evaluate": ("model_evaluate.run", "measure a bundle on labelled films"),
    "compare": ("model_compare.run", "which of two bundles reads the same films better"),
    "train": ("model_train.train", "train a reader (needs wetread[learning])"),
    "calibrate": ("model_train.calibrate", "fit calibration and thresholds of a training (needs wetread[learning])"),
    "export": ("model_train.export", "write a training as a bundle (needs wetread[learning])"),
}


def run(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="wetread model",
        description="Look at, measure, compare and make model bundles.",
        usage="wetread model ACT [options]        (wetread model ACT --help for each)",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="\n".join(["acts:", *(f"  {act:<9} {text}" for act, (_, text) in ACTS.items())]),
    )
    parser.add_argument("act", choices=ACTS, metavar="ACT", help="one of the acts below")
    act = parser.parse_args(argv[:1]).act
    module, function = ACTS[act][0].split(".")
    command: Callable[[list[str]], int] = getattr(importlib.import_module(f"wetread.cli.{module}"), function)
    return command(argv[1:])
