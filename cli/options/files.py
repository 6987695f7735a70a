"""Flags for the file format of a clip and for its thumbnails and storyboard."""

from __future__ import annotations

import argparse
from argparse import ArgumentTypeError, Namespace
from typing import get_args

import msgspec

from cli.api.client import JSON
from schemas.options.file_formats import KINDS, FileWish, broken_file_rules
from schemas.options.presets import PresetName

FORMAT_HELP = f"of the files: {', '.join(KINDS)}, with a codec after it as in mp4/hevc, mp4/av1, mov/prores (mp4)"
SOUND_ONLY_KINDS = frozenset(name for name, kind in KINDS.items() if not kind.pictures)


def add_file_options(parser: argparse.ArgumentParser) -> None:
    """Add the flags of the files."""
    add = parser.add_argument
    add("--preset", choices=get_args(PresetName), help="for which platform the files are: see docs/files.md")
    add("--format", type=parse_file_format, metavar="F", help=FORMAT_HELP)
    add(
        "--thumbnails", type=int, choices=range(1, 7), metavar="N", help="number of candidates for a thumbnail, 1-6 (3)"
    )
    add("--thumbnail-title", action="store_true", help="write the clip's title on its thumbnails")
    add("--no-storyboard", action="store_true", help="make no sprite for scrubbing")


def build_file_options(args: Namespace) -> JSON:
    """Parts of an export's options; empty or None where nothing was asked for."""
    thumbnails: JSON = {"count": args.thumbnails} if args.thumbnails else {}
    if args.thumbnail_title:
        thumbnails["title"] = True
    options: JSON = {"file": args.format, "preset": args.preset, "thumbnails": thumbnails}
    return options | ({"storyboard": False} if args.no_storyboard else {})


def parse_file_format(text: str) -> JSON:
    """Parse ``webm``, ``mp4/hevc`` or ``mov/prores/pcm``; ArgumentTypeError if no such file exists."""
    names = dict(zip(("container", "video_codec", "audio_codec"), text.lower().split("/"), strict=False))
    if names["container"] in SOUND_ONLY_KINDS and len(names) == 2:
        names["audio_codec"] = names.pop("video_codec")
    try:
        file = msgspec.convert(names, FileWish)
    except msgspec.ValidationError:
        raise ArgumentTypeError(f"{text!r} is not a format: write e.g. webm, mp4/hevc, mov/prores, gif, mp3") from None
    broken = broken_file_rules(file)
    if broken:
        rules = "; ".join(f"{name.replace('_', ' ')} must be {rule}" for name, rule in broken.items())
        raise ArgumentTypeError(f"{text!r} does not exist: {rules}")
    return names
