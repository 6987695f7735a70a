"""``clipstream people``: who belongs to the organisation, invitations, and accepting one."""

from __future__ import annotations

import getpass
import sys
from argparse import Namespace
from typing import Any, get_args

from cli.access.typed_ids import list_all
from cli.api.client import JSON, Client
from cli.exit_codes import CliError, ExitCode
from cli.options.parser import add_command, add_group
from cli.output.terminal import Display, plain_table
from schemas.access.permissions import Role

ROLES = get_args(Role)
_ADDRESS = "their mail address"


def add_people(commands: Any, ask: Any) -> None:
    """Add the commands of people."""
    inner = add_group(commands, "people", "who belongs to the organisation", "clipstream people list")
    add_command(inner, "list", "list members and open invitations", ask(list_people), "clipstream people list")
    example = "clipstream people invite ann@example.org --role owner"
    invite_parser = add_command(inner, "invite", "invite somebody by mail", ask(invite), example)
    invite_parser.add_argument("email", metavar="EMAIL", help=_ADDRESS)
    invite_parser.add_argument("--role", choices=ROLES, required=True, help="role in the organisation")
    role_parser = add_command(
        inner, "role", "give a member another role", ask(change_role), "clipstream people role ann@example.org admin"
    )
    role_parser.add_argument("email", metavar="EMAIL", help=_ADDRESS)
    role_parser.add_argument("role", choices=ROLES, metavar="ROLE", help=", ".join(ROLES))
    text = "list the providers that people may sign in with"
    add_command(inner, "providers", text, ask(list_providers), "clipstream people providers")
    example = "clipstream people remove ann@example.org"
    remove_parser = add_command(inner, "remove", "remove a member, or take an invitation back", ask(remove), example)
    remove_parser.add_argument("email", metavar="EMAIL", help=_ADDRESS)
    example = "clipstream people accept ann@example.org --code cli_3pXk0Qm1v8yJb2n5Zr7tWc9eUf4hLs6dGaKoPiNqRxY"
    text = "make an account by an invitation; asks for its password, or reads it from standard input"
    accept_parser = add_command(inner, "accept", text, ask(accept), example)
    accept_parser.add_argument("email", metavar="EMAIL", help="the address that was invited")
    accept_parser.add_argument("--code", required=True, metavar="CODE", help="the code of the mail")
    accept_parser.add_argument("--name", default="", help="name of the person")


def list_people(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """Members and open invitations."""
    members, invitations = list_all(client, "/v1/members"), list_all(client, "/v1/invitations")
    if not args.json:
        rows = [(member["email"], member["role"], member["name"], "") for member in members]
        rows += [
            (invitation["email"], invitation["role"], "", f"invited until {invitation['expires_at'][:10]}")
            for invitation in invitations
        ]
        if rows:
            display.table(plain_table("", ("address", "role", "name", ""), rows))
        else:
            display.say("There is no member yet: `clipstream people invite EMAIL --role owner` invites the first.")
    return ExitCode.OK, {"members": members, "invitations": invitations}


def list_providers(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """Providers that people may sign in with, and the address that a browser opens for it."""
    providers = client.get("/v1/auth/providers")["items"]
    if not args.json:
        start = f"{client.api_url}/v1/auth/providers/"
        rows = [(provider["label"], f"{start}{provider['provider']}/start") for provider in providers]
        if rows:
            display.table(plain_table("", ("provider", "sign in at"), rows))
        else:
            display.say("There is no provider: an operator names them in CLIPSTREAM_SIGN_IN_PROVIDERS_FILE.")
    return ExitCode.OK, {"providers": providers}


def invite(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """Invite an address by mail."""
    invitation = client.post("/v1/invitations", {"email": args.email, "role": args.role})
    if not args.json:
        until = invitation["expires_at"][:10]
        display.say(f"{invitation['email']} is invited as {invitation['role']}, until {until}. The mail has the code;")
        display.say("on a local stack `clipstream mails` shows it.")
    return ExitCode.OK, invitation


def change_role(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """Give a member another role."""
    member = _entry_of(list_all(client, "/v1/members"), args.email)
    if member is None:
        raise CliError(ExitCode.REFUSED, f"{args.email} does not belong to the organisation")
    changed = client.correct(f"/v1/members/{member['user_id']}", {"role": args.role})
    if not args.json:
        display.say(f"{changed['email']} is {changed['role']}.")
    return ExitCode.OK, changed


def remove(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """Remove a member, or take an invitation back."""
    if (member := _entry_of(list_all(client, "/v1/members"), args.email)) is not None:
        client.delete(f"/v1/members/{member['user_id']}")
        removed = f"{args.email} does not belong to the organisation any more."
    elif (invitation := _entry_of(list_all(client, "/v1/invitations"), args.email)) is not None:
        client.delete(f"/v1/invitations/{invitation['invitation_id']}")
        removed = f"The invitation of {args.email} does not count any more."
    else:
        raise CliError(ExitCode.REFUSED, f"{args.email} is neither a member nor invited")
    if not args.json:
        display.say(removed)
    return ExitCode.OK, {"removed": args.email}


def accept(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """Make an account by an invitation; the tokens of its first session are not shown."""
    password = getpass.getpass("Password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    body = {"email": args.email, "password": password, "name": args.name, "invitation": args.code}
    session = client.post("/v1/auth/register", body)
    if not args.json:
        display.say(f"{args.email} has an account, and signs in with `POST /v1/auth/login` (docs/people.md).")
    return ExitCode.OK, {"email": args.email, "org_id": session["org_id"]}


def _entry_of(items: list[JSON], email: str) -> JSON | None:
    return next((item for item in items if item["email"] == email.strip().lower()), None)
