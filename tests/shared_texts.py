"""The collected texts (WETREAD_SHARED names their folder) and what scrubbing does to them: used by tests/corpora and benchmarks/scrubbing.py."""

import json
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.phi_texts import WrittenText
from wetread.context.deidentify import scrub

__all__ = [
    "INJECTION_SETS",
    "LabelledText",
    "MarkedText",
    "Tally",
    "corpus_texts",
    "injection_texts",
    "scrubbed_tally",
    "world_texts",
    "written_texts",
]

INJECTION_SETS = ("radiology_injection", "bastioncorpus", "agent_injection_bench", "jailbreak_corpus_mini")
_PERSON = re.compile(r"(.*?) MRN (\d+)(?:, tel ([^,]*), (.*))?", re.DOTALL)
_SENTENCES = (
    "Chest film of {} on request of the ward; <Kerley B lines>.",
    "Referred by {}. <No pneumothorax>.",
    "{} was told about the <right upper lobe nodule>.",
    "Reported by Dr {}: <right effusion>.",
)
_ADDRESSES = ("Pt lives at {}. <Cough>.", "Home address: {}; <fever>.", "From {} with <fever>.")


@dataclass(frozen=True, slots=True)
class MarkedText:
    """A text with the half-open places of identity by kind, and places that must stay."""

    text: str
    identity: tuple[tuple[str, int, int], ...]
    must_stay: tuple[tuple[int, int], ...]
    locale: str = ""


@dataclass(frozen=True, slots=True)
class LabelledText:
    text: str
    malicious: bool
    kind: str


@dataclass(frozen=True, slots=True)
class Tally:
    """Identity spans and how many of them are gone to the last letter; places that must stay and how many were touched; other words and how many were."""

    spans: int
    found: int
    kept: int
    lost: int
    words: int
    words_lost: int
    by_kind: dict[str, tuple[int, int]]
    """{kind: (found, spans)}"""


def _folder() -> Path:
    return Path(os.environ["WETREAD_SHARED"]) / "corpora"


def _lines(name: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in (_folder() / name).read_text("utf-8").splitlines()]


def corpus_texts() -> list[MarkedText]:
    """phi/text.jsonl."""
    return [
        MarkedText(
            str(row["text"]),
            tuple((kind, start, stop) for start, stop, kind in row["spans"]),  # type: ignore[attr-defined]
            tuple((start, stop) for start, stop in row["must_keep"]),  # type: ignore[attr-defined]
            str(row["locale"]),
        )
        for row in _lines("phi/text.jsonl")
    ]


def world_texts() -> list[MarkedText]:
    """The people planted in phi/header_answers.jsonl (19 locales), in sentences of ours: names, telephone numbers, addresses."""
    people = {
        (str(row["locale"]), *found.groups())
        for row in _lines("phi/header_answers.jsonl")
        for planted in row["planted"]  # type: ignore[attr-defined]
        if (found := _PERSON.fullmatch(planted.get("value", "")))
    }
    texts = []
    for number, (locale, name, _, telephone, address) in enumerate(sorted(people, key=str)):
        texts.append(_marked(_SENTENCES[number % len(_SENTENCES)], "name", name, locale))
        if telephone and address:
            texts.append(_marked("Ring {} after the <scan>.", "telephone", telephone, locale))
            texts.append(_marked(_ADDRESSES[number % len(_ADDRESSES)], "address", " ".join(address.split()), locale))
    return texts


def _marked(template: str, kind: str, value: str, locale: str) -> MarkedText:
    before, stays, after = re.split(r"[<>]", template)
    text = (before + stays + after).replace("{}", value)
    start, stay = template.index("{}"), text.index(stays)
    start -= 2 * (start > len(before))
    return MarkedText(text, ((kind, start, start + len(value)),), ((stay, stay + len(stays)),), locale)


def written_texts(written: Iterable[WrittenText]) -> list[MarkedText]:
    """Those that `tests.phi_texts` writes."""
    return [MarkedText(each.text, each.identity, each.clinical) for each in written]


def scrubbed_tally(texts: Iterable[MarkedText]) -> Tally:
    kept = lost = words = words_lost = 0
    by_kind: dict[str, tuple[int, int]] = {}
    for each in texts:
        taken = bytearray(len(each.text))
        for removal in scrub(each.text).removed:
            taken[removal.start : removal.stop] = b"\1" * (removal.stop - removal.start)
        marked = bytearray(len(each.text))
        for kind, start, stop in each.identity:
            gone = all(taken[at] for at in range(start, stop) if each.text[at].isalnum())
            found, spans = by_kind.get(kind, (0, 0))
            by_kind[kind] = (found + gone, spans + 1)
            marked[start:stop] = b"\1" * (stop - start)
        touched = [1 in taken[start:stop] for start, stop in each.must_stay]
        kept, lost = kept + len(touched), lost + sum(touched)
        others = [word.span() for word in re.finditer(r"\w+", each.text) if 1 not in marked[slice(*word.span())]]
        words, words_lost = words + len(others), words_lost + sum(1 in taken[start:stop] for start, stop in others)
    totals = [sum(pair[place] for pair in by_kind.values()) for place in (0, 1)]
    return Tally(totals[1], totals[0], kept, lost, words, words_lost, by_kind)


def injection_texts(name: str) -> list[LabelledText]:
    if name == "jailbreak_corpus_mini":
        rows = json.loads((_folder() / "injection" / f"{name}.json").read_text("utf-8"))
        return [LabelledText(row["prompt"], True, row["category"]) for row in rows]
    rows = _lines(f"injection/{name}.jsonl")
    if name == "agent_injection_bench":
        return [LabelledText(str(r["injected"]), r["family"] != "control", str(r["family"])) for r in rows]
    kind = "technique" if name == "radiology_injection" else "category"
    return [LabelledText(str(row["text"]), row["label"] == "malicious", str(row[kind])) for row in rows]
