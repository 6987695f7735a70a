"""``clipstream keys``: make, list, change, rotate, revoke and check API keys."""

from __future__ import annotations

import argparse
import json
import sys
from argparse import ArgumentTypeError, Namespace
from collections.abc import Callable
from typing import Any

from cli.access.dates import date_or_time, shown_time
from cli.access.typed_ids import MAX_PAGE_ITEMS, find_id
from cli.api.client import JSON, Client
from cli.api.references import short_id
from cli.exit_codes import CliError, ExitCode
from cli.options.parser import add_command, add_group
from cli.output.terminal import Display, plain_table
from core.infra.secrets import BadKeyError, check_api_key

MAX_OVERLAP_HOURS = 168
NEVER = "never"
_KEY = "its id, or the first digits of it, as `clipstream keys list` shows them"


def add_keys(commands: Any, ask: Any, positive: Callable[[str], int]) -> None:
    """Add the commands of API keys."""
    inner = add_group(commands, "keys", "API keys: make, list, change, rotate, revoke, check", "clipstream keys list")
    create = add_command(
        inner,
        "create",
        "make an API key and print it, this once",
        ask(create_key),
        "clipstream keys create 'Nightly import' --scope read --scope projects:write",
        "clipstream keys create CI --scope read --expires 2027-01-31 --address 192.0.2.0/24",
    )
    create.add_argument("name", metavar="NAME", help="of the key, for people")
    create.add_argument("--scope", action="append", required=True, metavar="SCOPE", help="what it may do; or several")
    create.add_argument("--expires", type=date_or_time, metavar="DATE", help="when it ends by itself (never)")
    create.add_argument("--address", action="append", metavar="CIDR", help="network that it is used from; or several")
    create.add_argument("--test", action="store_true", help="its clips are drafts with a mark, never billed")
    create.add_argument("--service-account", metavar="ID", help="the service account that calls with it")
    listing = add_command(
        inner, "list", "list API keys, newest first", ask(list_keys), "clipstream keys list --state active"
    )
    listing.add_argument("--limit", type=positive, default=20, metavar="N")
    listing.add_argument("--state", choices=("active", "expired", "revoked"))
    _add_change(inner, ask)
    rotate = add_command(
        inner,
        "rotate",
        "replace an API key by a new one, and let both work for a while",
        ask(rotate_key),
        "clipstream keys rotate 7d1f20aa --overlap-hours 48",
    )
    rotate.add_argument("key_id", metavar="KEY", help=_KEY)
    rotate.add_argument(
        "--overlap-hours", type=_hours, default=24, metavar="N", help="for the old one; 0 ends it (%(default)s)"
    )
    revoke = add_command(
        inner, "revoke", "revoke an API key, within 5 s", ask(revoke_key), "clipstream keys revoke 7d1f20aa"
    )
    revoke.add_argument("key_id", metavar="KEY", help=_KEY)
    text = "check form and checksum of an API key, without asking anybody"
    verify = inner.add_parser(
        "verify", help=text, description=f"{text.capitalize()}.", examples=("clipstream keys verify -",)
    )
    verify.add_argument("plain", metavar="KEY", help="the key; `-` reads it from the standard input")
    verify.add_argument("--json", action="store_true", help="print only JSON on stdout")
    verify.set_defaults(run=verify_key)


def _add_change(inner: Any, ask: Any) -> None:
    change = add_command(
        inner,
        "change",
        "change name, end or networks of an API key; what is given replaces what was there",
        ask(change_key),
        "clipstream keys change 7d1f20aa --expires 2027-06-30",
        "clipstream keys change 7d1f20aa --expires never --from-anywhere",
    )
    change.add_argument("key_id", metavar="KEY", help=_KEY)
    change.add_argument("--name", metavar="NAME", help="of the key, for people")
    change.add_argument("--expires", type=_end, metavar="DATE", help="when it ends by itself, or `never`")
    change.add_argument("--address", action="append", metavar="CIDR", help="network that it is used from; or several")
    change.add_argument("--from-anywhere", action="store_true", help="it is used from any network")


def _end(text: str) -> str:
    return text if text == NEVER else date_or_time(text)


def _hours(text: str) -> int:
    if not text.isdigit() or int(text) > MAX_OVERLAP_HOURS:
        raise ArgumentTypeError(f"{text!r} is not a number of hours from 0 to {MAX_OVERLAP_HOURS}")
    return int(text)


def create_key(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """Make a key and print it."""
    request: JSON = {"name": args.name, "scopes": args.scope, "test": args.test}
    request |= {"expires_at": args.expires} if args.expires else {}
    request |= {"allowed_addresses": args.address} if args.address else {}
    request |= {"service_account_id": args.service_account} if args.service_account else {}
    new_key = client.post("/v1/keys", request)
    _show_once(new_key, args, display)
    return ExitCode.OK, new_key


def _show_once(new_key: JSON, args: Namespace, display: Display) -> None:
    if args.json:
        return
    display.say(new_key["key"])
    display.say(f"Key {short_id(new_key['key_id'])} is shown this once: keep it where secrets are kept.")


def list_keys(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """The newest keys."""
    page = client.get("/v1/keys", limit=min(args.limit, MAX_PAGE_ITEMS), state=args.state)
    if not page["items"] and not args.json:
        display.say(f"No key is {args.state}." if args.state else "There is no key.")
    elif not args.json:
        rows = [
            (
                short_id(key["key_id"]),
                f"…{key['last4']}",
                f"{key['state']}{', test' if key['test'] else ''}",
                ", ".join(key["scopes"]),
                shown_time(key["last_used_at"]) or "never",
                shown_time(key["expires_at"]) or "never",
                key["name"],
            )
            for key in page["items"]
        ]
        columns = ("key", "ends in", "state", "scopes", "last used (UTC)", "ends (UTC)", "name")
        display.table(plain_table("", columns, rows))
    return ExitCode.OK, page


def change_key(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """Change what was given of a key."""
    if args.address and args.from_anywhere:
        raise CliError(ExitCode.USAGE, "--address and --from-anywhere exclude each other")
    request: JSON = {"name": args.name} if args.name is not None else {}
    request |= {"expires_at": None if args.expires == NEVER else args.expires} if args.expires else {}
    request |= {"allowed_addresses": args.address or []} if args.address or args.from_anywhere else {}
    if not request:
        raise CliError(ExitCode.USAGE, "name what to change: --name, --expires, --address or --from-anywhere")
    key_id = _full_id(client, args.key_id)
    changed = client.correct(f"/v1/keys/{key_id}", request)
    if not args.json:
        display.say(f"Key {short_id(key_id)} is changed.")
    return ExitCode.OK, changed


def rotate_key(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """Replace a key and print the new one."""
    key_id = _full_id(client, args.key_id)
    new_key = client.post(f"/v1/keys/{key_id}/rotate", {"overlap_hours": args.overlap_hours})
    _show_once(new_key, args, display)
    if not args.json:
        ends = f"works for {args.overlap_hours} more hours" if args.overlap_hours else "has ended"
        display.say(f"The old key {ends}.")
    return ExitCode.OK, new_key


def revoke_key(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """Revoke a key."""
    key_id = _full_id(client, args.key_id)
    client.delete(f"/v1/keys/{key_id}")
    if not args.json:
        display.say(f"Key {short_id(key_id)} is revoked.")
    return ExitCode.OK, {"key_id": key_id, "revoked": True}


def _full_id(client: Client, typed: str) -> str:
    return find_id(client, "/v1/keys", "key_id", typed, noun="key")


def verify_key(args: argparse.Namespace) -> int:
    """Check a key offline. Its secret part is not printed."""
    plain = sys.stdin.readline().strip() if args.plain == "-" else args.plain
    answer: JSON = {"valid": True, "kind": None, "detail": ""}
    try:
        answer["kind"] = "test" if check_api_key(plain) else "live"
    except BadKeyError as error:
        answer |= {"valid": False, "detail": f"It cannot be an API key: {error}."}
    if args.json:
        print(json.dumps(answer))
    elif answer["valid"]:
        print(f"A {answer['kind']} key with the right checksum. Whether it was ever made, only the API knows.")
    if not answer["valid"] and not args.json:
        raise CliError(ExitCode.NOT_GENUINE, answer["detail"])
    return ExitCode.OK if answer["valid"] else ExitCode.NOT_GENUINE
