"""Is an address this machine's own? What goes no further may go without TLS."""

from ipaddress import ip_address

__all__ = ["is_loopback"]


def is_loopback(host: str | None) -> bool:
    """Of a name or an address as a URL's host has it; no other name is looked up."""
    try:
        return ip_address(host or "").is_loopback
    except ValueError:
        return host == "localhost"
