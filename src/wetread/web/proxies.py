"""Whose word is taken for where a request comes from, and for a client's certificate: that of the proxies which the settings name, and nobody else's."""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network

from starlette.types import Scope

from wetread.domain.ip import ip_of

__all__ = ["CLIENT_CERT", "FORWARDED_FOR", "Network", "TrustedProxies", "peer_of"]

Network = IPv4Network | IPv6Network
CLIENT_CERT = "client-cert"
"""RFC 9440 §2.2."""
FORWARDED_FOR = "x-forwarded-for"


@dataclass(frozen=True, slots=True)
class TrustedProxies:
    """No networks: no forwarded word is taken at all."""

    networks: tuple[Network, ...] = ()

    def trusts(self, address: str) -> bool:
        parsed = ip_of(address)
        return parsed is not None and any(parsed in network for network in self.networks)

    def origin(self, peer: str, forwarded: Iterable[str]) -> str:
        """The address that `peer` speaks for: `X-Forwarded-For` from its end, over proxies that are trusted, to the first that is not. What stands before that, anybody can write."""
        hops = [each.strip() for value in forwarded for each in value.split(",")]
        while hops and self.trusts(peer):
            parsed = ip_of(hops.pop())
            if parsed is None:
                break
            peer = str(parsed)
        return peer

    def seen_from(self, scope: Scope) -> Scope:
        """The request with the address that it came from in the place of the proxy's."""
        name = FORWARDED_FOR.encode()
        forwarded = [value.decode("latin-1") for key, value in scope["headers"] if key == name]
        peer = peer_of(scope)
        origin = self.origin(peer, forwarded)
        return scope if origin == peer else {**scope, "client": (origin, 0)}


def peer_of(scope: Scope) -> str:
    """The socket's other end; "" where it has no address."""
    client = scope.get("client")
    return str(client[0]) if client else ""
