"""Report measures that need a network of their own, by RadEval (optional extra `report-metrics`, MIT; Xu et al. 2025, https://arxiv.org/abs/2509.18030).

Nothing is fetched: weights must lie in the Hugging Face cache of this machine. Measures that send reports to somebody's service are not offered.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["MODEL_BASED", "Unavailable", "model_based"]

MODEL_BASED = {
    "radgraph": "RadGraph F1",
    "f1chexbert": "CheXbert F1",
    "bertscore": "BERTScore",
    "radcliq": "RadCliQ-v1 (lower is better)",
    "ratescore": "RaTEScore",
    "green": "GREEN",
}
_OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}


@dataclass(frozen=True, slots=True)
class Unavailable:
    """A measure that could not be taken, and why."""

    name: str
    reason: str


def model_based(name: str, drafted: Sequence[str], signed: Sequence[str]) -> dict[str, tuple[float, ...]] | Unavailable:
    """(n,) values per pair by RadEval's own keys, or why there are none. `name` is one of MODEL_BASED."""
    shown = MODEL_BASED[name]
    before = {key: os.environ.get(key) for key in _OFFLINE}
    os.environ.update(_OFFLINE)
    try:
        from radeval import RadEval

        found = RadEval(metrics=[name], per_sample=True, show_progress=False)(refs=list(signed), hyps=list(drafted))
    except ModuleNotFoundError as error:
        return Unavailable(shown, f"{error.name} is missing: pip install 'wetread[report-metrics]'")
    except Exception as error:  # noqa: BLE001 - somebody else's code, whose messages may quote a report
        return Unavailable(
            shown, f"RadEval ended with {type(error).__name__}: are its weights in this machine's cache?"
        )
    finally:
        for key, value in before.items():
            os.environ.pop(key, None) if value is None else os.environ.update({key: value})
    values = {key: tuple(map(float, each)) for key, each in found.items() if _one_per_pair(each, len(signed))}
    return values or Unavailable(shown, "RadEval gave no value per report")


def _one_per_pair(values: object, n: int) -> bool:
    return isinstance(values, list) and len(values) == n and all(isinstance(each, int | float) for each in values)
