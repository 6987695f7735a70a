"""``clipstream rename`` and ``metadata``: titles and metadata of projects, clips and exports."""

from __future__ import annotations

import argparse
import json
from argparse import ArgumentTypeError, Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cli.api.client import JSON, Client
from cli.api.references import References, short_id
from cli.exit_codes import ExitCode
from cli.options.parser import add_command
from cli.output.terminal import Display

_PATHS: Mapping[str, str] = {"project": "/v1/projects", "clip": "/v1/clips", "export": "/v1/exports"}
_WHAT = "a clip (`1`, its id), the project of the last run (`last`), or the first digits of any id"


def json_object(typed: str) -> JSON:
    """A JSON object, or ``@`` and the file that has it; raises ArgumentTypeError for anything else."""
    try:
        text = Path(typed[1:]).read_text(encoding="utf-8") if typed.startswith("@") else typed
        value = json.loads(text)
    except OSError as error:
        raise ArgumentTypeError(f"{typed[1:]!r} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise ArgumentTypeError(f"{typed[:60]!r} is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise ArgumentTypeError(f'{typed[:60]!r} is not a JSON object: write \'{{"name": "value"}}\'')
    return value


def add_metadata(parser: argparse.ArgumentParser, noun: str) -> None:
    """Add the flag ``--metadata`` to a command that makes a project, clip or export."""
    text = f"JSON of your own, kept with the {noun} and given back in answers, webhooks and analytics"
    parser.add_argument("--metadata", type=json_object, metavar="JSON|@FILE", help=text)


def add_labels(commands: Any, ask: Any) -> None:
    """Add the commands of titles and metadata."""
    text = "rename a project, a clip or an export"
    name = add_command(
        commands,
        "rename",
        text,
        ask(rename),
        "clipstream rename 1 'Why it falls'",
        "clipstream rename last 'Lecture 4'",
    )
    name.add_argument("what", metavar="WHAT", help=_WHAT)
    name.add_argument("title", metavar="TITLE", help="the new one; empty: a clip gets back the one that was found")
    text = "show the JSON that is attached to a project, a clip or an export, or change it"
    attach = add_command(
        commands,
        "metadata",
        text,
        ask(metadata),
        "clipstream metadata last",
        "clipstream metadata 1 '{\"order\": 4711}'",
    )
    attach.add_argument("what", metavar="WHAT", help=_WHAT)
    attach.add_argument(
        "patch",
        metavar="JSON|@FILE",
        nargs="?",
        type=json_object,
        help="merged into it (RFC 7396): null takes a name out",
    )
    text = "show the tags of a project, or replace them"
    tagging = add_command(
        commands,
        "tags",
        text,
        ask(tags),
        "clipstream tags last",
        "clipstream tags last podcast 'season 2'",
        "clipstream tags last --none",
    )
    tagging.add_argument("project", metavar="PROJECT")
    tagging.add_argument("tags", metavar="TAG", nargs="*", help="all tags that it is to have")
    tagging.add_argument("--none", action="store_true", help="take all tags away")


def add_tags(parser: argparse.ArgumentParser) -> None:
    """Add the flag ``--tag`` to a command that makes a project."""
    text = "a word of your own to list projects by; may be given several times"
    parser.add_argument("--tag", action="append", metavar="TAG", help=text)


def _path(client: Client, typed: str) -> tuple[str, str]:
    """Kind and API path of the resource that a person typed."""
    kind, identity = References.for_client(client).any_of(typed, list(_PATHS))
    return kind, f"{_PATHS[kind]}/{identity}"


def rename(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """Give a project, clip or export another title."""
    kind, path = _path(client, args.what)
    resource = client.patch(path, {"title": args.title.strip() or None}, "*")
    if not args.json:
        display.say(f"{kind.capitalize()} {short_id(resource[f'{kind}_id'])} is called “{resource['title']}”.")
    return ExitCode.OK, resource


def metadata(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """Show the metadata of a project, clip or export, or change it."""
    _, path = _path(client, args.what)
    resource = client.get(path) if args.patch is None else client.patch(path, {"metadata": args.patch}, "*")
    if not args.json:
        display.say(json.dumps(resource["metadata"], indent=2, ensure_ascii=False))
    return ExitCode.OK, resource["metadata"]


def tags(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """Show the tags of a project, or replace them."""
    path = f"/v1/projects/{args.project}"
    changes = bool(args.tags) or args.none
    project = client.patch(path, {"tags": args.tags or None}, "*") if changes else client.get(path)
    if not args.json:
        display.say(", ".join(project["tags"]) or "No tags.")
    return ExitCode.OK, project["tags"]
