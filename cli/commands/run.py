"""``clipstream run``: a file, a URL or a script in, clips and a report out. Talks to the API alone."""

from __future__ import annotations

import json
import re
import uuid
from argparse import Namespace
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from cli.api.client import JSON, Client
from cli.api.follow import follow
from cli.api.project_progress import Progress, count_text
from cli.api.references import References, short_id
from cli.api.upload import check_file, upload
from cli.api.upload_note import UploadNote
from cli.exit_codes import CliError, ExitCode
from cli.options.project import build_project_options, flag_for_option
from cli.output import results
from cli.output.stale_clips import REPORT_NAME, remove_stale_files
from cli.output.terminal import Display, clip_table, scenery_text, show_nearest
from schemas.options.project import MAX_SCRIPT_BYTES, ProjectOptions, broken_rules
from schemas.options.script_text import broken_script_rules
from schemas.validation.json_errors import readable

STEM_CHARS, TITLE_CHARS = 60, 500
SCRIPT_SUFFIXES = (".txt", ".md")
"""Names of files that are scripts: no video is called so."""
NOTE_NAME = ".upload.json"
"""File next to the results while an upload in parts is unfinished."""
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)


@dataclass
class Stopwatch:
    """Seconds spent in named parts; ``clock_s`` is monotonic."""

    clock_s: Callable[[], float]
    parts_s: dict[str, float] = field(default_factory=dict)

    def time(self, name: str, work: Callable[[], Any]) -> Any:
        """Do ``work`` and keep how long it took."""
        begun = self.clock_s()
        try:
            return work()
        finally:
            self.parts_s[name] = self.clock_s() - begun


@dataclass(frozen=True, kw_only=True)
class RunOutcome:
    """Outcome of a run."""

    report: JSON
    transcript: JSON | None
    out: Path
    code: int


def is_url(source: str) -> bool:
    """Whether a source is to be fetched rather than uploaded; raises CliError for one that is neither."""
    scheme = _SCHEME.match(source)
    if scheme and scheme[1].lower() not in ("http", "https"):
        raise CliError(ExitCode.USAGE, f"{source} cannot be fetched: give an http or https URL, or a file.")
    return scheme is not None


def source_name(source: str) -> str:
    """A source's name without directories, query or suffix; bytes that are no UTF-8 are question marks."""
    return readable((Path(source.split("?", maxsplit=1)[0].rstrip("/")).stem or "clips")[:STEM_CHARS])


def out_dir(args: Namespace) -> Path:
    """The directory for the results, made if need be; raises CliError where it cannot be written."""
    out = Path(args.out) if args.out else Path("out") / source_name(args.video)
    try:
        out.mkdir(parents=True, exist_ok=True)
        probe = out / f".clipstream-{uuid.uuid4().hex}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise CliError(ExitCode.USAGE, f"{out} cannot be written: {error.strerror or error}.") from None
    return out


def is_script(source: str) -> bool:
    """Whether a source is a file of text: its words are shown on cards, and nothing is uploaded."""
    return not is_url(source) and Path(source).suffix.lower() in SCRIPT_SUFFIXES


def read_script(path: Path) -> str:
    """The text of a script; raises CliError for a file that is none."""
    if check_file(path) > MAX_SCRIPT_BYTES:
        raise CliError(ExitCode.USAGE, f"{path} is longer than the {MAX_SCRIPT_BYTES} bytes that a script may have.")
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise CliError(ExitCode.USAGE, f"{path} is not UTF-8: save it as UTF-8.") from None


def check_source(source: str) -> None:
    """Raises CliError for a file that cannot be read, before anything is started for it."""
    if is_script(source):
        read_script(Path(source))
    elif not is_url(source):
        check_file(Path(source))


def check_options(args: Namespace) -> None:
    """Raises CliError for options that the API would refuse after the upload."""
    if args.title and len(args.title) > TITLE_CHARS:
        raise CliError(ExitCode.USAGE, f"--title has {len(args.title)} characters: it may have {TITLE_CHARS}.")
    if getattr(args, "reuse", False) and not is_url(args.video):
        raise CliError(ExitCode.USAGE, "--reuse goes with a URL: a file is uploaded each time.")
    if getattr(args, "page_rights", None) and not is_url(args.video):
        raise CliError(ExitCode.USAGE, "--page-rights goes with the URL of a page.")
    options = msgspec.convert(build_project_options(args), ProjectOptions)
    broken = dict(broken_rules(options))
    if is_script(args.video):
        rules = broken_script_rules(read_script(Path(args.video)), options)
        if rule := rules.get("script_text"):
            raise CliError(ExitCode.USAGE, f"{args.video} must be {rule}.")
        broken |= {path.removeprefix("options/"): rule for path, rule in rules.items()}
    if broken:
        problems = "; ".join(f"{flag_for_option(name)} must be {rule}" for name, rule in broken.items())
        raise CliError(ExitCode.USAGE, f"{problems}.")


def create_project(client: Client, args: Namespace, display: Display, watch: Stopwatch, out: Path) -> str:
    """Upload the file (or name the URL, or send the script) and create the project; gives its id."""
    is_page = bool(getattr(args, "page_rights", None))  # a page has a title of its own
    title = args.title or ("" if is_page else source_name(args.video))
    body: JSON = {"title": title, "options": build_project_options(args)}
    if getattr(args, "metadata", None):
        body["metadata"] = args.metadata
    if getattr(args, "tag", None):
        body["tags"] = args.tag
    if getattr(args, "reuse", False):
        body["reuse"] = True
    if is_url(args.video):
        body["source_url"] = args.video
        if is_page:
            body["page_rights"] = args.page_rights
    elif is_script(args.video):
        body["script_text"] = read_script(Path(args.video))
    else:
        path = Path(args.video)
        note = UploadNote(out / NOTE_NAME)
        try:
            with display.bar(f"Uploading {path.name}", check_file(path)) as on_bytes:
                body["upload_id"] = watch.time("upload", lambda: upload(client, path, on_bytes, note, display.say))
        except (KeyboardInterrupt, CliError):
            if note.read(client.api_url, path):
                display.say("What was uploaded is kept: run the same line again and the upload goes on from there.")
            raise
    accepted = client.post("/v1/projects", body)
    if accepted.get("reused"):
        display.say("This URL was taken in with the same options before: here is that project.")
    return str(accepted["project_id"])


def run_project(client: Client, args: Namespace, display: Display, clock_s: Callable[[], float]) -> RunOutcome:
    """The whole run against an API that is there."""
    out, watch = out_dir(args), Stopwatch(clock_s)
    project_id = create_project(client, args, display, watch, out)
    display.say(f"Project {project_id}")
    progress = Progress()
    try:
        with display.stages(progress) as on_change:
            project = watch.time("work", lambda: follow(client, project_id, progress, on_change))
    except KeyboardInterrupt:
        display.say(
            f"Interrupted. The project goes on: `clipstream clips {short_id(project_id)}` shows what became of it."
        )
        raise
    return save_results(client, args.video, project, out, display, watch)


def save_results(
    client: Client, source: str, project: JSON, out: Path, display: Display, watch: Stopwatch
) -> RunOutcome:
    """Download what the project left, write the report, show the table."""
    project_id = str(project["project_id"])
    transcript = results.save_transcript(client, project_id, out)
    results.save_intelligence(client, project_id, out)
    moments = results.get_if_present(lambda: client.get(f"/v1/projects/{project_id}/moments"))
    clips, exports = watch.time("download", lambda: _download(client, project_id, out, display))
    References.for_client(client).remember(project_id, [clip["clip_id"] for clip in clips])
    api = results.get_if_present(lambda: client.get("/openapi.json"))
    report = results.build_report(
        source=source,
        project=project,
        transcript=transcript,
        moments=moments,
        clips=clips,
        version_info=results.build_versions(transcript, moments, exports, api["info"]["version"] if api else None),
        timings_s=watch.parts_s,
    )
    code = exit_code(project, clips)
    removed = remove_stale_files(out, report) if code == ExitCode.OK else []
    if removed:
        display.say(f"Removed {count_text(len(removed), 'file')} of an earlier run, whose clips had other names.")
    text = json.dumps(report, indent=2, ensure_ascii=False) + "\n"
    (out / REPORT_NAME).write_text(text, errors="backslashreplace")  # as JSON escapes what is no character, too
    show_result(display, report, out, code)
    return RunOutcome(report=report, transcript=transcript, out=out, code=code)


def _download(client: Client, project_id: str, out: Path, display: Display) -> tuple[list[JSON], list[JSON]]:
    clips: list[JSON] = client.get(f"/v1/projects/{project_id}/clips")["items"]
    exports_by_clip = [
        (clip, [client.get(f"/v1/exports/{brief['export_id']}") for brief in results.automatic_exports(clip)])
        for clip in clips
    ]
    exports = [export for _, clip_exports in exports_by_clip for export in clip_exports]
    total = results.download_size(exports)
    if not total:
        return [
            results.clip_entry(clip, [(export, {}) for export in clip_exports])
            for clip, clip_exports in exports_by_clip
        ], exports
    entries: list[JSON] = []
    noun = "clip" if len(exports) == len(clips) else "export"
    with display.bar(f"Downloading {count_text(len(exports), noun)}", total) as on_bytes:
        for clip, clip_exports in exports_by_clip:
            saved = [_download_export(client, clip, export, out, on_bytes) for export in clip_exports]
            entries.append(results.clip_entry(clip, saved))
    return entries, exports


def _download_export(
    client: Client, clip: JSON, export: JSON, out: Path, on_bytes: Callable[[int], None]
) -> tuple[JSON, dict[str, str]]:
    """Fetch an export again and download its files.

    Links expire within minutes, and the files of earlier exports may take longer than that."""
    fresh = client.get(f"/v1/exports/{export['export_id']}")
    name = results.file_stem(clip["ordinal"], clip["title"], fresh["aspect"])
    return fresh, results.download_export(client, fresh, name, out, on_bytes)


def exit_code(project: JSON, clips: list[JSON]) -> int:
    """Exit code for the state in which a project ended."""
    if project["state"] != "completed":
        return ExitCode.PROJECT_FAILED
    if not clips:
        return ExitCode.NOTHING_FOUND
    entries = [entry for clip in clips for entry in (clip, *clip.get("shapes", []))]
    return ExitCode.OK if all(entry["files"].get("video") for entry in entries) else ExitCode.PARTIAL


def show_result(display: Display, report: JSON, out: Path, code: int) -> None:
    """Print the table of clips, or the reason why there are no clips."""
    project = report["project"]
    for warning in project.get("warnings") or []:
        display.say(f"Warning: {warning}")
    if code == ExitCode.PROJECT_FAILED:
        failure = project.get("failure") or {}
        detail = failure.get("detail") or f"The project was {project['state']}."
        display.say(f"No clips: {detail}" + (f" [{failure['reason']}]" if failure.get("reason") else ""))
    elif code == ExitCode.NOTHING_FOUND:
        display.say(f"No clips: {report['nothing_found_reason'] or 'nothing was found.'}")
        show_nearest(display, report["project"])
    else:
        display.table(clip_table(report["clips"], report["clip_order"]))
    if report.get("without_words"):
        display.say(report["without_words"])
    if report.get("scenery"):
        display.say(scenery_text(report["scenery"]))
    if report["clips"]:
        display.say(f"Results in {out}/ (report.json says what each took and why each clip was chosen).")
        display.say("Go on with `clipstream edit 1`, `export 1 --aspect 1:1` or `preview 1`: by number, or by the id.")
    else:
        display.say(f"{out}/report.json says what was done.")
