"""Which API a command talks to, and with which key: flags, environment, or a local stack. Never prints a key."""

from __future__ import annotations

import dataclasses
import json
from argparse import Namespace
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx2
from rich.console import Console

from cli.api import local_stack
from cli.exit_codes import STACK_UNAVAILABLE, USAGE, CliError
from local.errors import StackError
from schemas.version import USER_AGENT

API_VARIABLE = "CLIPSTREAM_API"
KEY_VARIABLE = "CLIPSTREAM_API_KEY"
STACK_FILE = "stack.json"
CREDENTIALS_FILE = "credentials.json"
ANSWER_S = 3.0


@dataclass(frozen=True, kw_only=True)
class Access:
    """Where the API is and how to be let in; ``receiver_port`` is one that it may send webhooks to on this machine."""

    api_url: str
    api_key: str
    started_here: bool = False
    receiver_port: int = 0


def given(args: Namespace, environ: Mapping[str, str]) -> Access | None:
    """What flags or environment say; None where they name no API. Raises CliError where they say half.

    An API that is named without a key may be the local stack's: then its own key is used.
    """
    api, key = args.api or environ.get(API_VARIABLE), args.key or environ.get(KEY_VARIABLE)
    if not api:
        return None
    if not api.startswith(("http://", "https://")):
        raise CliError(USAGE, f"The API must be an http or https URL, not {api!r}.")
    if key:
        return Access(api_url=api, api_key=key)
    own = recorded(Path(args.state_dir))
    if own is not None and own.api_url == api:
        return own
    raise CliError(USAGE, f"An API is named ({api}) but no key: give --key or set {KEY_VARIABLE}.")


def known(args: Namespace, environ: Mapping[str, str]) -> Access:
    """The API to ask, without starting anything. Raises CliError where there is none."""
    found, own = given(args, environ), recorded(Path(args.state_dir))
    if found is None and own is not None:
        found = with_key(own, args, environ)
    if found is None:
        line = f"No stack has run in {args.state_dir}: `clipstream up` starts one, or give --api and --key."
        raise CliError(STACK_UNAVAILABLE, line)
    return found


def running(args: Namespace, environ: Mapping[str, str], console: Console) -> Access:
    """The API to work with. Where none is named, or the local stack's own (its ``stack.env`` was read), that stack is
    started unless it runs. Raises CliError.
    """
    found, own = given(args, environ), recorded(Path(args.state_dir))
    if found is not None and (own is None or found.api_url != own.api_url):
        return found
    if own is not None and answers(own):
        return found or with_key(own, args, environ)
    try:
        info = local_stack.ensure_running(Path(args.state_dir), console, environ=environ)
    except StackError as problem:
        raise CliError(STACK_UNAVAILABLE, str(problem)) from None
    return Access(
        api_url=info.api, api_key=info.api_key, started_here=info.started_here, receiver_port=info.webhook_port
    )


def with_key(own: Access, args: Namespace, environ: Mapping[str, str]) -> Access:
    """The local stack, entered with the key that was named, if one was."""
    return dataclasses.replace(own, api_key=args.key or environ.get(KEY_VARIABLE) or own.api_key)


def answers(access: Access, transport: httpx2.BaseTransport | None = None) -> bool:
    """Whether this very API lets this key in; a port that somebody else took since does not."""
    headers = {"Authorization": f"Bearer {access.api_key}", "User-Agent": USER_AGENT}
    try:
        with httpx2.Client(timeout=ANSWER_S, transport=transport, trust_env=False) as http:
            return http.get(f"{access.api_url}/v1/me", headers=headers).status_code == 200
    except httpx2.TransportError:
        return False


def recorded(state_dir: Path) -> Access | None:
    """What the local stack of ``state_dir`` wrote down about itself; None where there is none."""
    try:
        state = json.loads((state_dir / STACK_FILE).read_text())
        credentials = json.loads((state_dir / CREDENTIALS_FILE).read_text())
        return Access(
            api_url=str(state["endpoints"]["api"]),
            api_key=str(credentials["api_key"]),
            receiver_port=int(state.get("webhook_port", 0)),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
