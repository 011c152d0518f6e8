"""Every English word that the pages' code puts on the screen stands in a catalogue (`ui/src/catalogue*.ts`), ready for translation.

A literal is taken for words where it holds two words with a blank between, or begins like a sentence, and does not stand where only code reads it: a property's name, a class, a selector, a key, an
event, an import. What is found so and is none is in `NO_WORDS`.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCES = Path(__file__).parents[2] / "ui" / "src"
NO_WORDS = {
    "Ctrl Enter", "Tab", "Esc", "Enter", "Escape", "Delete", "Backspace",
    "wetread monitor run", "wetread roster check FILE", "report. login study.",
    "mark other", "mark chosen", "a[href^='/studies/'], a[href='/']",
}  # fmt: skip
"""Keys of the keyboard, commands, the beginnings of actions in the audit log, classes, a selector."""
_LITERAL = re.compile(r'"((?:[^"\\]|\\.)*)"|`((?:[^`\\]|\\.)*)`')
_ATTRIBUTE = re.compile(
    r'(?:\bclass|className|\bid|"?role"?|\bfor|\btype|\bhref|autocomplete|"aria-live"|target|\brel|pattern|\bd|viewBox|'
    r'preserveAspectRatio|spellcheck|wrap|scope|name|state|kind|method|"aria-describedby"|"data-[a-z]+"|\bcode): '
    r"(?:[\w.]+ (?:\?|===) )?$"
)
_CALL = re.compile(
    r"(?:querySelector|querySelectorAll|closest|matches|byId|inFocus|getElementById|get|send|film|addEventListener|"
    r"removeEventListener|toggle|add|remove|contains|setAttribute|getAttribute|setProperty|toggleAttribute|createElement|"
    r"h|s|t|counted|matchMedia|includes|startsWith|endsWith|replace|replaceAll|join|split|open|execCommand|postMessage|"
    r"BroadcastChannel|Error|may|test)(?:<[^()]*>)?\($"
)


def words_in(source: str) -> Iterator[str]:
    for found in _LITERAL.finditer(source):
        said = found[1] if found[1] is not None else found[2]
        if said not in NO_WORDS and _is_said(source, found, said):
            yield said


def _is_said(source: str, found: re.Match[str], said: str) -> bool:
    before, after = source[: found.start()], source[found.end() :]
    line = before[before.rfind("\n") + 1 :]
    plain = re.sub(r"\$\{[^}]*\}", "", said)
    if line.lstrip().startswith(("import", "//", "export {")) or re.search(r"(===|!==|case|in) $", before):
        return False
    if re.match(r':(?!\s*")', after) and re.search(r"[{,]\s*$", before):
        return False  # a property's name
    if (
        re.search(r"keys: \[[^\]]*$|class: [^,}]*$", line)
        or _ATTRIBUTE.search(before[-60:])
        or _CALL.search(before[-60:])
    ):
        return False
    if re.match(r"^[\s#.\[/&?]", plain) and not re.match(r"^ ?[A-Za-z(,]", plain):
        return False
    if " " in plain.strip() and len(re.findall(r"[A-Za-z']{2,}", plain)) >= 2:
        return True
    return bool(re.match(r"^[A-Z][a-z]+[.:!?]?( |$)", plain))


@pytest.mark.parametrize(
    "path",
    [
        each
        for each in sorted(SOURCES.rglob("*.ts"))
        if not each.name.startswith("catalogue") and each.parent.name != "answers"
    ],
    ids=lambda each: each.relative_to(SOURCES).as_posix(),
)
def test_no_english_stands_outside_the_catalogue(path: Path) -> None:
    assert list(words_in(path.read_text("utf-8"))) == []


@pytest.mark.parametrize(
    "path", [*SOURCES.parent.glob("*.html"), *SOURCES.parent.glob("parts/*.html")], ids=lambda each: each.name
)
def test_a_page_has_no_words_of_its_own(path: Path) -> None:
    """The build puts them in; beside them stands only our name."""
    text = path.read_text("utf-8")
    shown = re.findall(r'>([^<>]+)<|\b(?:aria-label|title|placeholder|alt)="([^"]*)"', text)
    words = [re.sub(r"\{\{[a-z_.\d]+\}\}", "", said) for pair in shown for said in pair]
    assert [each for each in words if re.search("[A-Za-z]{2}", each) and each.strip() != "wetread"] == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('h("p", {}, "Nothing to read")', ["Nothing to read"]),
        (
            "error.textContent = `Not saved: ${problem.message} Trying again.`;",
            ["Not saved: ${problem.message} Trying again."],
        ),
        ('h("button", { "aria-label": "Close" }, "Close")', ["Close", "Close"]),
        ('h("button", { class: "quiet small", title: t("keys.close") }, t("keys.close"))', []),
        ('import { a } from "./the file.ts";\nplace.querySelector("button.quiet input");', []),
        ('if (event.key === "Enter Here") return;', []),
    ],
)
def test_the_look_itself_finds_words_and_passes_code_over(source: str, found: list[str]) -> None:
    assert list(words_in(source)) == found


def test_a_key_stands_in_one_catalogue_only() -> None:
    keys = [
        key
        for path in SOURCES.glob("catalogue_*.ts")
        for key in re.findall(r'^  "([^"]+)":', path.read_text("utf-8"), re.M)
    ]
    assert len(keys) == len(set(keys)) > 500
