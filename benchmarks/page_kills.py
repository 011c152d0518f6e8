"""Kill the pager at every named point and at random moments, while other things go wrong; count results that stayed silent and people rung twice (`make soak`).

Each trial opens one critical result in a fresh house, kills `wetread pager` once, starts it again, and waits until a channel took a page. Real processes, SQLite, a real SMTP
server and a real HTTP receiver. Every fourth trial the webhook is down, every fifth the first duty has nobody, every third another pager works beside the one that dies, and in
every second the clock of the pagers jumps by an hour or three days, forward or back, while one lives or while it is dead. Repeats with the same idempotency key are
counted apart: the receiver knows them.
"""

import argparse
import json
import random
import sys
import tempfile
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.page_kills import JUMPS_S, POINTS, Outcome, PagingHouse, Plan, random_moment
from tests.page_receivers import http_receiver, smtp_receiver

from wetread.domain.critical import CriticalState

TARGET_S = 60.0
"""From the opening of the result to a page taken, with one death, two starts of a process and a lease between."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=200, help="kills in all (200)")
    parser.add_argument("--first", type=int, default=0, help="number of the first trial: resume a run that was cut")
    args = parser.parse_args()
    tally: Counter[str] = Counter()
    seconds: list[float] = []
    with http_receiver() as http, smtp_receiver() as smtp, tempfile.TemporaryDirectory() as folder:
        house = PagingHouse(Path(folder), http, smtp)
        for number in range(args.first, args.trials):
            plan, down = plan_of(number), number % 4 == 3
            http.refuse = 10**6 if down else 0
            outcome = house.trial(f"trial{number}", plan)
            seconds.append(outcome.seconds)
            counts = _count(plan, outcome, webhook_down=down)
            if counts["silent"] or outcome.doubled:
                print(f"\ntrial {number} went wrong: {plan}, {outcome}", file=sys.stderr)
            tally.update(counts)
            told = f"silent: {tally['silent']}, twice in one step: {tally['two pages by one channel in one step']}"
            print(f"\r{number + 1}/{args.trials} {told}", end="", file=sys.stderr)
    print(file=sys.stderr)
    seconds.sort()
    late = sum(each > TARGET_S for each in seconds)
    print(json.dumps({"trials": len(seconds), **tally, "later than 60 s": late, "seconds_max": seconds[-1]}, indent=1))


def plan_of(number: int) -> Plan:
    """The same for the same number."""
    chance = random.Random(number)  # noqa: S311 - which troubles come together
    kind = (*POINTS, "random")[number % (len(POINTS) + 1)]
    die_after_s = random_moment(number) if kind == "random" else 0.0
    jump_s = chance.choice(JUMPS_S) if chance.random() < 0.5 else 0
    jump_after_s = chance.uniform(0.0, die_after_s or 3.0) if chance.random() < 0.5 else None
    fault = "" if kind == "random" else kind
    return Plan(fault, die_after_s, jump_s, jump_after_s, gap=number % 5 == 4, beside=number % 3 == 2)


def _count(plan: Plan, outcome: Outcome, *, webhook_down: bool) -> Counter[str]:
    return Counter(
        {
            f"killed: {plan.fault or 'random'}": int(outcome.died),
            "webhook down": int(webhook_down),
            "roster gap": int(plan.gap),
            "another pager beside": int(plan.beside),
            "clock forward": int(plan.jump_s > 0),
            "clock back": int(plan.jump_s < 0),
            "silent": int(outcome.told == 0 or outcome.state is CriticalState.OPEN),
            "two pages by one channel in one step": outcome.doubled,
            "repeats with the same key": outcome.repeats,
        }
    )


if __name__ == "__main__":
    main()
