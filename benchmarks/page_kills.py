"""Kill the pager at every named point and at random moments, channels up and down; count results that stayed silent and people rung twice (`make soak`).

Each trial opens one critical result in a fresh house, kills `wetread pager` once, starts it again, and waits until a channel took a page. Real processes, SQLite, a real SMTP
server and a real HTTP receiver. Repeats with the same idempotency key are counted apart: the receiver knows them.
"""

import argparse
import json
import sys
import tempfile
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.page_kills import POINTS, Outcome, PagingHouse, random_moment
from tests.page_receivers import http_receiver, smtp_receiver

from wetread.domain.critical import CriticalState


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
            kind = (*POINTS, "random")[number % (len(POINTS) + 1)]
            http.refuse = 10**6 if number % 4 == 3 else 0
            fault = {"die_after_s": random_moment(number)} if kind == "random" else {"fault": kind}
            outcome = house.trial(f"trial{number}", **fault)  # type: ignore[arg-type]
            seconds.append(outcome.seconds)
            tally.update(_count(kind, outcome, webhook_down=http.refuse > 0))
            print(f"\r{number + 1}/{args.trials} {kind:<24} silent so far: {tally['silent']}", end="", file=sys.stderr)
    print(file=sys.stderr)
    seconds.sort()
    print(json.dumps({"trials": len(seconds), **tally, "seconds_max": round(seconds[-1], 1)}, indent=1))


def _count(kind: str, outcome: Outcome, *, webhook_down: bool) -> Counter[str]:
    told_twice = len(outcome.hooks) > 1 or len(outcome.mails) > 1
    return Counter(
        {
            f"killed: {kind}": int(outcome.died),
            "webhook down": int(webhook_down),
            "silent": int(outcome.told == 0 or outcome.state is CriticalState.OPEN),
            "two pages by one channel in one step": int(told_twice),
            "repeats with the same key": sum((outcome.hooks + outcome.mails).values()) - outcome.told,
        }
    )


if __name__ == "__main__":
    main()
