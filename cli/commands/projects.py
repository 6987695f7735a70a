"""``clipstream project``, ``estimate``, ``cancel``, ``retry``, ``delete``: one project."""

from __future__ import annotations

import sys
from argparse import Namespace
from typing import Any

import msgspec

from cli.api.client import JSON, Client
from cli.api.project_progress import count_text, duration_text
from cli.api.references import short_id
from cli.exit_codes import CliError, ExitCode
from cli.options.parser import Run, add_command
from cli.options.project import add_project_options, build_project_options
from cli.output.terminal import Display, plain_table
from core.domain.clock_format import format_clock
from schemas.options.project import ProjectOptions
from schemas.stages import PROJECT_STAGES

MS_PER_MINUTE = 60_000


def add_projects(commands: Any, ask: Any, positive: Any) -> None:
    """Add the commands of projects."""
    show = add_command(
        commands,
        "project",
        "show a project: its stages, warnings and costs",
        ask(show_project),
        "clipstream project last",
    )
    show.add_argument("project", metavar="PROJECT")
    _add_estimate(commands, ask(estimate), positive)
    stop = add_command(
        commands,
        "cancel",
        "stop a project that runs; what it has made stays",
        ask(cancel_project),
        "clipstream cancel last",
    )
    stop.add_argument("project", metavar="PROJECT")
    again = add_command(
        commands,
        "retry",
        "take a failed project up where it failed; what is done stays",
        ask(retry_project),
        "clipstream retry last",
        "clipstream retry last --stage detect",
    )
    again.add_argument("project", metavar="PROJECT")
    again.add_argument("--stage", choices=PROJECT_STAGES, help="only what failed in this stage")
    again.add_argument("--export", metavar="EXPORT", help="only this export")
    delete = add_command(
        commands,
        "delete",
        "erase a project and everything made of it",
        ask(delete_project),
        "clipstream delete 0b8e6c4e --yes",
    )
    delete.add_argument("project", metavar="PROJECT")
    delete.add_argument("--yes", action="store_true", help="do not ask")


def _add_estimate(commands: Any, run: Run, positive: Any) -> None:
    text = "say what a video would take before it is sent: time, work, money"
    parser = add_command(commands, "estimate", text, run, "clipstream estimate --minutes 45 --max-clips 6")
    parser.add_argument("--minutes", type=_minutes, required=True, metavar="N", help="length of the video")
    parser.add_argument("--size", type=_pixels, metavar="WxH", help="of its pictures (1920x1080)")
    parser.add_argument("--sound-only", action="store_true", help="a recording without pictures")
    add_project_options(parser, positive)


def _minutes(text: str) -> int:
    """Minutes in ms."""
    return round(float(text) * MS_PER_MINUTE)


def _pixels(text: str) -> tuple[int, int]:
    """``1920x1080``."""
    width, _, height = text.lower().partition("x")
    return int(width), int(height)


def show_project(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """Show the state of a project."""
    project = client.get(f"/v1/projects/{args.project}")
    if args.json:
        return ExitCode.OK, project
    display.say(
        f"{project['title']}\n{project['project_id']}  {project['state']}  {duration_text(project['duration_ms'])}"
    )
    failure = project.get("failure")
    if failure:
        display.say(f"Failed: {failure['detail']} [{failure['reason']}]")
    if project.get("nothing_found_reason"):
        headline = "No automatic clips" if project["clip_count"] else "No clips"
        display.say(f"{headline}: {project['nothing_found_reason']}")
    for warning in project["warnings"]:
        display.say(f"Warning: {warning}")
    rows = [
        (
            stage["stage"],
            stage["state"],
            _parts_text(stage),
            duration_text(stage["elapsed_ms"]),
            duration_text(stage["cpu_ms"]),
        )
        for stage in project["stages"]
    ]
    display.table(plain_table("", ("stage", "state", "parts", "took", "processor"), rows))
    display.say(
        f"{count_text(project['clip_count'], 'clip')}: `clipstream clips {short_id(project['project_id'])}` lists them."
    )
    return ExitCode.OK, project


def _parts_text(stage: JSON) -> str:
    return f"{stage['parts_done']} of {stage['parts_total']}" if stage.get("parts_total") else ""


def estimate(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """Estimate of a project of this length."""
    options = build_project_options(args)
    msgspec.convert(options, ProjectOptions)
    body: JSON = {"duration_ms": args.minutes, "video": not args.sound_only, "options": options}
    if args.size:
        body["width_px"], body["height_px"] = args.size
    answer = client.post("/v1/projects/estimate", body)
    if args.json:
        return ExitCode.OK, answer
    costs = answer["estimate"]
    display.say(f"{count_text(costs['clips'], 'clip')} of {format_clock(costs['media_ms'])} of video should take:")
    rows = [("time", *_amount_texts(costs["elapsed_ms"]))]
    rows += [(f"{stage['stage']} (processor)", *_amount_texts(stage["cpu_ms"])) for stage in costs["stages"]]
    display.table(plain_table("", ("", "expected", "80 % lie from", "to"), rows))
    if costs["money"]:
        money = costs["money"]
        display.say(f"Price: {money['expected']:.2f} {costs['currency']} ({money['low']:.2f} to {money['high']:.2f})")
    for line in answer["assumed"]:
        display.say(f"Assumed: {line}")
    return ExitCode.OK, answer


def _amount_texts(amount: JSON) -> tuple[str, str, str]:
    expected, low, high = (duration_text(round(amount[name])) for name in ("expected", "low", "high"))
    return expected, low, high


def cancel_project(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """Stop a project."""
    project = client.post(f"/v1/projects/{args.project}/cancel")
    if not args.json:
        display.say(
            f"Project {short_id(args.project)} is cancelled; `clipstream delete {short_id(args.project)}` removes it."
        )
    return ExitCode.OK, project


def retry_project(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """Take up what failed."""
    scope = {"stage": args.stage, "export_id": args.export}
    retried = client.post(f"/v1/projects/{args.project}/retry", {name: value for name, value in scope.items() if value})
    if not args.json:
        files = f", {count_text(len(retried['export_ids']), 'file')} to make" if retried["export_ids"] else ""
        display.say(f"At work again: {', '.join(retried['stages'])}{files}. The project is {retried['state']}.")
        display.say(f"`clipstream project {short_id(args.project)}` shows how it stands.")
    return ExitCode.OK, retried


def delete_project(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """Erase a project, asked once more where somebody is there to answer."""
    project = client.get(f"/v1/projects/{args.project}")
    if not args.yes:
        _confirm(f"Erase “{project['title']}” and its {count_text(project['clip_count'], 'clip')}, for good? [y/N] ")
    client.delete(f"/v1/projects/{args.project}")
    if not args.json:
        display.say(f"“{project['title']}” is erased.")
    return ExitCode.OK, {"project_id": args.project, "state": "erased"}


def _confirm(question: str) -> None:
    """Raises CliError unless a person says yes."""
    if not sys.stdin.isatty():
        raise CliError(ExitCode.USAGE, "There is no terminal to confirm in: add --yes to erase it.")
    print(question, end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise CliError(ExitCode.USAGE, "Nothing was erased.")
