"""The listing commands: projects, clips, search, refused, dead, version."""

from __future__ import annotations

import base64
import html
import json
import re
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable

from rich.table import Table
from rich.text import Text

from cli.api.client import JSON, Client
from cli.api.project_progress import count_text, duration_text, size_text
from cli.api.references import References, short_id
from cli.exit_codes import ExitCode
from cli.output.terminal import Display, escape_controls, plain_table, score_text, show_nearest
from core.domain.clock_format import format_clock
from schemas.version import VERSION

MAX_SHOWN_BYTES = 2000
HITS = ("segments", "clips", "chapters", "entities")
_MARK = re.compile(r"<mark>(.*?)</mark>", re.DOTALL)

Command = Callable[[Client, Namespace, Display], tuple[int, JSON]]
"""Gives the exit code and what ``--json`` prints; draws on the display only where not ``args.json``."""


def list_projects(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """The newest projects."""
    filters = {"state": args.state, "tag": args.tag, "q": args.title, "source_url": args.url}
    page = client.get("/v1/projects", limit=args.limit, **filters)
    if not page["items"] and not args.json:
        filtered = any(filters.values())
        display.say("No such project." if filtered else "No project yet: `clipstream run VIDEO` makes one.")
    elif not args.json:
        rows = [
            (
                short_id(project["project_id"]),
                project["state"],
                duration_text(project.get("duration_ms")),
                str(project["created_at"])[:19].replace("T", " "),
                project["title"],
                ", ".join(project.get("tags", [])),
            )
            for project in page["items"]
        ]
        display.table(plain_table("", ("project", "state", "length", "created (UTC)", "title", "tags"), rows))
    return ExitCode.OK, page


def list_clips(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """The clips of a project, best first."""
    page = client.get(f"/v1/projects/{args.project}/clips")
    References.for_client(client).remember(args.project, [clip["clip_id"] for clip in page["items"]])
    if args.json:
        return ExitCode.OK if page["items"] else ExitCode.NOTHING_FOUND, page
    if not page["items"]:
        project = client.get(f"/v1/projects/{args.project}")
        failure = (project.get("failure") or {}).get("detail")
        reason = page.get("nothing_found_reason") or failure or f"the project is {project['state']}."
        display.say(f"No clips: {reason}")
        show_nearest(display, project)
        return ExitCode.NOTHING_FOUND, page
    rows = [
        (
            str(clip["ordinal"] + 1),
            f"{format_clock(clip['start_ms'])} – {format_clock(clip['end_ms'])}",
            score_text(clip),
            f"{clip['title']}\n{clip['reason']}",
            ", ".join(f"{export['aspect']} {export['state']}" for export in clip["exports"]),
            short_id(clip["clip_id"]),
        )
        for clip in page["items"]
    ]
    display.say("`clipstream edit 1`, `export 1` and `preview 1` take a clip by its number here, or by its id.")
    display.table(plain_table("", ("#", "from – to", "score", "title and reason", "exports", "clip"), rows))
    return ExitCode.OK, page


def add_search(parser: ArgumentParser, positive: Callable[[str], int]) -> None:
    """The flags of ``search``."""
    add = parser.add_argument
    add("words", nargs="*", metavar="WORDS", help='"\\"in this order\\"" and "walrus -seal" too; none: all is listed')
    add("--project", metavar="PROJECT", help="in this project only")
    add("--mode", choices=("words", "hybrid", "meaning"), help="by words, by meaning (English), or by both (words)")
    add("--speaker", action="append", metavar="NAME|S1", help="only what this one says; several: any of them")
    add("--language", action="append", metavar="xx", help="only what is said in this language, e.g. en; or several")
    add("--since", metavar="DATE", help="only projects made on this day or later: 2026-03-01, or a time")
    add("--until", metavar="DATE", help="only projects made before")
    add(
        "--sort",
        choices=("relevance", "time", "time_desc", "oldest"),
        help="best first, or the newest or oldest project first",
    )
    add("--min-score", type=_score_share, metavar="0..1", help="leave out hits that fit less")
    add("--limit", type=positive, default=10, metavar="N")


def _score_share(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise ArgumentTypeError("a score is from 0 to 1")
    return value


def search(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """Find spoken words, and show where they are."""
    parameters = {"project_id": args.project, "limit": args.limit}
    parameters |= {name: getattr(args, name) for name in ("mode", "speaker", "language", "since", "until", "sort")}
    result = client.get("/v1/search", q=" ".join(args.words), min_score=args.min_score, **parameters)
    if not args.json:
        show_hits(display, result)
    return ExitCode.OK if any(result[kind] for kind in HITS) else ExitCode.NOTHING_FOUND, result


def show_hits(display: Display, result: JSON) -> None:
    """Hits of each kind with the time to jump to, how well they fit, and matches marked."""
    if not any(result[kind] for kind in HITS):
        display.say(f"Nothing is said about “{result['query']}”." if result["query"] else "There is nothing.")
        return
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    for style in ("cyan", "dim", "", "dim"):
        table.add_column(style=style, overflow="fold")
    for hit in result["segments"]:
        table.add_row(*_row(hit, highlighted_text(hit["highlight"]), hit["project_id"]))
    for hit in result["clips"]:
        description = Text(
            f"clip {format_clock(hit['start_ms'])} – {format_clock(hit['end_ms'])}  {escape_controls(hit['title'])}"
        )
        table.add_row(*_row(hit, description, hit["clip_id"]))
    for hit in result["chapters"]:
        description = Text(
            f"chapter {format_clock(hit['start_ms'])} – {format_clock(hit['end_ms'])}  {escape_controls(hit['title'])}"
        )
        table.add_row(*_row(hit, description, hit["project_id"]))
    for hit in result["entities"]:
        times = ", ".join(format_clock(mention["start_ms"]) for mention in hit["mentions"][:5])
        table.add_row(*_row(hit, Text(f"{hit['kind']} {escape_controls(hit['name'])}  {times}"), hit["project_id"]))
    display.table(table)


def _row(hit: JSON, description: Text, identity: str) -> tuple[Text, Text, Text, Text]:
    """Row of a hit: time of its words, score, description, and the beginning of an id."""
    when = format_clock(hit["word_ms"] if "word_ms" in hit else hit.get("start_ms") or 0)
    score = f"{hit['match_score']:.2f}" if "match_score" in hit else ""
    return Text(f"{when:>7}"), Text(score), description, Text(short_id(identity))


def highlighted_text(highlight: str) -> Text:
    """Escaped HTML with ``<mark>`` as styled text."""
    text, at = Text(), 0
    for match in _MARK.finditer(highlight):
        text.append(escape_controls(html.unescape(highlight[at : match.start()])))
        text.append(escape_controls(html.unescape(match.group(1))), style="bold yellow")
        at = match.end()
    text.append(escape_controls(html.unescape(highlight[at:])))
    return text


def list_refused(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """Messages of the organisation's Kafka producers that made no project, and why."""
    page = client.get("/v1/uploads/refused", limit=args.limit)
    if not page["items"] and not args.json:
        display.say("No message was refused in the last seven days.")
    elif not args.json:
        for message in page["items"]:
            when, place = (
                str(message["created_at"])[:19].replace("T", " "),
                f"{message['partition']}/{message['offset']}",
            )
            unsure = "" if message["signed"] else " (not signed by this key: anybody may have sent it)"
            display.say(f"{when}  uploads.v1/{place}  {message['reason']}  {message['key_id']}{unsure}")
            display.say(f"  {escape_controls(message['detail'])}")
            if message["unlisted"]:
                display.say(f"  {count_text(message['unlisted'], 'more message')} after it.")
    return ExitCode.OK, page


def list_stuck(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """Projects in which nothing moves."""
    page = client.get("/v1/admin/stuck", minutes=args.minutes)
    if not page["items"] and not args.json:
        display.say("Every project that is at work moves.")
    elif not args.json:
        rows = [
            (
                project["project_id"],
                project["state"],
                str(project["still_since"])[:19].replace("T", " "),
                ", ".join(dict.fromkeys(project["stages"])),
                project["waits_for"] or "",
            )
            for project in page["items"]
        ]
        display.table(plain_table("", ("project", "state", "still since (UTC)", "stages", "waits for"), rows))
    return ExitCode.OK, page


def list_dead_letters(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """List dead letters, newest first."""
    page = client.get("/v1/admin/dead-letters", limit=args.limit, stage=args.stage)
    if not page["items"] and not args.json:
        display.say("No dead letters" + (f" of {args.stage}." if args.stage else "."))
    elif not args.json:
        rows = [
            (
                letter["dead_id"],
                str(letter["created_at"])[:19].replace("T", " "),
                letter["stage"],
                letter["topic"],
                letter["reason"],
                "yes" if letter.get("replayed_at") else "",
            )
            for letter in page["items"]
        ]
        display.table(plain_table("", ("dead letter", "when (UTC)", "stage", "topic", "reason", "replayed"), rows))
    return ExitCode.OK, page


def show_dead_letter(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """One dead letter with its bytes."""
    letter = client.get(f"/v1/admin/dead-letters/{args.dead}")
    if not args.json:
        payload = base64.b64decode(letter["payload_base64"])
        fields = {key: value for key, value in letter.items() if key != "payload_base64"}
        display.say(json.dumps(fields, indent=2, ensure_ascii=False))
        display.say(f"payload ({size_text(len(payload))}):")
        display.say(payload[:MAX_SHOWN_BYTES].decode(errors="backslashreplace"))
    return ExitCode.OK, letter


def replay_dead_letter(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """Send a dead letter's message again."""
    replayed = client.post(f"/v1/admin/dead-letters/{args.dead}/replay")
    if not args.json:
        display.say(f"{replayed['dead_id']} goes to {replayed['topic']} again.")
    return ExitCode.OK, replayed


def version() -> JSON:
    """Version of the command itself; needs no API."""
    return {"clipstream": VERSION}
