"""Settings of payments: who gets the key, and what is refused."""

from __future__ import annotations

import pytest

from core.settings import MissingSettingError, load_settings
from schemas.access.process_settings import SETTINGS_OF, needed_by

BASE = {f"CLIPSTREAM_{name.upper()}": "x" for name in needed_by("api") | {"s3", "triton"}}
KEYS = {"CLIPSTREAM_STRIPE_KEY": "sk_1", "CLIPSTREAM_STRIPE_WEBHOOK_SECRET": "whsec_1,whsec_2"}


def test_only_the_api_and_the_relay_get_the_key() -> None:
    holders = {process for process, names in SETTINGS_OF.items() if "stripe_key" in names}
    assert holders == {"api", "relay"}
    rules = load_settings(BASE | KEYS, "api").stripe
    assert (rules.key, rules.webhook_secret) == ("sk_1", ("whsec_1", "whsec_2"))
    relay = load_settings(BASE | KEYS | {f"CLIPSTREAM_{n.upper()}": "x" for n in needed_by("relay")}, "relay").stripe
    assert (relay.key, relay.webhook_secret) == ("sk_1", ())


def test_without_settings_there_are_no_payments() -> None:
    assert load_settings(BASE, "api").stripe.key == ""


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("URL", "http://stripe.example"), ("PRICES", "pro"), ("SOURCE_METER", "minutes"), ("GRACE_DAYS", "-1"),
        ("TIMEOUT_S", "0"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_refused(name: str, value: str) -> None:
    with pytest.raises(MissingSettingError, match=f"STRIPE_{name}"):
        load_settings(BASE | {f"CLIPSTREAM_STRIPE_{name}": value}, "api")


def test_a_stand_in_on_this_machine_may_be_used() -> None:
    given = BASE | {"CLIPSTREAM_STRIPE_URL": "http://127.0.0.1:8089"}
    assert load_settings(given, "api").stripe.url == "http://127.0.0.1:8089"
