"""A bundle's model card as one HTML page that asks nothing of any network: the figures drawn with their intervals, then the card itself.

The drawings come from card.json, the text from card.md; a bundle without card.json (a foreign network's) gets the text alone.
"""

import json
from base64 import b64encode
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

from wetread.evaluation.forest_plot import Row, forest_plot
from wetread.inference.bundle import ModelBundle
from wetread.learning.markdown_subset import to_html

__all__ = ["card_page"]

Report = Mapping[str, Any]
_PICTURE_TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg"}


def card_page(bundle: ModelBundle, pictures: Path | None = None) -> str:
    """The page. `pictures`: a contact sheet (PNG or JPEG) to set into it; raises ValueError for another kind of file, OSError."""
    name = f"{bundle.identity.name} {bundle.identity.version}"
    evaluated = json.loads(bundle.figures)["evaluation"] if bundle.figures else None
    drawn = _drawings(evaluated) if evaluated else "<p>This bundle carries no figures that could be drawn.</p>"
    notice = (
        f"<p><strong>Assistive research tool, not a cleared medical device.</strong> {escape(bundle.intended_use)}</p>"
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">'
        f"<title>{escape(name)}: model card</title><style>{_STYLE}</style></head><body><main>"
        f"<p class=quiet>Model card. Network sha256 <code>{bundle.identity.sha256}</code>. Maker: {escape(str(bundle.signature))}</p>"
        f"<section><h1>{escape(name)} at a glance</h1>{notice}{drawn}</section>{_sheet(pictures)}{to_html(bundle.card)}</main></body></html>\n"
    )


def _drawings(evaluated: Report) -> str:
    test = evaluated["test"]
    of = f"test, {test['films']} films of {test['patients']} patients"
    plots = (
        forest_plot(f"AUROC by finding ({of}; dashed: chance)", _by_finding(evaluated), (0.4, 1.0), 0.5),
        forest_plot(
            "Mean AUROC by subgroup, same findings within a group (dashed: all films, all findings)",
            _by_subgroup(test),
            (0.5, 1.0),
            test["mean_auroc"]["value"],
        ),
        forest_plot(
            "Sensitivity at the operating point (dashed: one half)",
            _at_point(evaluated, "sensitivity"),
            (0.0, 1.0),
            0.5,
        ),
        forest_plot(
            "Specificity at the operating point (dashed: 0.90)", _at_point(evaluated, "specificity"), (0.5, 1.0), 0.9
        ),
        forest_plot("Hottest place in a box, by method (dashed: a random place)", *_pointing(evaluated)),
    )
    note = "Points with 95 % intervals, patients as clusters; n+ / n: positive and all films with a known label."
    return f"<p>{note}</p>" + "".join(f"<figure>{plot}</figure>" for plot in plots)


def _by_finding(evaluated: Report) -> list[Row]:
    test, opacity = evaluated["test"], evaluated["rsna"]
    rows = [_auroc_row(name, row) for name, row in test["per_finding"].items()]
    mean = test["mean_auroc"]
    return [
        *rows,
        Row("together", ""),
        Row("mean over findings", f"n {test['films']}", mean["value"], mean["low"], mean["high"]),
        _auroc_row("any finding", test["any_finding_auroc"]),
        Row("elsewhere", ""),
        _auroc_row("RSNA opacity vs normal", opacity),
        *(_auroc_row(f"Kermany, children: {head}", row) for head, row in evaluated["kermany"].items()),
    ]


def _auroc_row(label: str, row: Report) -> Row:
    count = f"{row['n_positive']} / {row['n_positive'] + row['n_negative']}"
    return Row(label, count, row["value"], row["low"], row["high"])


def _by_subgroup(test: Report) -> list[Row]:
    rows = []
    for grouping, compared in test["by_subgroup"].items():
        rows.append(Row(f"{grouping} ({len(compared['findings'])} findings)", ""))
        for name, row in compared["groups"].items():
            rows.append(Row(name, f"n {row['films']}", row["value"], row["low"], row["high"]))
    rows.append(Row("source of the film (findings differ)", ""))
    for name, row in test["by_source"].items():
        mean = row["mean_auroc"]
        count = f"n {row['films']}, {row['findings']} findings"
        rows.append(Row(name, count, mean["value"], mean["low"], mean["high"]))
    return rows


def _at_point(evaluated: Report, kind: str) -> list[Row]:
    found = evaluated["test_operating"]["per_finding"].items()
    return [_rate_row(name, row[kind]) for name, row in found]


def _rate_row(label: str, rate: Report | None) -> Row:
    return Row(label, f"n {rate['n']}", rate["value"], rate["low"], rate["high"]) if rate else Row(label, "n 0")


def _pointing(evaluated: Report) -> tuple[list[Row], tuple[float, float], float]:
    ours = evaluated["pointing_game"]["all"]
    others = {name: game["all"] for name, game in evaluated["pointing_by_gradients"].items()}
    rows = [
        _rate_row(name.replace("_", " "), game["hit_rate"]) for name, game in {"shipped map": ours, **others}.items()
    ]
    rows.append(_rate_row("map of another film", ours["map_of_another_film"]))
    return rows, (0.0, 1.0), ours["random_place"]


def _sheet(pictures: Path | None) -> str:
    if pictures is None:
        return ""
    kind = _PICTURE_TYPES.get(pictures.suffix.lower())
    if kind is None:
        raise ValueError(f"{pictures.name}: pictures are set in as {', '.join(_PICTURE_TYPES)}")
    data = b64encode(pictures.read_bytes()).decode()
    caption = (
        "Surest right calls, false alarms and misses with their maps. <strong>These are patients' films: whether this page may "
        "be passed on is for those to say who gave them.</strong>"
    )
    return f'<section><h2>Cases</h2><figure><img alt="contact sheet" src="data:{kind};base64,{data}"><figcaption>{caption}</figcaption></figure></section>'


_STYLE = """
:root{--ink:#1b1f24;--paper:#fff;--quiet:#5b6470;--line:#d5dae0;--mark:#0b5cad}
@media(prefers-color-scheme:dark){:root{--ink:#e6e9ed;--paper:#14171a;--quiet:#a3acb7;--line:#3a424b;--mark:#7cb8ff}}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main{max-width:72rem;margin:0 auto;padding:1.5rem}
h1,h2,h3{line-height:1.2;margin:2rem 0 .6rem}
.quiet{color:var(--quiet);font-size:.85rem;overflow-wrap:anywhere}
.wide{overflow-x:auto;margin:1rem 0}
table{border-collapse:collapse;font-size:.85rem;font-variant-numeric:tabular-nums}
th,td{border-bottom:1px solid var(--line);padding:.3rem .6rem;text-align:left;vertical-align:top;white-space:nowrap}
figure{margin:1.5rem 0;overflow-x:auto}
img{max-width:100%}
svg.forest{width:100%;min-width:34rem;height:auto;font:13px system-ui,sans-serif}
svg text{fill:var(--ink)}
svg .quiet{fill:var(--quiet);font-size:inherit}
svg .title,svg .group{font-weight:600}
svg .grid{stroke:var(--line)}
svg .marked{stroke:var(--quiet);stroke-dasharray:4 3}
svg .interval{stroke:var(--mark);stroke-width:2}
svg .point{fill:var(--mark)}
@media print{main{max-width:none}}
"""
