"""``clipstream organisation``: archives of everything that it has, and its erasure."""

from __future__ import annotations

import hashlib
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

from cli.access.dates import shown_time
from cli.api.client import JSON, Client
from cli.api.references import short_id
from cli.api.sign_in import begin_session, switch_session
from cli.commands.organisation.settings import add_settings
from cli.exit_codes import CliError, ExitCode
from cli.options.parser import add_command, add_group
from cli.output.terminal import Display, plain_table

POLL_S = 2.0
BLOCK_BYTES = 2**20
ARCHIVES, ERASURE = "/v1/organisation/archives", "/v1/organisation/erasure"


def add_organisation(commands: Any, ask: Any) -> None:
    """Add the commands of an organisation and its data."""
    text = "name, archives and erasure of the organisation; make another one"
    inner = add_group(commands, "organisation", text, "clipstream organisation export")
    add_settings(inner, ask)
    text = "make an archive of everything that the organisation has, and download it"
    export = add_command(
        inner, "export", text, ask(export_organisation), "clipstream organisation export --media --out acme.zip"
    )
    export.add_argument("--media", action="store_true", help="with recordings, clips and pictures")
    export.add_argument("--out", metavar="FILE", default="organisation.zip", help="(%(default)s)")
    text = "list the archives of the organisation, newest first"
    add_command(inner, "archives", text, ask(list_archives), "clipstream organisation archives")
    text = "erase the organisation: asks for the name of it and for a password, or reads them from standard input"
    erase = add_command(inner, "erase", text, ask(erase_organisation), "clipstream organisation erase ann@example.org")
    erase.add_argument("email", metavar="EMAIL", help="address of the owner who erases it")
    erase.add_argument("--code", metavar="CODE", help="one-time code, where the owner has a second factor")
    text = "show how far the erasure of the organisation is"
    add_command(inner, "erasure", text, ask(show_erasure), "clipstream organisation erasure")
    text = "cancel the erasure of the organisation before its grace ends"
    add_command(inner, "keep", text, ask(cancel_erasure), "clipstream organisation keep")


def export_organisation(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """Ask for an archive, wait for its end, download it and compare its SHA-256."""
    archive = client.post(ARCHIVES, {"media": args.media})
    while archive["state"] in ("queued", "running"):
        client.sleep(POLL_S)
        archive = client.get(f"{ARCHIVES}/{archive['archive_id']}")
    if archive["state"] != "done" or archive["url"] is None:
        raise CliError(ExitCode.REFUSED, archive["failure_detail"] or "The archive cannot be downloaded.")
    out = Path(args.out)
    with display.bar(f"Downloading {out.name}", archive["size_bytes"]) as on_bytes:
        client.download(archive["url"], out, on_bytes)
    if _sha256(out) != archive["sha256"]:
        out.unlink()
        raise CliError(ExitCode.REFUSED, f"{out.name} came with other bytes than the archive has: repeat the command.")
    if not args.json:
        display.say(
            f"{out}: {archive['counts'].get('projects', 0)} projects, {archive['counts'].get('files', 0)} files."
        )
    return ExitCode.OK, archive | {"saved": str(out)}


def list_archives(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """All archives that are kept."""
    archives = client.get(ARCHIVES)
    if not archives["items"] and not args.json:
        display.say("There is no archive: `clipstream organisation export` makes one.")
    elif not args.json:
        rows = [
            (
                short_id(archive["archive_id"]),
                archive["state"],
                "with media" if archive["media"] else "",
                shown_time(archive["created_at"]),
                shown_time(archive["expires_at"]),
            )
            for archive in archives["items"]
        ]
        display.table(plain_table("", ("archive", "state", "", "asked for (UTC)", "ends (UTC)"), rows))
    return ExitCode.OK, archives


def erase_organisation(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """Sign in, and ask for the erasure of the organisation that the key belongs to."""
    me = client.get("/v1/me")
    name = _ask_line(f"Erase “{me['org_name']}” with everything that it has, for good? Type its name: ")
    if name != me["org_name"]:
        raise CliError(ExitCode.USAGE, "That is another name: nothing was erased.")
    session = switch_session(client, begin_session(client, args.email, args.code), me["org_id"])
    owner = client.with_bearer(session["access_token"])
    try:
        erasure = owner.post(ERASURE, {"name": name})
    finally:
        owner.close()
    if not args.json:
        display.say(
            f"The organisation is erased after {erasure['grace_until'][:16].replace('T', ' ')} UTC. Until then an"
        )
        display.say("owner can cancel it: `clipstream organisation keep`.")
    return ExitCode.OK, erasure


def show_erasure(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """How far the erasure is."""
    erasure = client.get(ERASURE)
    if not args.json:
        display.say(f"The erasure is {erasure['state']}; it was asked for on {erasure['requested_at'][:10]}.")
    return ExitCode.OK, erasure


def cancel_erasure(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """Cancel the erasure."""
    client.delete(ERASURE)
    if not args.json:
        display.say("The organisation stays.")
    return ExitCode.OK, {"cancelled": True}


def _ask_line(question: str) -> str:
    if sys.stdin.isatty():
        print(question, end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip()


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()
