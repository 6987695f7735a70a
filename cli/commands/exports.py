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
    """Add the commands that list and cancel exports."""
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
    exports = [
        export | {"clip_id": clip["clip_id"], "clip": clip["ordinal"] + 1}
        for clip in clips
        for export in clip["exports"]
    ]
    if args.json:
        return ExitCode.OK if exports else ExitCode.NOTHING_FOUND, {"items": exports}
    if not exports:
        display.say("This project has no exports.")
        return ExitCode.NOTHING_FOUND, {"items": exports}
    rows = [
        (
            str(export["clip"]),
            export["aspect"],
            export["state"],
            "yes" if export.get("automatic") else "",
            short_id(export["export_id"]),
        )
        for export in exports
    ]
    display.table(plain_table("", ("clip", "shape", "state", "automatic", "export"), rows))
    return ExitCode.OK, {"items": exports}


def cancel_export(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """Cancel one export; the clip and its other exports stay."""
    cancelled = client.post(f"/v1/exports/{args.export}/cancel")
    if not args.json:
        display.say(f"Export {short_id(args.export)} is {cancelled['state']}.")
    return ExitCode.OK, cancelled
