"""Audio options as flags of ``run``, ``demo`` and ``export``."""

from __future__ import annotations

import argparse
from argparse import Namespace
from typing import get_args

from cli.api.client import JSON
from schemas.options.audio import MAX_AUDIO_TRACKS, MAX_TARGET_LUFS, MIN_TARGET_LUFS, TARGET_LUFS, Denoise
from schemas.quantities import spoken_range


def add_audio_options(parser: argparse.ArgumentParser) -> None:
    """Add the flags of the sound."""
    add = parser.add_argument
    add("--loudness", type=_lufs, metavar="LUFS", help=f"{MIN_TARGET_LUFS:g} to {MAX_TARGET_LUFS:g} ({TARGET_LUFS:g})")
    add("--denoise", choices=get_args(Denoise), help="take steady noise out of the sound (off)")
    add("--high-pass", action="store_true", help="take out what lies below voices: rumble, wind, bumps")
    add("--declick", action="store_true", help="repair single clicks")
    add("--no-levelling", action="store_true", help="leave each speaker as loud as they are")
    add("--audio-track", type=_track, metavar="N", help="which of the file's audio tracks is heard, from 1")


def build_audio_options(args: Namespace) -> JSON:
    """``sound`` of an export's options; what was not asked for is left to the API."""
    options: JSON = {"target_lufs": args.loudness, "denoise": args.denoise, "track": args.audio_track}
    options |= {"high_pass": args.high_pass or None, "declick": args.declick or None}
    options["level_speakers"] = False if args.no_levelling else None
    return {name: value for name, value in options.items() if value is not None}


def _lufs(text: str) -> float:
    try:
        lufs = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a loudness: write -14") from None
    if not MIN_TARGET_LUFS <= lufs <= MAX_TARGET_LUFS:
        raise argparse.ArgumentTypeError(f"it must be {spoken_range(MIN_TARGET_LUFS, MAX_TARGET_LUFS, 'LUFS')}")
    return lufs


def _track(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= MAX_AUDIO_TRACKS:
        raise argparse.ArgumentTypeError(f"{text!r} is not a track: write 1 to {MAX_AUDIO_TRACKS}")
    return int(text)
