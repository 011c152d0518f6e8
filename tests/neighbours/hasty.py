"""An HTTP server that keeps a connection, and closes it in the moment in which the next request has left on it; Node's may after 5 s."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread

__all__ = ["HastyServer", "hasty_server"]

_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


class HastyServer:
    """`heard`: the first line of every request, those that had no answer among them."""

    def __init__(self, door: socket.socket) -> None:
        self._door, self.heard = door, list[str]()
        self._open = list[socket.socket]()
        self.url = f"http://127.0.0.1:{door.getsockname()[1]}"

    def run(self) -> None:
        while True:
            try:
                connection, _ = self._door.accept()
            except OSError:
                return
            self._open.append(connection)
            with connection:
                if self._hears(connection):
                    connection.sendall(_ANSWER)
                    self._hears(connection)

    def _hears(self, connection: socket.socket) -> bool:
        head = b""
        while b"\r\n\r\n" not in head:
            piece = connection.recv(4096)
            if not piece:
                return False
            head += piece
        self.heard.append(head.partition(b"\r\n")[0].decode())
        return True

    def close(self) -> None:
        for each in (self._door, *self._open):
            with suppress(OSError):  # that one is closed already
                each.shutdown(socket.SHUT_RDWR)


@contextmanager
def hasty_server() -> Iterator[HastyServer]:
    with socket.create_server(("127.0.0.1", 0)) as door:
        server = HastyServer(door)
        thread = Thread(target=server.run, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.close()
            thread.join(60)
