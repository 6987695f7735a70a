"""``clipstream listen``: forwards an organisation's webhook messages to a receiver on this machine.

A message is signed with a secret of this run, by the same rules as to an endpoint. The API is asked for the next
messages behind the last one, so none is lost or comes twice while the connection breaks.
"""

from __future__ import annotations

import base64
import json
import time
from argparse import ArgumentTypeError, Namespace
from ipaddress import ip_address
from typing import Any

import httpx2

from cli.api.client import JSON, Client
from cli.api.references import short_id
from cli.exit_codes import CliError, ExitCode
from cli.options.parser import add_command
from cli.output.terminal import Display
from core.domain.webhooks.signatures import SHARED_PREFIX, headers, new_secret
from schemas.version import USER_AGENT

PATH = "/v1/webhooks/messages"
WAIT_S = 15
PAUSE_S = 2.0
RECEIVER_TIMEOUT_S = 15.0


def add_listen(commands: Any, ask: Any) -> None:
    """Add the command ``listen``."""
    parser = add_command(
        commands,
        "listen",
        "forward webhook messages to a receiver on this machine",
        ask(listen),
        "clipstream listen --forward-to http://127.0.0.1:3000/hook",
        "clipstream listen --forward-to http://localhost:3000/hook --events 'export.*'",
    )
    parser.add_argument("--forward-to", required=True, type=loopback_url, metavar="URL", help="on this machine")
    parser.add_argument("--events", nargs="+", metavar="FILTER", help="only these kinds of message (all)")
    parser.add_argument("--secret", type=_secret, metavar="whsec_…", help="to sign with (a new one)")
    parser.add_argument("--after", type=int, metavar="N", help="go on behind this message; 0: the oldest that is kept")
    parser.add_argument("--count", type=int, metavar="N", help="end after N messages (Ctrl-C)")


def loopback_url(typed: str) -> str:
    """An http or https URL of this machine; raises ArgumentTypeError for any other."""
    try:
        url = httpx2.URL(typed)
        is_loopback = url.host == "localhost" or ip_address(url.host).is_loopback
    except (httpx2.InvalidURL, ValueError):
        is_loopback = False
    if not is_loopback or url.scheme not in ("http", "https"):
        raise ArgumentTypeError(f"{typed!r} is not an http URL of this machine: write http://127.0.0.1:PORT/PATH")
    return typed


def _secret(typed: str) -> str:
    try:
        if not base64.b64decode(typed.removeprefix(SHARED_PREFIX), validate=True) or not typed.startswith(
            SHARED_PREFIX
        ):
            raise ValueError(typed)
    except ValueError:
        raise ArgumentTypeError("it is not a secret: whsec_ and base64") from None
    return typed


def listen(
    client: Client, args: Namespace, display: Display, transport: httpx2.BaseTransport | None = None
) -> tuple[int, JSON]:
    """Forward messages until Ctrl-C; ``transport`` replaces the receiver in tests."""
    secret = args.secret or new_secret()
    display.say(f"Forwarding to {args.forward_to}, signed with {secret}")
    counts = {"taken": 0, "failed": 0}
    after = args.after
    with httpx2.Client(timeout=RECEIVER_TIMEOUT_S, trust_env=False, transport=transport) as receiver:
        try:
            if after is None:
                after = client.get(PATH)["next_after"]
            while args.count is None or sum(counts.values()) < args.count:
                page = _ask(client, display, after, args.events)
                for message in page["items"]:
                    is_taken = _forward(receiver, args, display, message, secret)
                    counts["taken" if is_taken else "failed"] += 1
                    after = message["position"]
                    if sum(counts.values()) == args.count:
                        break
                else:
                    after = page["next_after"]
        except KeyboardInterrupt:
            pass
    if after is not None:
        display.say(f"{counts['taken']} taken, {counts['failed']} failed; `--after {after}` goes on here.")
    return ExitCode.OK, {**counts, "next_after": after}


def _ask(client: Client, display: Display, after: int, filters: list[str] | None) -> JSON:
    """The next messages, or none after a while; waits while the API does not answer."""
    is_told = False
    while True:
        try:
            return client.get(PATH, after=after, wait_s=WAIT_S, limit=100, events=filters)
        except CliError as error:
            if error.code != ExitCode.STACK_UNAVAILABLE:
                raise
            if not is_told:
                display.say(f"{error.line} Nothing is lost: waiting for it.")
                is_told = True
            client.sleep(PAUSE_S)


def _forward(receiver: httpx2.Client, args: Namespace, display: Display, message: JSON, secret: str) -> bool:
    """POST a message as an endpoint gets it; says what came of it, and whether it was taken."""
    body = str(message["body"]).encode()
    signed = headers([secret], message_id=message["event_id"], timestamp_s=int(time.time()), body=body)
    began_s = time.monotonic()
    try:
        status = receiver.post(args.forward_to, content=body, headers={**signed, "user-agent": USER_AGENT}).status_code
        answer, is_taken = str(status), 200 <= status < 300
    except httpx2.HTTPError as error:
        answer, is_taken = f"no answer ({type(error).__name__})", False
    took_ms = round((time.monotonic() - began_s) * 1000)
    title = (json.loads(body)["data"].get("project") or {}).get("title", "")
    clock = time.strftime("%H:%M:%S")
    line = f"{clock}  {message['event_type']}  {short_id(message['event_id'])}  {answer}  {took_ms} ms  {title}"
    display.say(line.rstrip())
    return is_taken
