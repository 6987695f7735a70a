"""ClickHouse's HTTP interface over the engine: authentication, compression, response headers."""

from __future__ import annotations

import asyncio
import base64
import binascii
import gzip
import hmac
import uuid
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from email.parser import BytesParser
from email.policy import HTTP

import lz4.frame
import msgspec
from backports import zstd
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from local.standins.clickhouse.engine import Answer, Engine
from local.standins.clickhouse.errors import FrontError, describe, not_implemented
from local.standins.clickhouse.request import read_request

THREADS = 8
MAX_BODY_BYTES = 256 * 2**20
PACK_FROM_BYTES = 4096
UNPACK: dict[str, Callable[[bytes], bytes]] = {
    "lz4": lz4.frame.decompress,
    "zstd": zstd.decompress,
    "gzip": gzip.decompress,
    "deflate": zlib.decompress,
}
PACK: dict[str, Callable[[bytes], bytes]] = {
    "zstd": zstd.compress,
    "lz4": lz4.frame.compress,
    "gzip": lambda body: gzip.compress(body, 1),
}


def credentials(request: Request) -> tuple[str, str]:
    """User and password, from whichever of the three places ClickHouse reads."""
    if user := request.headers.get("x-clickhouse-user"):
        return user, request.headers.get("x-clickhouse-key", "")
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            user, _, password = base64.b64decode(text, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return "", ""
        return user, password
    return request.query_params.get("user", "default"), request.query_params.get("password", "")


async def read_body(request: Request) -> bytes:
    """The body, unpacked; raises FrontError when it is too big or packed in an unknown way."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise FrontError(
                307, "TOO_MANY_BYTES", f"the body is larger than {MAX_BODY_BYTES} bytes: send smaller batches"
            )
    packed = request.headers.get("content-encoding", "")
    if not packed or not body:
        return body
    if packed not in UNPACK:
        raise not_implemented(f"Content-Encoding {packed}")
    return await asyncio.to_thread(UNPACK[packed], body)


def read_form(content_type: str, body: bytes) -> dict[str, str]:
    """Fields of a multipart form: the client sends long parameters so, with the query among them."""
    head = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1", "replace")
    fields: dict[str, str] = {}
    for part in BytesParser(policy=HTTP).parsebytes(head + body).iter_parts():
        name = part.get_param("name", header="content-disposition")
        if part.get_filename() or not isinstance(name, str):
            raise not_implemented("external data (a form with a file in it)")
        payload = part.get_payload(decode=True)
        fields[name] = payload.decode() if isinstance(payload, bytes) else ""
    return fields


class Front:
    """The handlers of one engine with one user."""

    def __init__(self, engine: Engine, user: str, password: str) -> None:
        """Statements run in a few threads of its own."""
        self._engine = engine
        self._expected = f"{user}\0{password}".encode()
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="statement")

    def _log_in(self, request: Request) -> None:
        user, password = credentials(request)
        if not hmac.compare_digest(f"{user}\0{password}".encode(), self._expected):
            detail = f"{user}: Authentication failed: password is incorrect, or there is no user with such name."
            raise FrontError(516, "AUTHENTICATION_FAILED", detail)

    async def ping(self, _request: Request) -> Response:
        """Whether the server lives; needs no password."""
        return PlainTextResponse("Ok.\n")

    async def query(self, request: Request) -> Response:
        """One statement."""
        try:
            self._log_in(request)
            body = await read_body(request)
            if request.method == "GET" and not request.query_params.get("query"):
                return PlainTextResponse("Ok.\n")
            fields = dict(request.query_params)
            kind = request.headers.get("content-type", "")
            if kind.startswith("multipart/form-data"):
                fields, body = fields | read_form(kind, body), b""
            statement = read_request(fields, body)
            run = asyncio.get_running_loop().run_in_executor
            answer = await run(self._pool, lambda: self._engine.run(statement, reading=request.method == "GET"))
        except Exception as error:  # noqa: BLE001  the engine raises RuntimeError kinds of many sorts: all become answers
            status, code, text = describe(error)
            return PlainTextResponse(text, status, {"X-ClickHouse-Exception-Code": str(code)})
        return self._respond(request, answer)

    def _respond(self, request: Request, answer: Answer) -> Response:
        counts = {k: str(v) for k, v in msgspec.structs.asdict(answer).items() if k not in ("body", "format")}
        headers = {
            "X-ClickHouse-Summary": msgspec.json.encode(counts | {"elapsed_ns": "0"}).decode(),
            "X-ClickHouse-Query-Id": request.query_params.get("query_id") or str(uuid.uuid4()),
            "X-ClickHouse-Timezone": self._engine.timezone,
            "X-ClickHouse-Server-Display-Name": "chdb",
            "X-ClickHouse-Format": answer.format,
        }
        body = answer.body
        accepted = request.headers.get("accept-encoding", "")
        compressible = request.query_params.get("enable_http_compression") == "1" and len(body) >= PACK_FROM_BYTES
        for name, pack in PACK.items():
            if compressible and name in accepted:
                body, headers["Content-Encoding"] = pack(body), name
                break
        return Response(body, headers=headers, media_type="application/octet-stream")


def make_app(engine: Engine, user: str, password: str) -> Starlette:
    """The ASGI application."""
    front = Front(engine, user, password)
    return Starlette(
        routes=[
            Route("/ping", front.ping, methods=["GET"]),
            Route("/replicas_status", front.ping, methods=["GET"]),
            Route("/", front.query, methods=["GET", "POST"]),
        ]
    )
