"""`wetread model import SOURCE --format onnx --describe description.toml --out BUNDLE`: a foreign network becomes a bundle."""

import argparse
from pathlib import Path

__all__ = ["run"]


def run(argv: list[str]) -> int:
    """`wetread model import`."""
    from wetread.learning.description import read_description
    from wetread.learning.importing import LACKS, import_onnx, write_import

    parser = argparse.ArgumentParser(prog="wetread model import", description="Make a bundle of a foreign network.")
    parser.add_argument("source", type=Path, help="the network, one file")
    parser.add_argument("--format", choices=("onnx",), required=True)
    parser.add_argument("--describe", type=Path, required=True, help="description.toml; see docs/import-a-model.md")
    parser.add_argument("--out", type=Path, required=True, help="bundle folder to make")
    parser.add_argument("--dry-run", action="store_true", help="check everything, write nothing")
    args = parser.parse_args(argv)
    described = read_description(args.describe)
    imported = import_onnx(args.source, described)
    if not args.dry_run:
        write_import(args.out, imported, described)
    print(f"{described.name} {described.version}: {'would be imported' if args.dry_run else args.out}")
    print(f"wrapped and foreign network differ by at most {imported.parity:.2g}")
    print(f"findings: {', '.join(described.findings.values())}")
    print(f"labels not used: {', '.join(described.unmapped) or 'none'}")
    print("\n".join(["it lacks", *(f"  {each}" for each in LACKS)]))
    return 0
