"""One target under atheris: python -m tests.fuzz.one NAME CORPUS [libFuzzer's options]. Ends with a crash file and status 77 where the contract was broken."""

import sys

import atheris

sys.path.insert(0, "tests")

with atheris.instrument_imports(include=["wetread"], enable_loader_override=False):
    from tests.fuzz.targets import TARGETS


def main() -> None:
    target = TARGETS[sys.argv[1]]
    atheris.Setup([sys.argv[0], *sys.argv[2:]], target.try_out)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
