"""``clipstream share`` and ``clipstream shares``: links that show clips to who has no account."""

from __future__ import annotations

import re
from argparse import ArgumentTypeError, Namespace
from collections.abc import Callable
from typing import Any

from cli.access.dates import shown_time
from cli.access.typed_ids import MAX_PAGE_ITEMS, find_id
from cli.api.client import JSON, Client
from cli.api.references import References, short_id
from cli.exit_codes import CliError, ExitCode
from cli.options.parser import add_command, add_group
from cli.output.terminal import Display, escape_controls, plain_table

UNITS_S = {"m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
_LIFE = re.compile(r"([1-9]\d{0,5})([mhdw])")


def add_shares(commands: Any, ask: Any, positive: Callable[[str], int]) -> None:
    """Add the commands of share links."""
    share = add_command(
        commands,
        "share",
        "make a link that shows clips to who has no account, and print it, this once",
        ask(share_clips),
        "clipstream share 1",
        "clipstream share 1 2 3 --title 'Best of the talk' --expires 30d --no-download",
    )
    share.add_argument("things", nargs="+", metavar="CLIP|EXPORT", help="clips, or exports: all of one kind")
    share.add_argument("--title", default="", metavar="TEXT", help="of the page (the only clip's)")
    text = "how long it works: minutes, hours, days or weeks, as 90m, 12h, 30d or 4w (7d)"
    share.add_argument("--expires", type=life_s, metavar="TIME", help=text)
    share.add_argument("--no-download", action="store_true", help="offer no files on the page")
    share.add_argument("--organisation", action="store_true", help="show the organisation's name on the page")
    inner = add_group(commands, "shares", "share links: list, revoke", "clipstream shares list")
    listing = add_command(
        inner, "list", "list share links, newest first", ask(list_shares), "clipstream shares list --state live"
    )
    listing.add_argument("--limit", type=positive, default=20, metavar="N")
    listing.add_argument("--state", choices=("live", "expired", "revoked", "empty"))
    revoke = add_command(
        inner, "revoke", "end a share link at once", ask(revoke_share), "clipstream shares revoke 7d1f20aa"
    )
    revoke.add_argument("share_id", metavar="SHARE", help="its id, or the first digits of it")


def life_s(text: str) -> int:
    """Seconds of a time such as ``7d``. Raises ArgumentTypeError."""
    match = _LIFE.fullmatch(text)
    if match is None:
        raise ArgumentTypeError(f"{text!r} is not a time: give a number with m, h, d or w, such as 7d")
    return int(match[1]) * UNITS_S[match[2]]


def share_clips(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """Make a link and print its address."""
    references = References.for_client(client)
    clips_or_exports = [references.any_of(thing, ("clip", "export")) for thing in args.things]
    kinds = {kind for kind, _ in clips_or_exports}
    if len(kinds) > 1:
        raise CliError(ExitCode.USAGE, "Share either clips or exports: these are some of each.")
    request: JSON = {
        f"{kinds.pop()}_ids": list(dict.fromkeys(thing_id for _, thing_id in clips_or_exports)),
        "title": args.title,
    }
    request |= {"allow_download": not args.no_download, "show_organisation": args.organisation}
    request |= {"expires_in_s": args.expires} if args.expires else {}
    share = client.post("/v1/shares", request)
    if not args.json:
        display.say(share["url"])
        display.say(
            f"It works until {shown_time(share['expires_at'])} UTC and is shown this once; "
            f"`clipstream shares revoke {short_id(share['share_id'])}` ends it."
        )
    return ExitCode.OK, share


def list_shares(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """The newest links."""
    page = client.get("/v1/shares", limit=min(args.limit, MAX_PAGE_ITEMS), state=args.state)
    if not page["items"] and not args.json:
        display.say(f"No share link is {args.state}." if args.state else "There is no share link.")
    elif not args.json:
        rows = [
            (
                short_id(share["share_id"]),
                f"{share['state']}{', test' if share['test'] else ''}",
                str(len(share["exports"])),
                str(share["views"]),
                shown_time(share["last_viewed_at"]) or "never",
                shown_time(share["expires_at"]),
                escape_controls(share["title"] or next((export["title"] for export in share["exports"]), "")),
            )
            for share in page["items"]
        ]
        columns = ("share", "state", "clips", "views", "last opened (UTC)", "ends (UTC)", "title")
        display.table(plain_table("", columns, rows))
    return ExitCode.OK, page


def revoke_share(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """End a link."""
    share_id = find_id(client, "/v1/shares", "share_id", args.share_id, noun="share")
    client.delete(f"/v1/shares/{share_id}")
    if not args.json:
        display.say(f"Share {short_id(share_id)} is revoked.")
    return ExitCode.OK, {"share_id": share_id, "revoked": True}
