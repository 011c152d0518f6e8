"""The places that a key is read from (`ports.keys`)."""

import os
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path

from wetread.domain.errors import PermanentError, TransientError
from wetread.keys.kept import keep, once
from wetread.keys.material import checked, key_of_output, key_of_text
from wetread.ports.keys import MOST_KEY_BYTES

__all__ = ["CommandKey", "EnvironmentKey", "FileKey"]

_MOST_OUTPUT = 4 * MOST_KEY_BYTES
"""Of text that says a key."""


@dataclass(frozen=True, slots=True)
class FileKey:
    """Its bytes as they are: a file of the data folder, or one that an orchestrator mounts."""

    path: Path

    def __str__(self) -> str:
        return f"file {self.path}"

    def read(self) -> bytes:
        try:
            with self.path.open("rb") as file:
                return checked(file.read(MOST_KEY_BYTES + 1), str(self))
        except FileNotFoundError:
            raise _none(f"{self} is missing: restore it, or mount it again") from None
        except OSError as error:
            raise PermanentError(f"{self} cannot be read ({error.strerror})", code="bad_key") from None


@dataclass(frozen=True, slots=True)
class EnvironmentKey:
    """A variable with base64, hexadecimal digits or PEM. It is taken out of the environment when it is read, so that no child process inherits it."""

    variable: str

    def __str__(self) -> str:
        return f"environment variable {self.variable}"

    def take(self) -> None:
        """Out of the environment, where it is there. Raises PermanentError('bad_key')."""
        text = os.environ.pop(self.variable, None)
        if text is not None:
            keep(str(self), key_of_text(text.encode(), str(self)))

    def read(self) -> bytes:
        self.take()
        return once(str(self), self._missing)

    def _missing(self) -> bytes:
        raise _none(f"{self} is not set")


@dataclass(frozen=True, slots=True)
class CommandKey:
    """A program whose standard output is the key: base64, hexadecimal digits, PEM, or bytes that are no text. Asked once, without a shell and without input; what it says on standard error is shown to nobody, as it may quote the key."""

    words: tuple[str, ...]
    limit_s: float = 30.0

    def __str__(self) -> str:
        """The program alone: its words may say more than others should read."""
        return f"command {Path(self.words[0]).name}"

    def read(self) -> bytes:
        return once("\0".join(self.words), self._ask)

    def _ask(self) -> bytes:
        try:
            program = subprocess.Popen(
                self.words,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            raise _none(f"{self} cannot be started ({error.strerror})") from None
        over = threading.Event()

        def end() -> None:
            over.set()
            _kill(program)

        timer = threading.Timer(self.limit_s, end)
        timer.start()
        try:
            with program:
                output = program.stdout.read(_MOST_OUTPUT + 1) if program.stdout else b""
                if len(output) > _MOST_OUTPUT:
                    _kill(program)
        finally:
            timer.cancel()
        return self._key_of(output, program.returncode, in_time=not over.is_set())

    def _key_of(self, output: bytes, status: int, *, in_time: bool) -> bytes:
        if len(output) > _MOST_OUTPUT:
            raise PermanentError(f"{self} says more than a key: let it print the key alone", code="bad_key")
        if not in_time:
            raise _away(f"{self} did not answer within {self.limit_s:g} s")
        if status != 0:
            raise _away(f"{self} ended with status {status}: run it by hand to see why")
        if not output.strip():
            raise _none(f"{self} printed nothing")
        return key_of_output(output, str(self))


def _kill(program: "subprocess.Popen[bytes]") -> None:
    """With what it started: a child of its own might hold its output open."""
    try:
        os.killpg(program.pid, 9)
    except ProcessLookupError:
        return


def _none(why: str) -> PermanentError:
    return PermanentError(f"a key is not there: {why}", code="no_key")


def _away(why: str) -> TransientError:
    return TransientError(f"a key cannot be had: {why}", code="key_unavailable")
