"""How alike are a drafted and a signed report: overlap of words, and of findings.

Papineni 2002 (BLEU, as the captioning world counts it: no smoothing, no tokeniser); Lin 2004 (ROUGE); Irvin 2019 / Smit 2020 (label F1); Jain 2021 (RadGraph F1 over given annotations);
Yu 2023 (RadCliQ-v1); Ostmeier 2024 (GREEN). Words alike say little about facts alike: label F1 and GREEN first, BLEU last.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from wetread.evaluation.inputs import too_few

__all__ = ["F1", "bleu", "green", "label_f1", "radcliq", "radgraph_f1", "rouge_l", "rouge_n", "set_f1"]

_RADCLIQ = (
    (0.53792312, 0.30282584, -0.377083683),
    (0.61757256, 0.22430938, -0.3703001),
    (0.76479421, 0.25394391, -0.252616218),
    (0.44738335, 0.29892717, 4.3e-12),
)
"""Mean, scale and weight of RadGraph F1, BERTScore, CheXbert similarity and BLEU in RadCliQ-v1."""


@dataclass(frozen=True, slots=True)
class F1:
    """`true`, `false` and `missed` positives and what follows; `f1` is None where there was nothing to find and nothing was claimed.

    Source: van Rijsbergen (1979), Information Retrieval, chapter 7.
    """

    true: int
    false: int
    missed: int

    @property
    def precision(self) -> float | None:
        return self.true / (self.true + self.false) if self.true + self.false else None

    @property
    def recall(self) -> float | None:
        return self.true / (self.true + self.missed) if self.true + self.missed else None

    @property
    def f1(self) -> float | None:
        total = 2 * self.true + self.false + self.missed
        return 2 * self.true / total if total else None


def bleu(drafts: Sequence[str], references: Sequence[str], order: int = 4) -> tuple[float, ...]:
    """(order,) corpus BLEU-1 to BLEU-`order` of one reference each, words split at spaces, case kept: not sacreBLEU, whose numbers are higher.

    Raises ValueError on lengths, PermanentError on no pair.
    Source: Papineni et al. (2002), ACL.
    """
    pairs = _pairs(drafts, references)
    matched, total = np.zeros(order), np.zeros(order)
    length = reference_length = 0
    for draft, reference in pairs:
        length, reference_length = length + len(draft), reference_length + len(reference)
        for n in range(1, order + 1):
            grams, wanted = _grams(draft, n), _grams(reference, n)
            matched[n - 1] += sum((grams & wanted).values())
            total[n - 1] += max(len(draft) - n + 1, 0)
    tiny, small = 1e-15, 1e-9
    precision = np.cumprod((matched + tiny) / (total + small))
    scores = precision ** (1 / np.arange(1, order + 1))
    short = np.exp(1 - 1 / ((length + tiny) / (reference_length + small))) if length < reference_length else 1.0
    return tuple(float(each) for each in scores * short)


def rouge_n(draft: str, reference: str, n: int = 1) -> float:
    """F1, 0..1, of shared n-grams of one pair, words split at spaces; 0 where either has none. Source: Lin (2004), Text Summarization Branches Out."""
    first, second = _grams(draft.split(), n), _grams(reference.split(), n)
    return _f1(sum((first & second).values()), sum(first.values()), sum(second.values()))


def rouge_l(draft: str, reference: str) -> float:
    """F1, 0..1, of the longest common subsequence of words of one pair. Source: Lin (2004), Text Summarization Branches Out."""
    first, second = draft.split(), reference.split()
    row = [0] * (len(second) + 1)
    for word in first:
        diagonal = 0
        for place, other in enumerate(second, 1):
            diagonal, row[place] = row[place], diagonal + 1 if word == other else max(row[place], row[place - 1])
    return _f1(row[-1], len(first), len(second))


def label_f1(
    drafted: Sequence[Mapping[str, str]], signed: Sequence[Mapping[str, str]], *, uncertain_is_positive: bool = False
) -> dict[str, F1]:
    """By finding, over reports labelled as finding -> "positive", "negative" or "uncertain" (not mentioned: absent). Positive counts as there; uncertain by the policy given.

    Raises ValueError on another label or lengths.
    Source: Irvin et al. (2019), AAAI; Smit et al. (2020), EMNLP.
    """
    if len(drafted) != len(signed):
        raise ValueError(f"need one labelled draft per labelled report, not {len(drafted)} and {len(signed)}")
    there = {"positive": True, "negative": False, "uncertain": uncertain_is_positive}
    names = sorted({name for labels in (*drafted, *signed) for name in labels})
    found = {}
    for name in names:
        pairs = []
        for draft, report in zip(drafted, signed, strict=True):
            labels = [each.get(name, "negative") for each in (draft, report)]
            unknown = [each for each in labels if each not in there]
            if unknown:
                raise ValueError(f"{unknown[0]!r} is no label: positive, negative or uncertain")
            pairs.append((there[labels[0]], there[labels[1]]))
        found[name] = F1(
            sum(a and b for a, b in pairs), sum(a and not b for a, b in pairs), sum(b and not a for a, b in pairs)
        )
    return found


def set_f1(drafted: Iterable[object], signed: Iterable[object]) -> F1:
    """Of two sets of facts, whatever a fact is: (finding, side) or an annotator's (token, label). Source: van Rijsbergen (1979), Information Retrieval, chapter 7."""
    first, second = set(drafted), set(signed)
    return F1(len(first & second), len(first - second), len(second - first))


def radgraph_f1(drafted: Iterable[tuple[str, str]], signed: Iterable[tuple[str, str]]) -> float:
    """Entity F1, 0..1, of one pair of reports annotated as (token, label); 0 where either is empty, as RadGraph's scorer has it. Annotations come from outside: no annotator ships.

    Source: Jain et al. (2021), NeurIPS Datasets and Benchmarks.
    """
    return set_f1(drafted, signed).f1 or 0.0


def radcliq(radgraph: float, bertscore: float, chexbert_similarity: float, bleu_2: float) -> float:
    """RadCliQ-v1 of one pair from its four parts; lower is better. Source: Yu et al. (2023), Patterns 4:100802."""
    parts = (radgraph, bertscore, chexbert_similarity, bleu_2)
    return sum(weight * (part - mean) / scale for part, (mean, scale, weight) in zip(parts, _RADCLIQ, strict=True))


def green(matched: int, significant_errors: int) -> float:
    """Matched findings over matched findings plus clinically significant errors, as counted by a judge, 0..1; 0 where nothing matched.

    Source: Ostmeier et al. (2024), Findings of EMNLP.
    """
    if matched < 0 or significant_errors < 0:
        raise ValueError("counts are 0 or more")
    return matched / (matched + significant_errors) if matched else 0.0


def _pairs(drafts: Sequence[str], references: Sequence[str]) -> list[tuple[list[str], list[str]]]:
    if len(drafts) != len(references):
        raise ValueError(f"need one reference per draft, not {len(references)} for {len(drafts)}")
    if not drafts:
        raise too_few("no reports to compare")
    return [(a.split(), b.split()) for a, b in zip(drafts, references, strict=True)]


def _grams(words: Sequence[str], n: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(words[place : place + n]) for place in range(len(words) - n + 1))


def _f1(common: int, first: int, second: int) -> float:
    return 2 * common / (first + second) if common else 0.0
