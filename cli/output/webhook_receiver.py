"""A local webhook receiver that keeps only verified deliveries (Standard Webhooks).

Source of the signature: https://github.com/standard-webhooks/standard-webhooks (spec, "Signature scheme").
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PREFIX = "whsec_"
TOLERANCE_S = 300
MAX_BODY_BYTES = 1 << 20


class NotVerified(Exception):
    """The delivery was not signed with our secret, or is too old."""


def verify(secret: str, headers: Mapping[str, str], body: bytes, now_s: float) -> None:
    """Check the ``v1`` signatures of ``id.timestamp.body`` and the time; raises NotVerified.

    ``headers`` have lower-case names.
    """
    try:
        identity, timestamp = headers["webhook-id"], headers["webhook-timestamp"]
        signatures = headers["webhook-signature"]
        sent_s = int(timestamp)
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except KeyError as error:
        raise NotVerified(f"the header {error.args[0]} is missing") from None
    except (ValueError, binascii.Error):
        raise NotVerified("the timestamp is not a number, or the secret is not base64") from None
    if abs(now_s - sent_s) > TOLERANCE_S:
        raise NotVerified(f"it was sent {abs(now_s - sent_s):.0f} s ago or ahead, more than {TOLERANCE_S} s")
    signed = f"{identity}.{timestamp}.".encode() + body
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    candidates = [signature.partition(",") for signature in signatures.split()]
    if not any(version == "v1" and hmac.compare_digest(value, expected) for version, _, value in candidates):
        raise NotVerified("no signature fits")


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """One verified delivery."""

    webhook_id: str
    kind: str
    body: dict[str, Any]


@dataclass
class Inbox:
    """Deliveries that came, each webhook-id once; ``secret`` is set when the endpoint is registered."""

    now_s: Callable[[], float]
    secret: str = ""
    deliveries: dict[str, Delivery] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def take(self, headers: Mapping[str, str], body: bytes) -> int:
        """HTTP status for one delivery."""
        try:
            verify(self.secret, headers, body, self.now_s())
            content = json.loads(body)
            if not isinstance(content, dict):
                raise NotVerified("the body is not a JSON object")
        except (NotVerified, ValueError) as error:
            with self.changed:
                self.refused.append(str(error))
            return 401
        delivery = Delivery(webhook_id=headers["webhook-id"], kind=str(content.get("type", "")), body=content)
        with self.changed:
            self.deliveries.setdefault(delivery.webhook_id, delivery)
            self.changed.notify_all()
        return 204

    def wait_for(self, matches: Callable[[Delivery], bool], timeout_s: float) -> Delivery | None:
        """Wait up to ``timeout_s`` for the first delivery that fits."""
        with self.changed:
            self.changed.wait_for(lambda: any(map(matches, self.deliveries.values())), timeout_s)
            return next(filter(matches, self.deliveries.values()), None)


class Receiver:
    """A server on ``127.0.0.1:port`` that puts deliveries to ``/webhook`` into an inbox."""

    def __init__(self, inbox: Inbox, port: int) -> None:
        """Bind at once, so that a taken port is known before anything else happens (OSError)."""
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _handler(inbox))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        """Address for deliveries."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/webhook"

    def __enter__(self) -> Receiver:
        """Start to answer."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop and free the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


def _handler(inbox: Inbox) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def do_POST(self) -> None:
            length = self.headers.get("content-length", "")
            if self.path != "/webhook" or not length.isdigit() or int(length) > MAX_BODY_BYTES:
                self.send_error(404)
                return
            body = self.rfile.read(int(length))
            headers = {name.lower(): value for name, value in self.headers.items()}
            self.send_response(inbox.take(headers, body))
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
            """The inbox tells what came; the console is for people."""

    return Handler
