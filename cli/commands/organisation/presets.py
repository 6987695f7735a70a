"""``clipstream project-presets``: options of projects, kept under a name."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path
from typing import Any

import msgspec

from cli.api.client import JSON, Client
from cli.api.references import short_id
from cli.exit_codes import CliError, ExitCode
from cli.options.parser import add_command, add_group
from cli.output.terminal import Display, plain_table

PATH = "/v1/project-presets"
_PRESET = "its name, its id, or the first digits of it"


def add_presets(commands: Any, ask: Any) -> None:
    """Add the commands of project presets."""
    text = "options of projects under a name: list, show, make, change, delete"
    inner = add_group(commands, "project-presets", text, "clipstream project-presets list")
    add_command(inner, "list", "list the presets by name", ask(list_presets), "clipstream project-presets list")
    example = "clipstream project-presets show 'Weekly talk'"
    show = add_command(inner, "show", "print the options of a preset as JSON", ask(show_preset), example)
    example = "clipstream project-presets create 'Weekly talk' --options options.json"
    create = add_command(inner, "create", "keep options under a name", ask(create_preset), example)
    create.add_argument("name", metavar="NAME", help="no other preset of the organisation has it")
    create.add_argument("--options", type=Path, required=True, metavar="FILE", help="JSON of the options")
    example = "clipstream project-presets change 'Weekly talk' --options options.json"
    change = add_command(inner, "change", "give a preset another name or other options", ask(change_preset), example)
    change.add_argument("--name", metavar="NAME", help="another name")
    change.add_argument("--options", type=Path, metavar="FILE", help="JSON of the options that replace its own")
    text = "delete a preset; projects that were made with it keep their options"
    delete = add_command(inner, "delete", text, ask(delete_preset), "clipstream project-presets delete 'Weekly talk'")
    for parser in (show, change, delete):
        parser.add_argument("preset", metavar="PRESET", help=_PRESET)


def read_options(path: Path) -> JSON:
    """Options of a project from a JSON file; raises CliError for anything else."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise CliError(ExitCode.USAGE, f"{path} holds no options in JSON: {error}") from None


def list_presets(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """All presets."""
    presets = client.get(PATH)
    if not presets["items"] and not args.json:
        display.say("There is no preset.")
    elif not args.json:
        rows = [
            (short_id(preset["preset_id"]), str(preset["version"]), preset["changed_at"][:10], preset["name"])
            for preset in presets["items"]
        ]
        display.table(plain_table("", ("preset", "version", "changed", "name"), rows))
    return ExitCode.OK, presets


def show_preset(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """The options of a preset."""
    preset = client.get(f"{PATH}/{_find_preset(client, args.preset)['preset_id']}")
    if not args.json:
        display.say(json.dumps(preset["options"], indent=2, ensure_ascii=False))
    return ExitCode.OK, preset


def create_preset(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """Keep options under a name."""
    preset = client.post(PATH, {"name": args.name, "options": read_options(args.options)})
    if not args.json:
        display.say(f"Preset {short_id(preset['preset_id'])} is made.")
    return ExitCode.OK, preset


def change_preset(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """Change name or options, unless somebody else did meanwhile."""
    request = {"name": args.name} if args.name is not None else {}
    if args.options is not None:
        request["options"] = read_options(args.options)
    if not request:
        raise CliError(ExitCode.USAGE, "name what to change: --name or --options")
    preset = _find_preset(client, args.preset)
    changed = client.patch(f"{PATH}/{preset['preset_id']}", request, f'"preset-{preset["version"]}"')
    if not args.json:
        display.say(f"{changed['name']} is at version {changed['version']}.")
    return ExitCode.OK, changed


def delete_preset(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """Delete a preset."""
    preset = _find_preset(client, args.preset)
    client.delete(f"{PATH}/{preset['preset_id']}")
    if not args.json:
        display.say(f"{preset['name']} is deleted.")
    return ExitCode.OK, {"preset_id": preset["preset_id"], "deleted": True}


def _find_preset(client: Client, typed: str) -> JSON:
    presets: list[JSON] = client.get(PATH)["items"]
    matches = [preset for preset in presets if preset["name"].casefold() == typed.casefold()] or [
        preset for preset in presets if preset["preset_id"].startswith(typed.lower())
    ]
    if len(matches) != 1:
        several = f"{len(matches)} presets begin with" if matches else "there is no preset"
        raise CliError(ExitCode.USAGE, f"{several} {typed!r}: `clipstream project-presets list` shows them")
    return matches[0]
