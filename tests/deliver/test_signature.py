"""Our webhook signatures, checked by the reference library of Standard Webhooks, and the pauses between tries."""

from __future__ import annotations

import base64
import datetime as dt
import json

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from core.domain.webhooks.signatures import headers, new_secret, public_key_of
from streams.deliver.backoff import MAX_ATTEMPTS, MAX_RETRY_AFTER_S, TRIES_AFTER_S, next_try

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def now_s() -> int:
    """The current time: the library refuses timestamps five minutes off, and a whole run lasts longer."""
    return int(dt.datetime.now(dt.UTC).timestamp())


@given(st.text(min_size=1, max_size=400), st.uuids())
def test_the_reference_library_accepts_our_signatures(text: str, message_id: object) -> None:
    secret = new_secret()
    body = json.dumps({"text": text}).encode()
    made = headers([secret], message_id=str(message_id), timestamp_s=now_s(), body=body)
    assert Webhook(secret).verify(body, made) == {"text": text}


@pytest.mark.parametrize("broken", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_any_change_is_refused(broken: str) -> None:
    secret = new_secret()
    made = headers([secret], message_id="m", timestamp_s=now_s(), body=b"{}")
    flipped = "v1," + ("B" if made["webhook-signature"][3] != "B" else "C") + made["webhook-signature"][4:]
    made[broken] = {
        "webhook-timestamp": str(int(made["webhook-timestamp"]) - 1),
        "webhook-signature": flipped,
        "webhook-id": "other",
    }[broken]
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(b"{}", made)


def test_another_secret_is_refused() -> None:
    made = headers([new_secret()], message_id="m", timestamp_s=now_s(), body=b"{}")
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify(b"{}", made)


@given(st.binary(max_size=400), st.text(max_size=40))
def test_a_key_pair_signs_what_its_public_half_verifies(body: bytes, message_id: str) -> None:
    """By the specification's own words: ed25519 over ``id.timestamp.body``, in base64 after ``v1a,``."""
    secret = new_secret("ed25519")
    kind, _, signature = headers([secret], message_id=message_id, timestamp_s=5, body=body)[
        "webhook-signature"
    ].partition(",")
    public_key = public_key_of(secret)
    assert kind == "v1a"
    assert public_key is not None
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key.removeprefix("whpk_")))
    key.verify(base64.b64decode(signature), f"{message_id}.5.".encode() + body)
    with pytest.raises(InvalidSignature):
        key.verify(base64.b64decode(signature), f"{message_id}.6.".encode() + body)


def test_the_specifications_key_pair_belongs_together() -> None:
    """Source: Standard Webhooks 1.0, "Signature scheme": the example of an asymmetric key pair."""
    private = "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg=="
    assert public_key_of(private) == "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4="
    assert len(base64.b64decode(new_secret("ed25519").removeprefix("whsk_"))) == 64
    assert public_key_of(new_secret()) is None


def test_a_message_has_a_signature_of_each_secret() -> None:
    secrets = [new_secret(), new_secret("ed25519"), new_secret()]
    made = headers(secrets, message_id="m", timestamp_s=now_s(), body=b"{}")
    assert [one.partition(",")[0] for one in made["webhook-signature"].split(" ")] == ["v1", "v1a", "v1"]
    for secret in (secrets[0], secrets[2]):
        assert Webhook(secret).verify(b"{}", made) == {}


def test_ten_tries_over_about_three_days() -> None:
    pauses = [next_try(attempt, NOW) for attempt in range(1, MAX_ATTEMPTS + 1)]
    assert MAX_ATTEMPTS == 10
    assert pauses[-1] is None
    assert dt.timedelta(hours=72) < sum((pause for pause in pauses if pause), dt.timedelta()) < dt.timedelta(hours=80)


def test_retry_after_makes_a_pause_longer_and_never_shorter() -> None:
    assert next_try(1, NOW, {"retry-after": "120"}) == dt.timedelta(seconds=120)
    assert next_try(3, NOW, {"retry-after": "1"}) == dt.timedelta(seconds=TRIES_AFTER_S[2])
    assert next_try(1, NOW, {"retry-after": "9" * 12}) == dt.timedelta(days=1)
    for nonsense in ("9" * 5000, "²", "-1", "1.5"):
        assert next_try(1, NOW, {"retry-after": nonsense}) == dt.timedelta(seconds=TRIES_AFTER_S[0])
    for date, pause_s in (
        ("Thu, 01 Jan 2026 00:10:00 GMT", 600),
        ("Thursday, 01-Jan-26 00:10:00 GMT", 600),
        ("Wed, 21 Oct 2026 07:28:00 GMT", MAX_RETRY_AFTER_S),
        ("Wed, 21 Oct 2015 07:28:00 GMT", TRIES_AFTER_S[0]),
        ("Thu, 99 Jan 2026 00:10:00 GMT", TRIES_AFTER_S[0]),
        ("Thu, 01 Jan 99999 00:10:00 GMT", TRIES_AFTER_S[0]),
    ):
        assert next_try(1, NOW, {"retry-after": date}) == dt.timedelta(seconds=pause_s), date
