"""Sign in as a person for one command: what concerns a person is refused to keys."""

from __future__ import annotations

import getpass
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import closing, contextmanager

from cli.api.client import JSON, Client
from cli.exit_codes import CliError, ExitCode


def add_sign_in(parser: ArgumentParser, *, required: bool = False) -> None:
    """Add the flags by which a command signs in; without them the key must be an access token."""
    text = "sign in as this person for the command; asks for the password, or reads it from standard input"
    parser.add_argument("--as", dest="email", metavar="EMAIL", required=required, help=text)
    parser.add_argument("--code", metavar="CODE", help="one-time code, where the account has a second factor")


def read_secret(question: str) -> str:
    """A password, typed unseen or as the next line of standard input."""
    return getpass.getpass(question) if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")


def begin_session(client: Client, email: str, code: str | None, *, password: str | None = None) -> JSON:
    """Begin a session; asks for a password that is not given. Raises CliError without a needed code."""
    password = read_secret("Password: ") if password is None else password
    session = client.post("/v1/auth/login", {"email": email, "password": password})
    if session["state"] == "second_factor":
        if code is None:
            line = f"{email} has a second factor: add --code with a one-time code, or make an access token the key"
            raise CliError(ExitCode.USAGE, f"{line} (CLIPSTREAM_API_KEY).")
        session = client.post("/v1/auth/login/verify", {"challenge": session["challenge"], "code": code})
    return session


def switch_session(client: Client, session: JSON, org_id: str) -> JSON:
    """The session, in the organisation of this id."""
    if session["org_id"] == org_id:
        return session
    return client.post("/v1/auth/refresh", {"refresh_token": session["refresh_token"], "org_id": org_id})


@contextmanager
def signed_in(client: Client, args: Namespace, *, password: str | None = None) -> Iterator[Client]:
    """The client of a person; a session that an address and a password begin ends with the block."""
    if args.email is None:
        yield client
        return
    session = begin_session(client, args.email, args.code, password=password)
    with closing(client.with_bearer(session["access_token"])) as person:
        try:
            yield person
        finally:
            person.post("/v1/auth/logout")
