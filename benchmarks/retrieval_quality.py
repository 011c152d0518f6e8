"""What retrieval finds: whole reports by likeness, and sentences by finding, with each text encoder, with and without the labels that the labeller reads.

Run: `python benchmarks/retrieval_quality.py [--data WHEEL] [--encoders hashing minilm] [--sentences-of 1000]`. Data: the Indiana (Open-i) reports inside the torchxrayvision
wheel with their hand-coded MeSH headings, read where they lie. Intervals are 95 %, normal, over queries.
"""

import argparse
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from labeller_reports import Report, documents, find_reports, read_reports
from numpy.typing import NDArray

from wetread.context.chunks import chunks
from wetread.context.retrieve import Question, Retrieval, retrieve
from wetread.domain.drafting_context import RecordKind
from wetread.domain.finding import FindingName, concept
from wetread.domain.identifiers import PatientKey
from wetread.domain.statement import Presence
from wetread.labelling.aggregation import report_labels
from wetread.labelling.labeller import RuleLabeller
from wetread.ports.snippet_store import FindingLabel, StoredSnippet, StoredSource
from wetread.ports.text_encoder import TextEncoder
from wetread.runtimes.hashing_encoder import HashingEncoder
from wetread.runtimes.minilm_encoder import MiniLmEncoder
from wetread.testing.builders import NOON
from wetread.testing.memory_snippets import MemorySnippetStore

ENCODERS = {"hashing": HashingEncoder, "minilm": MiniLmEncoder}
EVERYBODY = PatientKey("everybody")
NOT_CODED = {"normal", "no indexing", "technical quality of image unsatisfactory"}
_Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Coded:
    """A report's findings section and the first words of its MeSH headings ("opacity/lung/base" is "opacity")."""

    text: str
    headings: frozenset[str]

    @property
    def abnormal(self) -> bool:
        return not self.headings <= NOT_CODED


def coded_reports(path: Path) -> list[Coded]:
    found = []
    for root in documents(path):
        text = " ".join(
            each.text for each in root.iter("AbstractText") if each.get("Label") == "FINDINGS" and each.text
        )
        headings = frozenset(
            each.text.lower().split("/")[0].strip() for each in root.iterfind(".//MeSH/major") if each.text
        )
        if text.strip() and headings:
            found.append(Coded(text, headings))
    return sorted(found, key=lambda report: report.text)


def overlap(one: Coded, other: Coded) -> float:
    return len(one.headings & other.headings) / len(one.headings | other.headings)


def of_mean(values: list[float]) -> str:
    return f"{np.mean(values):.3f} ± {1.96 * np.std(values) / len(values) ** 0.5:.3f}"


def by_likeness(reports: list[Coded], alike: _Vectors) -> tuple[str, str]:
    """`alike` is (report, report). Mean Jaccard overlap of headings with the five most alike other reports, and how often any of them shares one, over abnormal reports."""
    shared, hit = [], []
    for index, report in enumerate(reports):
        if not report.abnormal:
            continue
        others = [each for each in np.argsort(-alike[index], kind="stable")[:6] if each != index][:5]
        overlaps = [overlap(report, reports[other]) for other in others]
        shared.append(float(np.mean(overlaps)))
        hit.append(float(any(overlaps)))
    return of_mean(shared), of_mean(hit)


def label_weights(texts: list[str]) -> _Vectors:
    """(report, report): 1 where two reports state a finding in common, the weight of an unlabelled one elsewhere."""
    labeller = RuleLabeller()
    states = np.zeros((len(texts), len(FindingName)), np.float32)
    for row, text in zip(states, texts, strict=True):
        for name, said in report_labels(labeller.statements(text)).items():
            row[list(FindingName).index(name)] = said.presence is not Presence.NEGATIVE
    return np.where(states @ states.T > 0, 1.0, Retrieval().unlabelled).astype(np.float32)


def likeness(path: Path, encoders: list[str]) -> None:
    reports = coded_reports(path)
    texts = [report.text for report in reports]
    queries = sum(report.abnormal for report in reports)
    print(f"reports: {len(reports)}, of which {queries} abnormal ones are asked; five most alike of all others")
    weights = label_weights(texts)
    for name, alike in {**yardsticks(texts), **{each: encoded(each, texts) for each in encoders}}.items():
        for how, given in (("", alike), (" x labels", alike * weights)):
            shared, hit = by_likeness(reports, given)
            print(f"  {name + how:<32} Jaccard@5 {shared}   hit@5 {hit}", flush=True)


def yardsticks(texts: list[str]) -> dict[str, _Vectors]:
    from sklearn.feature_extraction.text import TfidfVectorizer

    random = np.random.default_rng(0).random((len(texts), len(texts)), np.float32)
    grams = TfidfVectorizer(ngram_range=(1, 2)).fit_transform(texts)
    words = TfidfVectorizer(sublinear_tf=True).fit_transform(texts)
    return {
        "random": random,
        "TF-IDF 1-2 grams": (grams @ grams.T).toarray(),
        "TF-IDF words, log": (words @ words.T).toarray(),
    }


def encoded(name: str, texts: list[str]) -> _Vectors:
    encoder, cpu = ENCODERS[name](), time.process_time()
    vectors = encoder.encode(texts)
    print(f"  ({name}: {(time.process_time() - cpu) * 1e3 / len(texts):.2f} ms CPU per text)", flush=True)
    return vectors @ vectors.T


def by_finding(path: Path, encoders: list[str], count: int) -> None:
    """As the product asks: a finding's name, against sentences of all reports as if of one record. Right is a snippet of a report that is coded for the finding."""
    reports = read_reports(path)[0][:count]
    names = [name for name in FindingName if sum(report.truth.get(name) is True for report in reports) >= 10]
    print(
        f"sentences of {len(reports)} reports; findings coded in at least 10: {len(names)}; first ten of different reports"
    )
    for encoder in (ENCODERS[each]() for each in encoders):
        store = filled(reports, encoder)
        for how in ("similarity alone", "x labels"):
            right = [precision(store[how], encoder, name, reports) for name in names]
            print(
                f"  {encoder.version:<32} {how:<18} precision@10 {of_mean(right)}   n={len(names)} findings", flush=True
            )


def filled(reports: list[Report], encoder: TextEncoder) -> dict[str, MemorySnippetStore]:
    labeller, labelled, bare = RuleLabeller(), MemorySnippetStore(), MemorySnippetStore()
    for report in reports:
        pieces = [chunk.text for chunk in chunks(report.text, longest_chars=120)]
        snippets = tuple(
            StoredSnippet(
                piece,
                tuple(sorted({FindingLabel(each.name, each.presence) for each in labeller.statements(piece)})),
                vector,
            )
            for piece, vector in zip(pieces, encoder.encode(pieces), strict=True)
        )
        source = StoredSource(
            EVERYBODY, report.uid, RecordKind.DIAGNOSTIC_REPORT, 0, encoder.version, "", NOON, snippets
        )
        labelled.put([source])
        bare.put([replace(source, snippets=tuple(replace(each, labels=()) for each in snippets))])
    return {"similarity alone": bare, "x labels": labelled}


def precision(store: MemorySnippetStore, encoder: TextEncoder, name: FindingName, reports: list[Report]) -> float:
    how = Retrieval(limit=10, candidates=len(reports) * 20, per_source=1, least_score=0.0)
    asked = (Question(concept(name).display, name),)
    found = retrieve(asked, EVERYBODY, 0, store=store, encoder=encoder, suspicion=lambda _: 0.0, how=how)
    truth = {report.uid: report.truth.get(name) is True for report in reports}
    return float(np.mean([truth[each.source_id] for each in found])) if found else 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="the torchxrayvision wheel or its archive of reports")
    parser.add_argument("--encoders", nargs="+", choices=ENCODERS, default=list(ENCODERS))
    parser.add_argument("--sentences-of", type=int, default=1000, metavar="REPORTS")
    given = parser.parse_args()
    path = find_reports(given.data)
    likeness(path, given.encoders)
    by_finding(path, given.encoders, given.sentences_of)


if __name__ == "__main__":
    main()
