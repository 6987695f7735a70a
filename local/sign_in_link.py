"""Makes the address that signs the owner of a stack in to the web app, by a one-time code."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping

import msgspec

from local.config.state import Layout, is_running
from local.endpoints import read_env_file, without_guarded
from local.errors import StackError

PAGE = "/app/sign-in"
_TIMEOUT_S = 60.0


class SignInLink(msgspec.Struct, frozen=True, kw_only=True):
    """An address that signs in once."""

    url: str
    """The code stands behind `#`, which browsers do not send."""
    email: str
    """Address of the account that it signs in."""
    minutes: float
    """Time for which it counts."""


def make_sign_in_link(layout: Layout, environ: Mapping[str, str]) -> SignInLink:
    """A new address for the stack of ``layout``. Raises StackError."""
    if not is_running(layout):
        raise StackError("the stack does not run: `clipstream up` first")
    env = read_env_file(layout.stack_env.read_text())
    command = [sys.executable, "-m", "streams", "--sign-in-code"]
    try:
        done = subprocess.run(
            command,
            env={**without_guarded(environ), **env},
            capture_output=True,
            text=True,
            check=False,
            timeout=_TIMEOUT_S,
        )
    except subprocess.TimeoutExpired:
        raise StackError(f"no sign-in link came within {_TIMEOUT_S:.0f} s: see `clipstream status`") from None
    if done.returncode:
        last_line = (done.stderr.strip() or "no output").splitlines()[-1]
        raise StackError(f"no sign-in link could be made: {last_line[:300]}")
    printed = msgspec.json.decode(done.stdout.splitlines()[-1])
    base = (env.get("CLIPSTREAM_PUBLIC") or env["CLIPSTREAM_API"]).rstrip("/")
    return SignInLink(url=f"{base}{PAGE}#code={printed['code']}", email=printed["email"], minutes=printed["minutes"])
