"""The rules for URLs and addresses of the outside world that may be requested.

Pure; resolves nothing and connects to nothing.

What is raised names no host and quotes no URL: it travels in events that outlive an erasure.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import httpx2
import msgspec

from core.errors import InputRejected

PORTS = {"http": 80, "https": 443}
MAX_URL_CHARACTERS = 4096
_LABEL = r"[a-z0-9_-]{1,63}"
HOST = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(\.{_LABEL})*|[0-9a-f.]*:[0-9a-f:.]{{1,44}}")
"""A name whose parts the DNS can hold (RFC 1035, 2.3.4), or an address."""
FORBIDDEN = re.compile(r"[\x00-\x20\x7f\\]")
REFUSED_V4 = tuple(
    IPv4Network(network)
    for network in (
        "192.88.99.0/24",  # 6to4 relays: packets to them come out somewhere else (RFC 7526)
        "192.0.0.0/24",  # IETF protocol assignments; 192.0.0.192 is the metadata service of Oracle's classic cloud
        "168.63.129.16/32",  # Azure's WireServer: DNS, health and the settings of a machine, secrets among them
        "199.36.153.4/30",  # restricted.googleapis.com: the APIs of Google as seen from inside a VPC
        "199.36.153.8/30",  # private.googleapis.com
        "161.26.0.0/16",  # IBM Cloud: service endpoints inside its network
        "166.8.0.0/14",  # IBM Cloud: private endpoints of its services
        "192.31.196.0/24",  # AS112, as below
        "192.175.48.0/24",
        "192.52.193.0/24",  # AMT (RFC 7450): tunnels to multicast
    )
)
"""What is routed as any public address, and answers only inside a cloud, or leads elsewhere.

Sources: IANA IPv4 Special-Purpose Address Registry; the network pages of Azure ("What is IP address 168.63.129.16"),
Google Cloud ("Private Google Access") and IBM Cloud ("IBM Cloud IP ranges"). The other clouds' metadata services lie in
ranges that are not public anyway: 169.254.0.0/16 (AWS, Azure, Google, Tencent, DigitalOcean), 100.64.0.0/10
(Alibaba's 100.100.100.200) and fc00::/7 (AWS's fd00:ec2::254, Google's fd20:ce::254).
"""
INSIDE_NAMES = ("internal", "local", "lan", "home.arpa", "svc", "metadata.goog")
"""Domains that exist inside networks only.

``.internal`` is reserved for that by ICANN (2024) and has the metadata names of Google (``metadata.google.internal``),
AWS (``instance-data.ec2.internal``) and others. ``.local``: RFC 6762; ``home.arpa``: RFC 8375; ``.svc``: services of
Kubernetes.
"""
UNICAST_V6 = IPv6Network("2000::/3")
REFUSED_V6 = tuple(
    IPv6Network(network)
    for network in (
        *("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "2620:4f:8000::/48"),
        *("2600:2d00:2:1000::/64", "2600:2d00:2:2000::/64"),
    )
)
"""Inside global unicast: special purposes (Teredo, ORCHID …), documentation, 6to4, AS112, Google's APIs inside a VPC.

Source: as above, and the IANA IPv6 Special-Purpose Address Registry. NAT64 and IPv4-mapped lie outside of 2000::/3.
"""


REMEDY = (
    "Serve it at a public address; an operator may allow this host and port, as the URL has them, "
    "in CLIPSTREAM_FETCH_ALLOW."
)
"""What to do about a host or a port that is refused."""


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """A URL taken apart. ``allowed``: an operator named this host and port, so its address is not checked."""

    scheme: str
    host: str
    port: int
    path: str
    allowed: bool

    @property
    def authority(self) -> str:
        """``host:port`` as settings name it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_target(url: str, allow: Collection[str]) -> Target:
    """Parse a URL that may be tried. Raises InputRejected (``url.*``) for every other.

    ``allow``: exact ``host:port`` pairs.
    """
    if len(url) > MAX_URL_CHARACTERS or FORBIDDEN.search(url):
        raise InputRejected("url.invalid", "The URL is too long or holds blanks, control characters or backslashes.")
    try:
        parsed = httpx2.URL(url)
        host = parsed.raw_host.decode("ascii").lower().removesuffix(".")
        scheme, port = parsed.scheme, parsed.port
    except (httpx2.InvalidURL, UnicodeError, ValueError):
        raise InputRejected("url.invalid", "This is not a usable URL.") from None
    if scheme not in PORTS:
        raise InputRejected("url.scheme", "Only http and https URLs can be used.")
    if parsed.userinfo:
        raise InputRejected("url.credentials", "A URL with a name or password in it cannot be used: sign it instead.")
    if not HOST.fullmatch(host):
        raise InputRejected("url.invalid", "The URL has no usable host name.")
    target = Target(
        scheme=scheme, host=host, port=port or PORTS[scheme], path=parsed.raw_path.decode("ascii"), allowed=False
    )
    if target.authority in allow:
        return msgspec.structs.replace(target, allowed=True)
    if any(host == name or host.endswith(f".{name}") for name in INSIDE_NAMES):
        detail = "The URL's host is a name that exists inside networks only, not on the public internet."
        raise InputRejected("url.not_public", f"{detail} {REMEDY}")
    if target.port not in PORTS.values():
        raise InputRejected("url.port", f"Port {target.port} cannot be used: only 80 and 443 can. {REMEDY}")
    return target


def require_https(target: Target) -> None:
    """Raise InputRejected ``url.scheme`` for a URL without TLS."""
    if target.scheme != "https":
        raise InputRejected(
            "url.scheme", "Only https URLs can be notified: what is sent must not be readable on its way."
        )


def is_public(address: str) -> bool:
    """Whether an address belongs to the public internet and to nothing that leads elsewhere."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return _public_v4(parsed) if isinstance(parsed, IPv4Address) else _public_v6(parsed)


def _public_v4(address: IPv4Address) -> bool:
    return address.is_global and not address.is_multicast and not any(address in network for network in REFUSED_V4)


def _public_v6(address: IPv6Address) -> bool:
    if address.scope_id is not None or address not in UNICAST_V6:
        return False
    return address.is_global and not any(address in network for network in REFUSED_V6)


def check_addresses(addresses: Collection[str], host: str = "") -> None:
    """Raise InputRejected ``url.not_public`` unless every address of a host is public.

    ``host`` is as in the URL; the message differs for a name and for an address.
    """
    bad = [address for address in addresses if not is_public(address)]
    if not addresses:
        raise InputRejected("url.not_public", "The URL's host has no address.")
    if bad:
        kind = kind_of(bad[0])
        if host and ip_or_none(host) is None:
            detail = f"The URL's host is a name that resolves to {kind}, not to the public internet."
        else:
            detail = f"The URL's host is {kind}, not an address of the public internet."
        raise InputRejected("url.not_public", f"{detail} {REMEDY}")


def ip_or_none(host: str) -> IPv4Address | IPv6Address | None:
    """The address that a host is written as; None for a name."""
    try:
        return ip_address(host)
    except ValueError:
        return None


def kind_of(address: str) -> str:
    """The kind of network that an address that is not public belongs to, in words."""
    parsed = ip_or_none(address)
    if parsed is None:
        return "no address"
    mapped = parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else None
    parsed = mapped or parsed
    if parsed.is_loopback:
        return "a loopback address (the server itself)"
    if parsed.is_unspecified:
        return "the unspecified address"
    if parsed.is_link_local:
        return "a link-local address"
    if parsed.is_multicast:
        return "a multicast address"
    return "an address of a private network" if parsed.is_private else "an address of a special purpose"
