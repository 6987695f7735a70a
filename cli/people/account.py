"""``clipstream account``: a person's own sessions, apps, organisations and password."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from cli.access.dates import shown_time
from cli.api.client import JSON, Client
from cli.api.references import short_id
from cli.api.sign_in import add_sign_in, read_secret, signed_in
from cli.exit_codes import CliError, ExitCode
from cli.options.parser import add_command, add_group
from cli.output.terminal import Display, plain_table

SESSIONS, GRANTS = "/v1/account/sessions", "/v1/account/grants"


def add_account(commands: Any, ask: Any) -> None:
    """Add the commands of a person's account."""
    example = "clipstream account sessions --as ann@example.org"
    text = "your own sessions, apps, organisations and password"
    inner = add_group(commands, "account", text, example)
    parsers = [add_command(inner, "sessions", "list where you are signed in", ask(list_sessions), example)]
    example = "clipstream account end-session 7d1f20aa --as ann@example.org"
    end = add_command(inner, "end-session", "end one of your sessions, or all others", ask(end_session), example)
    end.add_argument("session", metavar="SESSION", nargs="?", help="its id, or the first digits of it")
    end.add_argument("--others", action="store_true", help="all but the one that asks")
    example = "clipstream account apps --as ann@example.org"
    apps = add_command(inner, "apps", "list the apps that may call for you", ask(list_apps), example)
    example = "clipstream account withdraw 7d1f20aa --as ann@example.org"
    withdraw = add_command(inner, "withdraw", "take back what you let an app do", ask(withdraw_app), example)
    withdraw.add_argument("grant", metavar="GRANT", help="its id, or the first digits of it, as `apps` shows them")
    example = "clipstream account organisations --as ann@example.org"
    text = "list the organisations that you belong to"
    organisations = add_command(inner, "organisations", text, ask(list_organisations), example)
    example = "clipstream account password --as ann@example.org"
    text = "change your password; asks for the old and the new one, or reads them from standard input"
    password = add_command(inner, "password", text, ask(change_password), example)
    for parser in (*parsers, end, apps, withdraw, organisations, password):
        add_sign_in(parser)


def list_sessions(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """A person's open sessions."""
    with signed_in(client, args) as person:
        sessions = person.get(SESSIONS)
    if not args.json:
        rows = [
            (
                short_id(session["session_id"]),
                "this one" if session["current"] else "",
                session["address"],
                shown_time(session["last_used_at"]),
                ", ".join(session["methods"]),
                session["user_agent"],
            )
            for session in sessions["items"]
        ]
        display.table(plain_table("", ("session", "", "address", "last used (UTC)", "by", "program"), rows))
    return ExitCode.OK, sessions


def end_session(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """End one session, or all but the one that asks."""
    if bool(args.session) == args.others:
        raise CliError(ExitCode.USAGE, "name one session, or give --others")
    with signed_in(client, args) as person:
        if args.others:
            person.delete(SESSIONS)
            answer: JSON = {"ended": "others"}
        else:
            session_id = _one_of(person.get(SESSIONS)["items"], "session_id", args.session, "session", "sessions")
            person.delete(f"{SESSIONS}/{session_id}")
            answer = {"ended": session_id}
    if not args.json:
        display.say("All your other sessions have ended." if args.others else "The session has ended.")
    return ExitCode.OK, answer


def list_apps(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """Apps that may call for a person."""
    with signed_in(client, args) as person:
        grants = person.get(GRANTS)
    if not grants["items"] and not args.json:
        display.say("No app may call for you.")
    elif not args.json:
        rows = [
            (
                short_id(grant["grant_id"]),
                grant["client_name"],
                grant["org_name"],
                ", ".join(grant["scopes"]),
                shown_time(grant["last_used_at"]) or "never",
            )
            for grant in grants["items"]
        ]
        display.table(plain_table("", ("grant", "app", "organisation", "scopes", "last used (UTC)"), rows))
    return ExitCode.OK, grants


def withdraw_app(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """Take back what an app may do."""
    with signed_in(client, args) as person:
        grant_id = _one_of(person.get(GRANTS)["items"], "grant_id", args.grant, "grant", "apps")
        person.delete(f"{GRANTS}/{grant_id}")
    if not args.json:
        display.say("The app's tokens open nothing any more, within 5 s.")
    return ExitCode.OK, {"grant_id": grant_id, "withdrawn": True}


def list_organisations(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """Organisations that a person belongs to."""
    with signed_in(client, args) as person:
        memberships = person.get("/v1/account/memberships")
    if not args.json:
        rows = [
            (short_id(row["org_id"]), "this one" if row["current"] else "", row["role"], row["org_name"])
            for row in memberships["items"]
        ]
        display.table(plain_table("", ("organisation", "", "role", "name"), rows))
    return ExitCode.OK, memberships


def change_password(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """Change the password; the person's other sessions end."""
    current = read_secret("Password: ")
    with signed_in(client, args, password=current) as person:
        new = read_secret("New password: ")
        person.post("/v1/account/password", {"current_password": current, "password": new})
    if not args.json:
        display.say("The password is changed, and your other sessions have ended.")
    return ExitCode.OK, {"changed": True}


def _one_of(items: list[JSON], field: str, typed: str, noun: str, command: str) -> str:
    """The id of the one item that begins with what was typed; raises CliError for none or several."""
    ids = [str(item[field]) for item in items if item[field].startswith(typed.lower())]
    if len(ids) != 1:
        several = f"{len(ids)} {noun}s begin with" if ids else f"no {noun} begins with"
        raise CliError(ExitCode.USAGE, f"{several} {typed!r}: `clipstream account {command}` shows them")
    return ids[0]
