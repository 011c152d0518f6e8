"""A pack as one HTML page: no script, nothing from any network, readable by a screen reader, printable on A4."""

from collections.abc import Iterable
from html import escape

from wetread.evaluation.forest_plot import forest_plot
from wetread.evidence.pack import Pack, Section, Table
from wetread.governance.evidence_checklist import ChecklistItem, State

__all__ = ["pack_page"]

_NUMBER = 40
_MARKS = {State.HELD: "held", State.PARTLY: "partly", State.ABSENT: "absent"}


def pack_page(pack: Pack) -> str:
    """The page."""
    places = [(f"s{number}", each.heading) for number, each in enumerate(pack.sections, 1)]
    if pack.checklist:
        places.append(("checklist", "Checklist"))
    contents = "".join(f'<li><a href="#{place}">{escape(heading)}</a></li>' for place, heading in places)
    parts = [
        f"<header><p class=kind>{escape(pack.kind)}</p><h1>{escape(pack.title)}</h1><p>{escape(pack.subject)}</p>",
        "<p><strong>Assistive research tool, not a cleared medical device. Not legal advice.</strong> "
        "A number without its n is not in here; what cannot be said is listed with the reason.</p>",
        f"<p class=quiet>Made on {escape(pack.made_on)} by {escape(pack.made_by)}. Intervals are 95 %.</p></header>",
        f"<nav aria-label=Contents><ul>{contents}</ul></nav>" if len(places) > 2 else "",
        *(_section(place, each) for (place, _), each in zip(places, pack.sections, strict=False)),
        _checklist(pack.checklist),
        _inputs(pack),
        _signatures(pack.signatures),
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="color-scheme" content="light dark"><title>{escape(pack.title)}</title><style>{_STYLE}</style></head>'
        f"<body><main>{''.join(parts)}</main></body></html>\n"
    )


def _section(place: str, section: Section) -> str:
    words = "".join(f"<p>{escape(each)}</p>" for each in section.words)
    forests = "".join(forest_plot(each.title, each.rows, each.scale, each.marked) for each in section.forests)
    missing = "".join(f"<li>{escape(each)}</li>" for each in section.missing)
    heading = "<h3>Not said here</h3>" if section.words or section.tables or section.forests else ""
    not_said = f"{heading}<ul class=quiet>{missing}</ul>" if missing else ""
    tables = "".join(map(_table, section.tables))
    return f'<section id="{place}"><h2>{escape(section.heading)}</h2>{words}{forests}{tables}{not_said}</section>'


def _table(table: Table) -> str:
    head = "".join(f'<th scope="col">{escape(each)}</th>' for each in table.heads)
    body = "".join(
        f'<tr><th scope="row">{escape(first)}</th>{"".join(map(_cell, rest))}</tr>' for first, *rest in table.rows
    )
    return f"{_scrolling(table.caption)}<table><caption>{escape(table.caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"


def _scrolling(caption: str) -> str:
    """A wide table scrolls in its own frame, which the keyboard reaches."""
    return f'<div class=wide tabindex=0 role=region aria-label="{escape(caption)}">'


def _cell(text: str) -> str:
    """A number with its interval and n stays on one line."""
    return f"<td{' class=number' if text[:1].isdigit() and len(text) < _NUMBER else ''}>{escape(text)}</td>"


def _checklist(items: Iterable[ChecklistItem]) -> str:
    rows = "".join(
        f'<tr><th scope="row">{each.number}</th><td>{escape(each.source)}<br><span class=quiet>{escape(each.asked)}</span></td>'
        f'<td><span class="state {_MARKS[each.state]}">{each.state.value}</span></td><td>{escape(each.shown)}</td></tr>'
        for each in items
    )
    if not rows:
        return ""
    heads = "".join(f'<th scope="col">{each}</th>' for each in ("item", "source and what it asks", "state", "evidence"))
    return (
        f'<section id="checklist"><h2>Checklist</h2><p class=quiet>The items of docs/evidence.md. "Shown here" means that the data at hand show it, not that an authority agrees.</p>'
        f"{_scrolling('Governance items with their evidence')}<table class=checklist><caption>Governance items with their evidence</caption><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div></section>"
    )


def _inputs(pack: Pack) -> str:
    rows = "".join(
        f'<tr><th scope="row">{escape(each.name)}</th><td>{escape(each.what)}</td><td><code>{escape(each.sha256)}</code></td></tr>'
        for each in pack.inputs
    )
    heads = "".join(f'<th scope="col">{each}</th>' for each in ("input", "what it is", "sha256"))
    caption = "Inputs with their hashes"
    return f"<section><h2>What this rests on</h2>{_scrolling(caption)}<table class=inputs><caption>{caption}</caption><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div></section>"


def _signatures(roles: Iterable[str]) -> str:
    lines = "".join(
        f"<div class=line><span>{escape(each)}</span><span>Name</span><span>Date</span></div>" for each in roles
    )
    return f"<section class=sign><h2>Signatures</h2>{lines}</section>" if lines else ""


_STYLE = """
:root { --ink: #1b1f24; --paper: #fff; --quiet: #59636e; --line: #d5dae0; --accent: #5b3fb0; --held: #14663a; --partly: #7a4b00; --absent: #9c1c2b; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ed; --paper: #0f1216; --quiet: #9aa5b1; --line: #2c333b; --accent: #b9a3ff; --held: #7fd6a3; --partly: #f0c97a; --absent: #ff9aa5; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 64rem; margin: 0 auto; padding: 1.5rem 1.2rem 4rem; }
header p { max-width: 46rem; } .kind { margin: 0; color: var(--accent); font-weight: 600; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0.1rem 0 0.4rem; } h2 { font-size: 1.2rem; margin: 2.2rem 0 0.5rem; border-top: 1px solid var(--line); padding-top: 1rem; } h3 { font-size: 1rem; margin: 1rem 0 0.2rem; }
section p { max-width: 46rem; white-space: pre-line; overflow-wrap: anywhere; } .quiet { color: var(--quiet); font-size: 0.92rem; }
nav ul { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: 0.3rem 1.2rem; } a { color: var(--accent); } a:focus-visible, [tabindex]:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
code { font-size: 0.85em; overflow-wrap: anywhere; }
.wide { overflow-x: auto; } table { border-collapse: collapse; margin: 0.8rem 0; font-variant-numeric: tabular-nums; font-size: 0.9rem; }
caption { text-align: left; color: var(--quiet); padding-bottom: 0.3rem; white-space: nowrap; } thead th { color: var(--quiet); font-weight: 600; }
th, td { text-align: left; vertical-align: top; padding: 0.3rem 1.1rem 0.3rem 0; border-bottom: 1px solid var(--line); } tbody th { font-weight: 600; } .number { white-space: nowrap; }
.checklist, .inputs { width: 100%; } .checklist td:nth-child(2) { width: 32%; } .inputs td:last-child { width: 45%; }
.state { white-space: nowrap; font-weight: 600; } .state::before { display: inline-block; width: 1.1em; } .held { color: var(--held); } .held::before { content: "\\25CF"; } .partly { color: var(--partly); } .partly::before { content: "\\25D0"; } .absent { color: var(--absent); } .absent::before { content: "\\25CB"; }
.forest { width: 100%; max-width: 54rem; display: block; margin: 0.8rem 0; }
svg text { fill: currentColor; font-size: 12.5px; } svg .title { font-weight: 600; } svg .quiet { fill: var(--quiet); font-size: 12.5px; } svg .group { font-weight: 600; }
svg .grid { stroke: var(--line); fill: none; } svg .marked { stroke: var(--quiet); stroke-dasharray: 4 4; } svg .interval { stroke: var(--accent); stroke-width: 2; } svg .point { fill: var(--accent); }
.line { display: grid; grid-template-columns: 2fr 3fr 1fr; gap: 1.5rem; margin-top: 2.2rem; max-width: 46rem; } .line span { border-top: 1px solid var(--ink); color: var(--quiet); font-size: 0.85rem; padding-top: 0.2rem; }
@page { size: A4; margin: 16mm 14mm; }
@media print { :root { color-scheme: light; --ink: #000; --paper: #fff; --quiet: #444; --line: #bbb; --accent: #3d2a80; --held: #14663a; --partly: #7a4b00; --absent: #9c1c2b; } body { font-size: 10.5pt; } main { max-width: none; padding: 0; } nav { display: none; } .wide { overflow: visible; } table { font-size: 8.5pt; } th, td { padding-right: 0.6rem; } .number { white-space: normal; } tr, .forest, .sign { break-inside: avoid; } h2, h3 { break-after: avoid; } }
"""
