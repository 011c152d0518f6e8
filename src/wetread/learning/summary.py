"""An evaluation as text for a person at a terminal."""

from collections.abc import Mapping
from typing import Any

__all__ = ["evaluation_text", "interval", "plain", "pointing_lines"]


def interval(estimate: Mapping[str, Any] | None, digits: int = 3) -> str:
    """`0.812 (0.741-0.870)`, or `not estimable`."""
    if not estimate or estimate["value"] is None:
        return "not estimable"
    return f"{estimate['value']:.{digits}f} ({estimate['low']:.{digits}f}-{estimate['high']:.{digits}f})"


def evaluation_text(report: Mapping[str, Any]) -> str:
    """AUROC, calibration and operating point per finding; then the rest, every line with its n."""
    test, paired = report["test"], report["chexnet"]
    lines: list[str] = []
    say = lines.append
    say(f"test: {test['films']} films, {test['patients']} patients; 95 % intervals resample patients")
    for name, row in test["per_finding"].items():
        at = report["test_operating"]["per_finding"][name]
        say(
            f"  {name:20} AUROC {interval(row):22} n+ {row['n_positive']:4} n- {row['n_negative']:5}  "
            f"sens {interval(at['sensitivity'], 2):16} spec {interval(at['specificity'], 2):16} "
            f"FP/100 {plain(at['fp_per_100_films'], 1):>5}  "
            f"ECE {plain(at['ece'])} smECE {plain(at['smooth_ece'])} Brier skill {plain(at['brier_skill'])}"
        )
    say(f"mean AUROC {interval(test['mean_auroc'])}: {test['mean_auroc']['definition']}")
    say(f"any finding against none: {interval(test['any_finding_auroc'])}")
    for kind, part in test["by_source"].items():
        say(
            f"within {kind}: mean AUROC {interval(part['mean_auroc'])}, {part['findings']} findings, {part['films']} films"
        )
    for grouping, compared in test["by_subgroup"].items():
        for group, row in compared["groups"].items():
            say(
                f"{grouping} {group}: mean AUROC {interval(row)} over {len(compared['findings'])} findings, "
                f"{row['films']} films, {row['patients']} patients"
            )
    probe = report["source_probe"]
    say(f"probe for the film's source (0.5 = blind): test {probe['test']:.3f}, val {probe['val']:.3f}")
    opacity = report["rsna"]
    say(f"RSNA lung opacity against normal: {interval(opacity)}, n {opacity['n_positive']} + {opacity['n_negative']}")
    say(
        f"paired with CheXNet on {paired['films']} films, {paired['findings']} findings: ours {paired['ours']:.3f}, "
        f"CheXNet {paired['chexnet']:.3f}, difference {paired['difference']:+.3f} ({paired['low']:+.3f}..{paired['high']:+.3f})"
    )
    for head, row in report["kermany"].items():
        say(
            f"Kermany normal against pneumonia, {head} head: {interval(row)}, n {row['n_positive']} + {row['n_negative']}"
        )
    lines.extend(pointing_lines(report["pointing_game"], report["pointing_by_gradients"]))
    for rate in report["gate"]:
        say(f"gate accepts {rate['kind']}: {rate['accepted']}/{rate['n']} ({rate['low']:.3f}-{rate['high']:.3f})")
    for kind, row in report["out_of_distribution"].items():
        say(f"beyond the distance limit, {kind}: {row['beyond_limit']:.3f} of {row['n']}")
    return "\n".join(lines)


def pointing_lines(ours: Mapping[str, Any], others: Mapping[str, Any]) -> list[str]:
    """The pointing game per finding: our maps, each other method on the same net, a random place, the map of another film."""
    lines = [
        f"pointing game, hottest place in a box: {'finding':<20} {'n':>4}  class activation map, {', '.join(others)}; chance"
    ]
    for name, row in (*ours["per_finding"].items(), ("all boxes", ours["all"])):
        same = [each["all"] if name == "all boxes" else each["per_finding"][name] for each in others.values()]
        rates = ", ".join(interval(each["hit_rate"], 2) for each in (row, *same))
        other = row["map_of_another_film"]["value"]
        lines.append(
            f"  {name:<20} {row['cases']:>4}  {rates}; random place {row['random_place']:.2f}, map of another film {other:.2f}"
        )
    return lines


def plain(value: float | None, digits: int = 3) -> str:
    """A number without interval, or `-`."""
    return "-" if value is None else f"{value:.{digits}f}"
