"""What the pages of this room share: tables and style, light or dark as the reader's screen is, printable; nothing asks anything of any network."""

from collections.abc import Iterable
from html import escape

__all__ = ["STYLE", "table"]


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Text of one table; every cell is escaped."""
    head = "".join(f'<th scope="col">{escape(each)}</th>' for each in heads)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<div class=wide><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"


STYLE = """
:root { --ink: #1b1f24; --paper: #fff; --quiet: #59636e; --line: #d5dae0; --accent: #5b3fb0; --warn: #8a5300; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ed; --paper: #0f1216; --quiet: #9aa5b1; --line: #2c333b; --accent: #b9a3ff; --warn: #f0c97a; } }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 72rem; margin: 0 auto; padding: 1.5rem 1.2rem 4rem; }
h1 { font-size: 1.6rem; } h2 { margin-top: 2.4rem; border-top: 1px solid var(--line); padding-top: 1rem; }
.quiet { color: var(--quiet); font-size: 0.92rem; } .warn { color: var(--warn); }
code { font-size: 0.9em; overflow-wrap: anywhere; }
.wide { overflow-x: auto; } table { border-collapse: collapse; margin: 0.8rem 0; font-variant-numeric: tabular-nums; font-size: 0.9rem; }
th, td { text-align: left; padding: 0.25rem 0.9rem 0.25rem 0; border-bottom: 1px solid var(--line); white-space: nowrap; }
dt { font-weight: 600; margin-top: 0.6rem; } dd { margin: 0 0 0 1rem; }
.plots { display: flex; flex-wrap: wrap; gap: 1rem; } .plot { width: 17rem; } .forest { width: 100%; max-width: 54rem; display: block; margin: 0.8rem 0; }
svg text { fill: currentColor; font-size: 11px; } svg .title { font-weight: 600; font-size: 12px; } .forest text { font-size: 12.5px; }
svg .quiet { fill: var(--quiet); font-size: 10px; } svg .group { font-weight: 600; }
svg .grid, svg .frame { stroke: var(--line); fill: none; } svg .marked { stroke: var(--quiet); stroke-dasharray: 4 4; }
svg .line { fill: none; stroke: var(--accent); stroke-width: 2; } svg .faint { fill: none; stroke: var(--quiet); stroke-dasharray: 3 4; }
svg .interval { stroke: var(--accent); stroke-width: 2; } svg .point { fill: var(--accent); } svg .band { fill: var(--quiet); opacity: 0.25; }
@media print { section { break-inside: avoid; } }
"""
