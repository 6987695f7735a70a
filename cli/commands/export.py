"""``clipstream export``: requests more files of a clip, waits for them and downloads them."""

from __future__ import annotations

import argparse
from argparse import Namespace
from pathlib import Path
from typing import get_args

from cli.api.client import JSON, Client
from cli.commands.labels import add_metadata
from cli.exit_codes import CliError, ExitCode
from cli.options.audio import add_audio_options
from cli.options.files import add_file_options
from cli.options.project import ASPECTS, BRAND_HELP, add_caption_options, build_export_options, parse_brand_kit
from cli.output import results
from cli.output.terminal import Display
from schemas.options.export_options import Quality

TIMEOUT_S = 1800.0
POLL_S = 1.0


def add_export(parser: argparse.ArgumentParser) -> None:
    """Add the flags of an export."""
    add = parser.add_argument
    add("clip", metavar="CLIP")
    add(
        "--aspect",
        action="append",
        choices=ASPECTS,
        help="shape (as the clip's look, 9:16); several are made together, by one decode",
    )
    add("--no-captions", action="store_true")
    add("--captions-template", metavar="NAME", help="how captions look (as the clip's look, the project's)")
    add_caption_options(parser)
    add("--mask-profanity", action="store_true", default=None, help="hide coarse words behind stars")
    add("--quality", choices=get_args(Quality), help="draft is quickest, best is smallest (as the project's)")
    add("--brand", type=parse_brand_kit, metavar="KIT", help=BRAND_HELP)
    add_file_options(parser)
    add_audio_options(parser)
    add("--stems", action="store_true", help="the voice and the mix as FLAC too")
    add("--start-ms", type=int, metavar="MS", help="another start, on the video's time line")
    add("--end-ms", type=int, metavar="MS", help="another end")
    add("--title", metavar="TEXT", help="of the export (the clip's)")
    add_metadata(parser, "export")
    add("--out", metavar="DIR", default="out", help="for the files (%(default)s)")


def export(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """One more file of a clip for each shape; with ``--json`` several are ``items``."""
    out = Path(args.out)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CliError(ExitCode.USAGE, f"{out} cannot be written: {error.strerror or error}.") from None
    clip = client.get(f"/v1/clips/{args.clip}")
    finished = [
        _wait_for_export(client, str(exported["export_id"]), display, quiet=args.json)
        for exported in _request_exports(client, args)
    ]
    saved = [
        _download_export(client, clip, exported, out, display) for exported in finished if exported["state"] == "done"
    ]
    if not args.json:
        width = max((len(kind) for entry in saved for kind in entry["saved"]), default=0)
        for entry in saved:
            for kind, file in entry["saved"].items():
                display.say(f"{kind:<{width}} {file}")
    failed = [unfinished for unfinished in finished if unfinished["state"] != "done"]
    if failed:
        subject = "The export" if len(finished) == 1 else " and ".join(unfinished["aspect"] for unfinished in failed)
        if all(unfinished["state"] == "cancelled" for unfinished in failed):
            raise CliError(ExitCode.PROJECT_FAILED, f"{subject} {'was' if len(failed) == 1 else 'were'} cancelled.")
        failure = failed[0].get("failure") or {}
        raise CliError(ExitCode.PROJECT_FAILED, f"{subject} failed: {failure.get('detail', 'no reason was given')}")
    return ExitCode.OK, saved[0] if len(saved) == 1 else {"items": saved}


def _request_exports(client: Client, args: Namespace) -> list[JSON]:
    """The exports of the wish: several shapes are one request, and made together."""
    aspects = list(dict.fromkeys(args.aspect or []))
    options = {"captions": False if args.no_captions else None, "start_ms": args.start_ms, "end_ms": args.end_ms}
    options |= {"template": args.captions_template, "mask_profanity": args.mask_profanity}
    options |= {"title": args.title, "metadata": args.metadata}
    options["options"] = build_export_options(args) or None
    options = {name: value for name, value in options.items() if value is not None}
    if len(aspects) < 2:
        aspect = {"aspect": aspects[0]} if aspects else {}
        return [client.post(f"/v1/clips/{args.clip}/export", aspect | options)]
    exports: list[JSON] = client.post(f"/v1/clips/{args.clip}/exports", {"aspects": aspects, **options})["items"]
    return exports


def _wait_for_export(client: Client, export_id: str, display: Display, *, quiet: bool) -> JSON:
    waited_s, state = 0.0, ""
    while True:
        export_state = client.get(f"/v1/exports/{export_id}")
        if export_state["state"] in ("done", "failed", "cancelled"):
            return export_state
        if export_state["state"] != state and not quiet:
            state = str(export_state["state"])
            display.say(f"export {export_id}: {state}")
        if waited_s >= TIMEOUT_S:
            raise CliError(
                ExitCode.PROJECT_FAILED, f"The export {export_id} is still {state} after {waited_s / 60:.0f} min."
            )
        client.sleep(POLL_S)
        waited_s += POLL_S


def _download_export(client: Client, clip: JSON, exported: JSON, out: Path, display: Display) -> JSON:
    name = results.file_stem(clip["ordinal"], clip["title"], exported["aspect"], int(exported.get("number", 1)))
    with display.bar(f"Downloading {name}", results.download_size([exported])) as on_bytes:
        files = results.download_export(client, exported, name, out, on_bytes)
    return exported | {"saved": {kind: str(out / file) for kind, file in files.items()}}
