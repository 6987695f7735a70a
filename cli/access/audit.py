"""``clipstream audit`` and ``requests``: who did what, and every API call."""

from __future__ import annotations

import json
import tempfile
from argparse import ArgumentTypeError, Namespace
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from cli.access.dates import date_or_time, shown_time
from cli.api.client import JSON, Client
from cli.api.references import short_id
from cli.exit_codes import CliError, ExitCode
from cli.options.parser import add_command, add_group
from cli.output.terminal import Display, plain_table
from core.domain.identity.audit_chain import BrokenChainError, ChainEnd, parse_hash, verify_lines

MAX_PAGE_ENTRIES = 100


def add_audit(commands: Any, ask: Any, positive: Callable[[str], int]) -> None:
    """Add the commands of the audit log and of the request log."""
    inner = add_group(
        commands, "audit", "who did what: list it, verify that it was not changed", "clipstream audit list"
    )
    listing = add_command(
        inner,
        "list",
        "list who did what, newest first",
        ask(list_audit),
        "clipstream audit list --operation revokeKey --since 2026-03-01",
    )
    listing.add_argument("--operation", metavar="NAME", help="only this one, as the API's document names it")
    listing.add_argument("--target", metavar="ID", help="only what was done to this thing")
    _add_filters(listing, positive)
    verify = add_command(
        inner,
        "verify",
        "recompute the chain of the audit log, and say where it was changed",
        _verify_with(ask),
        "clipstream audit verify",
        "clipstream audit verify --out audit.ndjson",
        "clipstream audit verify --file audit.ndjson",
    )
    verify.add_argument("--file", type=Path, metavar="FILE", help="an export from before, and not the log as it is now")
    verify.add_argument("--out", type=Path, metavar="FILE", help="keep the export that was verified")
    verify.add_argument(
        "--contains", type=_chain_end, metavar="POSITION:HASH", help="an entry that was seen before, and must be in it"
    )
    calls = add_command(
        commands,
        "requests",
        "list the API calls of the last 30 days, newest first",
        ask(list_requests),
        "clipstream requests --failed",
        "clipstream requests --id 5b2a1f6e3c415d0e",
    )
    calls.add_argument("--method", choices=("GET", "POST", "PATCH", "DELETE", "HEAD"))
    calls.add_argument("--route", metavar="PATH", help="only this one, as the API's document writes it")
    calls.add_argument("--failed", action="store_true", help="only those that were answered with a problem")
    calls.add_argument("--id", metavar="ID", help="only the request with this id")
    _add_filters(calls, positive)


def _add_filters(parser: Any, positive: Callable[[str], int]) -> None:
    parser.add_argument("--actor", metavar="KIND:ID", help="only what this one did, such as key:7d1f20aa-…")
    parser.add_argument("--since", type=date_or_time, metavar="DATE", help="from this day or time on")
    parser.add_argument("--until", type=date_or_time, metavar="DATE", help="before this day or time")
    parser.add_argument("--limit", type=positive, default=20, metavar="N")


def _chain_end(text: str) -> ChainEnd:
    position, _, digits = text.partition(":")
    try:
        return ChainEnd(position=int(position), hash=parse_hash(digits))
    except (ValueError, BrokenChainError) as error:
        raise ArgumentTypeError(f"{text!r} is not POSITION:HASH: {error}") from None


def list_audit(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """The newest entries of the audit log."""
    filters = {"operation": args.operation, "target_id": args.target}
    page = _page(client, "/v1/audit", args, **filters)
    if not page["items"] and not args.json:
        display.say("There is no such entry.")
    elif not args.json:
        rows = [
            (
                str(entry["position"] or "–"),
                shown_time(entry["created_at"]),
                _actor(entry["actor"]),
                entry["operation"] + ("" if entry["outcome"] == "done" else f" ({entry['outcome']})"),
                f"{entry['target_kind']} {short_id(entry['target_ids'][-1])}" if entry["target_ids"] else "",
                entry["address"],
            )
            for entry in page["items"]
        ]
        display.table(plain_table("", ("#", "at (UTC)", "who", "what", "to what", "from"), rows))
    return ExitCode.OK, page


def _page(client: Client, path: str, args: Namespace, **filters: Any) -> JSON:
    shared = {"actor": args.actor, "since": args.since, "until": args.until, "limit": min(args.limit, MAX_PAGE_ENTRIES)}
    return client.get(path, **shared, **filters)


def _actor(actor: JSON) -> str:
    return f"{actor['kind'].replace('_', ' ')} {short_id(actor['id'])}"


def list_requests(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """The newest API calls."""
    filters = {"method": args.method, "route": args.route, "request_id": args.id}
    page = _page(client, "/v1/requests", args, min_status=400 if args.failed else None, **filters)
    if not page["items"] and not args.json:
        display.say("There is no such request.")
    elif not args.json:
        rows = [
            (
                shown_time(call["created_at"]),
                call["method"],
                call["route"],
                f"{call['status']} {call['problem'] or ''}".rstrip(),
                f"{call['took_ms']:g} ms",
                _actor(call["actor"]),
                call["address"],
                call["request_id"],
            )
            for call in page["items"]
        ]
        columns = ("at (UTC)", "method", "route", "answer", "took", "who", "from", "request id")
        display.table(plain_table("", columns, rows))
    return ExitCode.OK, page


def _verify_with(ask: Any) -> Callable[[Namespace], int]:
    """The command that verifies: a file without any API, else the log as it is now."""
    online: Callable[[Namespace], int] = ask(verify_audit)

    def run(args: Namespace) -> int:
        if args.file is None:
            return online(args)
        answer = _verify_file(args.file, args.contains)
        print(json.dumps(answer, indent=2) if args.json else "\n".join(_sentences(answer)))
        return ExitCode.OK

    return run


def verify_audit(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """Export the log and recompute its chain."""
    with tempfile.TemporaryDirectory() as folder:
        file = args.out or Path(folder, "audit.ndjson")
        client.fetch("/v1/audit/export", file, lambda _: None)
        answer = _verify_file(file, args.contains)
    if not args.json:
        for sentence in _sentences(answer):
            display.say(sentence)
    return ExitCode.OK, answer


def _verify_file(file: Path, contains: ChainEnd | None) -> JSON:
    """What an export comes to. Raises CliError, with an exit code of its own, where the chain was changed."""
    try:
        end = verify_lines(read_lines(file), passes=contains)
    except BrokenChainError as error:
        raise CliError(ExitCode.NOT_GENUINE, f"The audit log was changed: {error}.") from None
    first: int = next(read_lines(file))["position"]
    ends = {"position": end.position, "hash": end.hash.hex()}
    return {"valid": True, "entries": end.position - first, "begins_after": first} | ends


def _sentences(answer: JSON) -> Iterator[str]:
    count, first = answer["entries"], answer["begins_after"]
    before = f", after position {first}" if first else ""
    yield f"{count} {'entry' if count == 1 else 'entries'} in one unbroken chain{before}."
    if answer["position"]:
        yield f"Its head, to know the log again by `--contains`: {answer['position']}:{answer['hash']}"


def read_lines(file: Path) -> Iterator[JSON]:
    """The lines of an export. Raises BrokenChainError for one that is no JSON object."""
    with file.open(encoding="utf-8", errors="replace") as lines:
        for number, text in enumerate(lines, 1):
            try:
                line = json.loads(text)
            except ValueError:
                line = None
            if not isinstance(line, dict):
                raise BrokenChainError(f"line {number} is not one of an export")
            yield line
