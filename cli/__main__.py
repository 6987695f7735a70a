"""The ``clipstream`` command: parses, opens what a command needs, turns every end into an exit code. Holds no logic."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from rich.console import Console

from cli import access, edits, queries, stack
from cli.client import JSON, Client
from cli.demo import SHIPPED, demo
from cli.download import download
from cli.exits import INTERRUPTED, OK, USAGE, CliError, epilog
from cli.export import add_export, export
from cli.preview import add_preview, preview
from cli.replay import replay
from cli.run import check_options, check_source, run_project
from cli.show import Display
from cli.wishes import add_wishes

DEFAULT_STATE = ".clipstream"
LINE_CHARS = 120
"""Width of tables where no terminal says its own."""


class Parser(argparse.ArgumentParser):
    """argparse, with the exit codes at the end of every help text, and the way there in every complaint."""

    def __init__(self, **options: Any) -> None:
        """As argparse."""
        options.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        options.setdefault("epilog", epilog())
        options.setdefault("allow_abbrev", False)
        super().__init__(**options)

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and where the options are told of; ends with the code of a wrong command line."""
        self.exit(USAGE, f"clipstream: {message} (`{self.prog} --help` lists what there is)\n")


def make_parser() -> argparse.ArgumentParser:
    """All commands. Each sets ``run(arguments) -> exit code``."""
    parser = Parser(prog="clipstream", description="Long video in; ranked, captioned, framed clips out.")
    parser.add_argument("--version", action="version", version=f"clipstream {queries.version()['clipstream']}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_run(commands)
    _add_queries(commands)
    stack.register(commands)
    return parser


def _command(commands: Any, name: str, text: str, run: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text)
    parser.add_argument("--api", metavar="URL", help="the API to use (CLIPSTREAM_API); default: the local stack's")
    parser.add_argument("--key", metavar="KEY", help="the API key (CLIPSTREAM_API_KEY)")
    parser.add_argument("--state-dir", default=DEFAULT_STATE, metavar="DIR", help="of the local stack (%(default)s)")
    parser.add_argument("--json", action="store_true", help="print only JSON on stdout")
    parser.set_defaults(run=run)
    return parser


def _add_run(commands: Any) -> None:
    run = _command(commands, "run", "make clips of a video file or a URL", _run)
    run.add_argument("video", metavar="VIDEO|URL")
    _add_wishes(run, None)
    show = _command(commands, "demo", "run on the shipped lecture and show search, analytics and a webhook", _demo)
    show.add_argument("video", metavar="VIDEO", nargs="?", default=str(SHIPPED))
    _add_wishes(show, "out/demo")


def _add_wishes(parser: argparse.ArgumentParser, out: str | None) -> None:
    parser.add_argument(
        "--out", metavar="DIR", default=out, help=f"for the results ({out or 'out/<name of the video>'})"
    )
    add_wishes(parser, stack.positive)
    parser.add_argument("--title", help="of the project (the file's name)")


def _add_queries(commands: Any) -> None:
    listing = _command(commands, "projects", "list projects, newest first", _ask(queries.projects))
    listing.add_argument("--limit", type=stack.positive, default=20, metavar="N")
    listing.add_argument("--state", choices=("queued", "running", "completed", "failed", "cancelled"))
    clips = _command(commands, "clips", "list the clips of a project", _ask(queries.clips))
    clips.add_argument("project", metavar="PROJECT")
    search = _command(commands, "search", "find what was said", _ask(queries.search))
    search.add_argument("words", nargs="+", metavar="WORDS")
    search.add_argument("--project", metavar="PROJECT", help="in this project only")
    search.add_argument("--limit", type=stack.positive, default=10, metavar="N")
    add_export(_command(commands, "export", "make more files of a clip and download them", _ask(export)))
    add_preview(_command(commands, "preview", "see one picture of a clip before it is exported", _ask(preview)))
    edits.add_edit(_command(commands, "edit", "show what a clip plays, or change it", _ask(edits.edit)))
    edits.add_handover(_command(commands, "handover", "take a clip's edit to an editing program", _ask(edits.handover)))
    files = _command(commands, "download", "download the finished exports of a project", _ask(download))
    files.add_argument("project", metavar="PROJECT")
    files.add_argument("--zip", action="store_true", help="as one zip, with a manifest")
    files.add_argument("--out", metavar="DIR", default="out", help="for the files (%(default)s)")
    again = _command(commands, "replay", "make an export again and compare: same bytes, or what differs", _ask(replay))
    again.add_argument("export", metavar="EXPORT")
    _add_dead(commands)
    version = commands.add_parser("version", help="print the version")
    version.add_argument("--json", action="store_true", help="print only JSON on stdout")
    version.set_defaults(run=_version)


def _add_dead(commands: Any) -> None:
    dead = commands.add_parser("dead", help="messages that could not be worked on: list, show, replay")
    inner = dead.add_subparsers(dest="dead_command", required=True, metavar="list|show|replay")
    listing = _command(inner, "list", "list dead letters, newest first", _ask(queries.dead_list))
    listing.add_argument("--limit", type=stack.positive, default=20, metavar="N")
    listing.add_argument("--stage")
    for name, text, command in (
        ("show", "show a dead letter with its bytes", queries.dead_show),
        ("replay", "send a dead letter's message again", queries.dead_replay),
    ):
        one = _command(inner, name, text, _ask(command))
        one.add_argument("dead", metavar="ID")


def _display(args: argparse.Namespace) -> Display:
    """With ``--json`` everything for people goes to stderr."""
    console = Console(stderr=args.json, highlight=False)
    if not console.is_terminal:
        console.width = LINE_CHARS
    return Display(console, time.monotonic)


def _client(found: access.Access) -> Client:
    return Client(found.api_url, found.api_key, sleep=time.sleep)


def _ask(command: queries.Command) -> Callable[[argparse.Namespace], int]:
    """A command that asks an API which must be there already."""

    def run(args: argparse.Namespace) -> int:
        client = _client(access.known(args, os.environ))
        try:
            code, answer = command(client, args, _display(args))
        finally:
            client.close()
        return _answer(args, code, answer)

    return run


def _run(args: argparse.Namespace) -> int:
    check_source(args.video)
    check_options(args)
    display = _display(args)
    found = access.running(args, os.environ, display.console)
    client = _client(found)
    try:
        outcome = run_project(client, args, display, time.monotonic)
    finally:
        client.close()
    if found.started_here:
        display.say("The stack goes on running for the next video: `clipstream down` stops it.")
    return _answer(args, outcome.code, outcome.report)


def _demo(args: argparse.Namespace) -> int:
    check_source(args.video)
    check_options(args)
    display = _display(args)
    found = access.running(args, _without_api(os.environ), display.console)
    client = _client(found)
    try:
        code, answer = demo(client, found, args, display, time.time, time.monotonic)
    finally:
        client.close()
        if found.started_here:
            _down(args.state_dir)
    return _answer(args, code, answer)


def _without_api(environ: Mapping[str, str]) -> dict[str, str]:
    """The demo's receiver lives beside a local stack: an API named in the environment is not used."""
    return {name: value for name, value in environ.items() if name not in (access.API_VARIABLE, access.KEY_VARIABLE)}


def _down(state_dir: str) -> None:
    args = make_parser().parse_args(["down", "--state-dir", str(Path(state_dir))])
    args.run(args)


def _version(args: argparse.Namespace) -> int:
    found = queries.version()
    print(json.dumps(found) if args.json else f"clipstream {found['clipstream']}")
    return OK


def _answer(args: argparse.Namespace, code: int, answer: JSON) -> int:
    if args.json:
        print(json.dumps(answer, indent=2, ensure_ascii=False))
    return code


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; gives its exit code."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    args = make_parser().parse_args(argv)
    try:
        return int(args.run(args))
    except CliError as error:
        return _failed(args, error.code, error.line)
    except KeyboardInterrupt:
        return _failed(args, INTERRUPTED, "interrupted")
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except OSError as error:
        if error.filename is None:
            raise
        return _failed(args, USAGE, f"{error.filename}: {error.strerror}")


def _failed(args: argparse.Namespace, code: int, line: str) -> int:
    if getattr(args, "json", False):
        print(json.dumps({"error": {"exit_code": code, "detail": line}}, ensure_ascii=False))
    print(f"clipstream: {line}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
