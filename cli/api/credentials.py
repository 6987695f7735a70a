"""The API and key of a command: from flags, the environment or the local stack."""

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
from cli.exit_codes import CliError, ExitCode
from local.errors import StackError
from schemas.version import USER_AGENT

API_VARIABLE = "CLIPSTREAM_API"
KEY_VARIABLE = "CLIPSTREAM_API_KEY"
STACK_FILE = "stack.json"
CREDENTIALS_FILE = "credentials.json"
ANSWER_TIMEOUT_S = 3.0


@dataclass(frozen=True, kw_only=True)
class Access:
    """An API with the key to it.

    ``receiver_port`` is a port of this machine to which that API may send webhooks."""

    api_url: str
    api_key: str
    started_here: bool = False
    receiver_port: int = 0


def read_named_access(args: Namespace, environ: Mapping[str, str]) -> Access | None:
    """Read API and key from flags or environment; None if they name no API.

    Raises CliError for an API without a key.
    The local stack's own API needs none: its key is read from the state directory.
    """
    api, key = args.api or environ.get(API_VARIABLE), args.key or environ.get(KEY_VARIABLE)
    if not api:
        return None
    if not api.startswith(("http://", "https://")):
        raise CliError(ExitCode.USAGE, f"The API must be an http or https URL, not {api!r}.")
    if key:
        return Access(api_url=api, api_key=key)
    local_access = read_local_stack(Path(args.state_dir))
    if local_access is not None and local_access.api_url == api:
        return local_access
    raise CliError(ExitCode.USAGE, f"An API is named ({api}) but no key: give --key or set {KEY_VARIABLE}.")


def find_access(args: Namespace, environ: Mapping[str, str]) -> Access:
    """Find an API that already runs. Raises CliError if none is named and no stack has run."""
    access, local_access = read_named_access(args, environ), read_local_stack(Path(args.state_dir))
    if access is None and local_access is not None:
        access = replace_key(local_access, args, environ)
    if access is None:
        line = f"No stack has run in {args.state_dir}: `clipstream up` starts one, or give --api and --key."
        raise CliError(ExitCode.STACK_UNAVAILABLE, line)
    return access


def ensure_access(args: Namespace, environ: Mapping[str, str], console: Console) -> Access:
    """Find the API, starting the local stack if it is meant and does not run.

    The local stack is meant if no API is named, or its own (the shell has read its ``stack.env``). Raises CliError.
    """
    access, local_access = read_named_access(args, environ), read_local_stack(Path(args.state_dir))
    if access is not None and (local_access is None or access.api_url != local_access.api_url):
        return access
    if local_access is not None and accepts_key(local_access):
        return access or replace_key(local_access, args, environ)
    try:
        info = local_stack.ensure_running(Path(args.state_dir), console, environ=environ)
    except StackError as problem:
        raise CliError(ExitCode.STACK_UNAVAILABLE, str(problem)) from None
    return Access(
        api_url=info.api, api_key=info.api_key, started_here=info.started_here, receiver_port=info.webhook_port
    )


def replace_key(access: Access, args: Namespace, environ: Mapping[str, str]) -> Access:
    """The local stack's access with the key of flags or environment, if there is one."""
    return dataclasses.replace(access, api_key=args.key or environ.get(KEY_VARIABLE) or access.api_key)


def accepts_key(access: Access, transport: httpx2.BaseTransport | None = None) -> bool:
    """Whether the API answers and accepts the key; another program on its port does not."""
    headers = {"Authorization": f"Bearer {access.api_key}", "User-Agent": USER_AGENT}
    try:
        with httpx2.Client(timeout=ANSWER_TIMEOUT_S, transport=transport, trust_env=False) as http:
            return http.get(f"{access.api_url}/v1/me", headers=headers).status_code == 200
    except httpx2.TransportError:
        return False


def read_local_stack(state_dir: Path) -> Access | None:
    """Read the address and key that the stack of ``state_dir`` stored; None if none has run."""
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
