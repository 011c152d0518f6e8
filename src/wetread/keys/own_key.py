"""A secret key of this installation: made once where nobody named a source, never made anew over what was made with it, and known again by its fingerprint."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from wetread.checkpoints.write_once import replace_file, write_once
from wetread.domain.errors import PermanentError
from wetread.keys.material import fingerprint
from wetread.ports.keys import KeySource

__all__ = ["FirstSeen", "OwnKey"]


@dataclass(frozen=True, slots=True)
class FirstSeen:
    fingerprint: str
    at: datetime


@dataclass(frozen=True, slots=True)
class OwnKey:
    """`setting` names its source. `file`: where it lies, and is made by `fresh`, while that setting is empty. `made_with` says what was made with it, "" for nothing yet; `public` is what its fingerprint is of."""

    name: str
    setting: str
    source: KeySource
    file: Path
    seen_file: Path
    fresh: Callable[[], bytes]
    made_with: Callable[[], str]
    public: Callable[[bytes], bytes]
    is_named: bool

    def key(self) -> bytes:
        """Made where it may be. Raises as the source does; PermanentError 'key_missing' where it is gone and needed, 'other_key' where it is not the one of before."""
        key = self._read()
        self._check(key)
        if not self.seen():
            write_once(self.seen_file, self._lines(key))
        return key

    def look(self) -> bytes:
        """As `key`, but nothing is made."""
        key = self.source.read()
        self._check(key)
        return key

    def needed_by(self) -> str:
        """Why no other may take its place, "" where nothing was made with it yet."""
        return self.made_with() or ("this installation was run with it" if self.seen() else "")

    def _check(self, key: bytes) -> None:
        seen, now = self.seen(), self.fingerprint(key)
        if seen and now not in {each.fingerprint for each in seen}:
            raise PermanentError(
                f"the {self.name} key ({self.source}) is not the one that this installation was run with (fingerprint {now}, not {seen[0].fingerprint}): give it back the right one. {self._if_lost()}",
                code="other_key",
            )

    def fingerprint(self, key: bytes) -> str:
        return fingerprint(self.name, self.public(key))

    def seen(self) -> tuple[FirstSeen, ...]:
        """The newest first; more than one while it is succeeded."""
        try:
            lines = self.seen_file.read_text("ascii").splitlines()
        except FileNotFoundError:
            return ()
        return tuple(FirstSeen(word, datetime.fromisoformat(at)) for word, at in map(str.split, lines))

    def remember(self, *keys: bytes) -> None:
        """These and no others are the installation's, the newest first."""
        replace_file(self.seen_file, self._lines(*keys))

    def _lines(self, *keys: bytes) -> bytes:
        known = {each.fingerprint: each.at for each in self.seen()}
        now = datetime.now(UTC).replace(microsecond=0)
        words = map(self.fingerprint, keys)
        return "".join(f"{word} {known.get(word, now).isoformat()}\n" for word in words).encode()

    def _read(self) -> bytes:
        try:
            return self.source.read()
        except PermanentError as error:
            if error.code != "no_key" or self.is_named:
                raise
        needed_by = self.needed_by()
        try:
            return self.source.read()  # another process may have made it, and something with it, since
        except PermanentError as error:
            if error.code != "no_key":
                raise
        if needed_by:
            raise PermanentError(
                f"{self.file} is missing, and {needed_by}: restore it from a backup. A new one is not made. {self._if_lost()}",
                code="key_missing",
            )
        try:
            write_once(self.file, self.fresh())
        except OSError as error:
            raise PermanentError(
                f"{self.file} cannot be made ({error.strerror}): give access, or name another source with {self.setting}",
                code="no_key",
            ) from None
        return self.source.read()

    def _if_lost(self) -> str:
        return f"docs/security.md#keys says what to do where the {self.name} key is lost"
