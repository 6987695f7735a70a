"""``clipstream notifications``: the preferences of a person, read and changed by that person."""

from __future__ import annotations

from argparse import Namespace
from typing import Any, get_args

from cli.api.client import JSON, Client
from cli.api.sign_in import add_sign_in, signed_in
from cli.exit_codes import CliError, ExitCode
from cli.options.parser import add_command, add_group
from cli.output.terminal import Display, plain_table
from schemas.notifications import MailMode, NotificationKind, PushMode


def add_notifications(commands: Any, ask: Any) -> None:
    """Add the commands of notifications."""
    example = "clipstream notifications list --as ann@example.org"
    inner = add_group(commands, "notifications", "what you are notified of, and how", example)
    list_parser = add_command(inner, "list", "list your preferences", ask(list_preferences), example)
    example = "clipstream notifications set clips.ready --mail daily --push off --as ann@example.org"
    set_parser = add_command(inner, "set", "change your preference for a kind", ask(change_preference), example)
    set_parser.add_argument("kind", choices=get_args(NotificationKind), metavar="KIND", help="kind, as listed")
    set_parser.add_argument("--mail", choices=get_args(MailMode), help="a mail for each, one a day, or none")
    set_parser.add_argument("--push", choices=get_args(PushMode), help="web push to your browsers")
    for parser in (list_parser, set_parser):
        add_sign_in(parser)


def list_preferences(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """The preferences of a person."""
    with signed_in(client, args) as person:
        preferences = person.get("/v1/account/notifications")
    _show(preferences, args, display)
    return ExitCode.OK, preferences


def change_preference(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """Change the preference for one kind."""
    if args.mail is None and args.push is None:
        raise CliError(ExitCode.USAGE, "say what to change: --mail, --push, or both")
    change = {"kind": args.kind, "mail": args.mail, "push": args.push}
    with signed_in(client, args) as person:
        preferences = person.correct(
            "/v1/account/notifications",
            {"items": [{name: value for name, value in change.items() if value is not None}]},
        )
    _show(preferences, args, display)
    return ExitCode.OK, preferences


def _show(preferences: JSON, args: Namespace, display: Display) -> None:
    if not args.json:
        rows = [(item["kind"], item["mail"], item["push"], item["title"]) for item in preferences["items"]]
        display.table(plain_table("", ("kind", "mail", "push", "what happened"), rows))
