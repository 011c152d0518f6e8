"""`wetread evaluate --reader-study` and `--luna16`."""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from wetread.evaluation.detection import froc
from wetread.evaluation.reader_design import ReaderDesign
from wetread.evaluation.reader_study import ReaderStudy, obuchowski_rockette
from wetread.scorecard.reader_file import read_luna16, read_reader_study

__all__ = ["evaluate_luna16", "evaluate_readers"]


def evaluate_readers(path: Path, args: argparse.Namespace) -> int:
    ratings, truth, modalities, readers = read_reader_study(path)
    studies = [obuchowski_rockette(ratings, truth)]
    if args.rating_threshold is not None:
        studies += [
            obuchowski_rockette(ratings, truth, figure=each, threshold=args.rating_threshold)
            for each in ("sensitivity", "specificity")
        ]
    first = studies[0]
    print(
        f"{path.name}: {first.n_positive} positive and {first.n_negative} negative cases, {len(readers)} readers, modalities {', '.join(modalities)}"
    )
    print(_design(first.design))
    print(
        "Obuchowski-Rockette, Hillis' degrees of freedom, DeLong covariances; other readers and other cases unless said otherwise"
    )
    for study in studies:
        print("\n".join(_lines(study, modalities, readers, args.margin)))
    if args.json:
        named = {"modalities": modalities, "readers": readers}
        whole = [{**asdict(each), "figures": each.figures.tolist(), **named} for each in studies]
        args.json.write_text(json.dumps(whole, indent=1, default=str), "utf-8")
    return 0


def _design(design: ReaderDesign) -> str:
    if len(design.readers) == 1:
        return "design: fully crossed, every reader read every case in every modality"
    sizes = ", ".join(f"{len(r)} and {len(c)}" for r, c in zip(design.readers, design.cases, strict=True))
    return f"design: {design.kind}, {len(design.readers)} groups of readers with cases of their own (readers and cases: {sizes})"


def _lines(
    study: ReaderStudy, modalities: tuple[str, ...], readers: tuple[str, ...], margin: float | None
) -> list[str]:
    both, cases, fixed = study.random_both, study.random_cases, study.random_readers
    lines = ["", study.figure]
    for name, mean, row in zip(modalities, study.modalities, study.figures, strict=True):
        single = ", ".join(f"{reader} {value:.3f}" for reader, value in zip(readers, row, strict=True))
        lines.append(f"  {name:<16} {mean.value:.3f} ({mean.low:.3f}-{mean.high:.3f})   {single}")
    for each in study.contrasts:
        pair = f"{modalities[each.first]} minus {modalities[each.second]}"
        lines.append(f"  {pair:<32} {each.difference:+.3f} ({each.low:+.3f} to {each.high:+.3f}), p {each.p:.3g}")
        if margin is not None:
            verdict = "not worse" if each.non_inferior(margin) else "not shown to be not worse"
            lines.append(f"    by the margin {margin:g}: {verdict}")
    lines.append(
        f"  all equal: F {both.statistic:.3f} ({both.df[0]:.0f}, {both.df[1]:.1f}), p {both.p:.3g}; these readers only p {cases.p:.3g}; these cases only p {fixed.p:.3g}"
    )
    return lines


def evaluate_luna16(paths: list[Path], args: argparse.Namespace) -> int:
    marks, lesions, scans = read_luna16(*paths)
    found = froc(marks, lesions, scans)
    print(f"{found.n_lesions} nodules in {found.n_scans} scans, {len(marks)} marks")
    for rate, share in zip(found.rates, found.sensitivity_at, strict=True):
        print(f"  {rate:>6.3f} false marks a scan: sensitivity {share:.3f}")
    print(f"competition metric {found.cpm:.3f} ({found.low:.3f}-{found.high:.3f}, scans resampled)")
    if args.json:
        curve = {"false_marks": found.false_marks.tolist(), "sensitivity": found.sensitivity.tolist()}
        args.json.write_text(json.dumps({**asdict(found), **curve}, indent=1), "utf-8")
    return 0
