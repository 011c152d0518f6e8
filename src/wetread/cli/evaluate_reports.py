"""`wetread evaluate --reports drafts.csv`."""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from wetread.labelling.aggregation import presences
from wetread.labelling.labeller import RuleLabeller
from wetread.scorecard.model_based import Unavailable, model_based
from wetread.scorecard.report_file import FindingF1, TextScore, finding_f1, mean_score, read_report_pairs, text_scores

__all__ = ["evaluate_reports"]


def evaluate_reports(path: Path, args: argparse.Namespace) -> int:
    pairs, labeller = read_report_pairs(path), RuleLabeller(args.language)

    def labels_of(text: str) -> dict[str, str]:
        return {name.value: each.value for name, each in presences(labeller.statements(text)).items()}

    findings = finding_f1(pairs, labels_of, uncertain_is_positive=args.uncertain == "positive")
    words = text_scores(pairs)
    unavailable: list[Unavailable] = []
    for name in args.radeval:
        print(f"asking RadEval for {name}", file=sys.stderr)
        found = model_based(name, pairs.drafted, pairs.signed)
        if isinstance(found, Unavailable):
            unavailable.append(found)
        else:
            words += [mean_score(f"RadEval {key}", values, pairs.patients) for key, values in found.items()]
    whose = "patients" if pairs.patients else "studies (no column patient)"
    print(f"{path.name}: {len(pairs.signed)} pairs; 95 % intervals over {whose}; findings read by {labeller.version}")
    print(f"\n{'finding, positives':34}{'true':>6}{'false':>7}{'missed':>8}   F1")
    print("\n".join(_finding_line(each) for each in findings))
    print("\nwords (alike in words is not alike in facts)")
    print("\n".join(f"  {each.name:30} {_shown(each.value, each.low, each.high)}" for each in words))
    for each in unavailable:
        print(f"  {each.name:30} not available: {each.reason}")
    if args.json:
        args.json.write_text(json.dumps(_document(findings, words, unavailable), indent=1), "utf-8")
    return 0


def _finding_line(each: FindingF1) -> str:
    counts = each.counts
    found = "nothing there, nothing said" if counts.f1 is None else _shown(counts.f1, each.low, each.high)
    return f"  {each.finding:32}{counts.true:>6}{counts.false:>7}{counts.missed:>8}   {found}"


def _shown(value: float, low: float | None, high: float | None) -> str:
    return f"{value:.3f}" + ("" if low is None or high is None else f" ({low:.3f}-{high:.3f})")


def _document(findings: list[FindingF1], words: list[TextScore], unavailable: list[Unavailable]) -> dict[str, object]:
    named = [{**asdict(each), "f1": each.counts.f1} for each in findings]
    return {
        "findings": named,
        "words": [asdict(each) for each in words],
        "not_available": [asdict(each) for each in unavailable],
    }
