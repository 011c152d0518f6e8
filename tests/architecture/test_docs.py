"""Docs that can go stale are compared with the code; `python tests/architecture/test_docs.py` rewrites them."""

import re
import subprocess
import sys
import tomllib
from collections import defaultdict
from contextlib import chdir, redirect_stdout
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))  # where this file is run by itself

from conformance_tables import TABLES
from soak.book import table

from wetread.cli import COMMANDS, main
from wetread.domain.critical import CRITICAL_TRANSITIONS, CriticalState
from wetread.domain.finding import VOCABULARY
from wetread.domain.model_version import VERSION_TRANSITIONS, VersionState
from wetread.domain.study_state import TRANSITIONS, StudyState
from wetread.drafting.catalogue import LANGUAGES
from wetread.drafting.style import DEFAULT_STYLE
from wetread.drafting.style_file import EXAMPLE_STYLE, read_style
from wetread.settings import Settings
from wetread.triage.policy import load_policy
from wetread.trials.criteria_file import EXAMPLE_CRITERIA

DOCS = Path(__file__).parents[2] / "docs"


def state_diagram() -> str:
    arrows: dict[tuple[StudyState, StudyState], list[str]] = defaultdict(list)
    for (state, event), after in TRANSITIONS.items():
        if state is not after:
            arrows[state, after].append(event.value)
    lines = [f"    {a.value} --> {b.value}: {' / '.join(sorted(events))}" for (a, b), events in sorted(arrows.items())]
    return "\n".join(["```mermaid", "stateDiagram-v2", *lines, "```"])


def critical_diagram() -> str:
    arrows: dict[tuple[CriticalState, CriticalState], list[str]] = defaultdict(list)
    for (state, event), after in CRITICAL_TRANSITIONS.items():
        if state is not after:
            arrows[state, after].append(event.value)
    lines = [f"    {a.value} --> {b.value}: {' / '.join(events)}" for (a, b), events in arrows.items()]
    return "\n".join(["```mermaid", "stateDiagram-v2", "    [*] --> open", *lines, "```"])


def version_diagram() -> str:
    arrows: dict[tuple[VersionState, VersionState], list[str]] = defaultdict(list)
    for (state, event), after in VERSION_TRANSITIONS.items():
        arrows[state, after].append(event.value)
    lines = [f"    {a.value} --> {b.value}: {' / '.join(events)}" for (a, b), events in arrows.items()]
    return "\n".join(["```mermaid", "stateDiagram-v2", "    [*] --> candidate", *lines, "```"])


def settings_table() -> str:
    rows = [
        f"| `{name}` | `WETREAD_{name.upper()}` | {_default(field.default)} | {field.description} |"
        for name, field in Settings.model_fields.items()
    ]
    return "\n".join(["| setting | environment | default | meaning |", "|---|---|---|---|", *rows])


def _default(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(f"`{each}`" for each in value) or "none"
    text = str(value)
    return "none" if value is None or not text or text == "**********" else f"`{text}`"


def draft_of_the_example(*options: str) -> str:
    """What the command prints; run from the root of the repository, as a reader would."""
    command = ["draft", "docs/examples/findings.json", *options]
    printed = StringIO()
    with chdir(DOCS.parent), redirect_stdout(printed):
        assert main(command) == 0
    return f"```\n$ wetread {' '.join(command)}\n{printed.getvalue()}```"


def implied_findings() -> str:
    """What the English lexicon takes a normal sentence to deny."""
    lexicon = tomllib.loads((DOCS.parent / "src/wetread/labelling/en.toml").read_text("utf-8"))
    frames = [
        (f"{' or '.join(each['anatomy'])}: {' or '.join(each['property'])}", each)
        for each in lexicon["frames"]
        if each["presence"] == "negative"
    ]
    groups = [(each["example"], each) for each in lexicon["groups"]]
    rows = [f"| {said} | {', '.join(each['findings'])} | {each['because']} |" for said, each in (*frames, *groups)]
    return "\n".join(["| said | denied | because |", "|---|---|---|", *rows])


GENERATED = {
    **{("conformance.md", mark): make for mark, make in TABLES.items()},
    ("drafting.md", "draft-en"): draft_of_the_example,
    ("drafting.md", "draft-de"): lambda: draft_of_the_example("--language", "de"),
    ("drafting.md", "style"): lambda: f"```toml\n{EXAMPLE_STYLE.read_text('utf-8')}```",
    ("labeller.md", "implied"): implied_findings,
    ("architecture.md", "states"): state_diagram,
    ("critical-findings.md", "critical-states"): critical_diagram,
    ("rollout.md", "versions"): version_diagram,
    ("reliability.md", "soak"): table,
    ("settings.md", "settings"): settings_table,
    ("triage.md", "findings"): lambda: ", ".join(f"`{name.value}`" for name in VOCABULARY),
    ("trials.md", "criteria"): lambda: f"```toml\n{EXAMPLE_CRITERIA.read_text('utf-8')}```",
    ("cli.md", "commands"): lambda: "\n".join(f"- `wetread {name}`: {text}" for name, text in COMMANDS.items()),
}


def _between(text: str, mark: str, content: str) -> str:
    newline = "\n" if "\n" in content or mark != "findings" else ""
    pattern = rf"(<!-- {mark} -->).*?(<!-- /{mark} -->)"
    return re.sub(pattern, lambda m: f"{m[1]}{newline}{content}{newline}{m[2]}", text, flags=re.S)


@pytest.mark.parametrize(("name", "mark"), list(GENERATED))
def test_generated_parts_of_the_docs_are_up_to_date(name: str, mark: str) -> None:
    text = (DOCS / name).read_text("utf-8")
    assert f"<!-- {mark} -->" in text
    assert text == _between(text, mark, GENERATED[name, mark]())


def test_the_policy_in_the_docs_loads(tmp_path: Path) -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", (DOCS / "triage.md").read_text("utf-8"), flags=re.S)
    (tmp_path / "p.yaml").write_text(example)
    assert load_policy(tmp_path / "p.yaml").policy_version == "north-3"


def test_the_style_in_the_docs_is_the_built_in_one_but_for_its_phrases() -> None:
    shown = read_style(EXAMPLE_STYLE)
    assert replace(shown, name="", phrases=()) == DEFAULT_STYLE
    assert {spoken for spoken, _, _ in shown.phrases} == set(LANGUAGES)
    drafted = draft_of_the_example("--style", str(EXAMPLE_STYLE))
    assert "Written by grammar/2 (style example-1)." in drafted
    assert "Likely right pleural effusion" in drafted


def test_every_adr_says_how_it_is_enforced() -> None:
    for adr in (DOCS / "adr").glob("0*.md"):
        text = adr.read_text("utf-8")
        assert all(f"**{part}**" in text for part in ("Rule", "Why", "Instead of", "Enforced by")), adr.name


def test_the_pictures_of_the_docs_can_be_taken_anew() -> None:
    """By what `make screenshots` starts, which is no test and has no tests' way to modules."""
    taken = "from tests.screenshots import an_administration, main; an_administration()"
    subprocess.run([sys.executable, "-c", taken], cwd=DOCS.parent, check=True, timeout=120)


if __name__ == "__main__":
    for (file, section), make in GENERATED.items():
        path = DOCS / file
        path.write_text(_between(path.read_text("utf-8"), section, make()), "utf-8")
        sys.stdout.write(f"{file}: {section}\n")
