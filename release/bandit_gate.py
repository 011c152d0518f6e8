"""The gate of bandit over `src`: what it finds is accepted with a reason (bandit_accepted.toml) or fails; so does an acceptance that nothing needs any more.

bandit takes half a minute for all of it, so what it said of a file is kept until the file, bandit or this program changes.
"""

import json
import subprocess
import sys
import tomllib
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[1]
CACHE = ROOT / "var" / "bandit.json"
ACCEPTED = Path(__file__).with_name("bandit_accepted.toml")
Findings = dict[str, list[tuple[str, int, str]]]
"""By file below the root: (test, line, text)."""


def main() -> int:
    wrong = judge(findings(), tomllib.loads(ACCEPTED.read_text("utf-8")))
    print("\n".join(wrong) or "bandit: nothing that is not accepted with a reason")
    return 1 if wrong else 0


def findings() -> Findings:
    """Of every Python file of the product, asked anew only for files that changed."""
    salt = (version("bandit") + Path(__file__).read_text("utf-8")).encode()
    files = sorted((ROOT / "src").rglob("*.py"))
    keys = {str(each.relative_to(ROOT)): sha256(salt + each.read_bytes()).hexdigest() for each in files}
    known: dict[str, list[tuple[str, int, str]]] = json.loads(CACHE.read_text()) if CACHE.exists() else {}
    if fresh := [name for name, key in keys.items() if key not in known]:
        found = ask_bandit(fresh)
        known |= {keys[name]: found.get(name, []) for name in fresh}
        CACHE.parent.mkdir(exist_ok=True)
        CACHE.write_text(json.dumps({key: known[key] for key in keys.values()}))
    return {name: known[key] for name, key in keys.items() if known[key]}


def ask_bandit(names: list[str]) -> Findings:
    """`nosec` comments count for nothing: what is accepted stands in one place."""
    command = [sys.executable, "-P", "-m", "bandit", "-q", "--ignore-nosec", "-f", "json", *names]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    report = json.loads(done.stdout)
    if report["errors"] or done.returncode not in (0, 1):
        raise SystemExit(f"bandit could not look at everything: {report['errors']} {done.stderr[-500:]}")
    found: Findings = {}
    for each in report["results"]:
        if each["issue_text"].endswith(": ''"):
            continue  # an empty default is the absence of a password
        name = each["filename"].removeprefix("./")
        found.setdefault(name, []).append((each["test_id"], each["line_number"], each["issue_text"]))
    return found


def judge(found: Findings, accepted: dict[str, dict[str, str]]) -> list[str]:
    """`accepted`: by test, reasons by file; "*" for every file. What is wrong, a line each."""
    wrong, needed = [], set()
    for name, each in ((name, one) for name, several in found.items() for one in several):
        test, line, text = each
        reasons = accepted.get(test, {})
        place = name if name in reasons else "*"
        needed.add((test, place))
        if not reasons.get(place, "").strip():
            wrong.append(f"{name}:{line}: {test} {text}")
    given = {(test, place) for test, reasons in accepted.items() for place in reasons}
    return wrong + [
        f"{ACCEPTED.name}: nothing needs [{test}] {place} any more" for test, place in sorted(given - needed)
    ]


if __name__ == "__main__":
    sys.exit(main())
