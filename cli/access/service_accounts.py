"""``clipstream service-accounts``: programs with a role, which call with keys of their own."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from typing import Any

from cli.access.dates import shown_time
from cli.access.typed_ids import MAX_PAGE_ITEMS, find_id
from cli.api.client import JSON, Client
from cli.api.references import short_id
from cli.exit_codes import CliError, ExitCode
from cli.options.parser import add_command, add_group
from cli.output.terminal import Display, plain_table

PATH = "/v1/service-accounts"
ROLES = ("admin", "editor", "viewer", "billing")
_ACCOUNT = "its id, or the first digits of it, as `clipstream service-accounts list` shows them"


def add_service_accounts(commands: Any, ask: Any, positive: Callable[[str], int]) -> None:
    """Add the commands of service accounts."""
    text = "programs with a role in the organisation: list, make, change, disable"
    inner = add_group(commands, "service-accounts", text, "clipstream service-accounts list")
    example = "clipstream service-accounts list"
    listing = add_command(inner, "list", "list service accounts, newest first", ask(list_accounts), example)
    listing.add_argument("--limit", type=positive, default=20, metavar="N")
    example = "clipstream service-accounts create Importer --role editor"
    create = add_command(inner, "create", "make a service account", ask(create_account), example)
    create.add_argument("name", metavar="NAME", help="of the service account, for people")
    create.add_argument("--role", choices=ROLES, required=True, help="what it may do at most")
    example = "clipstream service-accounts change 7d1f20aa --role viewer"
    change = add_command(
        inner, "change", "rename a service account, or give it another role", ask(change_account), example
    )
    change.add_argument("account", metavar="ACCOUNT", help=_ACCOUNT)
    change.add_argument("--name", metavar="NAME", help="another name")
    change.add_argument("--role", choices=ROLES, help="another role; it counts within 5 s")
    text = "disable a service account for good, with its keys, within 5 s"
    disable = add_command(inner, "disable", text, ask(disable_account), "clipstream service-accounts disable 7d1f20aa")
    disable.add_argument("account", metavar="ACCOUNT", help=_ACCOUNT)


def list_accounts(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """The newest service accounts."""
    page = client.get(PATH, limit=min(args.limit, MAX_PAGE_ITEMS))
    if not page["items"] and not args.json:
        display.say("There is no service account.")
    elif not args.json:
        rows = [
            (
                short_id(account["service_account_id"]),
                account["role"],
                f"disabled {shown_time(account['disabled_at'])}" if account["disabled_at"] else "in use",
                account["name"],
            )
            for account in page["items"]
        ]
        display.table(plain_table("", ("account", "role", "state", "name"), rows))
    return ExitCode.OK, page


def create_account(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """Make a service account."""
    account = client.post(PATH, {"name": args.name, "role": args.role})
    if not args.json:
        account_id = account["service_account_id"]
        display.say(f"Service account {account_id} is made. A key of its own:")
        display.say(f"`clipstream keys create NAME --scope read --service-account {account_id}`.")
    return ExitCode.OK, account


def change_account(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """Change name or role."""
    request = {name: value for name, value in (("name", args.name), ("role", args.role)) if value is not None}
    if not request:
        raise CliError(ExitCode.USAGE, "name what to change: --name or --role")
    changed = client.correct(f"{PATH}/{_full_id(client, args.account)}", request)
    if not args.json:
        display.say(f"Service account {changed['name']} is {changed['role']}.")
    return ExitCode.OK, changed


def disable_account(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """Disable a service account."""
    account_id = _full_id(client, args.account)
    client.delete(f"{PATH}/{account_id}")
    if not args.json:
        display.say(f"Service account {short_id(account_id)} is disabled.")
    return ExitCode.OK, {"service_account_id": account_id, "disabled": True}


def _full_id(client: Client, typed: str) -> str:
    return find_id(client, PATH, "service_account_id", typed, noun="service-account")
