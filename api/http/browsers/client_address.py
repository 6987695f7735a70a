"""The address that a request comes from, behind proxies that the operator names."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from starlette.requests import Request

from core.settings import MissingSettingError


def client_address(request: Request, trusted_proxies: Sequence[str]) -> str:
    """The last address on the request's way that is not a trusted proxy; ``unknown`` without a peer."""
    peer = request.client.host if request.client else "unknown"
    if not trusted_proxies:
        return peer
    networks = _networks(tuple(trusted_proxies))
    hops = [part.strip() for header in request.headers.getlist("x-forwarded-for") for part in header.split(",")]
    while hops and _is_within(peer, networks):
        if _parsed(hops[-1]) is None:
            return peer
        peer = hops.pop()
    return peer


def check_networks(texts: Sequence[str]) -> None:
    """Raise MissingSettingError for what is not a network."""
    try:
        _networks(tuple(texts))
    except ValueError as error:
        raise MissingSettingError(f"CLIPSTREAM_TRUSTED_PROXIES is not usable: {error}") from None


@cache
def _networks(texts: tuple[str, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(text, strict=False) for text in texts)


def _is_within(text: str, networks: Sequence[IPv4Network | IPv6Network]) -> bool:
    address = _parsed(text)
    return address is not None and any(address in network for network in networks)


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
