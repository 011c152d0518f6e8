"""Does somebody answer at an address? Nothing of ours is sent: no secret, no document, no message."""

import socket
import ssl
from pathlib import Path
from urllib.parse import urlsplit

import urllib3

from wetread.channels.http import tls_context
from wetread.domain.errors import PermanentError, TransientError
from wetread.domain.no_answer import why_no_answer

__all__ = ["reach_http", "reach_tcp"]


def reach_http(url: str, timeout_s: float = 10.0, ca_file: Path | None = None) -> str:
    """What a bare GET is answered with, in words: any status is an answer. Raises TransientError when nothing answers, PermanentError for a certificate that does not hold."""
    host = urlsplit(url).hostname or "the address"
    timeout = urllib3.Timeout(timeout_s)
    try:
        with urllib3.PoolManager(timeout=timeout, retries=False, ssl_context=tls_context(ca_file)) as pool:
            answer = pool.request("GET", url, redirect=False, preload_content=False)
            answer.release_conn()
    except urllib3.exceptions.SSLError as error:
        raise _refused(host, error) from None
    except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
        raise _away(host, error) from None
    asks = " and asks for credentials, which this test does not send" if answer.status in (401, 403) else ""
    return f"{host} answers HTTP {answer.status}{asks}"


def reach_tcp(host: str, port: int, timeout_s: float = 10.0, *, tls: bool = False, ca_file: Path | None = None) -> str:
    """A connection is opened and closed; with `tls` the certificate is checked. Raises as `reach_http`."""
    try:
        with socket.create_connection((host, port), timeout_s) as plain:
            if tls:
                with tls_context(ca_file).wrap_socket(plain, server_hostname=host):
                    return f"{host} accepts connections, and its certificate holds"
    except ssl.SSLError as error:
        raise _refused(host, error) from None
    except OSError as error:
        raise _away(host, error) from None
    return f"{host} accepts connections"


def _refused(host: str, error: Exception) -> PermanentError:
    return PermanentError(
        f"{host} shows a certificate that does not hold: {why_no_answer(error)}", code="certificate_refused"
    )


def _away(host: str, error: Exception) -> TransientError:
    return TransientError(f"{host} does not answer: {why_no_answer(error)}", code="receiver_unreachable")
