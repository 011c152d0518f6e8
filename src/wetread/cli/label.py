"""`wetread label report.txt`: what a report says of each finding, with the words that say it and why."""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from rich.console import Console
from rich.text import Text

from wetread.domain.errors import PermanentError
from wetread.domain.finding import concept
from wetread.domain.statement import Presence, Statement
from wetread.labelling.aggregation import report_labels
from wetread.labelling.labeller import RuleLabeller
from wetread.labelling.lexicon import LANGUAGES

__all__ = ["run"]

_LONGEST_BYTES = 10_000_000
_COLOURS = {Presence.POSITIVE: "bold red", Presence.UNCERTAIN: "bold yellow", Presence.NEGATIVE: "bold green"}
_AROUND = 80
"""Characters of a long sentence that are shown on each side."""


def run(argv: list[str]) -> int:
    args = _parser().parse_args(argv)
    labeller = RuleLabeller(args.language)
    text = _read(args.report)
    statements = labeller.statements(text)
    if args.json:
        print(json.dumps(_document(labeller.version, text, statements), ensure_ascii=False, indent=2))
        return 0
    console = Console(highlight=False, soft_wrap=True)
    for line in _lines(labeller.version, text, statements):
        console.print(line)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="wetread label", description="Say what a report states of each finding: ^ names it, ~ decided it."
    )
    parser.add_argument("report", metavar="FILE", help="UTF-8 text; - reads standard input")
    parser.add_argument("--language", choices=LANGUAGES, default="en")
    parser.add_argument("--json", action="store_true", help="statements and labels with character spans")
    return parser


def _read(name: str) -> str:
    try:
        content = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
        if len(content) > _LONGEST_BYTES:
            raise PermanentError(f"the report is longer than {_LONGEST_BYTES} bytes", code="bad_report")
        return content.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PermanentError(f"the report cannot be read ({type(error).__name__})", code="bad_report") from None


def _document(version: str, text: str, statements: Sequence[Statement]) -> dict[str, object]:
    labels = report_labels(statements)
    return {
        "labeller": version,
        "labels": {
            name: {"presence": each.presence, "certainty": each.certainty} for name, each in sorted(labels.items())
        },
        "statements": [
            {
                "finding": each.name,
                "presence": each.presence,
                "certainty": each.certainty,
                "laterality": each.laterality,
                "severity": each.severity,
                "change": each.change,
                "position": each.position,
                "implied": each.implied,
                "section": each.section,
                "start": each.start,
                "end": each.end,
                "words": text[each.start : each.end],
                "cues": [
                    {"start": start, "end": end, "words": text[start:end], "reason": reason}
                    for (start, end), reason in zip(each.cues, each.reasons, strict=True)
                ],
            }
            for each in statements
        ],
    }


def _lines(version: str, text: str, statements: Sequence[Statement]) -> Iterator[Text]:
    yield Text(f"{version}; ^ names the finding, ~ decided what is said of it")
    for (start, end, presence, implied), group in groupby(statements, key=_place):
        same = list(group)
        names = ", ".join(concept(each.name).display for each in same)
        said = ", ".join(filter(None, (presence, _described(same[0]), "implied" if implied else "")))
        yield Text.assemble("\n", (names, "bold"), ": ", (said, _COLOURS[presence]))
        yield from _excerpt(text, start, end, same[0])
        for (first, last), reason in zip(same[0].cues, same[0].reasons, strict=True):
            yield Text(f"    {' '.join(text[first:last].split())}: {reason}")
    yield Text.assemble("\n", ("labels", "bold"))
    for name, each in sorted(report_labels(statements).items()):
        band = f" ({each.certainty})" if each.presence is Presence.UNCERTAIN else ""
        yield Text.assemble(f"  {concept(name).display:<30} ", (f"{each.presence}{band}", _COLOURS[each.presence]))


def _place(statement: Statement) -> tuple[int, int, Presence, bool]:
    return statement.start, statement.end, statement.presence, statement.implied


def _described(said: Statement) -> str:
    certainty = said.certainty if said.presence is Presence.UNCERTAIN else ""
    return ", ".join(filter(None, (certainty, said.laterality, said.severity, said.change, said.position)))


def _excerpt(text: str, start: int, end: int, said: Statement) -> Iterator[Text]:
    """The words around a statement on one line, and under them which of them count."""
    begins, ends = min([start, *(a for a, _ in said.cues)]), max([end, *(b for _, b in said.cues)])
    first = max(begins - _AROUND, text.rfind(".", 0, begins) + 1)
    first += len(text[first:begins]) - len(text[first:begins].lstrip())
    stop = text.find(".", ends)
    last = min(ends + _AROUND, len(text) if stop < 0 else stop + 1)
    shown = Text("    " + "".join(character if character.isprintable() else " " for character in text[first:last]))
    under = [" "] * (last - first)
    for a, b in said.cues:
        under[a - first : b - first] = "~" * (b - a)
    under[start - first : end - first] = "^" * (end - start)
    shown.stylize(_COLOURS[said.presence], start - first + 4, end - first + 4)
    for a, b in said.cues:
        shown.stylize("underline", a - first + 4, b - first + 4)
    yield shown
    yield Text("    " + "".join(under).rstrip())
