"""An Audit Record Repository of the tests: syslog in TLS by RFC 5425's own grammar, read from the socket by octet counts."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

__all__ = ["SyslogReceiver", "receiving"]


@dataclass(slots=True)
class SyslogReceiver:
    """`messages`: what was read whole. `break_after`: so many more messages are read, then the connection is reset; None: all are read."""

    context: ssl.SSLContext
    messages: list[bytes] = field(default_factory=list)
    break_after: int | None = None
    says_goodbye: bool = True
    _door: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))

    @property
    def port(self) -> int:
        return int(self._door.getsockname()[1])

    def run(self) -> None:
        while True:
            try:
                plain, _ = self._door.accept()
            except OSError:
                return
            try:
                self._take(plain)
            except OSError:
                plain.close()

    def close(self) -> None:
        self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()

    def _take(self, plain: socket.socket) -> None:
        plain.settimeout(60)
        with self.context.wrap_socket(plain, server_side=True) as secured:
            stream = secured.makefile("rb")
            while count := _count(stream):
                if self.break_after == 0:
                    secured.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                    return  # closes with a reset
                message = stream.read(count)
                assert len(message) == count
                self.messages.append(message)
                if self.break_after is not None:
                    self.break_after -= 1
            if self.says_goodbye:
                secured.unwrap().close()


def _count(stream: "object") -> int:
    """MSG-LEN SP; 0 at the end."""
    digits = b""
    while (byte := stream.read(1)) not in (b" ", b""):  # type: ignore[attr-defined]
        digits += byte
    return int(digits or b"0")


@contextmanager
def receiving(context: ssl.SSLContext, **how: bool) -> Iterator[SyslogReceiver]:
    receiver = SyslogReceiver(context, **how)  # type: ignore[arg-type]
    thread = threading.Thread(target=receiver.run)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.close()
        thread.join()
