"""What scrubbing and the injection scanner find, miss and lose, with n and 95 % Wilson intervals, and what they cost.

    WETREAD_SHARED=FOLDER python benchmarks/scrubbing.py [--reports FOLDER]

Without WETREAD_SHARED only the texts that this repository writes itself are measured. `--reports` is a folder of Indiana University reports as XML
(NLMCXR_reports.tgz in the torchxrayvision wheel, unpacked): reports without identity, of which everything should stay.
"""

import argparse
import os
import re
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.injection_texts import harmless_texts, injections
from tests.phi_texts import clinical_sentences, phi_texts
from tests.shared_texts import (
    INJECTION_SETS,
    LabelledText,
    MarkedText,
    corpus_texts,
    injection_texts,
    scrubbed_tally,
    world_texts,
    written_texts,
)

from wetread.context.deidentify import scrub
from wetread.context.injection import suspicion
from wetread.evaluation.proportions import wilson

WRITINGS: dict[str, Callable[[str], str]] = {"as typed": str, "all capitals": str.upper, "all small": str.lower}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reports", type=Path, help="a folder of Indiana University reports")
    args = parser.parse_args()
    shared = "WETREAD_SHARED" in os.environ
    print("identity (a span is found when every letter and digit of it is gone)")
    if shared:
        print_scrubbing("corpora/phi/text.jsonl", corpus_texts(), by_kind=True)
        print_scrubbing("people of 19 locales in our sentences", world_texts(), by_kind=True)
    print_scrubbing("written here", written_texts(phi_texts(4000, seed=2026)), by_kind=False)
    print_scrubbing("written here, half the surnames words", written_texts(phi_texts(4000, 2027, word_names=0.5)), by_kind=False)  # fmt: skip
    reports = indiana(args.reports) if args.reports else []
    print("\ntexts without identity: words lost")
    print_losses("written here", clinical_sentences())
    for name, write in WRITINGS.items() if reports else ():
        print_losses(f"Indiana reports, {name}", [write(report) for report in reports])
    print("\nscanner: share at or above the limit")
    for name in INJECTION_SETS if shared else ():
        print_scanner(name, injection_texts(name))
    own = [LabelledText(text, True, way) for way, text in injections()]
    print_scanner("written here", own + [LabelledText(text, False, "") for text in harmless_texts(10)])
    if reports:
        print_scanner("Indiana reports", [LabelledText(report, False, "") for report in reports])
    print("\ncost, CPU")
    print_cost([each.text for each in phi_texts(500, seed=1)], "texts written here")
    if reports:
        print_cost(reports[:500], "Indiana reports")


def rate(found: int, total: int) -> str:
    if not total:
        return "none"
    low, high = wilson(found, total)
    return f"{100 * found / total:.2f} % ({100 * low:.2f} to {100 * high:.2f}), {found} of {total}"


def print_scrubbing(title: str, texts: Sequence[MarkedText], *, by_kind: bool) -> None:
    tally = scrubbed_tally(texts)
    print(f"{title}: {len(texts)} texts")
    print(f"  spans found        {rate(tally.found, tally.spans)}")
    for kind, (found, spans) in sorted(tally.by_kind.items()) if by_kind else ():
        print(f"    {kind:<16} {rate(found, spans)}")
    print(f"  must stay, touched {rate(tally.lost, tally.kept)}")
    print(f"  other words lost   {rate(tally.words_lost, tally.words)}")


def print_losses(title: str, texts: Iterable[str]) -> None:
    tally = scrubbed_tally([MarkedText(text, (), ()) for text in texts])
    print(f"  {title:<28} {rate(tally.words_lost, tally.words)}")


def print_scanner(title: str, texts: Sequence[LabelledText]) -> None:
    orders = [suspicion(each.text).suspicious for each in texts if each.malicious]
    others = [suspicion(each.text).suspicious for each in texts if not each.malicious]
    print(f"  {title}")
    print(f"    orders seen           {rate(sum(orders), len(orders))}")
    print(f"    harmless texts minded {rate(sum(others), len(others))}")


def print_cost(texts: Sequence[str], title: str) -> None:
    letters = sum(map(len, texts)) / len(texts)
    for name, work in (("scrub", scrub), ("suspicion", suspicion)):
        began = time.process_time()
        for text in texts:
            work(text)
        taken_ms = 1000 * (time.process_time() - began) / len(texts)
        print(f"  {name:<10} {taken_ms:.2f} ms a text ({title}: {len(texts)} of {letters:.0f} letters on average)")


def indiana(folder: Path) -> list[str]:
    """Findings, impression and indication of each report, without the XXXX that stands for what was taken out."""
    reports = []
    for file in sorted(folder.rglob("*.xml")):
        parts = [part.text or "" for part in ET.parse(file).iter("AbstractText")]  # noqa: S314 - a file named on the command line
        reports.append(re.sub(r"\bX{2,}\b", "", " ".join(part for part in parts if part)))
    return reports


if __name__ == "__main__":
    main()
