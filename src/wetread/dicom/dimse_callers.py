"""Who may associate with the DIMSE door, and for what: by AE title, by address, and where it is to come in TLS by its certificate."""

import socket
import ssl
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from wetread.dicom.dimse_contexts import Services

__all__ = ["Callers"]


@dataclass(frozen=True, slots=True)
class Callers:
    """`storers`, `queriers` and `reporters` (of what they have committed): (AE title, address) pairs, address "" for any. `secured`: who may come in TLS only, with the name that their certificate must be for, "" for any that holds."""

    storers: Collection[tuple[str, str]]
    queriers: Collection[tuple[str, str]]
    secured: Mapping[str, str]
    reporters: Collection[tuple[str, str]] = ()

    def __bool__(self) -> bool:
        return bool(self.storers or self.queriers or self.reporters)

    def admits(self, address: str) -> bool:
        """May this address connect at all?"""
        return any(allowed in ("", address) for _, allowed in (*self.storers, *self.queriers, *self.reporters))

    def services(self, ae_title: str, address: str) -> Services:
        asking = {(ae_title, ""), (ae_title, address)}
        stores, queries, reports = (
            not asking.isdisjoint(each) for each in (self.storers, self.queriers, self.reporters)
        )
        return Services(stores, queries, reports)

    def misses(self, ae_title: str, connection: socket.socket | None) -> str:
        """What a caller's connection lacks, as a code; "" for nothing."""
        name = self.secured.get(ae_title)
        if name is None:
            return ""
        if not isinstance(connection, ssl.SSLSocket):
            return "tls_required"
        return "" if not name or name in _names(connection) else "certificate_of_another"


def _names(connection: ssl.SSLSocket) -> set[str]:
    """What a client's certificate is for: its alternative names (RFC 9525 §4.1), no common name."""
    certificate: Any = connection.getpeercert() or {}
    return {str(name) for kind, name in certificate.get("subjectAltName", ()) if kind in ("DNS", "IP Address")}
