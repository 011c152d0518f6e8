"""`wetread model import SOURCE --format FORMAT --describe description.toml --out BUNDLE`: a foreign network becomes a bundle."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wetread.learning.description import Description

__all__ = ["run"]

_EXAMPLES = """examples:
  wetread model import net.onnx --format onnx --describe description.toml --out my-bundle
  wetread model import net.pt --format torchscript --describe description.toml --out my-bundle
  wetread model import resnet18.safetensors --format timm --describe description.toml --out my-bundle
  wetread model import densenet121-res224-all --format torchxrayvision --out my-bundle
description.toml: see docs/import-a-model.md
exit status: 0 done; 1 the network cannot be imported (the reason and what to do is said); 2 wrong use"""


def run(argv: list[str]) -> int:
    """`wetread model import`."""
    from wetread.learning.importing import FORMATS, import_network, lacks, write_import

    parser = argparse.ArgumentParser(
        prog="wetread model import",
        description="Make a bundle of a foreign network.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "source", help="the network, one file; torchxrayvision: or the name of weights it has downloaded"
    )
    parser.add_argument("--format", choices=FORMATS, required=True)
    parser.add_argument(
        "--describe", type=Path, help="description.toml; needed but for weights that torchxrayvision knows"
    )
    parser.add_argument("--out", type=Path, required=True, help="bundle folder to make")
    parser.add_argument("--dry-run", action="store_true", help="check everything, write nothing")
    args = parser.parse_args(argv)
    if args.describe is None and args.format != "torchxrayvision":
        parser.error(f"--format {args.format} needs --describe description.toml")
    source, described = _described(args)
    imported = import_network(args.format, source, described)
    if not args.dry_run:
        write_import(args.out, imported, described)
    print(f"{described.name} {described.version}: {'would be imported' if args.dry_run else args.out}")
    print(f"wrapped and foreign network differ by at most {imported.parity:.2g}")
    print(f"findings: {', '.join(described.findings.values())}")
    print(f"labels not used: {', '.join(described.unmapped) or 'none'}")
    print("\n".join(["it lacks", *(f"  {each}" for each in lacks(imported))]))
    return 0


def _described(args: argparse.Namespace) -> "tuple[Path, Description]":
    from wetread.learning.description import read_description
    from wetread.learning.foreign_torchxrayvision import describe, find_weights

    if args.format != "torchxrayvision":
        return Path(args.source), read_description(args.describe)
    weights = find_weights(args.source)
    return weights.path, read_description(args.describe) if args.describe else describe(weights)
