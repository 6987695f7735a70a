"""``clipstream replay``: has an export made again and compares the bytes."""

from __future__ import annotations

from argparse import Namespace
from contextlib import nullcontext

from cli.api.client import JSON, Client
from cli.exit_codes import CliError, ExitCode
from cli.output.terminal import Display, plain_table

REPLAY_TIMEOUT_S = 1800.0
POLL_S = 1.0
ABSENT = "–"


def replay(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """One export, made again and compared."""
    path = f"/v1/exports/{args.export}/replay"
    requested = client.post(path)
    with nullcontext() if args.json else display.show_waiting(f"export {args.export} is made again"):
        outcome = _wait(client, path, requested)
    if not args.json:
        show_replay(outcome, display)
    return ExitCode.OK if outcome["outcome"] == "same" else ExitCode.REPLAY_DIFFERS, outcome


def _wait(client: Client, path: str, replayed: JSON) -> JSON:
    waited_s = 0.0
    while replayed["state"] != "done":
        if waited_s >= REPLAY_TIMEOUT_S:
            raise CliError(ExitCode.PROJECT_FAILED, f"The replay still waits after {waited_s / 60:.0f} min.")
        client.sleep(POLL_S)
        waited_s += POLL_S
        replayed = client.get(path)
    return replayed


def show_replay(outcome: JSON, display: Display) -> None:
    """The outcome in a sentence, then what it was made with then and now."""
    display.say(f"{outcome['outcome']}: {outcome['detail']}")
    rows = [
        (difference["what"], difference["then"] or ABSENT, difference["now"] or ABSENT)
        for difference in outcome["differences"]
    ]
    if rows:
        display.table(plain_table("", ("made with", "then", "now"), rows))
