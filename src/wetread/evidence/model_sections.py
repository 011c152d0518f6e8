"""What a bundle says of itself, laid out: what it is for, what it reads, what its makers measured, what it was taught with."""

from collections.abc import Mapping
from typing import Any

from wetread.domain.analysis import Rate
from wetread.evaluation.forest_plot import Row
from wetread.evidence.pack import Forest, Section, Table, rate_text
from wetread.governance.evidence import ModelFacts
from wetread.inference.bundle import ModelBundle

__all__ = ["model_sections"]


def model_sections(facts: ModelFacts, bundle: ModelBundle, document: Mapping[str, Any]) -> tuple[Section, ...]:
    """Four sections; a part that the bundle does not state is named as not available."""
    return (_identity(facts, bundle), _figures(bundle, document), _data(document), _limits(facts, bundle))


def _identity(facts: ModelFacts, bundle: ModelBundle) -> Section:
    rows = (
        ("name and version", f"{facts.name} {facts.version}"),
        ("network sha256", facts.sha256),
        ("signature", facts.signature),
        ("licence", facts.licence),
        ("views", ", ".join(bundle.view_positions)),
        ("input", f"{bundle.input_side_px} x {bundle.input_side_px} px"),
        ("findings", f"{facts.findings}, of which {facts.calibrated} calibrated"),
    )
    return Section(
        "What it is and is not for",
        (f"Intended use: {facts.intended_use}", f"Not for: {facts.not_for}" if facts.not_for else ""),
        (),
        (Table("Identity", ("fact", "value"), rows),),
        () if facts.not_for else ("what it is not for: not available because the bundle does not say",),
    )


def _figures(bundle: ModelBundle, document: Mapping[str, Any]) -> Section:
    stated = {each.get("name"): each for each in document.get("findings", ())}
    areas: list[Row] = []
    rows: list[tuple[str, ...]] = []
    missing: list[str] = []
    for head in bundle.heads:
        name, point = head.name.value, head.operating_point
        test = stated.get(name, {}).get("auroc_test")
        if test:
            count = f"{test['n_positive']:,} of {test['n_positive'] + test['n_negative']:,}"
            areas.append(Row(name, count, test["value"], test["low"], test["high"]))
            if test["value"] is None:
                missing.append(
                    f"{name}: AUROC on test not available because {test['n_positive']} positives are too few"
                )
        else:
            missing.append(f"{name}: AUROC on test not available because the bundle does not state one")
        if head.calibration is None:
            missing.append(f"{name}: no probability is shown, because it is not calibrated")
        rows.append(
            (
                name,
                f"{point.threshold:g}" if point.sensitivity else "never called",
                rate_text(point.sensitivity),
                rate_text(point.specificity),
                _false_positives(stated.get(name, {})),
                point.rule,
            )
        )
    heads = ("finding", "threshold", "sensitivity", "specificity", "FP per 100 films", "rule that chose it")
    rules = {row[-1] for row in rows}
    shared = len(rules) == 1
    words = (f"Rule that chose every threshold: {rules.pop()}.",) if shared else ()
    forests = (
        (Forest("AUROC on test, as the makers measured (dashed: chance)", tuple(areas), (0.4, 1.0), 0.5),)
        if areas
        else ()
    )
    table = Table(
        "Operating points, on the films they were chosen on",
        heads[:-1] if shared else heads,
        tuple(row[:-1] if shared else row for row in rows),
    )
    return Section("What its makers measured", words, forests, (table,), tuple(missing))


def _false_positives(stated: Mapping[str, Any]) -> str:
    point = stated.get("operating_point") or {}
    value, ends = point.get("fp_per_100_films"), point.get("fp_per_100_films_interval")
    if value is None or not ends:
        return "not available"
    cases = sum(Rate(**point[each]).n for each in ("sensitivity", "specificity") if point.get(each))
    return f"{value:.1f} ({ends[0]:.1f}-{ends[1]:.1f}), n {cases:,}"


def _data(document: Mapping[str, Any]) -> Section:
    heads = ("data", "films, patients", "labels", "licence")
    rows = tuple(
        (
            str(each.get("name", "")),
            f"{each.get('films', 'not stated')}, {each.get('patients', 'not stated')}",
            str(each.get("labels", "")),
            str(each.get("licence", "")),
        )
        for each in document.get("training_data", ())
    )
    origin = tuple((name, str(value)) for name, value in (document.get("provenance") or {}).items())
    tables = [Table("Training data", heads, rows)] if rows else []
    tables += [Table("Provenance", ("fact", "value"), origin)] if origin else []
    return Section(
        "What it was taught with",
        (),
        (),
        tuple(tables),
        () if rows else ("training data: not available because the bundle does not say",),
    )


def _limits(facts: ModelFacts, bundle: ModelBundle) -> Section:
    words = (
        "Films that are not frontal chests are refused by its own gate."
        if facts.has_gate
        else "It has no gate of its own for films it was not made for.",
        f"Films measurably unlike its training films are marked, from a distance of {bundle.ood_threshold:g} on."
        if bundle.ood_threshold is not None
        else "It does not measure how unlike its training films a film is.",
    )
    return Section(
        "Known limits",
        words,
        missing=(
            "performance by subgroup: see the bias review, which measures it on your own data",
            "limits in words: see the card (wetread model card)",
        ),
    )
