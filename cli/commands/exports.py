"""``clipstream exports``: the files of a project's clips, listed and cancelled."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from cli.api.client import JSON, Client
from cli.api.references import short_id
from cli.exit_codes import ExitCode
from cli.options.parser import add_command, add_group
from cli.output.terminal import Display, plain_table


def add_exports(commands: Any, ask: Any) -> None:
    """The commands."""
    inner = add_group(commands, "exports", "list and cancel exports", "clipstream exports list last")
    listing = add_command(
        inner, "list", "list the exports of a project", ask(list_exports), "clipstream exports list last"
    )
    listing.add_argument("project", metavar="PROJECT")
    stop = add_command(
        inner,
        "cancel",
        "cancel an export that is not made yet",
        ask(cancel_export),
        "clipstream exports cancel 7d1f20aa",
    )
    stop.add_argument("export", metavar="EXPORT")


def list_exports(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """Every export of a project, clip by clip."""
    clips: list[JSON] = client.get(f"/v1/projects/{args.project}/clips")["items"]
    found = [
        one | {"clip_id": clip["clip_id"], "clip": clip["ordinal"] + 1} for clip in clips for one in clip["exports"]
    ]
    if args.json:
        return ExitCode.OK if found else ExitCode.NOTHING_FOUND, {"items": found}
    if not found:
        display.say("This project has no exports.")
        return ExitCode.NOTHING_FOUND, {"items": found}
    rows = [
        (
            str(one["clip"]),
            one["aspect"],
            one["state"],
            "yes" if one.get("automatic") else "",
            short_id(one["export_id"]),
        )
        for one in found
    ]
    display.table(plain_table("", ("clip", "shape", "state", "automatic", "export"), rows))
    return ExitCode.OK, {"items": found}


def cancel_export(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """Cancel one export; the clip and its other exports stay."""
    found = client.post(f"/v1/exports/{args.export}/cancel")
    if not args.json:
        display.say(f"Export {short_id(args.export)} is {found['state']}.")
    return ExitCode.OK, found
