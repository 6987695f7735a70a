"""``clipstream clip`` and ``moments``: a clip by time range or moment, and the list of moments."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from cli.api.client import JSON, Client
from cli.api.references import References, short_id
from cli.commands.labels import add_metadata
from cli.exit_codes import CliError, ExitCode
from cli.options.parser import add_command
from cli.options.project import ASPECTS, parse_time_range
from cli.output.terminal import Display, plain_table
from core.domain.clock_format import format_clock

MAX_LISTED_MOMENTS = 20


def add_clips(commands: Any, ask: Any, positive: Any) -> None:
    """Add the commands of clips and moments."""
    make = add_command(
        commands,
        "clip",
        "make a clip of your own choice",
        ask(make_clip),
        "clipstream clip last 1:30-2:00 --title 'Why it falls'",
        "clipstream clip last --moment 3",
    )
    add = make.add_argument
    add("project", metavar="PROJECT", help="its id, the first digits of it, or `last`")
    add("range", metavar="T-T", nargs="?", type=parse_time_range, help="from and to, on the video's time line")
    add("--moment", metavar="N|ID", help="a moment, by its place in `clipstream moments PROJECT` or by its id")
    add("--title", default="", metavar="TEXT", help="of the clip (made of what is said)")
    add("--aspect", action="append", choices=ASPECTS, help="shape (as the project's); several times: several files")
    add_metadata(make, "clip")
    weighed = add_command(
        commands,
        "moments",
        "list the moments that were weighed, best first",
        ask(list_moments),
        "clipstream moments last",
    )
    weighed.add_argument("project", metavar="PROJECT")
    weighed.add_argument("--limit", type=positive, default=MAX_LISTED_MOMENTS, metavar="N")


def make_clip(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """Request a clip of a time range or of a moment."""
    if not args.range and not args.moment:
        raise CliError(ExitCode.USAGE, "Say which part: `clipstream clip PROJECT 1:30-2:00`, or --moment N.")
    body: JSON = dict(args.range or {})
    if args.moment:
        body["moment_id"] = _moment_id(client, args.project, args.moment)
    if args.title:
        body["title"] = args.title
    if args.metadata:
        body["metadata"] = args.metadata
    if args.aspect:
        body["aspects"] = list(dict.fromkeys(args.aspect))
    clip = client.post(f"/v1/projects/{args.project}/clips", body)
    References.for_client(client).add(args.project, clip["clip_id"])
    if not args.json:
        name = short_id(clip["clip_id"])
        display.say(f"Clip {name}  {format_clock(clip['start_ms'])} – {format_clock(clip['end_ms'])}  {clip['title']}")
        display.say(f"It is being rendered: `clipstream export {name}` waits for it and downloads it.")
    return ExitCode.OK, clip


def _moment_id(client: Client, project_id: str, text: str) -> str:
    """The id of a moment that is named by its place in the list, or by itself."""
    if not text.isdecimal() or len(text) > len("999"):
        return text
    moments = _fetch_moments(client, project_id)
    if not 1 <= int(text) <= len(moments):
        raise CliError(ExitCode.USAGE, f"There is no moment {text}: the project has {len(moments)}.")
    return str(moments[int(text) - 1]["id"])


def _fetch_moments(client: Client, project_id: str) -> list[JSON]:
    moments: list[JSON] = client.get(f"/v1/projects/{project_id}/moments")["moments"]
    return sorted(moments, key=lambda moment: (-moment["score"], moment["range"]["start_ms"]))


def list_moments(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """List all moments, best first."""
    moments = _fetch_moments(client, args.project)
    if args.json:
        return ExitCode.OK if moments else ExitCode.NOTHING_FOUND, {"items": moments}
    if not moments:
        display.say("No moment was weighed in this project.")
        return ExitCode.NOTHING_FOUND, {"items": moments}
    rows = [
        (
            str(number),
            f"{format_clock(moment['range']['start_ms'])} – {format_clock(moment['range']['end_ms'])}",
            f"{moment['score']:.0f}",
            "yes" if moment["selected"] else "",
            "\n".join((moment["title"], moment["reason"], *_list_judgements(moment))),
        )
        for number, moment in enumerate(moments[: args.limit], 1)
    ]
    display.table(plain_table("", ("#", "from – to", "score", "clip", "title and reason"), rows))
    display.say("`clipstream clip PROJECT --moment N` makes a clip of one.")
    return ExitCode.OK, {"items": moments}


def _list_judgements(moment: JSON) -> list[str]:
    """What a configured model says of a moment, if it was judged by one."""
    return [str(signal["told"]) for signal in moment.get("signals", []) if signal["name"] == "judged"]
