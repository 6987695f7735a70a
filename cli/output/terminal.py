"""Terminal output for people: live stages, bars and tables."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from math import floor

from rich.box import SIMPLE
from rich.cells import cell_len, set_cell_size
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from cli.api.client import JSON
from cli.api.project_progress import Progress as ProjectProgress
from cli.api.project_progress import StageLine, duration_text, left_text
from cli.api.references import short_id
from core.domain.clock_format import format_clock
from schemas.stages import ROW_BY_NAME

LABEL_WIDTH = 34
"""Columns for what is uploaded or downloaded: bar, size, speed and time left take the other 46 of 80."""
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_VERDICTS = {"pass": "green", "warn": "yellow", "fail": "red"}
_MARKS = {
    "waiting": ("·", "dim"),
    "running": ("▸", "cyan"),
    "done": ("✓", "green"),
    "failed": ("✗", "red"),
    "skipped": ("–", "dim"),
}


class Display:
    """One command's output. ``clock_s`` is a monotonic clock; nothing is drawn live where no terminal is."""

    def __init__(self, console: Console, clock_s: Callable[[], float]) -> None:
        """Draw on ``console``."""
        self.console = console
        self._clock_s = clock_s

    def say(self, line: str) -> None:
        """Text shown as it is, but for control characters: what others wrote must not move this terminal.

        On a terminal long lines break between words, and paths and links stay whole.
        """
        text = escape_controls(line)
        if self.console.is_terminal:
            text = wrap_lines(text, self.console.width)
        self.console.print(escape(text), highlight=False, soft_wrap=True)

    @contextmanager
    def bar(self, label: str, total: int) -> Iterator[Callable[[int], None]]:
        """A bar over bytes; the yielded function adds to it."""
        label = shorten_middle(escape_controls(label), LABEL_WIDTH)
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
        )
        if not self.console.is_terminal:
            self.say(f"{label} …")
            yield lambda _count: None
            return
        with Progress(*columns, console=self.console) as progress:
            task = progress.add_task(escape(label), total=total)
            yield lambda count: progress.advance(task, count)

    @contextmanager
    def stages(self, progress: ProjectProgress) -> Iterator[Callable[[ProjectProgress], None]]:
        """The stages of a project while they run; the yielded function is called at each change."""
        begun_s = self._clock_s()
        if not self.console.is_terminal:
            yield StageLog(self.say).change
            return
        view = _LiveView(lambda: stage_view(progress, self._clock_s() - begun_s))
        with Live(view, console=self.console, refresh_per_second=4) as live:
            yield lambda _progress: live.refresh()

    @contextmanager
    def show_waiting(self, label: str) -> Iterator[None]:
        """Show the label while a block runs, and on a terminal the time since its start."""
        if not self.console.is_terminal:
            self.say(f"{label} …")
            yield
            return
        begun_s = self._clock_s()
        view = _LiveView(
            lambda: Text(f"{escape_controls(label)} … {format_clock(int((self._clock_s() - begun_s) * 1000))}")
        )
        with Live(view, console=self.console, refresh_per_second=4):
            yield

    def table(self, table: RenderableType) -> None:
        """A table, or a line with styles, which is not broken."""
        self.console.print(table, soft_wrap=isinstance(table, Text))


def wrap_lines(text: str, columns: int) -> str:
    """``text`` with its long lines broken between words; a word that is longer than a line stays whole."""
    lines = text.splitlines() or [""]
    return "\n".join(
        textwrap.fill(
            line,
            columns,
            subsequent_indent=" " * (len(line) - len(line.lstrip())),
            drop_whitespace=True,
            break_long_words=False,
            break_on_hyphens=False,
        )
        if cell_len(line) > columns
        else line
        for line in lines
    )


def shorten_middle(text: str, cells: int) -> str:
    """``text`` in at most ``cells`` columns of a terminal (wide signs take two): its middle makes room."""
    if cell_len(text) <= cells:
        return text
    tail = text[-(cells // 3) :]
    while cell_len(tail) > cells // 3:
        tail = tail[1:]
    return set_cell_size(text, cells - 1 - cell_len(tail)).rstrip() + "…" + tail


def escape_controls(text: str) -> str:
    """Control characters other than line ends and tabs as ``\\x1b``."""
    return _CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", text)


class _LiveView:
    """A renderable drawn again at each refresh, so that the clock moves between events."""

    def __init__(self, make: Callable[[], RenderableType]) -> None:
        self._make = make

    def __rich__(self) -> RenderableType:
        return self._make()


class StageLog:
    """Without a terminal: one line when a stage starts and ends."""

    def __init__(self, say: Callable[[str], None]) -> None:
        """Print with ``say``."""
        self._say = say
        self._seen: dict[str, str] = {}

    def change(self, progress: ProjectProgress) -> None:
        """Say what changed since the last call."""
        for name, line in progress.stages.items():
            if line.state not in ("waiting", self._seen.get(name)):
                self._seen[name] = line.state
                took = f" ({duration_text(line.elapsed_ms)})" if line.state == "done" and line.elapsed_ms else ""
                self._say(f"{name}: {line.state}{took}")


def stage_view(progress: ProjectProgress, elapsed_s: float) -> RenderableType:
    """All stages with their bars, and the time left below."""
    table = Table.grid(padding=(0, 1))
    percents = progress.shown_percents
    for name, line in progress.stages.items():
        table.add_row(*_stage_row(name, line, percents[name]))
    remaining = left_text(progress.seconds_left(elapsed_s))
    footer = f"{progress.state} · {format_clock(int(elapsed_s * 1000))}"
    return Group(table, Text(footer if progress.is_over else f"{footer} · {remaining}", style="bold"))


def _stage_row(name: str, line: StageLine, percent: float) -> tuple[RenderableType, ...]:
    mark, style = _MARKS.get(line.state, _MARKS["waiting"])
    return (
        Text(mark, style=style),
        Text(f"{name:<7}", style=style),
        Text(f"{ROW_BY_NAME[name].label:<19}", style="dim"),
        ProgressBar(total=100, completed=percent, width=24),
        Text(f"{percent:>3.0f} %"),
        Text(duration_text(line.elapsed_ms) if line.elapsed_ms else "", style="dim"),
    )


def clip_table(clips: Sequence[JSON], order: str = "score") -> Table:
    """The clips of a report: when, how good, what, why, and the file of each shape below. Fits 80 columns.

    In the ``order`` of `time` no clip has a score: nothing was ranked with confidence.
    """
    title = "Clips, in order of time" if order == "time" else "Clips, best first"
    table = Table(title=title, title_justify="left", box=SIMPLE, show_lines=True, pad_edge=False)
    table.add_column("#", justify="right")
    table.add_column("from – to", no_wrap=True)
    table.add_column("score", justify="right")
    table.add_column("sure", justify="right")
    table.add_column("clip, reason and files", ratio=1, overflow="fold")
    for clip in clips:
        cell = Text(escape_controls(str(clip["title"])), style="bold")
        cell.append(f"  {short_id(str(clip['clip_id']))}", style="not bold dim")
        cell.append(f"\n{clip['reason']}", style="not bold dim")
        if clip.get("hashtags"):
            cell.append(f"\n{escape_controls(' '.join(clip['hashtags']))}", style="not bold cyan")
        cell.append("\n", style="not bold").append_text(file_cell(clip))
        table.add_row(
            str(int(clip["ordinal"]) + 1),
            f"{format_clock(clip['start_ms'])} – {format_clock(clip['end_ms'])}",
            "" if order == "time" else score_text(clip),
            "" if clip["confidence"] is None else f"{100 * clip['confidence']:.0f} %",
            cell,
        )
    return table


def show_nearest(display: Display, project: JSON) -> None:
    """The moments that came nearest to a clip, what each lacked, and the commands that make a clip of one."""
    nearest = project.get("nearest") or []
    for moment in nearest:
        lacked = " ".join(str(shortfall["told"]) for shortfall in moment["lacks"])
        title = escape_controls(str(moment["title"]))
        display.say(
            f"Nearest: {format_clock(moment['start_ms'])} – {format_clock(moment['end_ms'])}  {title}. {lacked}"
        )
    if nearest:
        project_id, moment_id = project["project_id"], nearest[0]["moment_id"]
        display.say(f"`clipstream clip {project_id} --moment {moment_id}` makes a clip of the first.")
    scores = [
        moment["score"] for moment in nearest if any(shortfall["what"] == "score" for shortfall in moment["lacks"])
    ]
    if scores:
        display.say(f"`clipstream run FILE --min-score {floor(max(scores))}` takes what scores less.")


def score_text(clip: JSON) -> str:
    """A clip's score; empty where a person chose it and there is nothing to compare it with."""
    return "" if clip["score"] is None else f"{clip['score']:.0f}"


def file_cell(clip: JSON) -> Text:
    """Name of a clip's video in each shape, or why it is missing, with the certificate's warnings."""
    return Text("\n").join([_export_cell(entry) for entry in (clip, *clip.get("shapes", []))])


def _export_cell(clip: JSON) -> Text:
    export = clip.get("export") or {}
    if clip["files"].get("video"):
        cell = Text(escape_controls(str(clip["files"]["video"])), style="not bold")
    else:
        failure = export.get("failure") or {}
        why = failure.get("detail") or export.get("state") or "no export"
        cell = Text(f"failed: {escape_controls(str(why))}", style="not bold red")
    for warning in (export.get("certificate") or {}).get("warnings", []):
        cell.append(f"\n! {warning}", style="yellow")
    return cell.append_text(verdict_text(export.get("certificate") or {}))


def verdict_text(certificate: JSON) -> Text:
    """The certificate's verdict with the checks that are not as they should be; nothing where it has none."""
    verdict = certificate.get("verdict")
    if verdict is None:
        return Text()
    text = Text(f"\ncertificate: {verdict}", style=_VERDICTS.get(str(verdict), "yellow"))
    text.append(second_try_text(certificate) + reused_text(certificate))
    for check in certificate.get("checks", []):
        if check["verdict"] in ("warn", "fail"):
            text.append(f"\n  {check['name']} {check['value']:g} {check['unit']} (limit {check['limit']:g})")
    return text


def second_try_text(certificate: JSON) -> str:
    """Text about the chosen one of two tries, and what was made simpler; empty where there was one."""
    other_try = certificate.get("other_try")
    if not other_try:
        return ""
    if other_try["number"] == 1:
        return f", second try with {' and '.join(certificate['safer'])}"
    return ", first try; the second was no better"


def reused_text(certificate: JSON) -> str:
    """Text about the reused part of the pictures; empty where all were made."""
    reused = certificate.get("chunks_reused")
    return f", {reused} of {certificate['chunks']} chunks from an earlier export" if reused else ""


def plain_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    """A simple table of strings."""
    table = Table(title=escape(title) if title else None, title_justify="left", box=SIMPLE, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(escape(escape_controls(cell)) for cell in row))
    return table


def scenery_text(scenery: JSON) -> str:
    """Sentence about the share of faces, persons and screens in the pictures of a project."""
    count = max(1, int(scenery["pictures"]))
    kinds = (("faces", "a face"), ("persons", "somebody, but no face"), ("screens", "a screen or a slide"))
    shares = ", ".join(f"{text} in {100 * scenery[kind] / count:.0f} %" for kind, text in kinds)
    return f"Of {count} {'picture' if count == 1 else 'pictures'} looked at: {shares}."
