"""A push service (RFC 8030) as a stand-in: it checks who sends, and decrypts nothing."""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
from collections.abc import Awaitable, Callable
from typing import Literal
from urllib.parse import urlsplit
from uuid import uuid4

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

Trouble = Literal["none", "busy", "missing", "gone", "error", "hang"]
MAX_BODY_BYTES = 4096
HEADER_BYTES = 86
"""Bytes before the ciphertext: salt, size of a record, length of the key id, a point of P-256."""
MAX_TOKEN_LIFE = dt.timedelta(hours=24)
HANG_S = 120.0
RETRY_AFTER_S = 7
_STATUS: dict[Trouble, int] = {"busy": 429, "missing": 404, "gone": 410, "error": 500}


class KeptMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message that waits for its browser, encrypted."""

    channel: str
    topic: str
    ttl: int
    urgency: str
    body: bytes


class PushService:
    """Browsers' channels with their messages. A channel takes messages of one sender, if a key was named."""

    def __init__(
        self, origin: str, clock: Callable[[], dt.datetime], hang: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        """``origin``: scheme, host and port as senders see them; ``hang`` is awaited where no answer comes."""
        self.origin = origin
        self.kept: list[KeptMessage] = []
        self.requests = 0
        self.trouble: dict[str, list[Trouble]] = {}
        """What goes wrong next, by channel."""
        self._senders: dict[str, str] = {}
        self._clock = clock
        self._hang = hang or (lambda: asyncio.sleep(HANG_S))

    def subscribe(self, sender: str) -> str:
        """A new channel for messages of a sender (`applicationServerKey`); returns its URL."""
        channel = uuid4().hex
        self._senders[channel] = sender
        return f"{self.origin}/push/{channel}"

    def app(self) -> Starlette:
        """Its HTTP: messages of senders; subscriptions and messages of browsers."""
        return Starlette(
            routes=[
                Route("/push/{channel}", self._take, methods=["POST"]),
                Route("/push/{channel}", self._read, methods=["GET"]),
                Route("/subscriptions", self._subscribe, methods=["POST"]),
            ]
        )

    async def _subscribe(self, request: Request) -> Response:
        return JSONResponse({"endpoint": self.subscribe((await request.json())["applicationServerKey"])})

    async def _read(self, request: Request) -> Response:
        channel = request.path_params["channel"]
        return JSONResponse(
            [base64.b64encode(waiting.body).decode() for waiting in self.kept if waiting.channel == channel],
        )

    async def _take(self, request: Request) -> Response:
        self.requests += 1
        channel, body = request.path_params["channel"], await request.body()
        troubles = self.trouble.get(channel, [])
        trouble = troubles.pop(0) if troubles else "none"
        if trouble == "hang":
            await self._hang()
        if trouble in _STATUS:
            headers = {"Retry-After": str(RETRY_AFTER_S)} if trouble == "busy" else {}
            return PlainTextResponse(f"{trouble}, as it was set", _STATUS[trouble], headers=headers)
        if channel not in self._senders:
            return PlainTextResponse("there is no such subscription", 404)
        if fault := self._fault(request, body):
            return PlainTextResponse(fault, 400)
        if not self._is_sender(request.headers.get("authorization", ""), self._senders[channel]):
            return PlainTextResponse("not the sender that this browser subscribed to", 403)
        message = KeptMessage(
            channel=channel,
            topic=request.headers.get("topic", ""),
            ttl=int(request.headers["ttl"]),
            urgency=request.headers.get("urgency", "normal"),
            body=body,
        )
        # a message of the same topic takes the place of the one that was not delivered yet
        self.kept = [
            waiting
            for waiting in self.kept
            if not message.topic or (waiting.channel, waiting.topic) != (channel, message.topic)
        ]
        self.kept.append(message)
        return Response(status_code=201, headers={"Location": f"{self.origin}/message/{uuid4().hex}"})

    def _fault(self, request: Request, body: bytes) -> str:
        if request.headers.get("content-encoding") != "aes128gcm":
            return "the content encoding is not aes128gcm"
        if not request.headers.get("ttl", "").isdigit():
            return "there is no TTL"
        if len(request.headers.get("topic", "")) > 32:
            return "the topic has more than 32 characters"
        if not HEADER_BYTES < len(body) <= MAX_BODY_BYTES:
            return f"the body has {len(body)} bytes"
        return ""

    def _is_sender(self, header: str, sender: str) -> bool:
        """Whether the header is signed by the key that the browser subscribed with."""
        scheme, _, rest = header.partition(" ")
        fields = dict(field.strip().partition("=")[::2] for field in rest.split(","))
        if scheme.lower() != "vapid" or fields.get("k") != sender:
            return False
        point = base64.urlsafe_b64decode(sender + "=" * (-len(sender) % 4))
        coordinates = (base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in (point[1:33], point[33:65]))
        x, y = coordinates
        try:
            key = ECKey.import_key({"kty": "EC", "crv": "P-256", "x": x, "y": y})
            claims = jwt.decode(fields.get("t", ""), key, algorithms=["ES256"]).claims
        except (JoseError, ValueError):
            return False
        now = self._clock().timestamp()
        is_current = now < claims.get("exp", 0) <= now + MAX_TOKEN_LIFE.total_seconds()
        address = urlsplit(self.origin)
        return bool(claims.get("aud") == f"{address.scheme}://{address.netloc}" and is_current and claims.get("sub"))
