"""What reaches Sentry and the log of a bug: where it was, and neither a secret nor a customer's word."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

pytestmark = pytest.mark.contract
SECRETS = {
    "key": "clp_live_canary7Key7of7an7organisation",
    "password": "canary correct horse battery",
    "totp": "CANARYSEED234567",
    "webhook": "whsec_Y2FuYXJ5IHNpZ25pbmcgc2VjcmV0",
    "refresh": "clr_canaryRefreshToken",
    "words": "canary words of a script",
}
CHILD = """
import json, os, sys
import sentry_sdk
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient
import msgspec
from core.infra.telemetry import report_bug, set_up
from core.settings import Settings

secrets = json.loads(sys.stdin.read())
set_up("api", Settings(s3="", triton="", sentry_dsn=sys.argv[1]))


async def fail(request):
    body, credentials = await request.json(), request.headers["authorization"]
    local_secret = dict(secrets)
    try:
        raise RuntimeError("a bug")
    except RuntimeError as error:
        report_bug(error, "api")
    raise ValueError("another bug")


app = Starlette(routes=[Route("/v1/auth/login", fail, methods=["POST"])])
client = TestClient(app, raise_server_exceptions=False, cookies={"refresh": secrets["refresh"]})
headers = {"Authorization": "Bearer " + secrets["key"]}
client.post("/v1/auth/login?code=" + secrets["totp"], json=secrets, headers=headers)
sentry_sdk.flush(10)
"""


@contextmanager
def receiver() -> Iterator[tuple[str, list[bytes]]]:
    """Sentry's address, and the bodies that it was sent."""
    bodies: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            bodies.append(gzip.decompress(body) if self.headers.get("content-encoding") == "gzip" else body)
            self.send_response(200)
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://public@127.0.0.1:{server.server_port}/1", bodies
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_an_envelope_says_where_and_shows_no_secret() -> None:
    """Real envelopes of a real process: of a request that carries secrets everywhere, with secrets in its variables."""
    with receiver() as (dsn, bodies):
        ended = subprocess.run(
            [sys.executable, "-c", CHILD, dsn], input=json.dumps(SECRETS), capture_output=True, text=True, check=True
        )
    sent = b"\n".join(bodies).decode()
    assert "a bug" in sent
    assert "another bug" in sent
    for name, secret in SECRETS.items():
        assert secret not in sent, f"Sentry got the {name}"
        assert secret not in ended.stderr + ended.stdout, f"the log shows the {name}"
