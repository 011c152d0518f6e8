"""The grammar: milliseconds per draft, one core, for a request without context, random ones of the 10,000 of the tests, a full one and the largest that the wire lets through.

    python benchmarks/drafting_grammar.py [--drafts 2000] [--sets 10000]

First the facts: over the random requests of the tests, how many called findings are stated as given (finding, side, certainty, comparison) and how many are stated that
were not given, with exact 95 % intervals. Each draft is timed alone, in CPU time of the thread (others on the machine do not count) and by the clock. Garbage collection is left on, as in the service.
"""

import argparse
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import cycle, islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.drafting_oracle import expected_findings
from tests.drafting_reader import Said, read
from tests.drafting_sets import STYLES, random_sets

from wetread.domain.analysis import Finding, OperatingPoint
from wetread.domain.drafting_context import DraftingContext, PriorFinding, PriorStudy, RecordKind, Snippet
from wetread.domain.finding import FindingName
from wetread.domain.report import Section
from wetread.drafting.grammar import GrammarDrafter
from wetread.evaluation.proportions import clopper_pearson
from wetread.ports.drafter import DraftingRequest
from wetread.rpc.rehearsal import example_request
from wetread.rpc.translate import to_request
from wetread.rpc.transport import MAX_MESSAGE_BYTES

SEED = 20_261_129


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--drafts", type=int, default=2000)
    parser.add_argument("--sets", type=int, default=10_000)
    args = parser.parse_args()
    facts(args.sets)
    print(
        f"{'request':<36} {'drafts':>6} {'sentences':>9} {'p50 cpu ms':>10} {'p95 cpu ms':>10} {'p50 ms':>10} {'p95 ms':>10}"
    )
    random = [request for request, _ in random_sets(args.drafts, SEED)]
    for name, requests, drafts in (
        ("two findings, no context", [example_request()], args.drafts),
        ("random, as in the tests", random, args.drafts),
        ("20 called, 5 priors, 10 snippets", [full_request(5, 10)], args.drafts),
        ("the same in German", [replace(full_request(5, 10), language="de")], args.drafts),
        (f"largest on the wire ({MAX_MESSAGE_BYTES >> 20} MiB)", [largest_request()], max(20, args.drafts // 100)),
    ):
        report(name, islice(cycle(requests), drafts), drafts)


def facts(sets: int) -> None:
    drafters = {style: GrammarDrafter(style) for style in STYLES}
    given, stated = Counter[tuple[int, Said]](), Counter[tuple[int, Said]]()
    for place, (request, style) in enumerate(random_sets(sets, SEED)):
        own = style.overrides(request.language).get("certainty.probable", "")
        sentences = [s for s in drafters[style].draft(request).sentences if s.section is Section.FINDINGS]
        said = [read(each.text, request.language, own) for each in sentences]
        stated.update((place, each) for each in said if each.kind == "called")
        given.update((place, each) for each in expected_findings(request, style) if each.kind == "called")
    as_given, not_given = (given & stated).total(), (stated - given).total()
    print(f"{sets} requests, seed {SEED}")
    print(f"stated as given      {share(as_given, given.total())}")
    print(f"stated and not given {share(not_given, stated.total())}\n")


def share(count: int, of: int) -> str:
    low, high = clopper_pearson(count, of)
    return f"{count} of {of} (95 % interval {low:.3%} to {high:.3%})"


def report(name: str, requests: Iterator[DraftingRequest], drafts: int) -> None:
    drafter, cpu_ms, wall_ms, sentences = GrammarDrafter(), [], [], []
    for request in requests:
        wall, cpu = time.perf_counter(), time.thread_time()
        draft = drafter.draft(request)
        cpu_ms.append((time.thread_time() - cpu) * 1000)
        wall_ms.append((time.perf_counter() - wall) * 1000)
        sentences.append(len(draft.sentences))
    figures = [each for times in (cpu_ms, wall_ms) for each in (statistics.median(times), p95(times))]
    print(f"{name:<36} {drafts:>6} {statistics.mean(sentences):>9.1f}", *(f"{each:>10.3f}" for each in figures))


def p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]


def full_request(priors: int, snippets: int) -> DraftingRequest:
    """Every finding called and spoken of by every prior."""
    point = OperatingPoint(0.3, "set", None, None)
    told = tuple(PriorFinding(name, True, "left") for name in FindingName)
    return DraftingRequest(
        findings=tuple(
            Finding(name, 0.0, 0.31 + place / 40, point, "left", None) for place, name in enumerate(FindingName)
        ),
        quality=(),
        view_position="AP",
        comparison_available=True,
        may_say_normal=False,
        context=DraftingContext(
            indication_text="Fever for three days, cough.",
            priors=tuple(PriorStudy(f"p-{place}", 10 + place, told) for place in range(priors)),
            snippets=tuple(
                Snippet(
                    f"s-{place}", RecordKind.OBSERVATION, place, "C-reactive protein raised. " * 8, place / snippets
                )
                for place in range(snippets)
            ),
        ),
    )


def largest_request() -> DraftingRequest:
    """As many pieces of the record as fit."""
    one = to_request(full_request(5, 1)).ByteSize()
    each = (to_request(full_request(5, 101)).ByteSize() - one) // 100
    return full_request(5, (MAX_MESSAGE_BYTES - one) // (each + 4))


if __name__ == "__main__":
    main()
