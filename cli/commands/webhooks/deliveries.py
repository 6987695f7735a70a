"""``clipstream webhooks deliveries``, ``replay`` and ``recover``: what was sent, and sending it again."""

from __future__ import annotations

import datetime as dt
import re
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from typing import Any
from uuid import UUID

from cli.api.client import JSON, Client
from cli.api.references import short_id
from cli.exit_codes import CliError, ExitCode
from cli.options.parser import add_command
from cli.output.terminal import Display, plain_table

PATH = "/v1/webhooks/endpoints"
_AGO = re.compile(r"(\d{1,6})(min|h|d)")
_SECONDS = {"min": 60, "h": 3600, "d": 86400}
MAX_ROUNDS = 1000
"""Requests of one command: each takes 500 deliveries."""


def moment(typed: str) -> str:
    """A moment for the API, typed as RFC 3339, a date (UTC) or `2h` ago; raises ArgumentTypeError."""
    if ago := _AGO.fullmatch(typed.strip()):
        past = dt.timedelta(seconds=int(ago[1]) * _SECONDS[ago[2]])
        try:
            return (dt.datetime.now(dt.UTC) - past).isoformat()
        except OverflowError:
            raise ArgumentTypeError(f"{typed!r} is before there were calendars") from None
    try:
        at = dt.datetime.fromisoformat(typed.strip())
    except ValueError:
        raise ArgumentTypeError(
            f"{typed!r} is not a moment: write 2026-03-01, 2026-03-01T12:00Z, 90min, 2h or 3d"
        ) from None
    return (at if at.tzinfo else at.replace(tzinfo=dt.UTC)).isoformat()


def add_deliveries(inner: Any, ask: Any) -> list[ArgumentParser]:
    """Add the commands of deliveries; each still needs the argument ``endpoint``."""
    listing = add_command(
        inner,
        "deliveries",
        "list what was sent to an endpoint, newest first, or show one delivery with its tries",
        ask(list_deliveries),
        "clipstream webhooks deliveries 0b8e6c4e --state failed --since 3d",
        "clipstream webhooks deliveries 0b8e6c4e --show 5b2a1f6e",
    )
    listing.add_argument("--state", choices=("pending", "delivered", "failed"))
    listing.add_argument("--type", metavar="TYPE", help="of the message, e.g. export.completed")
    listing.add_argument("--since", type=moment, metavar="TIME", help="a moment, or a time ago: 2h, 3d")
    listing.add_argument("--limit", type=int, default=20, metavar="N")
    listing.add_argument("--show", metavar="DELIVERY", help="this one, with its body and each try")
    again = add_command(
        inner,
        "replay",
        "send one delivery once more, or all that failed since a moment",
        ask(replay_deliveries),
        "clipstream webhooks replay 0b8e6c4e --since 3d",
        "clipstream webhooks replay 0b8e6c4e --delivery 5b2a1f6e",
    )
    again.add_argument("--delivery", metavar="DELIVERY", help="this one alone")
    missed = add_command(
        inner,
        "recover",
        "deliver what an endpoint missed while it was paused, disabled or not there",
        ask(recover_deliveries),
        "clipstream webhooks recover 0b8e6c4e --since 2026-03-01",
    )
    for parser, required in ((again, False), (missed, True)):
        parser.add_argument("--since", type=moment, required=required, metavar="TIME", help="a moment, or a time ago")
        parser.add_argument("--until", type=moment, metavar="TIME", help="only what was before")
    return [listing, again, missed]


def path_of(client: Client, typed: str) -> str:
    """Path of the endpoint whose id was typed, or its first digits. Raises CliError for none or several."""
    ids = [str(endpoint["endpoint_id"]) for endpoint in client.get(PATH)["items"]]
    return f"{PATH}/{_one_of(ids, typed, 'endpoint', '`clipstream webhooks list` lists them')}"


def _one_of(ids: list[str], typed: str, noun: str, advice: str) -> str:
    matching = [full_id for full_id in ids if full_id.startswith(typed.strip().lower())]
    if len(matching) == 1:
        return matching[0]
    fault = "is the start of several ids" if matching else "is the start of no id"
    raise CliError(ExitCode.USAGE, f"{typed!r} {fault}, {noun}: {advice}.")


def list_deliveries(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """The newest deliveries of an endpoint, or one of them."""
    path = f"{path_of(client, args.endpoint)}/deliveries"
    if args.show is not None:
        return _show(client, args, display, path)
    page = client.get(path, state=args.state, event_type=args.type, since=args.since, limit=args.limit)
    if not args.json and not page["items"]:
        display.say("No delivery.")
    elif not args.json:
        rows = [
            (
                short_id(delivery["delivery_id"]),
                delivery["event_type"],
                delivery["state"],
                str(delivery["attempt"]),
                delivery["last_error"] or str(delivery["response_status"] or ""),
                _minute(delivery["created_at"]),
                _minute(delivery["next_try_at"]),
            )
            for delivery in page["items"]
        ]
        columns = ("delivery", "type", "state", "tries", "answer", "due since (UTC)", "next try")
        display.table(plain_table("", columns, rows))
    return ExitCode.OK if page["items"] else ExitCode.NOTHING_FOUND, page


def _minute(moment_text: str | None) -> str:
    return (moment_text or "")[:16].replace("T", " ")


def _show(client: Client, args: Namespace, display: Display, path: str) -> tuple[int, JSON]:
    delivery = client.get(f"{path}/{_delivery_id(client, path, args.show)}")
    if not args.json:
        display.say(f"{delivery['event_type']}, {delivery['state']}")
        display.say(delivery["body"])
        rows = [
            (_minute(attempt["at"]), attempt["error"] or str(attempt["response_status"]), f"{attempt['latency_ms']} ms",
             _minute(attempt["next_try_at"]), attempt["response_body"][:200])
            for attempt in delivery["attempts"]
        ]  # fmt: skip
        display.table(plain_table("", ("tried (UTC)", "answer", "took", "next try", "body of the answer"), rows))
    return ExitCode.OK, delivery


def _delivery_id(client: Client, path: str, typed: str) -> str:
    """A whole id, or the first digits of one of the newest hundred."""
    try:
        return str(UUID(typed.strip()))
    except ValueError:
        ids = [str(delivery["delivery_id"]) for delivery in client.get(path, limit=100)["items"]]
        return _one_of(ids, typed, "delivery", "give its whole id")


def replay_deliveries(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """Send one delivery once more, or what failed."""
    path = path_of(client, args.endpoint)
    if args.delivery is not None:
        listed = f"{path}/deliveries"
        answer = client.post(f"{listed}/{_delivery_id(client, listed, args.delivery)}/replay")
        if not args.json:
            display.say("The delivery is on its way again.")
        return ExitCode.OK, answer
    if args.since is None:
        raise CliError(ExitCode.USAGE, "Say what to replay: --delivery ID, or all that failed --since TIME.")
    return _repeat(client, args, display, f"{path}/replay", "failed and is on its way again")


def recover_deliveries(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """Deliver what was missed."""
    path = path_of(client, args.endpoint)
    return _repeat(client, args, display, f"{path}/recover", "was missed and is on its way")


def _repeat(client: Client, args: Namespace, display: Display, path: str, outcome: str) -> tuple[int, JSON]:
    """Ask until nothing is left of what there was at the beginning."""
    until = args.until or dt.datetime.now(dt.UTC).isoformat()
    count = 0
    for _ in range(MAX_ROUNDS):
        answer = client.post(path, {"since": args.since, "until": until})
        count += answer["count"]
        if not answer["has_more"]:
            break
    if not args.json:
        display.say(f"{count} {'delivery' if count == 1 else 'deliveries'}: each {outcome}." if count else "Nothing.")
    return ExitCode.OK if count else ExitCode.NOTHING_FOUND, {"count": count}
