"""`wetread provenance STUDY --as USER`: where every sentence of a study's report comes from, in words or as a picture."""

import argparse
from pathlib import Path

from wetread.bootstrap import build_desk
from wetread.cli.options import account_options, parser_for
from wetread.cli.sign import opened
from wetread.domain.identifiers import StudyKey
from wetread.drafting.provenance import Column, Provenance, StudyRecord, trace
from wetread.drafting.provenance_picture import draw

__all__ = ["run"]


def run(argv: list[str]) -> int:
    args = _parser().parse_args(argv)
    core, actor = opened(args)
    seen = build_desk(core).look(actor, StudyKey(args.study))
    if seen.exposure.hides:
        print("the AI is withheld from you on this study: commit your own findings on the reading page first")
        return 1
    provenance = trace(StudyRecord(seen.study, seen.analysis, seen.decision, seen.draft, seen.reports, seen.deliveries))
    if args.svg:
        args.svg.write_text(draw(provenance), "utf-8")
        print(f"{args.svg}: {len(provenance.nodes)} boxes, {len(provenance.arrows)} arrows")
    else:
        print(_in_words(provenance))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = parser_for(
        "provenance",
        "What came in, what the model said of it, which sentence rests on what, what was signed and delivered. The look is audited.",
    )
    parser.add_argument("study", metavar="STUDY", help="study key, as the worklist shows it")
    account_options(parser, "who looks; asks for the password")
    parser.add_argument("--svg", type=Path, metavar="FILE", help="draw it instead; the file holds what the report says")
    return parser


def _in_words(provenance: Provenance) -> str:
    nodes = {each.key: each for each in provenance.nodes}
    lines = [*provenance.heading, *([provenance.notice] if provenance.notice else [])]
    for node in provenance.nodes:
        if node.column < Column.SENTENCE:
            continue
        lines += ["", node.title, *(f"    {line}" for line in node.lines)]
        if node.column is Column.SENTENCE:
            sources = [nodes[each.source] for each in provenance.arrows if each.target == node.key]
            lines += [f"    from {'; '.join((each.title, *each.lines))}" for each in sources]
    return "\n".join(lines)
