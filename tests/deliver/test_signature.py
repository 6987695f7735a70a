"""Our webhook signatures, checked by the reference library of Standard Webhooks."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from api.organisation.webhooks import new_secret
from streams.deliver.backoff import MAX_ATTEMPTS, TRIES_AFTER_S, next_try
from streams.deliver.signature import headers


def now_s() -> int:
    """The current time: the library refuses timestamps five minutes off, and a whole run lasts longer."""
    return int(dt.datetime.now(dt.UTC).timestamp())


@given(st.text(min_size=1, max_size=400), st.uuids())
def test_the_reference_library_accepts_our_signatures(text: str, message_id: object) -> None:
    secret = new_secret()
    body = json.dumps({"text": text}).encode()
    made = headers(secret, message_id=str(message_id), timestamp_s=now_s(), body=body)
    assert Webhook(secret).verify(body, made) == {"text": text}


@pytest.mark.parametrize("broken", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_any_change_is_refused(broken: str) -> None:
    secret = new_secret()
    made = headers(secret, message_id="m", timestamp_s=now_s(), body=b"{}")
    flipped = "v1," + ("B" if made["webhook-signature"][3] != "B" else "C") + made["webhook-signature"][4:]
    made[broken] = {
        "webhook-timestamp": str(int(made["webhook-timestamp"]) - 1),
        "webhook-signature": flipped,
        "webhook-id": "other",
    }[broken]
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(b"{}", made)


def test_another_secret_is_refused() -> None:
    made = headers(new_secret(), message_id="m", timestamp_s=now_s(), body=b"{}")
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify(b"{}", made)


def test_ten_tries_over_about_three_days() -> None:
    pauses = [next_try(attempt) for attempt in range(1, MAX_ATTEMPTS + 1)]
    assert MAX_ATTEMPTS == 10
    assert pauses[-1] is None
    assert dt.timedelta(hours=72) < sum((pause for pause in pauses if pause), dt.timedelta()) < dt.timedelta(hours=80)


def test_retry_after_makes_a_pause_longer_and_never_shorter() -> None:
    assert next_try(1, {"retry-after": "120"}) == dt.timedelta(seconds=120)
    assert next_try(3, {"retry-after": "1"}) == dt.timedelta(seconds=TRIES_AFTER_S[2])
    assert next_try(1, {"retry-after": "9" * 12}) == dt.timedelta(days=1)
    for nonsense in ("9" * 5000, "²", "-1", "1.5"):
        assert next_try(1, {"retry-after": nonsense}) == dt.timedelta(seconds=TRIES_AFTER_S[0])
    assert next_try(1, {"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}) == dt.timedelta(seconds=TRIES_AFTER_S[0])
