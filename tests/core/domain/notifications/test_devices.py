"""New devices: another program or another network, but no update and no first sign-in."""

from __future__ import annotations

import pytest

from core.domain.notifications.devices import Device, is_new_device

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
HOME = Device(address="192.0.2.7", user_agent=FIREFOX)


@pytest.mark.parametrize(
    ("device", "new"),
    [
        (HOME, False),
        (Device(address="192.0.2.7", user_agent=FIREFOX.replace("128.0", "131.0.2")), False),
        (Device(address="192.0.99.1", user_agent=FIREFOX), False),
        (Device(address="198.51.100.1", user_agent=FIREFOX), True),
        (Device(address="192.0.2.7", user_agent="curl/8.5.0"), True),
        (Device(address="2001:db8::1", user_agent=FIREFOX), True),
        (Device(address="unknown", user_agent=FIREFOX), True),
    ],
)
def test_a_device_is_known_by_program_and_network(device: Device, new: bool) -> None:
    assert is_new_device([HOME], device) is new


def test_the_first_sign_in_is_no_news() -> None:
    assert not is_new_device([], HOME)


def test_each_half_may_be_known_from_another_sign_in() -> None:
    earlier = [HOME, Device(address="2001:db8:1::1", user_agent="curl/8.5.0")]
    assert not is_new_device(earlier, Device(address="2001:db8:2::9", user_agent=FIREFOX))
