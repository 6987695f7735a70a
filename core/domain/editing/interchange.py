"""A clip's edit in whole pictures of its source, as editing programs count. Pure; writes no format.

Two counts: *record* pictures from the start of the sequence, *source* pictures from the first one of the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Literal

from core.domain.subtitles.cues import Cue
from schemas.common import Value
from schemas.documents.edit import PlacedSegment
from schemas.documents.source import AudioTrack, VideoTrack

Format = Literal["otio", "fcpxml", "edl", "fcp7"]
RateName = Literal["23.976", "24", "25", "29.97", "30", "47.952", "48", "50", "59.94", "60"]
RATES: Mapping[RateName, Fraction] = {
    "23.976": Fraction(24_000, 1001), "24": Fraction(24), "25": Fraction(25), "29.97": Fraction(30_000, 1001),
    "30": Fraction(30), "47.952": Fraction(48_000, 1001), "48": Fraction(48), "50": Fraction(50),
    "59.94": Fraction(60_000, 1001), "60": Fraction(60),
}  # fmt: skip
"""Those that editing programs have sequences of."""
SAME = Fraction(2, 1000)
"""A rate so near to another is that one, told with less care."""
MULTIPLES = (Fraction(1), Fraction(2), Fraction(1, 2), Fraction(3), Fraction(4), Fraction(1, 4))
"""15 pictures a second fit into 30, 120 into 60."""


class SourceFacts(Value, frozen=True, kw_only=True):
    """The part of a `SourceIndex` by which its pictures are counted: decoded without its tables."""

    duration_ms: int
    origin_us: int
    video: VideoTrack | None = None
    audio: AudioTrack | None = None


class Media(Value, frozen=True, kw_only=True):
    """The file that is cut, as it lies on the editor's own disk."""

    name: str
    """A file name or path of theirs; never one of ours."""
    reel: str
    first: int
    """Number that its own time code gives to its first picture."""
    count: int
    width_px: int
    height_px: int
    channels: int
    """Channels of its sound; 0: it has none."""
    sample_rate_hz: int


class Cut(Value, frozen=True, kw_only=True):
    """One piece of the source, in pictures."""

    segment_id: str
    record: int
    count: int
    source: int
    """From the first picture of the file."""
    speed: Fraction = Fraction(1)
    muted: bool = False
    gain_db: float = 0.0

    @property
    def source_count(self) -> int:
        """Pictures of the source that are played."""
        return round(self.count * self.speed)


class Mark(Value, frozen=True, kw_only=True):
    """A caption: what is said, and when."""

    record: int
    count: int
    text: str


class Handover(Value, frozen=True, kw_only=True):
    """A whole sequence: what an editing program is given."""

    name: str
    rate: Fraction
    media: Media
    cuts: list[Cut]
    """In order of playing; each begins where the one before ends."""
    marks: list[Mark] = []
    language: str = "en"
    about: Mapping[str, str] = {}
    """The clip and the version of its edit."""

    @property
    def count(self) -> int:
        """Number of pictures that it plays."""
        return self.cuts[-1].record + self.cuts[-1].count


class InterchangeFile(Value, frozen=True, kw_only=True):
    """The file, and sentences about the parts of the edit that it cannot hold."""

    text: str
    warnings: list[str] = []


def told_rate(track: VideoTrack) -> Fraction | None:
    """The source's average rate; None where the file does not say."""
    numerator, denominator = track.frame_rate
    return Fraction(numerator, denominator) if numerator > 0 and denominator > 0 else None


def sequence_rate(source_rate: Fraction | None) -> tuple[Fraction, bool]:
    """The rate of a sequence that holds every picture of the source; and whether the source keeps it."""
    rates = list(RATES.values())
    if source_rate is None:
        return RATES["30"], False
    for factor in MULTIPLES:
        near = min(rates, key=lambda rate: abs(rate / (source_rate * factor) - 1))
        if abs(near / (source_rate * factor) - 1) <= SAME:
            return near, True
    return min(rates, key=lambda rate: abs(rate / source_rate - 1)), False


def cuts_of(played: Sequence[PlacedSegment], facts: SourceFacts, rate: Fraction) -> list[Cut]:
    """The pieces in whole pictures, without holes. A piece shorter than half a picture is none."""
    late_ms = _first_picture_ms(facts)
    cuts: list[Cut] = []
    for piece in played:
        record, end = _pictures(piece.output_start_ms, rate), _pictures(piece.output_end_ms, rate)
        if end == record:
            continue
        cut = Cut(
            segment_id=piece.segment_id,
            record=record,
            count=end - record,
            source=max(0, _pictures(piece.source.start_ms - late_ms, rate)),
            speed=Fraction(piece.speed).limit_denominator(1000),
            muted=piece.muted,
            gain_db=piece.gain_db,
        )
        cuts.append(cut)
    return cuts


def _first_picture_ms(facts: SourceFacts) -> float:
    """When on the project's time line the file's first picture is shown: its sound may begin before."""
    if facts.video is None:
        return 0.0
    numerator, denominator = facts.video.time_base
    return float(Fraction(facts.video.start_pts * numerator * 1000, denominator)) - facts.origin_us / 1000


def picture_count(facts: SourceFacts, rate: Fraction) -> int:
    """Number of pictures of the file, counted at the sequence's rate."""
    length_ms = facts.video.duration_ms if facts.video else facts.duration_ms
    return max(1, _pictures(length_ms or facts.duration_ms, rate))


def marks_of(cues: Iterable[Cue], rate: Fraction, count: int) -> list[Mark]:
    """Subtitles in whole pictures, inside the sequence and not overlapping."""
    marks: list[Mark] = []
    until = 0
    for cue in cues:
        record = max(until, _pictures(cue.start_ms, rate))
        end = min(count, max(record + 1, _pictures(cue.end_ms, rate)))
        if record < end:
            marks.append(Mark(record=record, count=end - record, text="\n".join(cue.lines)))
            until = end
    return marks


def _pictures(ms: float, rate: Fraction) -> int:
    """The border between two pictures that is nearest to a time."""
    return round(Fraction(ms).limit_denominator(100_000) * rate / 1000)


def timecode(pictures: int, rate: Fraction) -> str:
    """Non-drop-frame time code: frames counted by the rate rounded to a whole number."""
    rounded_rate = round(rate)
    seconds, frames = divmod(pictures, rounded_rate)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours % 24:02d}:{minutes:02d}:{seconds:02d}:{frames:02d}"


def pictures_of(code: str, rate: Fraction) -> int:
    """The frame of a non-drop-frame time code. Raises ValueError if the rate has no such frame."""
    hours, minutes, seconds, frames = (int(part) for part in code.split(":"))
    if frames >= round(rate) or minutes > 59 or seconds > 59 or hours > 23:
        raise ValueError(f"there is no {code} at {float(rate):.3g} pictures a second")
    return ((hours * 60 + minutes) * 60 + seconds) * round(rate) + frames
