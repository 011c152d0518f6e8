"""A bundle's evaluation, or the comparison of two, as lines for a person: every number with its n and interval."""

from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["comparison_lines", "evaluation_lines", "unreadable_lines"]

Part = Mapping[str, Any]


def evaluation_lines(report: Part) -> Iterator[str]:
    """The report of `learning.bundle_report.evaluate_bundle` with `bundle`, `data` and `ms_per_film`."""
    films, bundle = report["films"], report["bundle"]
    yield f"{bundle['name']} {bundle['version']}  sha256 {bundle['sha256'][:12]}"
    yield (
        f"{report['data']['split']}: {films['read']} of {report['data']['listed']} films read, {films['patients']} patients, "
        f"{report['ms_per_film']:.0f} ms a film; 95 % intervals resample patients"
    )
    yield from unreadable_lines(films["unreadable"])
    yield _accounting(films)
    if report["discrimination"]:
        yield from _table(report)
        yield from _summary(report)
    if report["kermany"]:
        yield from _kermany(report["kermany"])
    if not report["discrimination"] and not report["kermany"]:
        yield "no film of this split has labels that can be scored"


def unreadable_lines(unreadable: list[dict[str, str]]) -> Iterator[str]:
    """Every film that gave no pixels, by name."""
    if unreadable:
        yield f"NOT READ, left out of every number: {len(unreadable)}"
        yield from (f"  {each['file']}: {each['reason']}" for each in unreadable)


def _accounting(films: Part) -> str:
    refused = ", ".join(f"{code} {count}" for code, count in sorted(films["product_would_refuse"].items())) or "none"
    gate = "" if films["gated"] else " (it has no image gate)"
    strange = "not known" if films["out_of_distribution"] is None else films["out_of_distribution"]
    return f"the product would refuse: {refused}{gate}; out of distribution: {strange} (all counted below)"


def _table(report: Part) -> Iterator[str]:
    yield ""
    yield (
        f"{'finding':<20} {'n+':>5} {'n':>5}  {'AUROC (95 %)':<20} {'sensitivity (95 %)':<18} {'specificity (95 %)':<18} "
        f"{'FP/100':>6} {'smECE':>6} {'Brier skill':>11}"
    )
    operating = (report["operating"] or {}).get("per_finding", {})
    for name, row in report["discrimination"]["per_finding"].items():
        count = f"{row['n_positive']:>5} {row['n_positive'] + row['n_negative']:>5}"
        yield f"{name:<20} {count}  {_interval(row):<20} {_at(operating.get(name))}"
    if not operating:
        yield "not calibrated: no operating point, no calibration error"


def _at(row: Part | None) -> str:
    if row is None or not row["n"]:
        return "-"
    rates = (_interval(row[kind], 2) if row[kind] else "-" for kind in ("sensitivity", "specificity"))
    numbers = f"{row['fp_per_100_films']:>6.1f} {_plain(row['smooth_ece']):>6} {_signed(row['brier_skill']):>11}"
    return " ".join([*(f"{rate:<18}" for rate in rates), numbers])


def _summary(report: Part) -> Iterator[str]:
    found = report["discrimination"]
    yield ""
    yield f"mean AUROC               {_interval(found['mean_auroc'])}  {found['mean_auroc']['definition']}"
    any_finding = found["any_finding_auroc"]
    yield f"any finding              {_interval(any_finding)}  {_counts(any_finding)}"
    yield f"RSNA opacity vs normal   {_interval(report['rsna'])}  {_counts(report['rsna'])}"
    yield from _chexnet(report["chexnet"])
    yield from _pointing(report["pointing_game"])
    yield from _stated_pointing(report["stated_pointing"])


def _chexnet(paired: Part | None) -> Iterator[str]:
    if paired is None:
        yield "CheXNet                  no chexnet_reference.csv with these films beside the manifest"
        return
    if paired["difference"] is None:
        yield f"minus CheXNet            not estimable: {paired['films']} films that both read"
        return
    yield (
        f"minus CheXNet            {_signed(paired['difference'])} ({_signed(paired['low'])} to {_signed(paired['high'])})  "
        f"{_plain(paired['ours'])} against {_plain(paired['chexnet'])}; {paired['films']} films, {paired['findings']} findings"
    )


def _pointing(pointing: Part | None) -> Iterator[str]:
    if pointing is None:
        yield "pointing game            no film with a box, or no map in the network"
        return
    yield ""
    yield f"{'pointing game':<20} {'n':>5}  {'hottest place in box (95 %)':<28} {'random place':>12} {'map of another film':>20}"
    for name, game in (*pointing["per_finding"].items(), ("all boxes", pointing["all"])):
        other = game["map_of_another_film"]["value"]
        yield f"{name:<20} {game['cases']:>5}  {_interval(game['hit_rate'], 2):<28} {game['random_place']:>12.2f} {other:>20.2f}"


def _stated_pointing(methods: Part | None) -> Iterator[str]:
    """Maps from gradients need torch, so their figures are the bundle's own (card.json), not measured here."""
    if methods:
        rates = ", ".join(f"{name} {_interval(game['all']['hit_rate'], 2)}" for name, game in methods.items())
        count = next(iter(methods.values()))["all"]["cases"]
        yield f"stated by the bundle, test, {count} boxes, other maps of the same net: {rates}"


def _kermany(rows: Part) -> Iterator[str]:
    yield ""
    for head, row in rows.items():
        yield f"Kermany (children), normal vs pneumonia by {head:<13} {_interval(row)}  {_counts(row)}"


def comparison_lines(report: Part) -> Iterator[str]:
    """The report of `learning.bundle_report.compare_bundles` with `first`, `second` and `data`."""
    for place in ("first", "second"):
        yield f"{place:<6}  {report[place]['name']} {report[place]['version']}  sha256 {report[place]['sha256'][:12]}"
    yield (
        f"{report['data']['split']}: {report['films']} labelled films of {report['data']['listed']}, {report['patients']} patients; "
        "difference = first minus second, 95 % intervals resample patients"
    )
    yield from unreadable_lines(report["unreadable"])
    yield f"\n{'finding':<20} {'n+':>5} {'n':>5}  {'first':>6} {'second':>6}  difference (95 %)"
    for name, row in report["per_finding"].items():
        count = f"{row['n_positive']:>5} {row['n_positive'] + row['n_negative']:>5}"
        yield f"{name:<20} {count}  {_plain(row['first']):>6} {_plain(row['second']):>6}  {_difference(row)}"
    mean = report["mean"]
    over = f"unweighted over {mean['findings']} NIH findings with >= 5 positive films" if mean else "no finding has 5"
    yield f"\nmean AUROC           {_difference(mean) if mean else 'not estimable'}  {over}"


def _difference(row: Part) -> str:
    if row["difference"] is None:
        return "not estimable"
    sign = "" if row["low"] <= 0 <= row["high"] else "  *"
    return f"{_signed(row['difference'])} ({_signed(row['low'])} to {_signed(row['high'])}){sign}"


def _interval(row: Part, digits: int = 3) -> str:
    if row["value"] is None:
        return "not estimable"
    return f"{row['value']:.{digits}f} ({row['low']:.{digits}f}-{row['high']:.{digits}f})"


def _counts(row: Part) -> str:
    return f"n {row['n_positive']} + {row['n_negative']}"


def _signed(value: float | None) -> str:
    return "-" if value is None else f"{value:+.3f}"


def _plain(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
