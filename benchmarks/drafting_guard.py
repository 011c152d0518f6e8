"""The guard: what passes of false drafts, what is refused of true ones, and what a sentence costs.

    python benchmarks/drafting_guard.py [--each 200] [--faithful 10000] [--reports NLMCXR_reports.tgz]

False drafts: tests/drafting_mutations.py, `--each` of every kind. True sentences: tests/drafting_paraphrases.py, written by the guard's author, so the rate says what the guard's rules cost,
not how a given model writes. Each is run twice: with the rule labeller, and with one that agrees with whatever the guard's own reader reads. `--reports` reads every sentence of the Indiana reports (in the torchxrayvision wheel) and prints those that the guard's reader understands, to be judged by eye.
"""

import argparse
import re
import sys
import tarfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from xml.etree import ElementTree

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.drafting_cases import Case, ReaderAlone, a_case, faithful
from tests.drafting_mutations import KINDS, attacks
from tests.drafting_paraphrases import FRAMES, OTHER_FRAMES, Frame

from wetread.domain.report import Draft, Sentence
from wetread.drafting.guard import guard
from wetread.drafting.guard_reading import Unreadable, read
from wetread.evaluation.proportions import clopper_pearson
from wetread.labelling.labeller import RuleLabeller
from wetread.ports.labeller import Labeller


def guarded(case: Case, sentences: list[Sentence], labeller: Labeller) -> Draft:
    return guard(Draft(tuple(sentences), (), "model", ""), case.reference, case.request, labeller)


def rate(events: int, n: int) -> str:
    low, high = clopper_pearson(events, n)
    return f"{events} of {n} = {100 * events / n:.2f} % (95 % exact: {100 * low:.3f} to {100 * high:.3f} %)"


def false_drafts(each: int, labeller: Labeller) -> None:
    passed, n, sentences, spent_s = Counter[str](), 0, 0, 0.0
    for attack in attacks(each, seed=2026):
        began = time.process_time()
        draft = guarded(attack.case, list(attack.sentences), labeller)
        spent_s += time.process_time() - began
        true = {(s.section, s.text) for s in attack.case.reference.sentences}
        lies = {(s.section, s.text.casefold().strip(" .")) for s in attack.lies}
        said = {(s.section, s.text.casefold().strip(" .")) for s in draft.sentences if (s.section, s.text) not in true}
        passed[attack.kind] += bool(said & lies)
        n, sentences = n + 1, sentences + len(attack.sentences)
    print(f"false drafts, {len(KINDS)} kinds, with a lie that stands: {rate(passed.total(), n)}")
    print(f"  kinds that passed: {dict(+passed)}; {1e6 * spent_s / sentences:.0f} us of CPU a sentence")


def true_sentences(name: str, frames: tuple[Frame, ...], most: int, labeller: Labeller) -> None:
    rng, n, refused, spent_s, written, drafts, touched = Random(2026), 0, [], 0.0, 0, 0, 0  # noqa: S311
    while n < most:
        case = a_case(rng)
        sentences = faithful(case, rng, frames)
        began = time.process_time()
        draft = guarded(case, sentences, labeller)
        spent_s += time.process_time() - began
        reworded = [each for each in sentences if each not in case.reference.sentences]
        standing = {each.text for each in draft.sentences}
        missing = [each.text for each in reworded if each.text not in standing]
        refused += missing
        n, written, drafts = n + len(reworded), written + len(sentences), drafts + 1
        touched += bool(missing)
    print(f"true sentences refused, {name}: {rate(len(refused), n)}")
    print(f"  drafts with one: {rate(touched, drafts)}; {1e6 * spent_s / written:.0f} us of CPU a sentence")
    for text in refused[:5]:
        print(f"  refused: {text}")


def report_sentences(archive: Path) -> Iterator[str]:
    with tarfile.open(archive) as reports:
        for member in reports:
            file = reports.extractfile(member) if member.name.endswith(".xml") else None
            for part in ElementTree.parse(file).iter("AbstractText") if file else ():  # noqa: S314
                if part.get("Label") in ("FINDINGS", "IMPRESSION"):
                    yield from re.split(r"(?<=[.?!])\s+(?:\d+\.\s+)?", (part.text or "").strip())


def real_sentences(archive: Path) -> None:
    sentences = Counter(each for each in report_sentences(archive) if any(c.isalpha() for c in each))
    understood = {}
    for text in sentences:
        try:
            understood[text] = read(text)
        except Unreadable:
            continue
    print(f"real sentences understood by the reader: {rate(len(understood), len(sentences))} (distinct)")
    for text, claims in understood.items():
        said = ", ".join(" ".join(filter(None, (c.certainty, c.laterality, c.name, c.change))) for c in claims)
        print(f"  {text} -> {said}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--each", type=int, default=200, help="false drafts of each kind")
    parser.add_argument("--faithful", type=int, default=10_000, help="true sentences of each set of frames")
    parser.add_argument("--reports", type=Path, help="NLMCXR_reports.tgz")
    args = parser.parse_args()
    for labeller in (RuleLabeller(), ReaderAlone()):
        print(f"labeller: {labeller.version}")
        false_drafts(args.each, labeller)
        true_sentences("common frames", FRAMES, args.faithful, labeller)
        true_sentences("other frames", OTHER_FRAMES, args.faithful, labeller)
    if args.reports:
        real_sentences(args.reports)


if __name__ == "__main__":
    main()
