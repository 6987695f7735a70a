"""The receiver's verifier, against the reference library, and its inbox."""

from __future__ import annotations

import base64
import datetime as dt
import json

import pytest
from standardwebhooks import Webhook

from cli.output.webhook_receiver import Inbox, NotVerified, verify

SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()
NOW_S = 1_800_000_000


def signed(body: bytes, *, at_s: int = NOW_S, secret: str = SECRET, identity: str = "msg_1") -> dict[str, str]:
    when = dt.datetime.fromtimestamp(at_s, tz=dt.UTC)
    signature = Webhook(secret).sign(identity, when, body.decode())
    return {"webhook-id": identity, "webhook-timestamp": str(at_s), "webhook-signature": signature}


def test_the_reference_librarys_signature_is_accepted() -> None:
    body = b'{"type":"project.completed"}'
    verify(SECRET, signed(body), body, NOW_S + 10)
    both = signed(body)
    both["webhook-signature"] = "v1,AAAA v2,x " + both["webhook-signature"]
    verify(SECRET, both, body, NOW_S)


@pytest.mark.parametrize("broken", ["body", "secret", "old", "ahead", "missing", "timestamp", "version"])
def test_an_invalid_signature_is_refused(broken: str) -> None:
    body = b"{}"
    headers, now_s = signed(body), NOW_S
    if broken == "body":
        body = b"{ }"
    elif broken == "secret":
        headers = signed(body, secret="whsec_" + base64.b64encode(b"z" * 32).decode())
    elif broken in ("old", "ahead"):
        now_s += 301 if broken == "old" else -301
    elif broken == "missing":
        del headers["webhook-id"]
    elif broken == "timestamp":
        headers["webhook-timestamp"] = "soon"
    else:
        headers["webhook-signature"] = headers["webhook-signature"].replace("v1,", "v2,")
    with pytest.raises(NotVerified):
        verify(SECRET, headers, body, now_s)


def test_the_inbox_keeps_each_delivery_once_and_refuses_the_unsigned() -> None:
    inbox = Inbox(now_s=lambda: NOW_S, secret=SECRET)
    body = json.dumps({"type": "project.completed", "data": {"project_id": "p"}}).encode()
    assert [inbox.take(signed(body), body) for _ in range(2)] == [204, 204]
    assert inbox.take({}, body) == 401
    assert inbox.take(signed(b"[]"), b"[]") == 401
    assert list(inbox.deliveries) == ["msg_1"]
    assert len(inbox.refused) == 2
    found = inbox.wait_for(lambda one: one.kind == "project.completed", 0.1)
    assert found is not None
    assert found.webhook_id == "msg_1"
    assert inbox.wait_for(lambda one: one.kind == "other", 0.01) is None
