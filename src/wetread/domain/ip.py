"""IP addresses as texts have them: of a socket, of a proxy's header."""

from ipaddress import IPv4Address, IPv6Address, ip_address

__all__ = ["ip_of"]


def ip_of(text: str) -> IPv4Address | IPv6Address | None:
    """Without the zone of a link; one of IPv4 that is written as IPv6 (::ffff:10.0.0.5) is that of IPv4. None for what is no address."""
    try:
        parsed = ip_address(text)
    except ValueError:
        return None
    return parsed if isinstance(parsed, IPv4Address) else parsed.ipv4_mapped or IPv6Address(int(parsed))
