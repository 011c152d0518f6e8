"""A reverse proxy that ends TLS, asks for client certificates and passes the verified one on as RFC 9440 says; what a client claims of its own certificate or address is taken off."""

import base64
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ["running_tls_proxy"]

_OURS = (b"client-cert", b"client-cert-chain", b"x-forwarded-for", b"connection")


@contextmanager
def running_tls_proxy(backend_port: int, server: ssl.SSLContext, clients_of: Path) -> Iterator[int]:
    """Its port. Clients without a certificate are let through as such; one that `clients_of` did not sign, or that is over, fails the handshake."""
    server.verify_mode = ssl.CERT_OPTIONAL
    server.load_verify_locations(clients_of)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_accept, args=(listener, server, backend_port))
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)  # wakes who accepts
            thread.join(120)


def _accept(listener: socket.socket, server: ssl.SSLContext, backend_port: int) -> None:
    while True:
        try:
            plain, _ = listener.accept()
        except OSError:
            return
        plain.settimeout(120)
        with suppress(OSError), server.wrap_socket(plain, server_side=True) as client:  # a failed handshake is theirs
            _serve(client, backend_port)


def _serve(client: ssl.SSLSocket, backend_port: int) -> None:
    """One request, one answer."""
    head, body = _request(client)
    line, *fields = head.split(b"\r\n")
    kept = [each for each in fields if each.partition(b":")[0].strip().lower() not in _OURS]
    kept += [b"X-Forwarded-For: " + client.getpeername()[0].encode(), b"Connection: close"]
    certificate = client.getpeercert(binary_form=True)
    if certificate:
        kept.append(b"Client-Cert: :" + base64.b64encode(certificate) + b":")
    with socket.create_connection(("127.0.0.1", backend_port), timeout=120) as backend:
        backend.sendall(b"\r\n".join([line, *kept]) + b"\r\n\r\n" + body)
        while data := backend.recv(65536):
            client.sendall(data)


def _request(client: ssl.SSLSocket) -> tuple[bytes, bytes]:
    received = b""
    while b"\r\n\r\n" not in received and (data := client.recv(65536)):
        received += data
    head, _, body = received.partition(b"\r\n\r\n")
    sizes = [each.partition(b":")[2] for each in head.split(b"\r\n") if each.lower().startswith(b"content-length:")]
    while len(body) < int(sizes[0] if sizes else 0) and (data := client.recv(65536)):
        body += data
    return head, body
