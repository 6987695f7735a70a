"""``clipstream preview``: saves one picture of a clip as an export would show it."""

from __future__ import annotations

import argparse
from argparse import Namespace
from pathlib import Path
from typing import get_args

import httpx2

from cli.api.client import JSON, ApiRefused, Client
from cli.api.project_progress import size_text
from cli.exit_codes import CliError, ExitCode
from cli.options.project import (
    ASPECTS,
    BRAND_HELP,
    add_caption_options,
    build_export_options,
    parse_brand_kit,
    parse_time_ms,
)
from cli.output.terminal import Display
from schemas.options.presets import PresetName

POLL_S = 1.0
TIMEOUT_S = 600.0
PNG = "image/png"


def add_preview(parser: argparse.ArgumentParser) -> None:
    """The flags of ``preview``."""
    add = parser.add_argument
    add("clip", metavar="CLIP")
    add(
        "--at",
        type=parse_time_ms,
        default=0,
        metavar="T",
        help="when, from the clip's start, e.g. 0:12.5 (its beginning)",
    )
    add("--out", default="preview.png", metavar="FILE", help="where to (%(default)s)")
    add("--aspect", choices=ASPECTS, help="shape (as the clip's look, 9:16)")
    add("--no-captions", action="store_true")
    add("--captions-template", metavar="NAME", help="how captions look (as the clip's look, the project's)")
    add_caption_options(parser)
    add("--mask-profanity", action="store_true", default=None, help="hide coarse words behind stars")
    add("--brand", type=parse_brand_kit, metavar="KIT", help=BRAND_HELP)
    add("--preset", choices=get_args(PresetName), help="for which platform the file would be")
    add("--version", type=int, metavar="N", help="of the clip's edit (the newest)")


def preview(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """Ask for the picture, wait for it, write it."""
    out = Path(args.out)
    if not out.parent.is_dir():
        raise CliError(ExitCode.USAGE, f"{out.parent} is not a folder: the picture cannot be written there.")
    answer = client.ask(f"/v1/clips/{args.clip}/preview", preview_request(args), at_ms=args.at)
    picture = answer.content if is_picture(answer) else _wait(client, answer.headers["location"])
    out.write_bytes(picture)
    if not args.json:
        display.say(f"{out}  {size_text(len(picture))}")
    return ExitCode.OK, {"clip_id": args.clip, "at_ms": args.at, "file": str(out), "size_bytes": len(picture)}


def preview_request(args: Namespace) -> JSON:
    """Request of an export; options that were not named are left to the API."""
    captions = False if args.no_captions else None
    request = {"aspect": args.aspect, "captions": captions, "template": args.captions_template}
    request |= {"mask_profanity": args.mask_profanity, "edit_version": args.version}
    request["options"] = build_export_options(args) or None
    return {name: value for name, value in request.items() if value is not None}


def is_picture(answer: httpx2.Response) -> bool:
    """Whether it came at once."""
    return answer.headers.get("content-type", "").startswith(PNG)


def _wait(client: Client, path: str) -> bytes:
    waited_s = 0.0
    while waited_s < TIMEOUT_S:
        try:
            return client.get_bytes(path)
        except ApiRefused as error:
            if error.slug != "not-ready":
                raise
        client.sleep(POLL_S)
        waited_s += POLL_S
    raise CliError(ExitCode.PROJECT_FAILED, f"The picture at {path} is not there after {TIMEOUT_S / 60:.0f} min.")
