"""The fault harness behind docs/reliability.md: real processes and neighbours, faults by the hundred, ledgers compared afterwards. `python -m tests.soak --help`."""

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1])]  # neighbours and builders, as pytest finds them
