"""The commands that start, watch and stop the one-machine stack."""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import json
import os
import signal
import subprocess
import webbrowser
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from cli.api.local_stack import line_printer
from cli.exit_codes import CliError, ExitCode
from local import stack
from local.config.paths import DEFAULT_STATE
from local.config.state import Layout, StackState, is_running, load
from local.errors import StackError
from local.install.tools import Say
from local.key_rotation import KEEP_DAYS, read_ring, rotate
from local.services.table import SINKS
from local.sign_in_link import make_sign_in_link
from local.stack import StackInfo
from local.supervisor.logs import follow, tail
from local.supervisor.processes import memory_bytes
from local.walls import describe_walls, read_walls

__all__ = ["StackInfo", "register"]
_MIB = 2**20
_COLOURS = {"ready": "green", "done": "green", "external": "cyan", "failed": "red", "restarting": "yellow"}


def register(subparsers: Any) -> None:
    """Add up, down, status, logs and reset; each sets ``run(arguments) -> exit code``."""
    up = _command(subparsers, "up", _up, "start the whole stack on this machine and wait until it works")
    up.add_argument("--foreground", action="store_true", help="stay here; Ctrl-C stops the stack")
    up.add_argument("--json", action="store_true", help="print endpoints and keys as JSON")
    up.add_argument("--api-port", type=int, metavar="PORT", help="where the API listens (a free one)")
    text = "let a sink read its topics from the beginning again, to fill a store that was lost"
    up.add_argument("--rewind", action="append", choices=SINKS, default=[], help=text)
    text = "print an address that signs you in to the web app, once"
    examples = ("clipstream sign-in-link", "clipstream sign-in-link --browser")
    link = _command(subparsers, "sign-in-link", _sign_in_link, text, *examples)
    link.add_argument("--browser", action="store_true", help="open it in your browser")
    link.add_argument("--json", action="store_true", help="print only JSON")
    status = _command(subparsers, "status", _status, "each part: state, pid, memory, port, restarts")
    status.add_argument("--json", action="store_true", help="print only JSON")
    logs = _command(subparsers, "logs", _logs, "what the parts print")
    logs.add_argument("part", nargs="?", help="one part, as `status` names it (or `supervisor`); without: all")
    logs.add_argument("-f", "--follow", action="store_true", help="go on printing as they write")
    logs.add_argument("-n", "--lines", type=positive, default=40, help="how many lines from the end (40)")
    _command(subparsers, "down", _down, "drain the workers and stop everything; data stays")
    _register_secrets(subparsers)
    _command(subparsers, "reset", _reset, "down, and remove everything of this stack, data too")


def _register_secrets(subparsers: Any) -> None:
    text = "the key ring that seals and signs"
    examples = ("clipstream secrets list", "clipstream secrets rotate")
    parser = _command(subparsers, "secrets", _secrets, text, *examples)
    parser.add_argument("action", choices=("list", "rotate"), help="show the ring's ids, or put a new secret in front")
    keep = f"how long old secrets still open what they sealed and signed ({KEEP_DAYS}); 0: a leaked one, at once"
    parser.add_argument("--keep-days", type=_days, default=KEEP_DAYS, metavar="DAYS", help=keep)
    parser.add_argument("--json", action="store_true", help="print JSON")


def _days(text: str) -> float:
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of days")
    return float(text)


def positive(text: str) -> int:
    """A whole number above 0; ArgumentTypeError for anything else."""
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def _command(
    subparsers: Any, name: str, run: Callable[[argparse.Namespace, Say], int], text: str, *more: str
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = subparsers.add_parser(
        name, help=text, description=text, examples=more or (f"clipstream {name}",)
    )
    parser.add_argument("--state-dir", type=Path, default=DEFAULT_STATE, help="where the stack lives (.clipstream)")
    parser.set_defaults(run=lambda arguments: _run_guarded(run, arguments))
    return parser


def _run_guarded(run: Callable[[argparse.Namespace, Say], int], arguments: argparse.Namespace) -> int:
    """Problems become one line on stderr and exit code 3; Ctrl-C is 130."""
    say = line_printer(Console(stderr=True))
    try:
        return run(arguments, say)
    except StackError as problem:
        say(f"clipstream: {problem}")
        return ExitCode.STACK_UNAVAILABLE
    except KeyboardInterrupt:
        say("clipstream: interrupted")
        return ExitCode.INTERRUPTED


def _up(arguments: argparse.Namespace, say: Say) -> int:
    layout = stack.layout_of(arguments.state_dir)
    overrides = {"CLIPSTREAM_API_PORT": str(arguments.api_port)} if arguments.api_port is not None else {}
    if arguments.foreground:
        return _run_in_foreground(layout, os.environ | overrides, say, arguments.rewind)
    info = stack.ensure_running(layout, os.environ | overrides, say, rewind=arguments.rewind)
    if arguments.json:
        print(as_json(info))
    else:
        _print_info(info, _web_address(info, os.environ | overrides, say))
    return 0


def _web_address(info: StackInfo, environ: Mapping[str, str], say: Say) -> str:
    """The web app's address; it signs in, once, where the stack lets its operator do so."""
    if info.env.get("CLIPSTREAM_SIGN_IN_CODES") == "on":
        try:
            return make_sign_in_link(stack.layout_of(info.state_dir), environ).url
        except StackError as problem:  # the stack works without it
            say(f"clipstream: {problem}")
    return f"{info.api}/app/"


def _sign_in_link(arguments: argparse.Namespace, say: Say) -> int:
    link = make_sign_in_link(stack.layout_of(arguments.state_dir), os.environ)
    if arguments.json:
        print(msgspec.json.encode(link).decode())
    else:
        print(link.url)
        say(f"It signs {link.email} in, once, within {link.minutes:g} minutes.")
    if arguments.browser and not webbrowser.open(link.url):
        say("no browser could be opened here: open the address yourself")
    return 0


def as_json(info: StackInfo) -> str:
    """Endpoints and keys of a stack, for programs."""
    return msgspec.json.format(msgspec.json.encode(info, enc_hook=str), indent=2).decode()


def _run_in_foreground(layout: Layout, environ: Mapping[str, str], say: Say, rewind: Sequence[str]) -> int:
    """The guard as our child in this terminal: Ctrl-C reaches us, and we pass it on and wait."""
    if is_running(layout):
        raise StackError("this stack runs already: `clipstream down` first, or leave out --foreground")
    stack.prepare(layout, environ, say)
    guard = stack.start_guard(layout, environ, rewind=rewind)
    try:
        info = stack.wait_ready(layout, guard, say)
        _print_info(info, _web_address(info, environ, say))
        say("Ctrl-C stops the stack")
        guard.wait()
    except BaseException as end:
        say("draining the workers, then stopping the stores")
        guard.send_signal(signal.SIGTERM)
        _wait_patiently(guard)
        if isinstance(end, KeyboardInterrupt):
            say("stopped; the data stays")
            return ExitCode.INTERRUPTED
        raise
    state = load(layout)
    raise StackError(state.said if state and state.said else "the stack was stopped from elsewhere")


def _wait_patiently(guard: subprocess.Popen[bytes]) -> None:
    """A second Ctrl-C ends the parts at once instead of draining them."""
    try:
        guard.wait()
    except KeyboardInterrupt:
        guard.send_signal(signal.SIGUSR1)
        guard.wait()


def _print_info(info: StackInfo, web_address: str) -> None:
    began = f"ready in {info.ready_after_s:.1f} s" if info.started_here else "it runs already"
    rows = {
        "web app": web_address,
        "API": info.api,
        "API key": info.api_key,
        "organisation": info.org_id,
        "producer key id": info.producer_key_id,
        "producer secret": info.producer_secret,
        "webhook receivers": f"127.0.0.1:{info.webhook_port} is free for yours, and allowed",
        "for your shell": f"set -a; . {info.state_dir / 'stack.env'}; set +a",
    }
    print(f"clipstream: {began}")
    for name, value in rows.items():
        print(f"  {name:<18} {value}")


def _status(arguments: argparse.Namespace, _: Say) -> int:
    layout = stack.layout_of(arguments.state_dir)
    state = load(layout)
    if state is None:
        raise StackError(f"there is no stack in {layout.root}: `clipstream up` makes one")
    running = is_running(layout)
    rows = _rows(state, running)
    walls = read_walls(state) if running else {}
    phase = state.phase if running else ("failed" if state.phase == "failed" else "stopped")
    if arguments.json:
        print(
            json.dumps(
                {"phase": phase, "said": state.said, "endpoints": state.endpoints, "parts": rows, "sandbox": walls},
                indent=2,
            )
        )
    else:
        _print_table(phase, state, rows)
        for line in describe_walls(walls):
            print(line)
    return 0 if running and phase == "ready" else 3


def _rows(state: StackState, running: bool) -> list[dict[str, Any]]:
    """One a part, and one for the supervisor; memory is that of the part's whole process tree."""
    rows = []
    for part in state.parts.values():
        alive = running or part.state in ("external", "done")
        pid = part.pid if running else None
        rows.append(
            {
                "part": part.name,
                "state": part.state if alive else "stopped",
                "pid": pid,
                "memory_bytes": memory_bytes(pid) if pid else 0,
                "port": part.port,
                "restarts": part.restarts,
                "ready_after_s": part.ready_after_s,
                "said": part.said,
            }
        )
    if running:
        supervisor: dict[str, Any] = {
            "part": "supervisor",
            "state": "ready",
            "pid": state.supervisor_pid,
            "port": None,
            "restarts": 0,
        }
        rows.append({**supervisor, "memory_bytes": _own_memory(state), "ready_after_s": None, "said": ""})
    return rows


def _own_memory(state: StackState) -> int:
    return memory_bytes(state.supervisor_pid, below=False) + memory_bytes(state.guard_pid, below=False)


def _print_table(phase: str, state: StackState, rows: list[dict[str, Any]]) -> None:
    table = Table(title=f"stack {state.stack_id}: {phase}", title_justify="left", box=None, pad_edge=False)
    for heading in ("part", "state"):
        table.add_column(heading)
    for heading in ("pid", "memory", "port", "restarts"):
        table.add_column(heading, justify="right")
    has_messages = any(row["said"] for row in rows)
    if has_messages:
        table.add_column("said", overflow="fold")
    for row in rows:
        colour = _COLOURS.get(row["state"], "default")
        memory = f"{row['memory_bytes'] // _MIB} MB" if row["memory_bytes"] else ""
        cells = (row["pid"] or "", memory, row["port"] or "", row["restarts"], *([row["said"]] if has_messages else []))
        table.add_row(row["part"], f"[{colour}]{row['state']}[/]", *map(str, cells))
    total = sum(row["memory_bytes"] for row in rows) // _MIB
    console = Console()
    console.print(table)
    console.print(f"memory together: {total} MB · API {state.endpoints.get('api', '')}", highlight=False)
    if state.said:
        console.print(state.said, markup=False, highlight=False)


def _logs(arguments: argparse.Namespace, _: Say) -> int:
    layout = stack.layout_of(arguments.state_dir)
    paths = sorted(layout.logs.glob("*.log")) if layout.logs.is_dir() else []
    if arguments.part:
        chosen = layout.logs / f"{arguments.part}.log"
        if chosen not in paths:
            names = ", ".join(path.stem for path in paths) or "none yet"
            raise CliError(ExitCode.USAGE, f"there is no log of {arguments.part!r}; there are: {names}")
        paths = [chosen]
    width = max((len(path.stem) for path in paths), default=0)
    prefix = {path: "" if arguments.part else f"{path.stem:<{width}} | " for path in paths}
    for path in paths:
        for line in tail(path, arguments.lines):
            print(prefix[path] + line)
    if arguments.follow:
        with contextlib.suppress(KeyboardInterrupt):  # how one ends it
            for path, line in follow(paths, lambda: True):
                print(prefix[path] + line, flush=True)
    return 0


def _secrets(arguments: argparse.Namespace, say: Say) -> int:
    layout = stack.layout_of(arguments.state_dir)
    if arguments.action == "rotate":
        rotated = rotate(layout, os.environ, dt.datetime.now(dt.UTC), keep_days=arguments.keep_days)
        if arguments.json:
            print(msgspec.json.encode(rotated).decode())
            return 0
        rows = (
            ", ".join(f"{count} of {table}" for table, count in rotated.resealed.items()) or "nothing was left to seal"
        )
        say(f"{rotated.newest_id} seals and signs now; sealed again: {rows}")
    entries = [{"id": entry.id, "opens_until": entry.until or None} for entry in read_ring(layout)]
    if arguments.json:
        print(json.dumps(entries, indent=2))
    else:
        for entry in entries:
            until = f"opens until {entry['opens_until']}" if entry["opens_until"] else ""
            print(f"{entry['id'] or '(no id)':<16} {until}".rstrip())
    return 0


def _down(arguments: argparse.Namespace, say: Say) -> int:
    stopped = stack.down(stack.layout_of(arguments.state_dir), say)
    say("stopped; the data stays" if stopped else "nothing runs here")
    return 0


def _reset(arguments: argparse.Namespace, say: Say) -> int:
    layout = stack.layout_of(arguments.state_dir)
    removed = stack.reset(layout, say)
    say(f"removed {layout.root}" if removed else f"there is nothing in {layout.root}")
    return 0
