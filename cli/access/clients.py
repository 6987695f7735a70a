"""``clipstream clients``: register, list, change, rotate and delete OAuth clients."""

from __future__ import annotations

from argparse import ArgumentTypeError, Namespace
from collections.abc import Callable
from typing import Any

from cli.access.typed_ids import MAX_PAGE_ITEMS, find_id
from cli.api.client import JSON, Client
from cli.api.references import short_id
from cli.exit_codes import CliError, ExitCode
from cli.options.parser import add_command, add_group
from cli.output.terminal import Display, plain_table

MAX_OVERLAP_HOURS = 168
_CLIENT = "its id, or the first digits of it, as `clipstream clients list` shows them"
_URI = "where people return to, to the character; or several"


def add_clients(commands: Any, ask: Any, positive: Callable[[str], int]) -> None:
    """Add the commands of OAuth clients."""
    inner = add_group(
        commands, "clients", "OAuth clients: register, list, change, rotate, delete", "clipstream clients list"
    )
    create = add_command(
        inner,
        "create",
        "register an OAuth client and print its id and secret, this once",
        ask(create_client),
        "clipstream clients create 'Clip Calendar' --public --scope projects:read --redirect-uri http://127.0.0.1/cb",
        "clipstream clients create Importer --scope projects:write --service-account 7d1f20aa-…",
    )
    create.add_argument("name", metavar="NAME", help="of the app, as people read it when it asks them")
    create.add_argument("--public", action="store_true", help="it cannot keep a secret, as an app on a device")
    create.add_argument("--scope", action="append", required=True, metavar="SCOPE", help="it may ask for; or several")
    create.add_argument("--redirect-uri", action="append", default=[], metavar="URI", help=_URI)
    create.add_argument("--service-account", metavar="ID", help="the service account that it calls as for itself")
    create.add_argument("--homepage", metavar="URL", help="of the app, for people")
    listing = add_command(
        inner, "list", "list OAuth clients, newest first", ask(list_clients), "clipstream clients list"
    )
    listing.add_argument("--limit", type=positive, default=20, metavar="N")
    change = add_command(
        inner,
        "change",
        "change an OAuth client; what is given replaces what was there",
        ask(change_client),
        "clipstream clients change 7d1f20aa --scope projects:read",
    )
    change.add_argument("client_id", metavar="CLIENT", help=_CLIENT)
    change.add_argument("--name", metavar="NAME", help="of the app")
    change.add_argument("--scope", action="append", metavar="SCOPE", help="it may ask for; or several")
    change.add_argument("--redirect-uri", action="append", metavar="URI", help=_URI)
    change.add_argument("--homepage", metavar="URL", help="of the app, for people")
    rotate = add_command(
        inner,
        "rotate",
        "give an OAuth client a new secret, and let both count for a while",
        ask(rotate_secret),
        "clipstream clients rotate 7d1f20aa --overlap-hours 48",
    )
    rotate.add_argument("client_id", metavar="CLIENT", help=_CLIENT)
    rotate.add_argument(
        "--overlap-hours", type=_hours, default=24, metavar="N", help="for the old one; 0 ends it (%(default)s)"
    )
    delete = add_command(
        inner,
        "delete",
        "delete an OAuth client and what was granted to it, within 5 s",
        ask(delete_client),
        "clipstream clients delete 7d1f20aa",
    )
    delete.add_argument("client_id", metavar="CLIENT", help=_CLIENT)


def _hours(text: str) -> int:
    if not text.isdigit() or int(text) > MAX_OVERLAP_HOURS:
        raise ArgumentTypeError(f"{text!r} is not a number of hours from 0 to {MAX_OVERLAP_HOURS}")
    return int(text)


def create_client(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """Register a client and print it."""
    request: JSON = {"name": args.name, "kind": "public" if args.public else "confidential", "scopes": args.scope}
    request |= {"redirect_uris": args.redirect_uri}
    request |= {"service_account_id": args.service_account} if args.service_account else {}
    request |= {"homepage": args.homepage} if args.homepage else {}
    registered = client.post("/v1/oauth/clients", request)
    _show_once(registered, args, display)
    return ExitCode.OK, registered


def _show_once(registered: JSON, args: Namespace, display: Display) -> None:
    if args.json:
        return
    display.say(f"client_id      {registered['client_id']}")
    if registered["client_secret"] is None:
        display.say("It is a public client: it has no secret, and proves itself by PKCE.")
        return
    display.say(f"client_secret  {registered['client_secret']}")
    display.say("The secret is shown this once: keep it where secrets are kept.")


def list_clients(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """The newest clients."""
    page = client.get("/v1/oauth/clients", limit=min(args.limit, MAX_PAGE_ITEMS))
    if not page["items"] and not args.json:
        display.say("There is no OAuth client.")
    elif not args.json:
        rows = [
            (
                short_id(item["client_id"]),
                item["kind"],
                f"…{item['secret_last4']}" if item["secret_last4"] else "",
                ", ".join(item["scopes"]),
                ", ".join(item["redirect_uris"]) or "asks no person",
                item["name"],
            )
            for item in page["items"]
        ]
        columns = ("client", "kind", "secret ends in", "scopes", "returns to", "name")
        display.table(plain_table("", columns, rows))
    return ExitCode.OK, page


def change_client(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """Change what was given of a client."""
    fields = {"name": args.name, "scopes": args.scope, "redirect_uris": args.redirect_uri, "homepage": args.homepage}
    request: JSON = {name: value for name, value in fields.items() if value is not None}
    if not request:
        raise CliError(ExitCode.USAGE, "name what to change: --name, --scope, --redirect-uri or --homepage")
    client_id = _full_id(client, args.client_id)
    changed = client.patch(f"/v1/oauth/clients/{client_id}", request, "*")
    if not args.json:
        display.say(f"Client {short_id(client_id)} is changed.")
    return ExitCode.OK, changed


def rotate_secret(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """Give a client a new secret and print it."""
    client_id = _full_id(client, args.client_id)
    registered = client.post(f"/v1/oauth/clients/{client_id}/rotate", {"overlap_hours": args.overlap_hours})
    _show_once(registered, args, display)
    if not args.json:
        ends = f"counts for {args.overlap_hours} more hours" if args.overlap_hours else "has ended"
        display.say(f"The old secret {ends}.")
    return ExitCode.OK, registered


def delete_client(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """Delete a client."""
    client_id = _full_id(client, args.client_id)
    client.delete(f"/v1/oauth/clients/{client_id}")
    if not args.json:
        display.say(f"Client {short_id(client_id)} is deleted.")
    return ExitCode.OK, {"client_id": client_id, "deleted": True}


def _full_id(client: Client, typed: str) -> str:
    return find_id(client, "/v1/oauth/clients", "client_id", typed, noun="client")
