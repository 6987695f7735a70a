"""``clipstream webhooks``: endpoints listed, made, changed, paused, tested, given new secrets."""

from __future__ import annotations

import json
from argparse import ArgumentTypeError, Namespace
from typing import Any

from cli.api.client import JSON, Client
from cli.api.references import short_id
from cli.commands.webhooks import deliveries
from cli.exit_codes import CliError, ExitCode
from cli.options.parser import add_command, add_group
from cli.output.terminal import Display, plain_table

PATH = "/v1/webhooks/endpoints"
_ENDPOINT = "its id, or the first digits of it"
_FILTERS = "kinds of message: a type, all with a beginning (`export.*`), or all (`*`)"


def add_webhooks(commands: Any, ask: Any) -> None:
    """Add the commands of webhook endpoints and of the deliveries to them."""
    text = "addresses that get messages of what happens, and what was delivered to them"
    inner = add_group(commands, "webhooks", text, "clipstream webhooks list")
    add_command(inner, "list", "list the endpoints", ask(list_endpoints), "clipstream webhooks list")
    make = add_command(
        inner,
        "create",
        "register an endpoint; its secret is shown this once",
        ask(create_endpoint),
        "clipstream webhooks create https://example.org/hook --events 'export.*' project.failed",
    )
    make.add_argument("url", metavar="URL")
    make.add_argument("--events", nargs="+", default=["*"], metavar="FILTER", help=f"{_FILTERS} (all)")
    make.add_argument("--description", default="", metavar="TEXT", help="your own words about it")
    make.add_argument("--signing", choices=("hmac", "ed25519"), default="hmac", help="how messages are signed (hmac)")
    change = add_command(
        inner,
        "update",
        "change the address, the kinds of message or the description of an endpoint",
        ask(update_endpoint),
        "clipstream webhooks update 0b8e6c4e --events 'project.*'",
    )
    change.add_argument("--url", metavar="URL", help="another address")
    change.add_argument("--events", nargs="+", metavar="FILTER", help=_FILTERS)
    change.add_argument("--description", metavar="TEXT", help="other words about it")
    turn = add_command(
        inner,
        "rotate",
        "give an endpoint another secret; both sign for a while",
        ask(rotate_secret),
        "clipstream webhooks rotate 0b8e6c4e",
        "clipstream webhooks rotate 0b8e6c4e --overlap-hours 0",
    )
    turn.add_argument("--overlap-hours", type=float, default=24.0, metavar="N", help="for the old one (%(default)g)")
    turn.add_argument("--signing", choices=("hmac", "ed25519"), help="how messages are signed from now on")
    text = "list the kinds of message, or show one with its schema and an example"
    kinds = add_command(inner, "event-types", text, ask(list_event_types), "clipstream webhooks event-types")
    kinds.add_argument("--show", metavar="TYPE", help="this one")
    parsers: list[Any] = [change, turn]
    for name, text, run in (
        ("pause", "let an endpoint rest; what is due waits", pause_endpoint),
        ("enable", "let an endpoint take messages again that was paused, disabled or failing", enable_endpoint),
        ("test", "send an endpoint a test message", test_endpoint),
        ("delete", "forget an endpoint, and what is due to it", delete_endpoint),
    ):
        parsers.append(add_command(inner, name, text, ask(run), f"clipstream webhooks {name} 0b8e6c4e"))
    for parser in (*parsers, *deliveries.add_deliveries(inner, ask)):
        parser.add_argument("endpoint", metavar="ENDPOINT", help=_ENDPOINT, type=_typed_id)


def _typed_id(text: str) -> str:
    if not text.strip():
        raise ArgumentTypeError("an endpoint's id is not empty")
    return text.strip().lower()


def list_event_types(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """Kinds of message."""
    kinds = client.get("/v1/webhooks/event-types")
    if args.show is None:
        if not args.json:
            rows = [(kind["type"], kind["description"]) for kind in kinds["items"]]
            display.table(plain_table("", ("type", "when it is sent"), rows))
        return ExitCode.OK, kinds
    event_type: JSON | None = next((kind for kind in kinds["items"] if kind["type"] == args.show), None)
    if event_type is None:
        raise CliError(ExitCode.USAGE, f"there is no type {args.show!r}: `clipstream webhooks event-types` lists them")
    if not args.json:
        display.say(event_type["description"])
        display.say(
            json.dumps({"example": event_type["example"], "schema": event_type["schema"]}, indent=2, ensure_ascii=False)
        )
    return ExitCode.OK, event_type


def list_endpoints(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """All endpoints, and how each fares."""
    answer = client.get(PATH)
    if not args.json and not answer["items"]:
        display.say("No endpoint yet: `clipstream webhooks create URL` registers one.")
    elif not args.json:
        rows = [
            (
                short_id(endpoint["endpoint_id"]),
                state_of(endpoint),
                ", ".join(endpoint["events"]),
                endpoint["url"],
                endpoint["description"],
            )
            for endpoint in answer["items"]
        ]
        display.table(plain_table("", ("endpoint", "state", "events", "URL", "description"), rows))
    return ExitCode.OK, answer


def state_of(endpoint: JSON) -> str:
    """One word for how an endpoint fares."""
    if endpoint["disabled_at"]:
        return f"disabled ({endpoint['disabled_reason']})"
    if endpoint["paused_at"]:
        return "paused"
    return "failing" if endpoint["failing_since"] else "in use"


def create_endpoint(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """Register an endpoint and show its secret."""
    body = {"url": args.url, "events": args.events, "description": args.description, "signing": args.signing}
    endpoint = client.post(PATH, body)
    if not args.json:
        display.say(f"Endpoint {endpoint['endpoint_id']}")
        _show_secret(display, endpoint)
    return ExitCode.OK, endpoint


def _show_secret(display: Display, endpoint: JSON) -> None:
    if endpoint["secret"]:
        display.say(f"Secret {endpoint['secret']}: keep it, it is not shown again.")
    else:
        display.say(f"Public key {endpoint['public_key']}")
    for former in endpoint["former_keys"]:
        display.say(f"The one before signs too until {former['expires_at'][:16].replace('T', ' ')} UTC.")


def update_endpoint(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """Change what was given."""
    changes = {name: getattr(args, name) for name in ("url", "events", "description")}
    body = {name: value for name, value in changes.items() if value is not None}
    if not body:
        raise CliError(ExitCode.USAGE, "Nothing to change: give --url, --events or --description.")
    return _say(display, args, client.correct(path_of(client, args), body), "is changed")


def pause_endpoint(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """Send nothing until it is enabled."""
    return _say(display, args, client.correct(path_of(client, args), {"paused": True}), "is paused")


def enable_endpoint(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """Send again, whatever had stopped it."""
    answer = client.post(f"{path_of(client, args)}/enable")
    return _say(display, args, answer, "takes messages; `clipstream webhooks recover` brings what it missed")


def test_endpoint(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """Send a test message."""
    answer = client.post(f"{path_of(client, args)}/test")
    if not args.json:
        display.say(f"The test is on its way as delivery {answer['delivery_id']}.")
    return ExitCode.OK, answer


def rotate_secret(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """Another secret, shown this once."""
    body = {"overlap_hours": args.overlap_hours, "signing": args.signing}
    answer = client.post(f"{path_of(client, args)}/rotate-secret", body)
    if not args.json:
        _show_secret(display, answer)
    return ExitCode.OK, answer


def delete_endpoint(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """Forget an endpoint."""
    path = path_of(client, args)
    client.delete(path)
    if not args.json:
        display.say("The endpoint is forgotten.")
    return ExitCode.OK, {"endpoint_id": path.rpartition("/")[2]}


def path_of(client: Client, args: Namespace) -> str:
    """Path of the endpoint that was named. Raises CliError for none or several."""
    return deliveries.path_of(client, args.endpoint)


def _say(display: Display, args: Namespace, endpoint: JSON, outcome: str) -> tuple[int, JSON]:
    if not args.json:
        display.say(f"Endpoint {short_id(endpoint['endpoint_id'])} {outcome}.")
    return ExitCode.OK, endpoint
