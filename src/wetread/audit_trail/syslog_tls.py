"""Syslog messages (RFC 5424) over TLS with octet counting (RFC 5425), to one receiver."""

import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Event

from wetread.domain.errors import TransientError

__all__ = ["SyslogTls", "syslog_message"]

_FACILITY = 10  # security and authorisation, as IHE ITI-20 has it
_NOTICE, _WARNING = 5, 4
_BOM = b"\xef\xbb\xbf"
_MOST_ANSWER = 4096


def syslog_message(text: str, at: datetime, host: str, process: str, kind: str, *, failed: bool) -> bytes:
    """RFC 5424 §6: `kind` is its MSGID, `failed` makes it a warning. `host`, `process` and `kind` become printable ASCII."""
    priority = _FACILITY * 8 + (_WARNING if failed else _NOTICE)
    when = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    names = (_name(host, 255), "wetread", _name(process, 128), _name(kind, 32))
    return f"<{priority}>1 {when} {' '.join(names)} - ".encode() + _BOM + text.encode("utf-8", "replace")


def _name(text: str, longest: int) -> str:
    return "".join(each if "!" <= each <= "~" else "_" for each in text[:longest]) or "-"


@dataclass(frozen=True, slots=True)
class SyslogTls:
    """`context` is made anew for each connection, so that a renewed certificate needs no restart. `server_name` is what the receiver's certificate must hold for."""

    host: str
    port: int
    server_name: str
    context: Callable[[], ssl.SSLContext]
    timeout_s: float = 15.0
    _says_goodbye: Event = field(default_factory=Event, init=False, repr=False)

    def send(self, messages: Sequence[bytes]) -> None:
        """Returns when the receiver has read all of them. Raises TransientError: what it has of them is then not known.

        Syslog has no answer. But who has read everything closes its side in order after our close_notify (RFC 5425 §4.4), and who closes with bytes unread resets the
        connection (RFC 1122 §4.2.2.13): so an orderly end is waited for, and anything else is a failure. A receiver that was killed with all of it read and not yet kept ends like one that never
        answers close_notify, which some do not; it is told apart once it has answered one.
        """
        frames = b"".join(b"%d %b" % (len(each), each) for each in messages)
        try:
            with (
                socket.create_connection((self.host, self.port), timeout=self.timeout_s) as plain,
                self.context().wrap_socket(plain, server_hostname=self.server_name) as secured,
            ):
                secured.sendall(frames)
                if _end(secured):
                    self._says_goodbye.set()
                elif self._says_goodbye.is_set():
                    raise ConnectionAbortedError
        except ssl.SSLError as error:
            raise TransientError(
                f"the audit repository and we do not trust each other ({error.reason or type(error).__name__}): check the certificates, their authority and the name",
                code="audit_repository_untrusted",
            ) from None
        except OSError as error:
            raise TransientError(
                f"the audit repository cannot be reached or broke off ({error.strerror or type(error).__name__}): check its address and that it runs",
                code="audit_repository_away",
            ) from None


def _end(secured: ssl.SSLSocket) -> bool:
    """Whether it answered close_notify. Raises OSError unless the other side ended in order."""
    try:
        plain = secured.unwrap()
    except (ssl.SSLEOFError, ssl.SSLSyscallError):
        return False  # it closed the connection without saying so in TLS: an orderly end of TCP all the same
    plain.shutdown(socket.SHUT_WR)
    while plain.recv(_MOST_ANSWER):
        continue
    return True
