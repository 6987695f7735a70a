"""Whether a sign-in comes from a device that a person has not used before. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import ip_address, ip_network

from schemas.common import Value

V4_PREFIX, V6_PREFIX = 16, 32
"""Bits of an address that stay the same while a device moves within one provider's network, as a rule."""


class Device(Value, frozen=True, kw_only=True):
    """Where a sign-in came from."""

    address: str
    user_agent: str


def is_new_device(known_devices: Sequence[Device], current: Device) -> bool:
    """Whether its program, but for the version, or its network is unknown; a first one is not new."""
    if not known_devices:
        return False
    programs = {_program(device.user_agent) for device in known_devices}
    networks = {_network(device.address) for device in known_devices}
    return _program(current.user_agent) not in programs or _network(current.address) not in networks


def _program(user_agent: str) -> str:
    return re.sub(r"[0-9][0-9._]*", "", user_agent)


def _network(address: str) -> str:
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    prefix = V4_PREFIX if parsed.version == 4 else V6_PREFIX
    return str(ip_network(f"{parsed}/{prefix}", strict=False))
