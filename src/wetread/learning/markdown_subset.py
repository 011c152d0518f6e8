"""The Markdown that model cards are written in, as HTML: headings, paragraphs, lists, tables, **bold**, *emphasis*, `code`; all else stays text.

Everything is escaped before it is marked up, so a card cannot bring markup, scripts or addresses of its own.
"""

import re
from collections.abc import Iterator
from html import escape

__all__ = ["to_html"]


def to_html(markdown: str) -> str:
    """HTML of the blocks of a card; headings are one level lower than in the card."""
    return "\n".join(_block(block) for block in _blocks(markdown))


def _blocks(markdown: str) -> Iterator[list[str]]:
    """Runs of lines of one kind: a heading alone, else what stands between blank lines."""
    block: list[str] = []
    for line in [*markdown.splitlines(), ""]:
        heading = line.startswith("#")
        if block and (heading or not line.strip()):
            yield block
            block = []
        if heading:
            yield [line]
        elif line.strip():
            block.append(line)


def _block(lines: list[str]) -> str:
    first = lines[0]
    if first.startswith("#"):
        level = min(len(first) - len(first.lstrip("#")) + 1, 6)
        return f"<h{level}>{_inline(first.lstrip('# '))}</h{level}>"
    if first.startswith("- "):
        items = re.split(r"\n- ", "\n".join(lines)[2:])
        return "<ul>" + "".join(f"<li>{_inline(item)}</li>" for item in items) + "</ul>"
    if first.startswith("|") and len(lines) > 1 and set(lines[1]) <= set("|-: "):
        return _table(lines)
    return f"<p>{_inline(' '.join(lines))}</p>"


def _table(lines: list[str]) -> str:
    head, *rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in (lines[0], *lines[2:])]
    top = "".join(f'<th scope="col">{_inline(cell)}</th>' for cell in head)
    body = "".join("<tr>" + "".join(f"<td>{_inline(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'


def _inline(text: str) -> str:
    """Odd pieces between backticks are code and stay as they are."""
    pieces = escape(text).split("`")
    return "".join(f"<code>{piece}</code>" if place % 2 else _marked(piece) for place, piece in enumerate(pieces))


def _marked(text: str) -> str:
    bold = re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", text, flags=re.DOTALL)
    return re.sub(r"\*(\S(?:.*?\S)?)\*", r"<em>\1</em>", bold)
