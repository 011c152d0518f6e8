"""An evaluation as text for a person at a terminal."""

from collections.abc import Mapping
from typing import Any

__all__ = ["evaluation_text", "interval"]


def interval(estimate: Mapping[str, Any], digits: int = 3) -> str:
    """`0.812 (0.741-0.870)`, or `not estimable`."""
    if estimate["value"] is None:
        return "not estimable"
    return f"{estimate['value']:.{digits}f} ({estimate['low']:.{digits}f}-{estimate['high']:.{digits}f})"


def evaluation_text(report: Mapping[str, Any]) -> str:
    """AUROC, calibration and operating point per finding; then the rest, every line with its n."""
    test, paired, pointing = report["test"], report["chexnet"], report["pointing_game"]
    lines: list[str] = []
    say = lines.append
    say(f"test: {test['films']} films, {test['patients']} patients; 95 % intervals resample patients")
    for name, row in test["per_finding"].items():
        at = report["test_operating"]["per_finding"][name]
        say(
            f"  {name:20} AUROC {interval(row):22} n+ {row['n_positive']:4} n- {row['n_negative']:5}  "
            f"sens {at['sensitivity']['value']:.2f} spec {at['specificity']['value']:.2f} FP/100 {at['fp_per_100_films']:5.1f}  "
            f"ECE {at['ece']:.3f} smECE {at['smooth_ece']:.3f} Brier skill {at['brier_skill']:+.3f}"
        )
    say(f"mean AUROC {interval(test['mean_auroc'])}: {test['mean_auroc']['definition']}")
    say(f"any finding against none: {interval(test['any_finding_auroc'])}")
    for kind, part in (*test["by_view_position"].items(), *test["by_source"].items()):
        say(f"within {kind}: mean AUROC {part['mean_auroc']}, {part['findings']} findings, {part['films']} films")
    probe = report["source_probe"]
    say(f"probe for the film's source (0.5 = blind): test {probe['test']:.3f}, val {probe['val']:.3f}")
    opacity = report["rsna"]["against_normal"]
    say(f"RSNA lung opacity against normal: {interval(opacity)}, n {opacity['n_positive']} + {opacity['n_negative']}")
    say(
        f"paired with CheXNet on {paired['films']} films, {paired['findings']} findings: ours {paired['ours']:.3f}, "
        f"CheXNet {paired['chexnet']:.3f}, difference {paired['difference']:+.3f} ({paired['low']:+.3f}..{paired['high']:+.3f})"
    )
    for head, row in report["kermany"].items():
        say(
            f"Kermany normal against pneumonia, {head} head: {interval(row)}, n {row['n_positive']} + {row['n_negative']}"
        )
    say(
        f"pointing game: {interval(pointing['hit_rate'])} of {pointing['cases']}; random place "
        f"{pointing['random_place']:.3f}; map of another film {pointing['map_of_another_film']['value']:.3f}"
    )
    for rate in report["gate"]:
        say(f"gate accepts {rate['kind']}: {rate['accepted']}/{rate['n']} ({rate['low']:.3f}-{rate['high']:.3f})")
    for kind, row in report["out_of_distribution"].items():
        say(f"beyond the distance limit, {kind}: {row['beyond_limit']:.3f} of {row['n']}")
    return "\n".join(lines)
