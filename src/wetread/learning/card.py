"""Writes the model card: what the model is, what it was taught with, what it is worth and where it fails."""

from collections.abc import Mapping
from typing import Any

from wetread.learning.evaluation import DECLARED_EXTERNAL
from wetread.learning.network import STRIDE
from wetread.learning.summary import interval, plain

__all__ = ["card"]

Report = Mapping[str, Any]


def card(stated: Report, calibration: Report, evaluated: Report | None, record: Report) -> str:
    """Markdown. Without an evaluation it says so instead of showing numbers."""
    parts = [_identity(stated), _data(stated), _training(stated, record), _decisions(calibration)]
    parts += (
        [*_results(evaluated), *_afterwards(record)]
        if evaluated
        else ["## Results on test\n\nNot read yet: this bundle is for plumbing only.\n"]
    )
    return "\n".join([*parts, _distance(calibration, evaluated, record.get("distance", "")), _limits(record)])


def _identity(stated: Report) -> str:
    return f"""# {stated["name"]} {stated["version"]}

**Assistive research tool, not a cleared medical device. A weak reader: see the numbers before use.**

Intended use: {stated["intended_use"]}

Not for: {stated["not_for"]}

Input: one frontal film, MONOCHROME2, 0..1, brought to {stated["input"]["rows"]} x {stated["input"]["columns"]} by exact area
average of the long side and central padding with black. Output: one raw logit per finding, a class activation map per finding
(its mean plus the head's bias is the logit), an input gate, an out-of-distribution distance.

Licence of code and weights: {stated["licence"]}. `wetread model verify` checks every hash and tells who signed.
"""


def _data(stated: Report) -> str:
    data, start = stated["training_data"][0], stated["pretraining"]
    return f"""## Data and attribution

- Films: {data["name"]}, {data["films"]} films of {data["patients"]} patients. The images were provided by the **NIH Clinical
  Center** ({data["link_text"]}). Cite: {data["citation"]}
- Labels: {data["labels"]}. Text-mined labels are wrong for a part of the films; NIH puts their accuracy above 90 %.
- Start: {start["backbone"]} ({start["source"]}, {start["licence"]}). Soft targets: {start["teacher"]}.
- Nothing of the test split, of Kermany or of Hannover was used to train or calibrate.
- Five of six films exist only at 128 px: small nodules, fine lines and small pneumothoraces are simply not in the pixels.
  Films that exist larger are brought to 128 px as well. That removes the difference in size, not every trace of the source.
"""


def _training(stated: Report, record: Report) -> str:
    rows = "\n".join(
        f"| {_part(row['branch'])} | {row['epoch']} | {row['train_px']} | {row['loss']:.4f} | {row['val_auroc']:.4f} | {row['wall_s']:.0f} |"
        for row in record["curve"]
    )
    return f"""## Training

Seed {stated["provenance"]["seed"]}, manifest sha256 {stated["provenance"]["manifest_sha256"][:16]}, trained with code
{record["provenance"]["code_version"][:12]}, exported with code {stated["provenance"]["code_version"][:12]}. The shipped weights are the mean of the branches' moving averages. Two shared CPU cores; wall times are those of a busy machine. Loss includes
mixtures, boxes and "any finding", so it does not compare with that of earlier versions.

{record.get("note", "")}

| part | epoch | working px | loss | mean AUROC val | wall s |
|---|---|---|---|---|---|
{rows}
"""


def _part(branch: int) -> str:
    return "trunk" if branch < 0 else f"branch {branch}"


def _decisions(calibration: Report) -> str:
    rows = []
    for name, row in calibration["findings"].items():
        point, val = row["operating_point"], row["val"]
        rows.append(
            f"| {name} | {val['n_positive']} ({val['patients_positive']}) / {val['n']} | {row['calibration']['method']} | {point['threshold']:.4f} | "
            f"{interval(point['sensitivity'], 2)} | {interval(point['specificity'], 2)} | {plain(point.get('fp_per_100_films'), 1)} | "
            f"{_price(row['sensitive_operating_point'], 'specificity')} | {_price(row['budget_operating_point'], 'sensitivity')} |"
        )
    body = "\n".join(rows)
    chosen = [name for name, row in calibration["findings"].items() if row["choice"]["losses"]]
    return f"""## Calibration and operating points (val)

Fitted on the product's own reading of {calibration["val_films"]} val films. With 50 positive and 50 negative films ({", ".join(chosen) or "no finding here"})
the simplest of temperature, Platt, beta and (from 1000 films) isotonic whose patient-grouped, 5-fold cross-validated log loss is within one
standard error of the best; below that Platt with a normal prior on its slope, drawn to that of networks which had not seen the train films they
read, and at the prevalence of train and val together (bundle.json tells both per finding). Part of val was picked by others (pneumonia and normal films are
enriched, hernia too), so a site's own prevalence differs and probabilities must be recalibrated there. The rule of every threshold is
{_rule(calibration["promise"])}. It keeps false alarms payable and **misses many positives**. The last columns
are the prices of two other promises: sensitivity >= 0.80 on the lower bound, or at most 5 false alarms per 100 films on the upper one. Bounds are
one-sided 95 % ones with patients as clusters; the intervals shown are two-sided and optimistic, in that val chose the threshold.

| finding | val n+ (patients) / n | calibration | threshold | sensitivity | specificity | FP per 100 films | sensitivity >= 0.80 would need | 5 FP per 100 would need |
|---|---|---|---|---|---|---|---|---|
{body}
"""


def _rule(promise: Report) -> str:
    words = {"specificity": "at least", "sensitivity": "at least", "fp_per_100": "at most"}
    return f"{promise['kind']} {words[promise['kind']]} {promise['level']:g} on the one-sided 95 % bound"


def _price(point: Report | None, of: str) -> str:
    return f"{point['threshold']:.4f}: {of} {interval(point[of], 2)}" if point else "none keeps it"


def _results(evaluated: Report) -> list[str]:
    return [_discrimination(evaluated), _comparison(evaluated), _gate(evaluated)]


def _discrimination(evaluated: Report) -> str:
    test = evaluated["test"]
    rows = []
    for name, row in test["per_finding"].items():
        at = evaluated["test_operating"]["per_finding"][name]
        rows.append(
            f"| {name} | {row['n_positive']} / {row['n_positive'] + row['n_negative']} | {interval(row)} | "
            f"{interval(at['sensitivity'], 2)} | {interval(at['specificity'], 2)} | {at['fp_per_100_films']:.1f} | "
            f"{at['ece']:.3f} | {at['smooth_ece']:.3f} | {at['brier_skill']:+.3f} |"
        )
    body = "\n".join(rows)
    sources, probe = test["by_source"], evaluated["source_probe"]
    picked = ", ".join(f"{name} {value:.3f}" for name, value in sources["picked"]["per_finding"].items())
    return f"""## Results on test ({test["films"]} films, {test["patients"]} patients, none of them in train or val)

Mean AUROC **{interval(test["mean_auroc"])}** ({test["mean_auroc"]["definition"]}). Any finding against none
(log of the summed exponentials of the NIH logits but pneumonia's): {interval(test["any_finding_auroc"])}.
**Within one source** (the set is a mixture; see the note on training): films of the common size, natural prevalence,
{sources["common"]["films"]} films, mean AUROC {interval(sources["common"]["mean_auroc"])} over {sources["common"]["findings"]} findings; films picked by others, {sources["picked"]["films"]} films,
mean {interval(sources["picked"]["mean_auroc"])} over {sources["picked"]["findings"]}: {picked}.
Nearly all pneumonia films are picked ones, so its number over all films mixes disease and source; within picked films is the
honest one.
Do the features still know the source? A linear probe fitted on train films tells picked from common films with AUROC
{probe["test"]:.3f} on test ({probe["val"]:.3f} on val, where its penalty was chosen; 0.5 would be blind).
Read with code {evaluated["provenance"]["code_version"][:12]}, as the product reads. Intervals: 95 %, patients as clusters (one AUROC: logit interval on
Obuchowski's variance; means and differences: bootstrap over patients; rates: Wilson on the effective n). Below 10 positives nothing is
claimed. FP per 100 films = 100 FP / all films. ECE: 10 equal-width bins; Brier skill 0 = no better than stating the prevalence.

| finding | n+ / n | AUROC | sensitivity | specificity | FP/100 | ECE | smooth ECE | Brier skill |
|---|---|---|---|---|---|---|---|---|
{body}

By subgroup, mean AUROC over the same findings within a row's grouping (those with 10 positive and negative films in each group). Groups differ
in size and in who is ill, so a difference is a reason to look, not a verdict:

| grouping | group | films (patients) | findings | mean AUROC |
|---|---|---|---|---|
{_subgroups(test["by_subgroup"])}
"""


def _subgroups(compared: Report) -> str:
    return "\n".join(
        f"| {grouping} | {name} | {row['films']} ({row['patients']}) | {len(part['findings'])} | {interval(row)} |"
        for grouping, part in compared.items()
        for name, row in part["groups"].items()
    )


def _comparison(evaluated: Report) -> str:
    paired, opacity = evaluated["chexnet"], evaluated["rsna"]
    kermany = "; ".join(
        f"{head} head {interval(row)}{' (declared beforehand)' if head == DECLARED_EXTERNAL else ''}"
        for head, row in evaluated["kermany"].items()
    )
    first = next(iter(evaluated["kermany"].values()))
    return f"""## Against others, elsewhere, and where it looks

- RSNA radiologists' lung opacity against normal: AUROC {interval(opacity)}, n {opacity["n_positive"]} + {opacity["n_negative"]}.
- CheXNet reproduction (DenseNet-121, 224 px, trained on the whole NIH training set) on the same {paired["films"]} test films of
  {paired["patients"]} patients, {paired["findings"]} findings: ours {paired["ours"]:.3f}, CheXNet {paired["chexnet"]:.3f}, difference
  {paired["difference"]:+.3f} ({paired["low"]:+.3f} to {paired["high"]:+.3f}).
- Another site and age (Kermany 2018, children, CC BY 4.0), normal against pneumonia, n {first["n_positive"]} + {first["n_negative"]}: {kermany}.

Pointing game: is the hottest place of the finding's map in one of its boxes? On the same net, beside the shipped class activation map (CAM):
Grad-CAM at the last feature map, which for global average pooling and one linear layer *is* the CAM's positive part and so can differ only where
no place speaks for the finding; and at the last map of twice its resolution, Grad-CAM and HiResCAM, which follow the gradient place by place. Only
lung opacity has enough boxes to say much.

{_pointing(evaluated["pointing_game"], evaluated["pointing_by_gradients"])}
"""


def _pointing(ours: Report, others: Report) -> str:
    names = [*ours["per_finding"], "all boxes"]
    lines = [
        f"| finding | n | CAM (ships) | {' | '.join(others)} | random place | CAM of another film |",
        "|---" * (5 + len(others)) + "|",
    ]
    for name in names:
        row, *same = (
            part["all"] if name == "all boxes" else part["per_finding"][name] for part in (ours, *others.values())
        )
        rates = " | ".join(interval(each["hit_rate"], 2) for each in (row, *same))
        other = row["map_of_another_film"]["value"]
        lines.append(f"| {name} | {row['cases']} | {rates} | {row['random_place']:.2f} | {other:.2f} |")
    return "\n".join(lines)


def _gate(evaluated: Report) -> str:
    rows = "\n".join(
        f"| {rate['kind']} | {rate['accepted']} / {rate['n']} | {rate['low']:.3f}-{rate['high']:.3f} |"
        for rate in evaluated["gate"]
    )
    return f"""## Gate

Accepted as an upright frontal chest film, right way round (negatives in training were synthetic; no lateral film was available,
so **lateral films are an untested risk**):

| kind | accepted | 95 % interval |
|---|---|---|
{rows}
"""


def _distance(calibration: Report, evaluated: Report | None, reason: str) -> str:
    rows = "\n".join(
        f"| {kind} | {row['n']} | {row['gate_accepts']:.2f} | {_told(row['mahalanobis'])} | {_told(row['neighbours'])} |"
        for kind, row in calibration["ood_compared"].items()
    )
    beyond = ", ".join(
        f"{kind} {row['beyond_limit']:.3f} of {row['n']}"
        for kind, row in (evaluated["out_of_distribution"] if evaluated else {}).items()
    )
    return f"""## Distance

Mahalanobis distance of the features under probabilistic PCA of train films; 99 % of val lies within the limit {calibration["ood_threshold"]:.2f}. With each film comes
the conformal p-value of its distance among {len(calibration["ood_reference"])} val films: were the film one more of these, a distance as large would be seen with at
most this probability. It says how strange a film is, not whether the reading is wrong. Beyond the limit: {beyond or "not read yet"}.

The other candidate is the distance to the 50th nearest of 500 train films on the unit sphere. AUROC of both against val (share beyond val's
99 %); turned and made kinds come from val films. The gate turns most of them away before a distance matters. {reason}

| kind | n | gate accepts | Mahalanobis | nearest neighbours |
|---|---|---|---|---|
{rows}
"""


def _told(row: Report) -> str:
    return f"{row['auroc']:.3f} ({row['beyond_limit']:.2f})"


def _afterwards(record: Report) -> list[str]:
    """What was written into the record by hand once test had been read and the contact sheet looked at."""
    titles = {
        "changed": "What changed since",
        "outcome": "What test said about the decision",
        "seen": "Surest cases, looked at",
    }
    return [f"## {title}\n\n{record[key]}\n" for key, title in titles.items() if key in record]


def _limits(record: Report) -> str:
    grid = " and ".join(f"{side // STRIDE} x {side // STRIDE}" for side in record["recipe"]["work_px"])
    return _LIMITS.replace("GRID", grid)


_LIMITS = """## Known limits

- It misses. At the shipped thresholds most single findings are missed more often than found; it must never rule anything out.
- Nodules are not read: their AUROC is that of chance. Masses are read weakly. Hernia has too few films to say anything.
- The pneumonia head is poor: weak within the picked films, near chance on children of another site. There `lung_opacity`, taught by
  radiologists' readings, is better; for the text-mined label of pneumonia within picked films it is not (AUROC 0.58 against 0.70).
- Where Brier skill is below 0, the probability is worse than stating how common the finding is: read it as an order, not as a chance.
- The distance takes many ordinary films of other hospitals for strange (see Hannover and Kermany): a warning is not a verdict.
- AP and PA films differ in who is ill; part of every AUROC may come from the view, from tubes and from the hospital's habits
  (a drained pneumothorax is easier to see by its drain).
- One hospital, one country, 1992-2015; adults almost only. Performance elsewhere is unknown but for the numbers above.
- Maps are a GRID grid: they show a region, not an outline, and on a wrong answer they look just as sure.
- Left and right are not outputs; the map's side is the only hint.
- Probabilities hold for val's mixture of films; recalibrate before use at a site.
"""
