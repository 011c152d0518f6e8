"""A reader in a process of its own: a task in a line on standard input, its row in a line on standard output. It ends when who started it hangs up or dies."""

import os
import sys
from pathlib import Path

from wetread.batch.film_reading import ReadingDesk

__all__ = ["main"]


def main(arguments: list[str]) -> None:
    """`arguments`: the model bundle's path, or nothing for the one that ships."""
    answers = os.fdopen(os.dup(1), "w", buffering=1, encoding="ascii")
    os.dup2(2, 1)  # what a library prints is no answer
    desk = ReadingDesk(Path(arguments[0]) if arguments else None)
    try:
        answers.write(desk.ready() + "\n")
        for task in sys.stdin:
            answers.write(desk.read(task) + "\n")
    finally:
        desk.close()


if __name__ == "__main__":
    main(sys.argv[1:])
