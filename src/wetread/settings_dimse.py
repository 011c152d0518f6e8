"""The settings of DIMSE neighbours."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import BeforeValidator

__all__ = ["AllowedCaller", "AllowedCallers", "Remote", "Remotes"]


@dataclass(frozen=True, slots=True)
class AllowedCaller:
    """A calling AE title that may store here, and from which address ('' = any)."""

    ae_title: str
    address: str

    @staticmethod
    def of(text: str) -> "AllowedCaller":
        ae_title, _, address = text.strip().partition("@")
        return AllowedCaller(ae_title, address)


@dataclass(frozen=True, slots=True)
class Remote:
    """A DIMSE neighbour, written AE@host:port."""

    ae_title: str
    host: str
    port: int

    @staticmethod
    def of(text: str) -> "Remote":
        """Raises ValueError."""
        ae_title, _, address = text.partition("@")
        host, _, port = address.rpartition(":")
        if not (ae_title and host and port.isdigit()):
            raise ValueError("expected AE@host:port")
        return Remote(ae_title, host, int(port))


def _several(value: object) -> tuple[object, ...]:
    """A list, or text with commas."""
    entries = value.split(",") if isinstance(value, str) else value
    if not isinstance(entries, list | tuple):
        raise ValueError("expected a list, or text with commas between")
    return tuple(each.strip() if isinstance(each, str) else each for each in entries if str(each).strip())


def _callers(value: object) -> object:
    return tuple(each if isinstance(each, AllowedCaller) else AllowedCaller.of(str(each)) for each in _several(value))


def _remotes(value: object) -> object:
    return tuple(each if isinstance(each, Remote) else Remote.of(str(each)) for each in _several(value))


AllowedCallers = Annotated[tuple[AllowedCaller, ...], BeforeValidator(_callers)]
Remotes = Annotated[tuple[Remote, ...], BeforeValidator(_remotes)]
