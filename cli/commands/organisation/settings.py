"""``clipstream organisation``: its name and allowed origins, a new one, and a token for another one."""

from __future__ import annotations

from argparse import Namespace
from contextlib import closing
from typing import Any

from cli.api.client import JSON, Client
from cli.api.sign_in import add_sign_in, begin_session, signed_in, switch_session
from cli.exit_codes import CliError, ExitCode
from cli.options.parser import add_command
from cli.output.terminal import Display

PATH = "/v1/organisation"


def add_settings(inner: Any, ask: Any) -> None:
    """Add the commands of an organisation's settings to those of the organisation."""
    add_command(inner, "show", "show name and allowed origins", ask(show), "clipstream organisation show")
    change = add_command(
        inner,
        "change",
        "change the name, or the origins whose pages may call the API",
        ask(change_organisation),
        "clipstream organisation change --name Acme",
        "clipstream organisation change --origin https://app.example.org",
    )
    change.add_argument("--name", metavar="NAME", help="another name")
    change.add_argument("--origin", action="append", metavar="ORIGIN", help="of pages in browsers; or several: all")
    change.add_argument("--no-origins", action="store_true", help="no page of another origin may call")
    example = "clipstream organisation create Acme --as ann@example.org"
    create = add_command(inner, "create", "make an organisation that you own", ask(create_organisation), example)
    create.add_argument("name", metavar="NAME", help="of the new organisation")
    add_sign_in(create)
    text = "print an access token for one of your organisations, which counts for some minutes"
    example = "clipstream organisation switch Acme --as ann@example.org"
    switch = add_command(inner, "switch", text, ask(switch_organisation), example)
    switch.add_argument("organisation", metavar="ORGANISATION", help="its name, its id, or the first digits of it")
    add_sign_in(switch, required=True)


def show(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """Name and allowed origins."""
    organisation = client.get(PATH)
    if not args.json:
        display.say(f"{organisation['name']} ({organisation['org_id']}), made on {organisation['created_at'][:10]}.")
        display.say(f"Pages that may call the API: {', '.join(organisation['allowed_origins']) or 'its own alone'}.")
    return ExitCode.OK, organisation


def change_organisation(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """Change what was given."""
    if args.no_origins and args.origin:
        raise CliError(ExitCode.USAGE, "--origin and --no-origins exclude each other")
    fields = {"name": args.name, "allowed_origins": [] if args.no_origins else args.origin}
    request: JSON = {name: value for name, value in fields.items() if value is not None}
    if not request:
        raise CliError(ExitCode.USAGE, "name what to change: --name, --origin or --no-origins")
    changed = client.correct(PATH, request)
    if not args.json:
        display.say(f"{changed['name']} is changed.")
    return ExitCode.OK, changed


def create_organisation(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """Make an organisation."""
    with signed_in(client, args) as person:
        organisation = person.post("/v1/organisations", {"name": args.name})
    if not args.json:
        display.say(
            f"{args.name} is made: {organisation['org_id']}. `clipstream organisation switch` gives a token for it."
        )
    return ExitCode.OK, organisation


def switch_organisation(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """Sign in, and print an access token for one of the person's organisations."""
    session = begin_session(client, args.email, args.code)
    with closing(client.with_bearer(session["access_token"])) as person:
        memberships = person.get("/v1/account/memberships")["items"]
    chosen = [membership for membership in memberships if args.organisation == membership["org_name"]] or [
        membership for membership in memberships if membership["org_id"].startswith(args.organisation.lower())
    ]
    if len(chosen) != 1:
        several = f"{len(chosen)} of your organisations are" if chosen else "none of your organisations is"
        raise CliError(
            ExitCode.USAGE, f"{several} {args.organisation!r}: `clipstream account organisations` lists them"
        )
    switched = switch_session(client, session, chosen[0]["org_id"])
    if not args.json:
        display.say(switched["access_token"])
    return ExitCode.OK, switched
