"""Why somebody who was called did not answer, from whatever a library wraps around it, in words that say what to do and quote nothing."""

import socket
import ssl
from collections.abc import Iterator

__all__ = ["certificate_fault", "why_no_answer"]

_NOT_YET, _EXPIRED, _OTHER_NAMES = 9, 10, (62, 64)
"""X509_V_ERR_... of OpenSSL's x509_vfy.h: CERT_NOT_YET_VALID, CERT_HAS_EXPIRED, HOSTNAME_MISMATCH and IP_ADDRESS_MISMATCH."""
_REASONS: tuple[tuple[type[BaseException], str], ...] = (
    (socket.gaierror, "its host has no address: correct the name"),
    (ConnectionRefusedError, "nobody listens there: is it running, and is the port right?"),
    (ConnectionResetError, "it hangs up: is the port right, and does it expect TLS or none?"),
    (TimeoutError, "nothing comes in time: is it reachable, or is a firewall between?"),
)


def certificate_fault(failure: ssl.SSLCertVerificationError, other_name: str) -> str:
    """What its certificate is; `other_name` says what to correct where it is for another host."""
    return {
        _EXPIRED: "has expired: renew it there",
        _NOT_YET: "is not valid yet: check both clocks",
        **dict.fromkeys(_OTHER_NAMES, f"is for another host: {other_name}, or give it one for this name"),
    }.get(failure.verify_code, "is of an authority that is not trusted: check ca_file")


def why_no_answer(error: BaseException) -> str:
    """Of a connection that failed or broke off, by the first cause within `error` that is known."""
    causes = list(_causes(error))
    for each in causes:
        if isinstance(each, ssl.SSLCertVerificationError):
            return f"its certificate {certificate_fault(each, 'correct the address')}"
    if any(isinstance(each, ssl.SSLError) for each in causes):
        return "no TLS with it: does it speak TLS at this port?"
    said = (words for kind, words in _REASONS if any(isinstance(each, kind) for each in causes))
    return next(said, "is it running and reachable?")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Outermost first. Libraries put what they caught into `args`, into `reason`, or raise from it."""
    waiting, seen = [error], set[int]()
    while waiting:
        each = waiting.pop(0)
        if id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        within = (each.__cause__, each.__context__, getattr(each, "reason", None), *each.args)
        waiting += [inner for inner in within if isinstance(inner, BaseException)]
