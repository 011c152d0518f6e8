"""Asks whether an advisory is known for anything in constraints.txt (pip-audit, by the package index's JSON).

Not asked is not clean: what could not be asked is said, loudly, and fails with --require (as `make release` does). An advisory is ignored only with a reason and until a date (advisories.toml).
"""

import json
import subprocess
import sys
import tomllib
from datetime import date
from pathlib import Path

ROOT = Path(__file__).parents[1]
IGNORED = Path(__file__).with_name("advisories.toml")
_PATIENCE_S = 90


def main(argv: list[str]) -> int:
    today, required = date.today(), "--require" in argv  # noqa: DTZ011 - a day is close enough
    report = ask()
    if report is None:
        print("ADVISORIES NOT CHECKED: no package index with advisories could be reached", file=sys.stderr)
        return 1 if required else 0
    wrong, unasked = judge(report, tomllib.loads(IGNORED.read_text("utf-8")), today)
    asked = len(report) - len(unasked)
    if unasked:
        some = ", ".join(unasked[:5])
        print(f"ADVISORIES NOT CHECKED for {len(unasked)} of {len(report)} packages ({some} ...)", file=sys.stderr)
    if asked and not wrong:
        print(f"no unanswered advisory for the {asked} packages that were asked about")
    print("\n".join(wrong), end="\n" if wrong else "")
    return 1 if wrong or (required and unasked) else 0


def ask() -> list[dict[str, object]] | None:
    """pip-audit's words on every pinned package; None where it could not ask."""
    asked = [
        "-r",
        str(ROOT / "constraints.txt"),
        "--no-deps",
        "--disable-pip",
        "--progress-spinner",
        "off",
        "-f",
        "json",
    ]
    command = [sys.executable, "-P", "-m", "pip_audit", "--timeout", "10", *asked]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_PATIENCE_S)
        packages: list[dict[str, object]] = json.loads(done.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, json.JSONDecodeError, KeyError):
        return None
    return packages


def judge(
    report: list[dict[str, object]], ignored: dict[str, dict[str, str]], today: date
) -> tuple[list[str], list[str]]:
    """(what is wrong, packages that nobody was asked about). `ignored`: by advisory, its reason and `until`, an ISO date."""
    wrong, seen = [], set()
    for package in report:
        for advisory in package.get("vulns", []):  # type: ignore[attr-defined]
            seen.add(advisory["id"])
            answer = ignored.get(advisory["id"], {})
            until = answer.get("until", "")
            if not answer.get("reason", "").strip() or not until or date.fromisoformat(until) < today:
                fixed = ", ".join(advisory["fix_versions"]) or "no version yet"
                wrong.append(f"{package['name']} {package['version']}: {advisory['id']}, mended in {fixed}")
    wrong += [
        f"{IGNORED.name}: {each} is of nothing that is pinned here any more"
        for each in sorted(ignored.keys() - seen)
        if seen
    ]
    return wrong, [str(each["name"]) for each in report if "skip_reason" in each]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
