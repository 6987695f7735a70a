"""``clipstream transcript`` and ``speakers``: what was said and by whom, shown, saved, corrected."""

from __future__ import annotations

import re
from argparse import ArgumentTypeError, Namespace
from pathlib import Path
from typing import Any

from cli.api.client import JSON, Client
from cli.api.project_progress import count_text, duration_text
from cli.exit_codes import CliError, ExitCode
from cli.options.parser import add_command
from cli.options.project import parse_time_range
from cli.options.spoken_phrases import find_phrase, parse_word_numbers
from cli.output.terminal import Display, plain_table
from core.domain.clock_format import format_clock

FORMATS = ("txt", "json", "srt", "vtt", "ass", "ttml")
_SPEAKER = re.compile(r"S[1-9]\d{0,5}")


def add_transcripts(commands: Any, ask: Any) -> None:
    """Add the commands of transcripts and speakers."""
    transcript_parser = add_command(
        commands,
        "transcript",
        "show or save what was said, and correct it",
        ask(transcript),
        "clipstream transcript last",
        "clipstream transcript last --format srt --out talk.srt",
        "clipstream transcript last --replace 'nuclear energy' 'mechanical energy'",
    )
    add = transcript_parser.add_argument
    add("project", metavar="PROJECT")
    add("--format", choices=FORMATS, default="txt", help="how to print or save it (%(default)s)")
    add("--track", metavar="xx", help="a translation, e.g. en")
    add("--version", type=int, metavar="N", help="as it was in this version (the newest)")
    add("--out", metavar="FILE", help="save it there")
    add(
        "--replace",
        nargs=2,
        action="append",
        metavar=("WORDS|N-N", "TEXT"),
        help="correct words, by what they say or by number (N not); an empty text takes them out",
    )
    add("--note", default="", metavar="TEXT", help="why; kept with the version")
    who = add_command(
        commands,
        "speakers",
        "list who speaks, and name, merge or split them",
        ask(speakers),
        "clipstream speakers last",
        "clipstream speakers last --name S1='Marie Curie' --merge S3=S1",
        "clipstream speakers last --split 1:30-2:00=S2",
    )
    add = who.add_argument
    add("project", metavar="PROJECT")
    add("--name", action="append", type=_pair, metavar="S1=NAME", help="call a speaker by a name; empty takes it away")
    add("--merge", action="append", type=_pair, metavar="S3=S1", help="S3 is S1: what one says becomes the other's")
    add("--split", action="append", type=_pair, metavar="T-T=S2", help="what is said there is S2's; `new`: another's")
    add("--note", default="", metavar="TEXT", help="why; kept with the version")


def _pair(text: str) -> tuple[str, str]:
    """``left=right``; raises ArgumentTypeError for anything else."""
    left, equals, right = text.partition("=")
    if not equals or not left.strip():
        raise ArgumentTypeError(f"{text!r} has no `=`: write S1=NAME, S3=S1 or 1:30-2:00=S2")
    return left.strip(), right.strip()


def transcript(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """Show, save or correct a transcript."""
    path = f"/v1/projects/{args.project}/transcript"
    if args.replace:
        return _correct_words(client, args, display, path)
    body = client.get_file(path, format=args.format, track=args.track, version=args.version)[0]
    if args.out:
        out = Path(args.out)
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes(body)
        if not args.json:
            display.say(str(out))
    elif not args.json:
        display.say(body.decode())
    return ExitCode.OK, {"file": args.out} if args.out else {"format": args.format, "text": body.decode()}


def _correct_words(client: Client, args: Namespace, display: Display, path: str) -> tuple[int, JSON]:
    current = client.get(path)
    edits = [_word_correction(current["words"], words, text) for words, text in args.replace]
    corrected = client.correct(path, {"version": current["version"], "edits": edits, "note": args.note})
    if not args.json:
        changed = count_text(len(edits), "correction")
        display.say(
            f"{changed} made: version {corrected['version']}. Exports keep their words until they are made again."
        )
    return ExitCode.OK, corrected


def _word_correction(words: list[JSON], typed: str, text: str) -> JSON:
    """One correction, of words by number or of the one place where they are said."""
    numbers = parse_word_numbers(typed)
    if numbers:
        return {"first_word": numbers[0], "end_word": numbers[1], "text": text}
    places = find_phrase(typed, [(number, word["text"]) for number, word in enumerate(words)])
    if not places:
        raise CliError(ExitCode.USAGE, f"“{typed}” is not said.")
    if len(places) > 1:
        several = ", ".join(f"{first}-{end} ({format_clock(words[first]['start_ms'])})" for first, end in places[:8])
        raise CliError(ExitCode.USAGE, f"“{typed}” is said {len(places)} times. Say which: {several}.")
    return {"first_word": places[0][0], "end_word": places[0][1], "text": text}


def speakers(client: Client, args: Namespace, display: Display) -> tuple[int, JSON]:
    """List the speakers, or correct who speaks."""
    path = f"/v1/projects/{args.project}/speakers"
    page = client.get(path)
    edits = _speaker_edits(args)
    if edits:
        page = client.correct(path, {"version": page["version"], "edits": edits, "note": args.note})
    if args.json:
        return ExitCode.OK, page
    if not page["speakers"]:
        display.say("No speakers were distinguished in this project.")
    else:
        rows = [
            (speaker["id"], speaker["name"] or "", duration_text(speaker["speech_ms"]), str(speaker["word_count"]))
            for speaker in page["speakers"]
        ]
        display.table(plain_table("", ("id", "name", "speaks for", "words"), rows))
    return ExitCode.OK, page


def _speaker_edits(args: Namespace) -> list[JSON]:
    edits: list[JSON] = [
        {"op": "merge", "speaker": _speaker(speaker), "into": _speaker(to)} for speaker, to in args.merge or []
    ]
    for part, to in args.split or []:
        try:
            times = parse_time_range(part)
        except ArgumentTypeError as error:
            raise CliError(ExitCode.USAGE, f"--split: {error}.") from None
        target = None if to in ("", "new") else _speaker(to)
        edits.append({"op": "split", "ranges": [times], "to": target})
    edits += [{"op": "rename", "speaker": _speaker(speaker), "name": name} for speaker, name in args.name or []]
    return edits


def _speaker(text: str) -> str:
    if not _SPEAKER.fullmatch(text):
        raise CliError(
            ExitCode.USAGE, f"{text!r} is not a speaker: `clipstream speakers PROJECT` lists them as S1, S2 …"
        )
    return text
