"""Project options as flags of ``run`` and ``demo``."""

from __future__ import annotations

import argparse
import re
from argparse import ArgumentTypeError, Namespace
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, get_args

import msgspec

from cli.api.client import JSON
from cli.options.audio import add_audio_options, build_audio_options
from cli.options.files import add_file_options, build_file_options
from schemas.options.caption_template_overrides import TemplateOverrides
from schemas.options.captions import CaptionLanguage
from schemas.options.export_options import Quality
from schemas.options.score_weights import Genre

ASPECTS = ("9:16", "4:5", "1:1", "16:9")
FLAGS: Mapping[str, str] = {
    "captions": "captions (--no-captions)",
    "min_clip_ms": "--length",
    "max_clip_ms": "--length",
    "topics": "--topic",
    "curation": "--no-curation",
    "aspects": "--aspect",
    "export/captions/language": "--caption-language",
}
"""Flags that are not called as their option is."""
_KIT = re.compile(r"[0-9a-fA-F-]{4,36}")
_CLOCK = re.compile(r"(?:(\d+):)?(?:(\d{1,2}):)?(\d+(?:\.\d+)?)")


BRAND_HELP = "a brand kit by its id or the first digits of it, @3 for version 3: see docs/brand-kits.md"


def flag_for_option(option: str) -> str:
    """The flag that sets an option."""
    if option.startswith("skip/"):
        return "--skip"
    if option.startswith("ranges"):
        return "--range"
    if option.startswith("export/file/"):
        return "--format"
    if option.startswith("export/captions/overrides"):
        return "--captions-overrides"
    return FLAGS.get(option, f"--{option.replace('_', '-')}")


def parse_time_ms(text: str) -> int:
    """``90``, ``1:30`` or ``1:02:03.5`` in ms; raises ArgumentTypeError for anything else."""
    match = _CLOCK.fullmatch(text.strip())
    if not match:
        raise ArgumentTypeError(f"{text!r} is not a time: write 90, 1:30 or 1:02:03")
    first, second, seconds = match.groups()
    hours, minutes = (first, second) if second is not None else ("0", first or "0")
    return round((int(hours or 0) * 3600 + int(minutes) * 60 + float(seconds)) * 1000)


def parse_time_range(text: str) -> JSON:
    """Parse ``1:30-2:00`` as a time range that is not empty."""
    part = _pair(text)
    if part["end_ms"] == part["start_ms"]:
        raise ArgumentTypeError(f"{text!r} ends where it begins: write 1:30-2:00, or 20-60 in seconds")
    return part


def _pair(text: str) -> JSON:
    start, dash, end = text.partition("-")
    if not dash:
        raise ArgumentTypeError(f"{text!r} is not a start and an end: write 1:30-2:00, or 20-60 in seconds")
    part = {"start_ms": parse_time_ms(start), "end_ms": parse_time_ms(end)}
    if part["end_ms"] < part["start_ms"]:
        raise ArgumentTypeError(f"{text!r} ends before it begins: write the earlier or shorter first")
    return part


def parse_clip_lengths(text: str) -> tuple[int, int]:
    """``10-90`` seconds as the shortest and the longest clip in ms."""
    part = _pair(text)
    return part["start_ms"], part["end_ms"]


def add_project_options(parser: argparse.ArgumentParser, positive: Callable[[str], int]) -> None:
    """Add the flags of a project's options."""
    add = parser.add_argument
    add("--aspect", action="append", choices=ASPECTS, help="of the clips (9:16); several times: each clip in each")
    add(
        "--min-score",
        type=parse_score,
        metavar="0-100",
        help="take moments that score at least this (40, and near the best)",
    )
    add("--max-clips", type=positive, metavar="N", help="most clips (by the video's length, up to 12)")
    add(
        "--target-clips",
        type=positive,
        metavar="N",
        help="number of clips to aim at; what is not good enough is left out",
    )
    add("--length", type=parse_clip_lengths, metavar="S-S", help="shortest and longest clip in seconds (10-90)")
    add("--prompt", metavar="TEXT", help="what the clips should be about, in your own words")
    add("--topic", action="append", metavar="TEXT", help="the same as a subject; may be given several times")
    add("--genre", choices=get_args(Genre), help="what kind of video it is: it shifts what counts (none)")
    add(
        "--skip",
        action="append",
        type=parse_time_range,
        metavar="T-T",
        help="a part no clip may touch, e.g. 0:00-1:30",
    )
    add("--no-curation", action="store_true", help="choose nothing: make clips of all of it, or of each --range")
    add(
        "--range",
        action="append",
        dest="ranges",
        type=parse_time_range,
        metavar="T-T",
        help="a part that becomes a clip, e.g. 1:00-1:45, several times; chooses nothing else",
    )
    add("--captions-template", metavar="NAME", help="how captions look, e.g. karaoke_fill: see docs/captions.md")
    add_caption_options(parser)
    add("--mask-profanity", action="store_true", help="hide coarse words of captions and subtitles behind stars")
    add("--quality", choices=get_args(Quality), help="of the files: draft is quickest, best is smallest (good)")
    add_audio_options(parser)
    add("--brand", type=parse_brand_kit, metavar="KIT", help=BRAND_HELP)
    add_file_options(parser)
    add("--no-captions", action="store_true", help="burn no captions in")
    add("--language", metavar="xx", help="language spoken, e.g. en (recognised by itself)")
    add("--glossary", action="append", metavar="TERM", help="a name or term that is likely to be said; several times")
    add("--script", type=read_script, metavar="FILE", help="text file with what is said, word for word")
    add("--translate", choices=("en",), help="a second transcript in English, of what is said in other languages")


def parse_score(text: str) -> float:
    """A number from 0 to 100; ArgumentTypeError for anything else."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 100:
        raise ArgumentTypeError(f"{text!r} is not a score from 0 to 100")
    return value


def build_project_options(args: Namespace) -> JSON:
    """The project's options; what was not asked for is left to the API."""
    shortest, longest = args.length or (None, None)
    aspects = list(dict.fromkeys(args.aspect or []))
    values = {
        "aspect": aspects[0] if len(aspects) == 1 else None,
        "aspects": aspects if len(aspects) > 1 else None,
        "max_clips": args.max_clips,
        "min_score": args.min_score,
        "target_clips": args.target_clips,
        "min_clip_ms": shortest,
        "max_clip_ms": longest,
        "prompt": args.prompt,
        "topics": args.topic,
        "genre": args.genre,
        "skip": args.skip,
        "curation": "off" if args.no_curation or args.ranges else None,
        "ranges": args.ranges,
        "captions_template": args.captions_template,
        "language": args.language,
        "glossary": args.glossary,
        "script": args.script,
        "translate": args.translate,
    }
    options: JSON = {name: value for name, value in values.items() if value is not None}
    if args.no_captions:
        options["captions"] = False
    if args.mask_profanity:
        options["mask_profanity"] = True
    if export := build_export_options(args):
        options["export"] = export
    return options


def build_export_options(args: Namespace) -> JSON:
    """Options of the files: ``options`` of an export, ``export`` among those of a project."""
    quality = getattr(args, "quality", None)
    parts: JSON = {"video": {"quality": quality} if quality else {}, "captions": build_caption_options(args)}
    parts |= {"sound": build_audio_options(args) if "quality" in args else {}, "preset": args.preset}
    parts |= build_file_options(args) if "format" in args else {}
    parts |= {"stems": getattr(args, "stems", False), "brand": getattr(args, "brand", None)}
    return {name: part for name, part in parts.items() if part or (part is False and name == "storyboard")}


def build_caption_options(args: Namespace) -> JSON:
    """``captions`` among the options of an export."""
    parts = {"language": args.caption_language, "overrides": args.captions_overrides}
    return {name: part for name, part in parts.items() if part}


def add_caption_options(parser: argparse.ArgumentParser) -> None:
    """Add the flags for captions other than the template's name."""
    add = parser.add_argument
    add("--caption-language", choices=get_args(CaptionLanguage), help="of captions and subtitles; en needs --translate")
    add(
        "--captions-overrides",
        type=read_template_overrides,
        metavar="FILE",
        help="JSON with what differs from the template",
    )


def read_template_overrides(path: str) -> JSON:
    """Read the changes of a template from a JSON file; ArgumentTypeError for any other file."""
    try:
        body = Path(path).read_bytes()
        msgspec.json.decode(body, type=TemplateOverrides)
        return msgspec.json.decode(body, type=dict[str, Any])
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ArgumentTypeError(f"{path!r} does not say what differs from a template: {error}") from None


def read_script(path: str) -> str:
    """The text of a file; ArgumentTypeError where it cannot be read, is no UTF-8 text, or is empty."""
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ArgumentTypeError(f"{path!r} cannot be read: {error.strerror}") from None
    except ValueError:
        raise ArgumentTypeError(f"{path!r} is not text in UTF-8") from None
    if not text.strip():
        raise ArgumentTypeError(f"{path!r} is empty: a script is what is said, word for word")
    return text


def parse_brand_kit(text: str) -> JSON:
    """Parse a brand kit's id or first digits, with ``@3`` for a version; raises ArgumentTypeError."""
    kit_id, at, version = text.partition("@")
    if not _KIT.fullmatch(kit_id) or (at and not version.isdecimal()):
        raise ArgumentTypeError(f"{text!r} names no brand kit: give its id or the first digits of it, or id@3")
    return {"kit_id": kit_id, "version": int(version)} if at else {"kit_id": kit_id}
