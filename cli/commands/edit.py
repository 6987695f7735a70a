"""``clipstream edit`` and ``clipstream handover``: shows, changes, undoes and hands over an edit."""

from __future__ import annotations

import argparse
import json
from argparse import Namespace
from pathlib import Path
from typing import Any, get_args

from cli.api.client import JSON, Client
from cli.exit_codes import CliError, ExitCode
from cli.options.edit_operations import add_operations
from cli.options.project import parse_time_range
from cli.options.spoken_phrases import find_phrase, has_letters, parse_word_numbers
from cli.output.terminal import Display, plain_table
from core.domain.clock_format import format_cut_time
from core.domain.editing.interchange import Format, RateName

SUFFIXES = {"otio": ".otio", "fcpxml": ".fcpxml", "edl": ".edl", "fcp7": ".xml"}


def add_edit(parser: argparse.ArgumentParser) -> None:
    """The flags of ``edit``; without any of them the edit is shown."""
    add = parser.add_argument
    add("clip", metavar="CLIP")
    add("--trim", type=parse_time_range, metavar="T-T", help="begin and end the clip there, on the video's time line")
    add("--delete-words", action="append", metavar="WORDS|N-N", help="take out what is said, or words N to N (N not)")
    add("--drop-fillers", action="store_true", help="take out um, uh and their like")
    add("--drop-pauses", type=int, nargs="?", const=700, metavar="MS", help="shorten pauses longer than this (700)")
    add_operations(parser)
    add("--undo", action="store_true", help="back to what it was before the last change")
    add("--version", type=int, metavar="N", help="show this version (the newest)")
    add("--note", default="", metavar="TEXT", help="why; kept with the version")


def add_handover(parser: argparse.ArgumentParser) -> None:
    """The flags of ``handover``."""
    add = parser.add_argument
    add("clip", metavar="CLIP")
    add("--format", choices=get_args(Format), default="otio", help="for which kind of program (%(default)s)")
    add("--out", metavar="FILE", help="where to (clip.otio, .fcpxml, .edl, .xml)")
    add("--version", type=int, metavar="N", help="of the edit (the newest)")
    add("--media", metavar="NAME", help="how the source is called where it is cut: a name, a path or a file URL")
    add("--reel", metavar="NAME", help="how edit lists call it")
    add("--start", metavar="HH:MM:SS:FF", help="the time code of its first picture (00:00:00:00)")
    add("--rate", choices=get_args(RateName), help="pictures a second of the sequence (the source's)")


def edit(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """Show a clip's edit, or make its next version."""
    path = f"/v1/clips/{args.clip}/edit"
    current = client.get(path, version=args.version)
    transcript = _transcript(client, args.clip) if args.delete_words else {}
    operations = _operations(client, args, current, transcript)
    if operations and args.version is not None:
        raise CliError(
            ExitCode.USAGE, "--version shows a version: it does not go with changes. The newest is what is changed."
        )
    if operations:
        body: JSON = {"operations": operations, "note": args.note}
        if transcript:
            body["transcript_version"] = transcript["version"]  # a correction meanwhile counts its words otherwise
        current = client.patch(path, body, f'"edit-{current["version"]}"')
    if not args.json:
        if current.get("changed") is False:
            display.say("Nothing to change: no new version was made.")
        _show_edit(current, display)
    return ExitCode.OK, current


def _operations(client: Client, args: Namespace, current: JSON, transcript: JSON) -> list[JSON]:
    """Operations of the flags: words and pauses first, then segments in the order typed."""
    operations: list[JSON] = []
    if args.undo:
        operations.append({"op": "restore", "version": _version_before(client, args.clip, current)})
    if args.delete_words:
        words = _played_words(transcript, current)
        operations += [_delete_operation(phrase, words) for phrase in args.delete_words]
    if args.drop_fillers:
        operations.append({"op": "drop_fillers"})
    if args.drop_pauses is not None:
        pauses = {"longer_than_ms": args.drop_pauses, "leave_ms": min(250, args.drop_pauses)}
        operations.append({"op": "drop_pauses", **pauses})
    if args.trim:
        operations += _trim_operations(args.trim, current)
    operations += args.operations or []
    if args.undo and len(operations) > 1:
        raise CliError(ExitCode.USAGE, "--undo goes alone.")
    return operations


def _trim_operations(bounds: JSON, current: JSON) -> list[JSON]:
    """Operations that trim a clip: remove segments outside the range, trim the first and last.

    First and last are meant in the order of playback.
    """
    pieces, start, end = list(current["segments"]), bounds.get("start_ms"), bounds.get("end_ms")
    outside: list[JSON] = []
    while start is not None and len(pieces) > 1 and pieces[0]["end_ms"] <= start:
        outside.append(pieces.pop(0))
    while end is not None and len(pieces) > 1 and pieces[-1]["start_ms"] >= end:
        outside.append(pieces.pop())
    removed = [{"op": "remove", "segment_id": piece["segment_id"]} for piece in outside]
    first, last = pieces[0]["segment_id"], pieces[-1]["segment_id"]
    if first == last:
        return [*removed, {"op": "trim", "segment_id": first, **bounds}]
    return [
        *removed,
        {"op": "trim", "segment_id": first, "start_ms": start},
        {"op": "trim", "segment_id": last, "end_ms": end},
    ]


def _version_before(client: Client, clip: str, current: JSON) -> int:
    """The version before the last change; an earlier undo counts as the version it restored."""
    versions: dict[int, JSON] = {}
    number, before = int(current["version"]), None
    while True:
        while number not in versions:
            page = client.get(f"/v1/clips/{clip}/edit/versions", before=before, limit=100)
            versions |= {int(version["version"]): version for version in page["items"]}
            before = page.get("next_before")
            if before is None:
                break
        operations = versions[number].get("operations", [])
        if len(operations) == 1 and operations[0]["op"] == "restore":
            number = int(operations[0]["version"])
            continue
        if number == 1:
            raise CliError(ExitCode.USAGE, "There is nothing to undo: the clip is as it was found.")
        return int(versions[number]["base_version"])


def _transcript(client: Client, clip: str) -> JSON:
    """The newest version of the transcript of the clip's project."""
    return client.get(f"/v1/projects/{client.get(f'/v1/clips/{clip}')['project_id']}/transcript")


def _played_words(transcript: JSON, current: JSON) -> list[tuple[int, str]]:
    """Number and text of each word that is played now."""
    times = [(segment["start_ms"], segment["end_ms"]) for segment in current["segments"]]
    return [
        (number, word["text"])
        for number, word in enumerate(transcript["words"])
        if any(start <= (word["start_ms"] + word["end_ms"]) / 2 < end for start, end in times)
    ]


def _delete_operation(typed: str, words: list[tuple[int, str]]) -> JSON:
    """The operation for words by number, or for the one place where they are said."""
    numbers = parse_word_numbers(typed)
    if numbers:
        return {"op": "delete_words", "first_word": numbers[0], "end_word": numbers[1]}
    if not has_letters(typed):
        raise CliError(ExitCode.USAGE, "--delete-words wants words, or two numbers like 12-15.")
    places = find_phrase(typed, words)
    if not places:
        raise CliError(ExitCode.USAGE, f"“{typed}” is not said in the clip.")
    if len(places) > 1:
        choices = ", ".join(f"{first}-{end}" for first, end in places)
        raise CliError(ExitCode.USAGE, f"“{typed}” is said {len(places)} times in the clip. Say which: {choices}.")
    return {"op": "delete_words", "first_word": places[0][0], "end_word": places[0][1]}


def _show_edit(current: JSON, display: Display) -> None:
    origin = f", made of {current['base_version']}" if current.get("base_version") else ""
    display.say(f"Version {current['version']}{origin}: plays {current['length_ms'] / 1000:.1f} s")
    rows = [
        (
            segment["segment_id"],
            f"{format_cut_time(segment['start_ms'])} – {format_cut_time(segment['end_ms'])}",
            f"{segment['output_start_ms'] / 1000:.2f} – {segment['output_end_ms'] / 1000:.2f} s",
            _playback_text(segment),
        )
        for segment in current["segments"]
    ]
    display.table(plain_table("", ("segment", "of the video", "plays", "how"), rows))
    for caption in current["captions"]:
        display.say(f"{format_cut_time(caption['range']['start_ms'])}: “{caption['text']}”")
    if current.get("look"):
        display.say(f"look of its exports: {json.dumps(current['look'], ensure_ascii=False)}")


def _playback_text(segment: JSON) -> str:
    notes = [f"{segment['speed']:g} ×"] if segment["speed"] != 1 else []
    notes += ["muted"] if segment["muted"] else []
    notes += [segment["style"]["template"]] if segment.get("style") else []
    return ", ".join(notes + ([f"{segment['gain_db']:+g} dB"] if segment["gain_db"] else []))


def handover(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """The edit as a file for an editing program, and what that file cannot hold."""
    out = Path(args.out or f"clip{SUFFIXES[args.format]}")
    query: dict[str, Any] = {
        name: getattr(args, name) for name in ("format", "version", "media", "reel", "start", "rate")
    }
    body, headers = client.get_file(f"/v1/clips/{args.clip}/edit/handover", **query)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes(body)
    except OSError as error:
        raise CliError(ExitCode.USAGE, f"{out} cannot be written: {error.strerror or error}.") from None
    warnings = json.loads(headers.get("Clipstream-Warnings", "[]"))
    if not args.json:
        for warning in warnings:
            display.say(f"not in it: {warning}")
        display.say(str(out))
    return ExitCode.OK, {"file": str(out), "warnings": warnings}
