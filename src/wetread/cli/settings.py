"""`wetread settings`: every setting, its value (secrets masked) and where it came from."""

import json
from dataclasses import asdict

from wetread.cli.options import parser_for, settings_from
from wetread.settings_explained import explain

__all__ = ["run"]


def run(argv: list[str]) -> int:
    parser = parser_for("settings", "Print every setting with its value and source. Secrets are masked.")
    parser.add_argument("--json", action="store_true", help="print JSON")
    args = parser.parse_args(argv)
    rows = explain(settings_from(args), args.config)
    if args.json:
        print(json.dumps([asdict(row) for row in rows], indent=1))
        return 0
    width = max(len(row.name) for row in rows)
    for row in rows:
        print(f"{row.name:<{width}}  {row.value or '-':<44}  [{row.source}]  {row.description}")
    return 0
