"""Whether a URL that a caller names may be called later. Connects to nothing; whoever calls it checks again then."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from api.context import AddressCheck
from streams.adapters.addresses import check_addresses, parse_target
from streams.adapters.http import Resolver, resolve

RESOLVE_S = 2.0


def make_url_check(allow: Collection[str], resolver: Resolver = resolve) -> AddressCheck:
    """A check with the operator's allowed ``host:port`` pairs.

    A name that does not resolve now passes (it may later); one that leads to an address that is not public does not.
    """
    allowed = frozenset(allow)

    async def check(url: str) -> None:
        target = parse_target(url, allowed)
        if target.allowed:
            return
        try:
            async with asyncio.timeout(RESOLVE_S):
                addresses = await resolver(target.host, target.port)
        except (OSError, TimeoutError, UnicodeError):
            return
        check_addresses(addresses, target.host)

    return check
