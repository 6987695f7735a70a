"""Project options on the command line: times, ranges, lengths, and the resulting request."""

from __future__ import annotations

from argparse import ArgumentTypeError
from pathlib import Path

import msgspec
import pytest

from cli.__main__ import main, make_parser
from cli.exit_codes import ExitCode
from cli.options.files import parse_file_format
from cli.options.project import (
    build_project_options,
    flag_for_option,
    parse_score,
    parse_time_ms,
    parse_time_range,
    read_script,
)
from schemas.options.audio import SoundWish
from schemas.options.export_options import ThumbnailWish
from schemas.options.project import ProjectOptions, broken_rules


@pytest.mark.parametrize(
    ("text", "ms"), [("90", 90_000), ("1:30", 90_000), ("1:02:03.5", 3_723_500), ("0:00", 0), (" 5.25 ", 5_250)]
)
def test_a_time_is_parsed_as_people_write_it(text: str, ms: int) -> None:
    assert parse_time_ms(text) == ms


@pytest.mark.parametrize("text", ["", "a", "1:2:3:4", "-5", "1:30", "90-10", "2:00-1:30"])
def test_an_invalid_range_is_refused(text: str) -> None:
    with pytest.raises(ArgumentTypeError, match="write"):
        parse_time_range(text)


@pytest.mark.parametrize("text", ["", "a", "-1", "101", "nan", "40%"])
def test_an_invalid_score_is_refused(text: str) -> None:
    with pytest.raises(ArgumentTypeError, match="0 to 100"):
        parse_score(text)


def test_every_flag_becomes_an_option_of_the_api() -> None:
    line = (
        "run a.mp4 --length 15-45 --target-clips 6 --max-clips 8 --min-score 32.5 --prompt money "
        "--topic price --topic debt --genre podcast --skip 0:00-1:30 --language en --translate en "
        "--aspect 1:1 --no-captions --captions-template karaoke_fill --mask-profanity --quality draft --preset reels "
        "--thumbnails 5 --thumbnail-title --no-storyboard "
        "--loudness -16 --denoise light --high-pass --declick --no-levelling --audio-track 2"
    )
    options = msgspec.convert(build_project_options(make_parser().parse_args(line.split())), ProjectOptions)
    assert not broken_rules(options)
    assert (options.min_clip_ms, options.max_clip_ms, options.target_clips) == (15_000, 45_000, 6)
    assert options.min_score == 32.5
    assert (options.captions_template, options.mask_profanity) == ("karaoke_fill", True)
    assert (options.export.video.quality, options.export.preset) == ("draft", "reels")
    assert (options.export.thumbnails, options.export.storyboard) == (ThumbnailWish(count=5, title=True), False)
    assert options.export.sound == SoundWish(
        target_lufs=-16, level_speakers=False, denoise="light", high_pass=True, declick=True, track=2
    )
    assert (options.language, options.translate) == ("en", "en")
    assert (options.topics, options.prompt, options.genre) == (["price", "debt"], "money", "podcast")
    assert [(part.start_ms, part.end_ms) for part in options.skip] == [(0, 90_000)]


@pytest.mark.parametrize(
    ("flags", "ranges"),
    [("--no-curation", []), ("--range 1:00-1:45 --range 5-20", [(60_000, 105_000), (5_000, 20_000)])],
)
def test_clips_without_selection(flags: str, ranges: list[tuple[int, int]]) -> None:
    args = make_parser().parse_args(f"run a.mp4 {flags}".split())
    options = msgspec.convert(build_project_options(args), ProjectOptions)
    assert not broken_rules(options)
    assert options.curation == "off"
    assert [(part.start_ms, part.end_ms) for part in options.ranges] == ranges


def test_an_aspect_flag_may_be_repeated() -> None:
    def asked(flags: str) -> object:
        return build_project_options(make_parser().parse_args(["run", "a.mp4", *flags.split()]))

    assert asked("--aspect 1:1") == asked("--aspect 1:1 --aspect 1:1") == {"aspect": "1:1"}
    assert asked("--aspect 9:16 --aspect 1:1") == {"aspects": ["9:16", "1:1"]}
    assert flag_for_option("aspects") == "--aspect"


@pytest.mark.parametrize("flags", ["--loudness -9", "--loudness loud", "--audio-track 0", "--audio-track first"])
def test_invalid_sound_options_are_refused(flags: str) -> None:
    with pytest.raises(SystemExit):
        make_parser().parse_args(["run", "a.mp4", *flags.split()])


def test_a_run_without_flags_sends_no_options() -> None:
    assert build_project_options(make_parser().parse_args(["run", "a.mp4"])) == {}


def test_script_and_glossary_flags_become_options(tmp_path: Path) -> None:
    script = tmp_path / "what is said.txt"
    script.write_text("\ufeffAsk not what your country can do for you.\n", encoding="utf-8")
    asked = ["run", "a.mp4", "--script", str(script), "--glossary", "Ada Lovelace", "--glossary", "Bernoulli"]
    options = msgspec.convert(build_project_options(make_parser().parse_args(asked)), ProjectOptions)
    assert not broken_rules(options)
    assert options.script == "Ask not what your country can do for you.\n"
    assert options.glossary == ("Ada Lovelace", "Bernoulli")


@pytest.mark.parametrize("body", [None, b"", b" \n", b"\xff\xfe\x00"])
def test_an_invalid_script_is_refused_before_the_upload(tmp_path: Path, body: bytes | None) -> None:
    file = tmp_path / "script.txt"
    if body is not None:
        file.write_bytes(body)
    with pytest.raises(ArgumentTypeError, match=r"script\.txt"):
        read_script(str(file))


def test_a_refusal_names_the_flag_that_was_written() -> None:
    assert [flag_for_option(name) for name in ("max_clips", "min_clip_ms", "topics")] == [
        "--max-clips",
        "--length",
        "--topic",
    ]


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("webm", {"container": "webm"}),
        ("MP4/hevc", {"container": "mp4", "video_codec": "hevc"}),
        ("mov/prores/pcm", {"container": "mov", "video_codec": "prores", "audio_codec": "pcm"}),
        ("m4a/aac", {"container": "m4a", "audio_codec": "aac"}),
    ],
)
def test_a_format_is_parsed_as_people_write_it(text: str, wish: dict[str, str]) -> None:
    options = build_project_options(make_parser().parse_args(["run", "a.mp4", "--format", text]))
    assert options == {"export": {"file": wish}}
    assert not broken_rules(msgspec.convert(options, ProjectOptions))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("avi", "is not a format"),
        ("webm/h264", "vp9 or av1 in webm"),
        ("gif/h264", "left out"),
        ("mp3/aac", "mp3 in mp3"),
    ],
)
def test_an_unknown_format_is_refused_with_the_known_ones(text: str, told: str) -> None:
    with pytest.raises(ArgumentTypeError, match=told):
        parse_file_format(text)


def test_a_brand_kit_is_named_by_its_id_and_perhaps_its_version() -> None:
    kit = "2f3c9a10-52ef-5d0b-9d34-0f2f6f0a9c05"
    parse = make_parser().parse_args
    assert build_project_options(parse(["run", "a.mp4", "--brand", kit])) == {"export": {"brand": {"kit_id": kit}}}
    assert parse(["export", "c", "--brand", f"{kit}@3"]).brand == {"kit_id": kit, "version": 3}
    for wrong in ("house", f"{kit}@new"):
        with pytest.raises(SystemExit):
            parse(["run", "a.mp4", "--brand", wrong])


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        ("--skip 5-5", "ends where it begins"),
        ("--skip 9-5", "ends before it begins"),
        ("--loudness 3", "from -24 to -11 LUFS"),
        ("--length 1-500", "--length must be from 3 s to 180 s (3000 to 180000 ms)"),
        ("--length 100-20", "ends before it begins"),
        ("--max-clips 99", "--max-clips must be from 1 to 50"),
    ],
)
def test_bounds_are_named_by_flag_in_units_that_people_use(
    flags: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.mp4").write_bytes(b"film")
    try:
        code = main(["run", str(tmp_path / "a.mp4"), *flags.split(), "--state-dir", str(tmp_path)])
    except SystemExit as ended:
        code = ended.code
    shown = capsys.readouterr().err
    assert (code, told in shown) == (ExitCode.USAGE, True), shown
    assert "_ms" not in shown


def test_the_shortest_clip_may_be_the_longest() -> None:
    assert build_project_options(make_parser().parse_args(["run", "a.mp4", "--length", "20-20"])) == {
        "min_clip_ms": 20_000, "max_clip_ms": 20_000,
    }  # fmt: skip
