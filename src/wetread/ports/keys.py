"""Where a secret key of the installation comes from: a file, the environment, a key management service."""

from typing import Protocol

__all__ = ["LEAST_KEY_BYTES", "MOST_KEY_BYTES", "KeySource"]

LEAST_KEY_BYTES, MOST_KEY_BYTES = 32, 4096


class KeySource(Protocol):
    """Its text says where, for people, and nothing of what; neither does any error."""

    def read(self) -> bytes:
        """The same `LEAST_KEY_BYTES` to `MOST_KEY_BYTES` bytes each time. A source makes no key.

        Raises PermanentError 'no_key' where none is there, 'bad_key' where what is there is none; TransientError 'key_unavailable' where whoever keeps it does not answer.
        """
        ...
