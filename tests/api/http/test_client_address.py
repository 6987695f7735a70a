"""The address of a request behind proxies."""

from __future__ import annotations

import pytest
from starlette.requests import Request

from api.http.browsers.client_address import check_networks, client_address
from core.settings import MissingSettingError

TRUSTED = ("10.0.0.0/8", "fd00::/8")


def address(peer: str, *forwarded: str, trusted: tuple[str, ...] = TRUSTED) -> str:
    headers = [(b"x-forwarded-for", value.encode()) for value in forwarded]
    return client_address(Request({"type": "http", "headers": headers, "client": (peer, 1)}), trusted)


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("10.0.0.1", ("203.0.113.7",), "203.0.113.7"),
        ("10.0.0.1", ("6.6.6.6, 203.0.113.7",), "203.0.113.7"),
        ("10.0.0.1", ("203.0.113.7, 10.0.0.2",), "203.0.113.7"),
        ("10.0.0.1", ("6.6.6.6", "203.0.113.7"), "203.0.113.7"),
        ("203.0.113.7", ("6.6.6.6",), "203.0.113.7"),
        ("10.0.0.1", (), "10.0.0.1"),
        ("10.0.0.1", ("not an address",), "10.0.0.1"),
        ("10.0.0.1", ("203.0.113.7, junk",), "10.0.0.1"),
        ("::ffff:10.0.0.1", ("203.0.113.7",), "203.0.113.7"),
        ("fd00::1", ("2001:db8::7",), "2001:db8::7"),
    ],
)
def test_only_trusted_proxies_are_believed(peer: str, forwarded: tuple[str, ...], expected: str) -> None:
    assert address(peer, *forwarded) == expected


def test_what_is_not_a_network_is_refused_at_the_start() -> None:
    check_networks(TRUSTED)
    with pytest.raises(MissingSettingError, match="CLIPSTREAM_TRUSTED_PROXIES"):
        check_networks(("10.0.0.0/8", "proxy"))


def test_nothing_is_believed_by_default() -> None:
    assert address("10.0.0.1", "203.0.113.7", trusted=()) == "10.0.0.1"
