"""The ``clipstream`` command: parses the line, runs one command, returns its exit code."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import Any, get_args

from rich.console import Console

from cli import access_rules
from cli.access.audit import add_audit
from cli.access.clients import add_clients
from cli.access.keys import add_keys
from cli.access.service_accounts import add_service_accounts
from cli.access.shares import add_shares
from cli.api import credentials
from cli.api.client import JSON, Client
from cli.api.references import References
from cli.commands import brand, exports, labels, queries, stack, transcripts
from cli.commands import clips as clip_commands
from cli.commands import edit as edits
from cli.commands import projects as project_commands
from cli.commands.demo import DEMO_VIDEO, demo
from cli.commands.download import download
from cli.commands.export import add_export, export
from cli.commands.organisation import billing, data, presets
from cli.commands.preview import add_preview, preview
from cli.commands.replay import replay
from cli.commands.run import check_options, check_source, run_project
from cli.commands.webhooks.endpoints import add_webhooks
from cli.commands.webhooks.listen import add_listen
from cli.exit_codes import CliError, ExitCode, exit_code_table
from cli.options.parser import Parser, add_command, add_group
from cli.options.project import add_project_options
from cli.output.terminal import Display, wrap_lines
from cli.people import account, mails, members, notifications
from schemas.page_rights import PageRights

LINE_CHARS = 120
"""Width of tables where the output is no terminal."""


def make_parser() -> argparse.ArgumentParser:
    """Build the parser of all commands; each sets ``run(arguments) -> exit code``."""
    parser = Parser(
        prog="clipstream",
        description="Long video in; ranked, captioned, framed clips out.",
        examples=("clipstream run talk.mp4", "clipstream help exit-codes"),
    )
    parser.add_argument("--version", action="version", version=f"clipstream {queries.version()['clipstream']}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_run(commands)
    _add_queries(commands)
    _add_clip_commands(commands)
    clip_commands.add_clips(commands, _ask, stack.positive)
    exports.add_exports(commands, _ask)
    add_shares(commands, _ask, stack.positive)
    labels.add_labels(commands, _ask)
    transcripts.add_transcripts(commands, _ask)
    project_commands.add_projects(commands, _ask, stack.positive)
    brand.add_brand(commands, _ask)
    add_webhooks(commands, _ask)
    add_listen(commands, _ask)
    add_keys(commands, _ask, stack.positive)
    add_service_accounts(commands, _ask, stack.positive)
    add_clients(commands, _ask, stack.positive)
    add_audit(commands, _ask, stack.positive)
    members.add_people(commands, _ask)
    account.add_account(commands, _ask)
    notifications.add_notifications(commands, _ask)
    _add_dead(commands)
    billing.add_billing(commands, _ask)
    billing.add_plans(commands, _ask)
    data.add_organisation(commands, _ask)
    presets.add_presets(commands, _ask)
    stack.register(commands)
    mails.register(commands)
    access_rules.register(commands)
    _add_help(commands, parser)
    return parser


def _add_run(commands: Any) -> None:
    text = "make clips of a video file, a URL or a script"
    run = add_command(
        commands, "run", text, _run, "clipstream run talk.mp4", "clipstream run talk.mp4 --aspect 1:1 --max-clips 3"
    )
    run.add_argument("video", metavar="VIDEO|URL|SCRIPT.txt")
    _add_project_flags(run, None)
    text = "run on the shipped lecture and show search, analytics and a webhook"
    show = add_command(commands, "demo", text, _demo, "clipstream demo")
    show.add_argument("video", metavar="VIDEO", nargs="?", default=str(DEMO_VIDEO))
    _add_project_flags(show, "out/demo")


def _add_project_flags(parser: argparse.ArgumentParser, out: str | None) -> None:
    parser.add_argument(
        "--out", metavar="DIR", default=out, help=f"for the results ({out or 'out/<name of the video>'})"
    )
    add_project_options(parser, stack.positive)
    parser.add_argument("--title", help="of the project (the file's name)")
    labels.add_metadata(parser, "project")
    labels.add_tags(parser)
    page_help = "the URL is one of a page, such as YouTube's, and this is why you may use its video: see docs/pages.md"
    parser.add_argument("--page-rights", choices=get_args(PageRights), help=page_help)
    text = "show the project that has the same URL and options, if there is one that did not fail"
    parser.add_argument("--reuse", action="store_true", help=text)


def _add_queries(commands: Any) -> None:
    text = "list projects, newest first"
    listing = add_command(commands, "projects", text, _ask(queries.list_projects), "clipstream projects --state failed")
    listing.add_argument("--limit", type=stack.positive, default=20, metavar="N")
    listing.add_argument("--state", choices=("queued", "running", "completed", "failed", "cancelled"))
    listing.add_argument("--tag", help="only those with this tag")
    listing.add_argument("--title", metavar="TEXT", help="only those with this text in their title")
    listing.add_argument("--url", help="only those of this URL")
    text = "list the clips of a project, and let their numbers stand for them"
    clips = add_command(commands, "clips", text, _ask(queries.list_clips), "clipstream clips last")
    clips.add_argument("project", metavar="PROJECT", help="its id, the first digits of it, or `last`")
    search = add_command(
        commands,
        "search",
        "find what was said",
        _ask(queries.search),
        "clipstream search conservation of energy",
        "clipstream search falling bodies --mode meaning --project last",
        "clipstream search --since 2026-03-01 --speaker Ann --speaker Bea",
    )
    queries.add_search(search, stack.positive)
    text = "download the finished exports of a project"
    files = add_command(commands, "download", text, _ask(download), "clipstream download last --zip --out clips")
    files.add_argument("project", metavar="PROJECT")
    files.add_argument("--zip", action="store_true", help="as one zip, with a manifest")
    files.add_argument("--out", metavar="DIR", default="out", help="for the files (%(default)s)")
    version = commands.add_parser(
        "version", help="print the version", description="Print the version.", examples=("clipstream version",)
    )
    version.add_argument("--json", action="store_true", help="print only JSON on stdout")
    version.set_defaults(run=_version)


def _add_clip_commands(commands: Any) -> None:
    text = "make more files of a clip and download them"
    add_export(add_command(commands, "export", text, _ask(export), "clipstream export 1 --aspect 1:1"))
    text = "see one picture of a clip before it is exported"
    add_preview(add_command(commands, "preview", text, _ask(preview), "clipstream preview 1 --at 0:12 --out clip.png"))
    text = "show what a clip plays, or change it"
    edit = add_command(
        commands,
        "edit",
        text,
        _ask(edits.edit),
        "clipstream edit 1",
        "clipstream edit 1 --drop-fillers --trim 1:30-1:58",
        "clipstream edit 1 --split s1@1:42.5 --speed s2=1.25",
    )
    edits.add_edit(edit)
    text = "take a clip's edit to an editing program"
    edits.add_handover(
        add_command(commands, "handover", text, _ask(edits.handover), "clipstream handover 1 --format fcpxml")
    )
    text = "make an export again and compare: same bytes, or what differs"
    again = add_command(commands, "replay", text, _ask(replay), "clipstream replay 7d1f20aa")
    again.add_argument("export", metavar="EXPORT")


def _add_dead(commands: Any) -> None:
    text = "list messages of Kafka producers that were refused, and why"
    refused = add_command(commands, "refused", text, _ask(queries.list_refused), "clipstream refused --limit 5")
    refused.add_argument("--limit", type=stack.positive, default=20, metavar="N")
    text = "list projects in which nothing moves, and what they wait for"
    stuck = add_command(commands, "stuck", text, _ask(queries.list_stuck), "clipstream stuck --minutes 30")
    stuck.add_argument("--minutes", type=float, metavar="N", help="least time without movement (the watchdog's)")
    text = "messages that could not be worked on: list, show, replay"
    inner = add_group(commands, "dead", text, "clipstream dead list")
    listing = add_command(
        inner,
        "list",
        "list dead letters, newest first",
        _ask(queries.list_dead_letters),
        "clipstream dead list --stage render",
    )
    listing.add_argument("--limit", type=stack.positive, default=20, metavar="N")
    listing.add_argument("--stage")
    for name, text, command in (
        ("show", "show a dead letter with its bytes", queries.show_dead_letter),
        ("replay", "send a dead letter's message again", queries.replay_dead_letter),
    ):
        example = f"clipstream dead {name} 2b5e7a10-8c1f-5d2a-9f63-1d4c0a7be812"
        parser = add_command(inner, name, text, _ask(command), example)
        parser.add_argument("dead", metavar="ID")


def _add_help(commands: Any, parser: argparse.ArgumentParser) -> None:
    text = "show help for a command, or what the exit codes mean"
    help_parser = commands.add_parser(
        "help", help=text, description=text, examples=("clipstream help edit", "clipstream help exit-codes")
    )
    help_parser.add_argument("topic", nargs="*", metavar="COMMAND|exit-codes")

    def run(args: argparse.Namespace) -> int:
        if args.topic == ["exit-codes"]:
            print(exit_code_table())
        else:
            parser.parse_args([*args.topic, "--help"])  # ends the command
        return ExitCode.OK

    help_parser.set_defaults(run=run)


def _display(args: argparse.Namespace) -> Display:
    """The terminal output of a command; with ``--json`` text for people goes to stderr."""
    console = Console(stderr=args.json, highlight=False)
    if not console.is_terminal:
        console.width = LINE_CHARS
    return Display(console, time.monotonic)


def _client(access: credentials.Access) -> Client:
    return Client(access.api_url, access.api_key, sleep=time.sleep)


def _ask(command: queries.Command) -> Callable[[argparse.Namespace], int]:
    """Wrap a command that needs an API that already runs."""

    def run(args: argparse.Namespace) -> int:
        client = _client(credentials.find_access(args, os.environ))
        try:
            References.for_client(client).resolve(args)
            code, answer = command(client, args, _display(args))
        finally:
            client.close()
        return _answer(args, code, answer)

    return run


def _run(args: argparse.Namespace) -> int:
    check_source(args.video)
    check_options(args)
    display = _display(args)
    access = credentials.ensure_access(args, os.environ, display.console)
    client = _client(access)
    try:
        References.for_client(client).resolve(args)
        outcome = run_project(client, args, display, time.monotonic)
    finally:
        client.close()
    if access.started_here:
        display.say("The stack keeps running for the next video: `clipstream down` stops it.")
    return _answer(args, outcome.code, outcome.report)


def _demo(args: argparse.Namespace) -> int:
    check_source(args.video)
    check_options(args)
    display = _display(args)
    access = credentials.ensure_access(args, _without_api(os.environ), display.console)
    client = _client(access)
    try:
        References.for_client(client).resolve(args)
        code, answer = demo(client, access, args, display, time.time, time.monotonic)
    finally:
        client.close()
        if access.started_here:
            _down(args.state_dir)
    again = f"{_own_command()} {'up' if access.started_here else 'sign-in-link'}"
    display.say(f"\nSee, edit, export and share these clips in your browser: `{again}` prints the address.")
    return _answer(args, code, answer)


def _own_command() -> str:
    """The command as a person can type it: its name, or the path where the shell does not find it."""
    typed = Path(sys.argv[0])
    executable = shutil.which(typed.name)
    return typed.name if executable and Path(executable).resolve() == typed.resolve() else str(typed)


def _without_api(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment without an API: the demo's webhook receiver works with the local stack only."""
    return {
        name: value
        for name, value in environ.items()
        if name not in (credentials.API_VARIABLE, credentials.KEY_VARIABLE)
    }


def _down(state_dir: str) -> None:
    args = make_parser().parse_args(["down", "--state-dir", str(Path(state_dir))])
    args.run(args)


def _version(args: argparse.Namespace) -> int:
    versions = queries.version()
    print(json.dumps(versions) if args.json else f"clipstream {versions['clipstream']}")
    return ExitCode.OK


def _answer(args: argparse.Namespace, code: int, answer: JSON) -> int:
    if args.json:
        print(json.dumps(answer, indent=2, ensure_ascii=False))
    return code


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit code."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # names of files may be any bytes
    args = make_parser().parse_args(argv)
    try:
        return int(args.run(args))
    except CliError as error:
        return _print_failure(args, error.code, error.line)
    except KeyboardInterrupt:
        return _print_failure(args, ExitCode.INTERRUPTED, "interrupted")
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.OK
    except OSError as error:
        if error.filename is None:
            raise
        return _print_failure(args, ExitCode.USAGE, f"{error.filename}: {error.strerror}")


def _print_failure(args: argparse.Namespace, code: int, line: str) -> int:
    if getattr(args, "json", False):
        print(json.dumps({"error": {"exit_code": code, "detail": line}}, ensure_ascii=False))
    message = f"clipstream: {line}"
    print(wrap_lines(message, Console(stderr=True).width) if sys.stderr.isatty() else message, file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
