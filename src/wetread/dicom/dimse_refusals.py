"""What the DIMSE door says in its log of who was turned away, for whoever has to mend it, and how many there were."""

import re
import threading

from wetread.domain.upkeep import DoorCounts

__all__ = ["Tally", "advice", "shown"]

_ADVICE = {
    "address_unknown": "no application entity may call from there: see calls_from and host",
    "calling_ae_unknown": "no application entity of that title may call from there: see application_entities",
    "called_ae_unknown": "it has to call us by our ae_title",
    "tls_required": "its entry says tls: let it call the TLS port",
    "certificate_of_another": "its certificate is not for the client_name of its entry",
    "too_many_associations": "it may try again when others have ended",
    "plain_at_tls_port": "this port speaks TLS: let it do so too, or call dimse_port",
    "tls_at_plain_port": "this port speaks no TLS: let it call the port of dimse_tls",
    "not_dicom": "it speaks something else: does it want another port?",
    "silent": "it connected and said nothing",
    "no_association": "it said something and ended before it had asked for an association",
}
_NO_LETTER = re.compile(r"[^ -~]")


def advice(code: str) -> str:
    """What to do about a refusal; of those that OpenSSL names, that the handshake failed."""
    return _ADVICE.get(code, "its TLS handshake failed: look at both certificates")


def shown(ae_title: str) -> str:
    """As a stranger says it (PS3.5 VR AE), fit for a line of a log."""
    return _NO_LETTER.sub("?", ae_title.strip()[:16]) or "nobody"


class Tally:
    """Counted by any thread, taken by one that writes it down."""

    def __init__(self) -> None:
        self._counts = DoorCounts()
        self._lock = threading.Lock()

    def add(self, more: DoorCounts) -> None:
        with self._lock:
            self._counts += more

    def take(self) -> DoorCounts:
        with self._lock:
            taken, self._counts = self._counts, DoorCounts()
        return taken
