"""Hand-over to editing programs: each file reads back to the same cuts, at every rate, also retimed and reordered."""

from __future__ import annotations

import re
import subprocess
import sys
from fractions import Fraction
from typing import Any, NamedTuple
from xml.etree import ElementTree

import opentimelineio as otio
import pytest

from core.domain.editing.clock import place_segments
from core.domain.editing.interchange import (
    RATES,
    Cut,
    Format,
    Handover,
    Mark,
    Media,
    SourceFacts,
    cuts_of,
    marks_of,
    pictures_of,
    sequence_rate,
    timecode,
)
from core.domain.subtitles.cues import Cue
from core.infra.interchange import write
from core.infra.interchange.naming import media_url, one_line
from schemas.common import TimeRange
from schemas.documents.edit import EditSegment
from schemas.documents.source import VideoTrack

VIDEO = VideoTrack(
    stream_index=0, codec="h264", pixel_format="yuv420p", coded_width=1920, coded_height=1080, display_width=1920,
    display_height=1080, rotation_deg=0, sample_aspect=(1, 1), time_base=(1, 90_000), frame_rate=(25, 1), start_pts=0,
    duration_ms=600_000,
)  # fmt: skip
FACTS = SourceFacts(duration_ms=600_000, origin_us=0, video=VIDEO)
SEGMENTS = [
    EditSegment(segment_id="s3", range=TimeRange(start_ms=61_020, end_ms=64_400)),
    EditSegment(segment_id="s1", range=TimeRange(start_ms=10_000, end_ms=12_480), speed=2.0),
    EditSegment(segment_id="s2", range=TimeRange(start_ms=12_480, end_ms=14_010), muted=True),
    EditSegment(segment_id="s4", range=TimeRange(start_ms=300_000, end_ms=304_000), speed=0.5, gain_db=-6.0),
]
CUES = [
    Cue(start_ms=400, end_ms=1_900, lines=["Cuts & <tags>", "two"]),
    Cue(start_ms=1_950, end_ms=5_100, lines=["ß é"]),
]


class Read(NamedTuple):
    """A cut as a reader finds it."""

    record: int
    count: int
    source: int
    speed: float


def handover(rate: Fraction, *, first: int = 0, media: str = "Talk one.mp4") -> Handover:
    cuts = cuts_of(place_segments(SEGMENTS), FACTS, rate)
    count = cuts[-1].record + cuts[-1].count
    return Handover(
        name="A clip & more",
        rate=rate,
        media=Media(
            name=media, reel="TALKONE", first=first, count=round(600 * rate), width_px=1920, height_px=1080, channels=2,
            sample_rate_hz=48_000,
        ),
        cuts=cuts,
        marks=marks_of(CUES, rate, count),
        about={"clip_id": "c"},
    )  # fmt: skip


def expected_cuts(made: Handover) -> list[Read]:
    return [Read(cut.record, cut.count, cut.source, float(cut.speed)) for cut in made.cuts]


def by_otio(track: Any, first: int) -> list[Read]:
    """Cuts of a track, computed by the library."""
    found = []
    for clip in track.find_clips():
        place = clip.range_in_parent()
        speed = getattr(clip.effects[0], "time_scalar", 1.0) if clip.effects else 1.0
        source = clip.source_range.start_time.to_frames() - first
        found.append(Read(place.start_time.to_frames(), place.duration.to_frames(), source, speed))
    return found


@pytest.mark.parametrize("rate", RATES.values(), ids=list(RATES))
def test_otio_reads_back(rate: Fraction) -> None:
    made = handover(rate, first=90)
    written = write(made, "otio")
    timeline = otio.core.deserialize_json_from_string(written.text)
    assert by_otio(timeline.video_tracks()[0], 90) == expected_cuts(made)
    sound = by_otio(timeline.audio_tracks()[0], 90)
    assert sound == [one for one, cut in zip(expected_cuts(made), made.cuts, strict=True) if not cut.muted]
    assert [marker.name for marker in timeline.tracks.markers] == ["Cuts & <tags> two", "ß é"]
    (warning,) = written.warnings
    assert "s4 plays at -6 dB" in warning


@pytest.mark.parametrize("rate", RATES.values(), ids=list(RATES))
def test_fcp7_reads_back(rate: Fraction) -> None:
    """Read by the library, which ignores speed: its in points are counted in retimed frames."""
    made = handover(rate, first=90)
    written = write(made, "fcp7")
    timeline = otio.adapters.read_from_string(written.text, "fcp_xml")
    assert abs(timeline.video_tracks()[0][0].source_range.start_time.rate - float(rate)) < 0.01
    read = by_otio(timeline.video_tracks()[0], 90)
    assert read == [Read(one.record, one.count, round(one.source / one.speed), 1.0) for one in expected_cuts(made)]
    tree = ElementTree.fromstring(written.text)
    speeds = [_value(item, "speed") for item in tree.iterfind(".//video/track/clipitem")]
    assert speeds == [None, "200", None, "50"]
    sound = tree.findall(".//audio/track/clipitem")
    assert [item.findtext("start") for item in sound] == [str(cut.record) for cut in made.cuts if not cut.muted]
    assert float(_value(sound[2], "level") or 0) == pytest.approx(0.501, abs=0.001)
    assert len({item.get("id") for item in tree.iterfind(".//clipitem")}) == 7, "none is taken for another"
    assert [item.findtext("name") for item in tree.iterfind(".//sequence/marker")] == ["Cuts & <tags> two", "ß é"]
    assert [warning.split(",")[0] for warning in written.warnings] == [
        "fcp7: s1 plays at 200 %",
        "fcp7: s4 plays at 50 %",
    ]


def _value(item: ElementTree.Element, name: str) -> str | None:
    for parameter in item.iterfind(".//parameter"):
        if parameter.findtext("parameterid") == name:
            return parameter.findtext("value")
    return None


@pytest.mark.parametrize("rate", RATES.values(), ids=list(RATES))
def test_edl_reads_back(rate: Fraction) -> None:
    made = handover(rate, first=90)
    written = write(made, "edl")
    whole = float(round(rate))  # time code counts whole pictures a second
    timeline = otio.adapters.read_from_string(written.text, "cmx_3600", rate=whole)
    video = next(track for track in timeline.tracks if track.name == "V")
    assert by_otio(video, 90) == expected_cuts(made)
    assert not any(line and not line.isascii() for line in written.text.splitlines() if not line.startswith("*"))
    assert "FCM: NON-DROP FRAME" in written.text
    lines = re.findall(r"^\d{3}  (\S+) +(\S+) +C +(.+)$", written.text, re.MULTILINE)
    assert [(reel, channels) for reel, channels, _ in lines] == [
        ("TALKONE", "AA/V"), ("TALKONE", "AA/V"), ("TALKONE", "V"), ("TALKONE", "AA/V"),
    ]  # fmt: skip
    for (_, _, times), cut in zip(lines, made.cuts, strict=True):
        begins, ends = (pictures_of(code, rate) for code in times.split()[:2])
        assert (begins, ends) == (90 + cut.source, 90 + cut.source + cut.source_count), "what is played of the source"
    assert sum(len(clip.markers) for clip in video) == 2
    assert written.warnings == ["edl: a list has no levels; s4 plays at -6 dB"]


def read_fcpxml(text: str, rate: Fraction) -> list[Read]:
    """Our own reader, in exact fractions: library readers round times at 1001 rates."""

    def pictures(time: str | None) -> int:
        found = Fraction((time or "0s").removesuffix("s")) * rate
        assert found.denominator == 1, "every time is a whole number of pictures"
        return int(found)

    found = []
    for clip in ElementTree.fromstring(text).iterfind(".//spine/asset-clip"):
        record, count = pictures(clip.get("offset")), pictures(clip.get("duration"))
        times = clip.findall("timeMap/timept")
        if not times:
            found.append(Read(record, count, pictures(clip.get("start")), 1.0))
            continue
        begins, ends = times
        assert (pictures(begins.get("time")), pictures(ends.get("time"))) == (pictures(clip.get("start")), count)
        first = pictures(begins.get("value"))
        found.append(Read(record, count, first, (pictures(ends.get("value")) - first) / count))
    return found


@pytest.mark.parametrize("rate", RATES.values(), ids=list(RATES))
def test_fcpxml_reads_back(rate: Fraction) -> None:
    made = handover(rate, first=90)
    written = write(made, "fcpxml")
    read = [one._replace(source=one.source - 90) for one in read_fcpxml(written.text, rate)]
    for one, cut in zip(read, made.cuts, strict=True):
        assert one[:3] == (cut.record, cut.count, cut.source)
        assert one.speed == pytest.approx(float(cut.speed), abs=0.51 / cut.count), "to a picture"
    tree = ElementTree.fromstring(written.text)
    clips = tree.findall(".//spine/asset-clip")
    assert [clip.get("srcEnable") for clip in clips] == [None, None, "video", None]
    assert [one.get("amount") for one in tree.iterfind(".//adjust-volume")] == ["-6dB"]
    captions = [(caption.findtext("text/text-style"), caption.get("role")) for caption in tree.iterfind(".//caption")]
    assert captions == [("Cuts & <tags>\ntwo", "iTT?captionFormat=ITT.en"), ("ß é", "iTT?captionFormat=ITT.en")]
    assert written.warnings == []


def test_pieces_are_contiguous_from_the_first_frame() -> None:
    late = SourceFacts(
        duration_ms=600_000,
        origin_us=1_000_000,
        video=VideoTrack(**{name: getattr(VIDEO, name) for name in VIDEO.__struct_fields__} | {"start_pts": 126_000}),
    )
    cuts = cuts_of(place_segments(SEGMENTS), late, RATES["25"])
    assert cuts[1].source == 250 - 10, "the pictures begin 400 ms after the sound"
    assert [cut.record for cut in cuts[1:]] == [cut.record + cut.count for cut in cuts[:-1]]
    tiny = [EditSegment(segment_id="s1", range=TimeRange(start_ms=0, end_ms=10)), *SEGMENTS]
    assert [cut.segment_id for cut in cuts_of(place_segments(tiny), FACTS, RATES["24"])] == ["s3", "s1", "s2", "s4"]


@pytest.mark.parametrize(
    ("told", "rate", "regular"),
    [
        (Fraction(30_000, 1001), "29.97", True), (Fraction(2_997, 100), "29.97", True), (Fraction(15), "30", True),
        (Fraction(120), "60", True), (Fraction(25, 2), "25", True), (Fraction(22), "23.976", False),
        (Fraction(4_500, 377), "24", False), (None, "30", False),
    ],
)  # fmt: skip
def test_a_sequence_holds_every_picture_of_the_source(told: Fraction | None, rate: Any, regular: bool) -> None:
    assert sequence_rate(told) == (RATES[rate], regular) or (told == Fraction(4_500, 377) and not regular)


def test_captions_lie_inside_the_sequence_and_not_on_each_other() -> None:
    rate = RATES["25"]
    cues = [
        Cue(start_ms=0, end_ms=1_000, lines=["a"]),
        Cue(start_ms=990, end_ms=1_010, lines=["b"]),
        Cue(start_ms=1_900, end_ms=9_000, lines=["c"]),
        Cue(start_ms=8_000, end_ms=9_000, lines=["behind its end"]),
    ]
    assert marks_of(cues, rate, 50) == [
        Mark(record=0, count=25, text="a"), Mark(record=25, count=1, text="b"), Mark(record=48, count=2, text="c"),
    ]  # fmt: skip


def test_time_code_counts_whole_pictures() -> None:
    assert timecode(30 * 3600, RATES["29.97"]) == "01:00:00:00"
    assert pictures_of("01:00:00:29", RATES["29.97"]) == 30 * 3600 + 29
    for bad in ("00:00:00:25", "00:61:00:00"):
        with pytest.raises(ValueError, match=bad):
            pictures_of(bad, RATES["25"])


def test_names_are_escaped_in_every_format() -> None:
    assert media_url("Talk one.mp4") == "./Talk%20one.mp4"
    assert media_url("/Volumes/A B/ü.mov") == "file:///Volumes/A%20B/%C3%BC.mov"
    assert media_url("C:/clips/a.mov") == "file:///C:/clips/a.mov"
    assert media_url("file:///a.mov") == "file:///a.mov"
    assert one_line("a\nb\x00  c\u2028d") == "a b c d"
    hostile = Handover(
        name='"/><x>&', rate=RATES["25"], media=handover(RATES["25"], media="a]]>.mp4").media,
        cuts=[Cut(segment_id="s1", record=0, count=25, source=0)],
        marks=[Mark(record=0, count=5, text="TITLE:\n001 &<")],
    )  # fmt: skip
    formats: tuple[Format, ...] = ("otio", "fcpxml", "edl", "fcp7")
    texts = {wanted_: write(hostile, wanted_).text for wanted_ in formats}
    assert texts["edl"].count("\n001 ") == 1
    for kind in ("fcpxml", "fcp7"):
        ElementTree.fromstring(texts[kind])


def test_the_library_is_loaded_only_on_demand() -> None:
    """The library takes a fifth of a second to import, which no start should pay."""
    code = "import sys, api.app, core.infra.interchange; sys.exit('opentimelineio' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
