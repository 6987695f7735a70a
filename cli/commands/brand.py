"""``clipstream brand``: brand kits made of files, listed, shown, changed and archived."""

from __future__ import annotations

import json
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path
from typing import Any

from cli.api.client import JSON, Client
from cli.api.references import short_id
from cli.api.upload import check_file, upload
from cli.api.upload_note import UploadNote
from cli.exit_codes import CliError, ExitCode
from cli.options.parser import add_command, add_group
from cli.output.terminal import Display, plain_table

POLL_S = 0.5
CHECK_TIMEOUT_S = 120.0
"""A file of a kit is checked in seconds; after this long no worker takes it."""


def add_brand(commands: Any, ask: Any) -> None:
    """Add the commands of brand kits."""
    inner = add_group(commands, "brand", "make, list, show, change and archive brand kits", "clipstream brand list")
    add_command(inner, "list", "list the brand kits", ask(list_kits), "clipstream brand list")
    show = add_command(inner, "show", "show a brand kit as JSON", ask(show_kit), "clipstream brand show 5c0f93d1")
    show.add_argument("kit", metavar="KIT")
    make = add_command(
        inner,
        "create",
        "make a brand kit of your files",
        ask(create_kit),
        "clipstream brand create Station --logo logo.png --colour primary=#e4002b --font display=Bold.ttf",
    )
    make.add_argument("name", metavar="NAME")
    _add_parts(make)
    change = add_command(
        inner,
        "update",
        "change parts of a brand kit",
        ask(update_kit),
        "clipstream brand update 5c0f93d1 --music bed.mp3",
    )
    change.add_argument("kit", metavar="KIT")
    change.add_argument("--name", metavar="NAME", help="another name")
    _add_parts(change)
    gone = add_command(
        inner,
        "delete",
        "archive a brand kit; what was made with it stays",
        ask(delete_kit),
        "clipstream brand delete 5c0f93d1",
    )
    gone.add_argument("kit", metavar="KIT")


def _add_parts(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add("--logo", metavar="FILE", help="picture in a corner")
    add("--watermark", metavar="FILE", help="picture that stays all the time")
    add("--intro", metavar="FILE", help="video before each clip")
    add("--outro", metavar="FILE", help="video after each clip")
    add("--music", metavar="FILE", help="music under the speech")
    add("--font", action="append", type=_named_value, metavar="ROLE=FILE", help="own font: display, text or mono")
    add("--colour", action="append", type=_named_value, metavar="NAME=#RRGGBB", help="e.g. primary=#e4002b")
    add("--template", metavar="NAME", help="caption template, e.g. bold_outline")
    add("--from", dest="parts_file", metavar="FILE", help="JSON with any parts, as the API takes them")


def _named_value(typed: str) -> tuple[str, str]:
    name, equals, value = typed.partition("=")
    if not equals or not name or not value:
        raise ArgumentTypeError(f"{typed!r} has no `=`: write display=Bold.ttf or primary=#e4002b")
    return name, value


def list_kits(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """The newest version of each kit."""
    page = client.get("/v1/brand-kits")
    if not page["items"]:
        if not args.json:
            display.say("No brand kit yet: `clipstream brand create NAME --logo FILE` makes one.")
        return ExitCode.NOTHING_FOUND, page
    if not args.json:
        rows = [(item["kit"]["name"], str(item["version"]), short_id(item["kit_id"])) for item in page["items"]]
        display.table(plain_table("", ("name", "version", "kit"), rows))
    return ExitCode.OK, page


def show_kit(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """One kit in full."""
    kit = client.get(f"/v1/brand-kits/{args.kit}")
    if not args.json:
        display.say(json.dumps(kit, indent=2, ensure_ascii=False))
    return ExitCode.OK, kit


def create_kit(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """Upload the files, wait until they are checked, make the kit."""
    kit = client.post("/v1/brand-kits", {"name": args.name, **_upload_parts(client, args, display)})
    if not args.json:
        display.say(f"Brand kit “{args.name}”: `clipstream run VIDEO --brand {short_id(kit['kit_id'])}` uses it.")
    return ExitCode.OK, kit


def update_kit(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """Change parts of a kit; what is not named stays."""
    parts = _upload_parts(client, args, display) | ({"name": args.name} if args.name else {})
    if not parts:
        raise CliError(ExitCode.USAGE, "Nothing to change: name a part, e.g. --logo FILE.")
    current, headers = client.get_file(f"/v1/brand-kits/{args.kit}")
    kit = json.loads(current)["kit"]
    for mapping in ("fonts", "colours"):
        if mapping in parts:
            parts[mapping] = (kit.get(mapping) or {}) | parts[mapping]
    updated = client.patch(f"/v1/brand-kits/{args.kit}", parts, headers.get("etag", "*"))
    if not args.json:
        display.say(f"Brand kit {short_id(args.kit)} is at version {updated['version']}.")
    return ExitCode.OK, updated


def delete_kit(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """Archive a kit."""
    client.delete(f"/v1/brand-kits/{args.kit}")
    if not args.json:
        display.say(f"Brand kit {short_id(args.kit)} is archived; exports that were made with it stay.")
    return ExitCode.OK, {"kit_id": args.kit}


def _upload_parts(client: Client, args: Namespace, display: Display) -> JSON:
    parts: JSON = _parts_file(args.parts_file) if args.parts_file else {}
    for part, purpose in (("logo", "image"), ("watermark", "image"), ("music", "music")):
        if path := getattr(args, part):
            parts[part] = (parts.get(part) or {}) | {"asset_id": _asset(client, Path(path), purpose, display)}
    for part in ("intro", "outro"):
        if path := getattr(args, part):
            parts[part] = _asset(client, Path(path), "video", display)
    if args.font:
        parts["fonts"] = {role: _asset(client, Path(path), "font", display) for role, path in args.font}
    if args.colour:
        parts["colours"] = dict(args.colour)
    if args.template:
        parts["template"] = args.template
    return parts


def _parts_file(path: str) -> JSON:
    try:
        parts = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise CliError(ExitCode.USAGE, f"{path} cannot be read: {error.strerror or error}.") from None
    except ValueError as error:
        raise CliError(ExitCode.USAGE, f"{path} is not JSON: {error}.") from None
    if not isinstance(parts, dict):
        raise CliError(ExitCode.USAGE, f"{path} must hold an object with parts of a brand kit.")
    return parts


def _asset(client: Client, path: Path, purpose: str, display: Display) -> str:
    """Upload one file and wait until it is checked; gives its id. Raises CliError where it is refused."""
    note = UploadNote(path.with_name(f".{path.name}.upload.json"))
    with display.bar(f"Uploading {path.name}", check_file(path)) as on_bytes:
        upload_id = upload(client, path, on_bytes, note, display.say, purpose=purpose)
    asset = client.post("/v1/assets", {"upload_id": upload_id, "name": path.name})
    waited_s = 0.0
    while asset["state"] == "received":
        if waited_s >= CHECK_TIMEOUT_S:
            raise CliError(
                ExitCode.STACK_UNAVAILABLE,
                f"{path} is not checked after {CHECK_TIMEOUT_S:.0f} s: see `clipstream status`.",
            )
        client.sleep(POLL_S)
        waited_s += POLL_S
        asset = client.get(f"/v1/assets/{asset['asset_id']}")
    if asset["state"] == "refused":
        raise CliError(ExitCode.REFUSED, f"{path} cannot be used: {asset['refusal']['detail']}")
    return str(asset["asset_id"])
