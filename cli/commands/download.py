"""``clipstream download``: the files of a project's finished exports, one by one or as a zip."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from cli.api.client import JSON, ApiRefused, Client
from cli.api.project_progress import count_text
from cli.exit_codes import CliError, ExitCode
from cli.output import results
from cli.output.terminal import Display

NO_FILES = ("not-ready", "export-not-done")
"""Problem codes of the API if nothing is finished; for a download of everything that is no error."""


def download(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """Every finished export of a project."""
    out = Path(args.out)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CliError(ExitCode.USAGE, f"{out} cannot be written: {error.strerror or error}.") from None
    saved = (
        _download_zip(client, args.project, out, display)
        if args.zip
        else _download_files(client, args.project, out, display)
    )
    if not args.json:
        for name in saved:
            display.say(str(out / name))
    if not saved and not args.json:
        display.say("No export of this project is finished.")
    return ExitCode.OK if saved else ExitCode.NOTHING_FOUND, {"saved": [str(out / name) for name in saved]}


def _download_zip(client: Client, project_id: str, out: Path, display: Display) -> list[str]:
    path = f"/v1/projects/{project_id}/exports.zip"
    target = out / f"clips-{project_id}.zip"
    with display.bar(f"Downloading {target.name}", client.size(path)) as on_bytes:
        try:
            client.fetch(path, target, on_bytes)
        except ApiRefused as error:
            if error.slug in NO_FILES:
                return []
            raise
    return [target.name]


def _download_files(client: Client, project_id: str, out: Path, display: Display) -> list[str]:
    clips: list[JSON] = client.get(f"/v1/projects/{project_id}/clips")["items"]
    named_exports = []
    for clip in clips:
        for brief in clip["exports"]:
            if brief["state"] == "done":
                export = client.get(f"/v1/exports/{brief['export_id']}")
                number = int(export.get("number", 1))
                named_exports.append(
                    (export, results.file_stem(clip["ordinal"], clip["title"], export["aspect"], number))
                )
    saved: list[str] = []
    total = results.download_size([export for export, _ in named_exports])
    with display.bar(f"Downloading {count_text(len(named_exports), 'export')}", total) as on_bytes:
        for export, name in named_exports:
            saved += results.download_export(client, export, name, out, on_bytes).values()
    return saved
