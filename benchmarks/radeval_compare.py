"""Our BLEU and ROUGE beside RadEval's, and what its measures by networks answer on this machine (docs/evaluate-predictions.md).

    python benchmarks/radeval_compare.py [--pairs 500]

Needs RadEval (extra `report-metrics`; for BLEU and ROUGE alone `pip install --no-deps radeval rouge_score nltk absl-py six` beside torch and transformers is enough). Pairs are drawn with a fixed seed: a
sentence of our own words, and the same with words dropped, exchanged and put in.
"""

import argparse
import random
from statistics import fmean

from radeval import RadEval
from rouge_score.rouge_scorer import RougeScorer

from wetread.evaluation.report_text import bleu, rouge_l, rouge_n
from wetread.scorecard.model_based import MODEL_BASED, Unavailable, model_based

WORDS = [
    "the",
    "heart",
    "is",
    "normal",
    "in",
    "size",
    "small",
    "left",
    "right",
    "pleural",
    "effusion",
    "no",
    "pneumothorax",
    "lungs",
    "are",
    "clear",
    "mild",
    "edema",
    "stable",
    "device",
    "acute",
    "finding",
    "moderate",
    "opacity",
    "at",
    "base",
    "of",
    "lung",
    "with",
    "and",
    "without",
    "change",
    "since",
    "last",
    "film",
]


def pair(draw: random.Random) -> tuple[str, str]:
    """(draft, reference)."""
    reference = draw.choices(WORDS, k=draw.randint(6, 40))
    draft = []
    for word in reference:
        chance = draw.random()
        if chance > 0.12:
            draft.append(word if chance > 0.24 else draw.choice(WORDS))
        if draw.random() < 0.08:
            draft.append(draw.choice(WORDS))
    return " ".join(draft or ["normal"]), " ".join(reference)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=500)
    count = parser.parse_args().pairs
    draw = random.Random(5)  # noqa: S311 - words for a comparison, no secret
    drafts, references = zip(*(pair(draw) for _ in range(count)), strict=True)
    measures = ["bleu", "rouge"]
    whole = RadEval(metrics=measures, show_progress=False)(refs=list(references), hyps=list(drafts))
    single = RadEval(metrics=measures, per_sample=True, show_progress=False)(refs=list(references), hyps=list(drafts))
    print(f"{count} pairs; corpus BLEU-4: ours {bleu(drafts, references)[3]:.6f}, RadEval {whole['bleu']}")
    ours = {
        "rouge1": [rouge_n(*each, 1) for each in zip(drafts, references, strict=True)],
        "rouge2": [rouge_n(*each, 2) for each in zip(drafts, references, strict=True)],
        "rougeL": [rouge_l(*each) for each in zip(drafts, references, strict=True)],
    }
    scorer = RougeScorer(list(ours), use_stemmer=False)
    plain = [scorer.score(*each) for each in zip(references, drafts, strict=True)]
    for name, values in ours.items():
        largest = max(abs(a - b) for a, b in zip(values, single[name], strict=True))
        unstemmed = max(abs(a - each[name].fmeasure) for a, each in zip(values, plain, strict=True))
        print(
            f"{name}: mean ours {fmean(values):.6f}, RadEval {fmean(single[name]):.6f}; largest difference of a pair {largest:.1e}, from rouge-score without stemming {unstemmed:.1e}"
        )
    for name in MODEL_BASED:
        found = model_based(name, list(drafts[:2]), list(references[:2]))
        print(f"{name}: {found.reason if isinstance(found, Unavailable) else found}", flush=True)


if __name__ == "__main__":
    main()
