"""`wetread similar STUDY --as USER`: signed studies whose films look most like this one's, with what people signed of them."""

import json
from dataclasses import asdict

from wetread.bootstrap_retrieval import build_case_store
from wetread.cli.options import parser_for
from wetread.cli.sign import opened
from wetread.context.similar import SimilarStudy, similar_studies
from wetread.domain.finding import concept
from wetread.domain.identifiers import StudyKey
from wetread.domain.report import ReportFinding

__all__ = ["run"]


def run(argv: list[str]) -> int:
    parser = parser_for(
        "similar", "Signed studies that the model sees most alike. Alike to a network is not alike to you."
    )
    parser.add_argument("study", help="study key, as the worklist shows it")
    parser.add_argument("--as", dest="account", required=True, metavar="USER", help="the account that asks")
    parser.add_argument(
        "--limit", type=int, default=10, choices=range(1, 101), metavar="N", help="at most so many (1-100)"
    )
    parser.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    parser.add_argument("--json", action="store_true", help="print JSON")
    args = parser.parse_args(argv)
    core, actor = opened(args)
    found = similar_studies(
        actor,
        StudyKey(args.study),
        limit=args.limit,
        database=core.database,
        cases=build_case_store(core.settings),
        now=core.clock.now(),
    )
    if args.json:
        print(json.dumps([asdict(each) for each in found], indent=1))
    else:
        print("\n".join(map(_row, found)) or "no other signed study has a vector of this model")
    return 0


def _row(similar: SimilarStudy) -> str:
    said = (
        ", ".join(_said(finding) for finding in similar.findings if finding.present) or "no finding signed as present"
    )
    return f"{similar.distance:6.3f}  {similar.study_key}  {said}"


def _said(finding: ReportFinding) -> str:
    return " ".join(filter(None, (finding.laterality, concept(finding.name).display)))
