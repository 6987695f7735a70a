"""The bulk that events refer to: what each stage stores as one object. Pure data; all times in ms of project time."""

from __future__ import annotations

import datetime as dt
from typing import Literal

import msgspec

from schemas.faces import Mouth, SpeakingTurn, VoiceCurve
from schemas.framing import Mode, Pane, PathKey
from schemas.media import CropBox, Face, ObjectRef, Segment, TimeRange, Value, Word
from schemas.proof import Check, FaceExpectation, OtherTry, Verdict
from schemas.scenery import Framing, Letters, Person, PersonSample, Shows
from schemas.shots import Transition, TransitionKind
from schemas.sound_report import SoundReport
from schemas.sounds import SpanSounds
from schemas.thumbnails import ClipThumbnail, Storyboard
from schemas.vectors import SentenceRows
from schemas.voices import Diarization, VoiceWindows
from schemas.words import Fit, HeardWindow, Rejected, ScriptReport, SpanTranslation

Aspect = Literal["9:16", "4:5", "1:1", "16:9"]


class VideoTrack(Value, frozen=True, kw_only=True):
    """The chosen video stream. ``packets`` are in decode order; ``pts`` in units of ``time_base``."""

    stream_index: int
    codec: str
    pixel_format: str
    coded_width: int
    coded_height: int
    display_width: int
    """Pixels after rotation and with the sample aspect ratio applied (even numbers)."""
    display_height: int
    rotation_deg: int
    """Clockwise turn a player applies: 0, 90, 180 or 270."""
    mirrored: bool = False
    """Whether left and right change places before the turn."""
    sample_aspect: tuple[int, int]
    time_base: tuple[int, int]
    frame_rate: tuple[int, int]
    start_pts: int
    duration_ms: int


class AudioTrack(Value, frozen=True, kw_only=True):
    """An audio stream: the chosen one, or one of all."""

    stream_index: int
    codec: str
    sample_rate_hz: int
    channels: int
    time_base: tuple[int, int]
    start_pts: int
    duration_ms: int
    layout: str = ""
    """Its channels, as libav names them: ``stereo``, ``5.1(side)``."""
    language: str = ""
    """As the file says, e.g. ``eng``."""
    speech: float | None = None
    """How much like speech it sounds, 0..1; measured where there are several."""


class PacketTable(Value, frozen=True, kw_only=True):
    """Columns, one entry per video packet in file order. ``pos`` is -1 where the container does not say."""

    pts: list[int]
    pos: list[int]
    size: list[int]
    key: list[bool]


class SourceIndex(Value, frozen=True, kw_only=True):
    """What ingest learnt in its one pass: enough to read any range without demuxing the file again.

    ``origin_us`` is the stream time (µs) that is 0 ms of project time: the earliest start of the chosen streams.
    """

    format: str
    size_bytes: int
    duration_ms: int
    origin_us: int
    seekable: bool
    video: VideoTrack | None = None
    audio: AudioTrack | None = None
    """The one that is listened to."""
    packets: PacketTable | None = None
    warnings: list[str] = []
    audio_tracks: list[AudioTrack] = []
    """All of them, in the file's order; none in indexes older than this."""


class LoudnessCurve(Value, frozen=True, kw_only=True):
    """RMS level in dBFS (floor -100), one number per ``step_ms`` from ``start_ms``."""

    start_ms: int
    step_ms: int
    level_db: list[float]


class HeardSpan(Value, frozen=True, kw_only=True):
    """What listen heard in one span; words already on project time and cut to ``range`` at the seams."""

    ordinal: int
    range: TimeRange
    language: str | None
    language_probability: float
    words: list[Word]
    speech: list[TimeRange]
    loudness: LoudnessCurve
    model: str
    compute_ms: int
    margin_words: list[Word] = []
    """Words heard in the padding around ``range``, also on project time: close decides at the seam who is right."""
    voices: VoiceWindows | None = None
    """Absent where nobody speaks, or the model of voices was away."""
    warnings: list[str] = []
    """Parts that could not be had, each as a sentence."""
    sounds: SpanSounds | None = None
    """None where there is no sound, or it could not be measured."""
    fits: list[Fit] = []
    """How runs of words sit on their sound (also those of the padding); none where no aligner knows the language."""
    aligner: str = ""
    """Who refined the times of the words; empty where nobody did."""
    not_aligned: str = ""
    """Why the aligner, though it knows the language, did not."""
    windows: list[HeardWindow] = []
    """What the decoder thought of what it heard, window by window, also those of the padding."""
    translation: SpanTranslation | None = None
    """The same in English, where that was asked for and not all of it is English already."""


class SeenPicture(Value, frozen=True, kw_only=True):
    """One sparse picture: mean luma 0..255, difference to the picture before 0..1, faces in display pixels."""

    at_ms: int
    brightness: float
    difference: float
    faces: list[Face]
    persons: list[Person] = []
    """Looked for where no face was found."""
    screen: float | None = None
    """How surely it shows a screen or a slide, 0..1; None where that was not measured."""


class ShotChange(Value, frozen=True, kw_only=True):
    """A change of shot between two looked-at pictures: somewhere in ``(after_ms, at_ms]``.

    ``exact``: every picture there was looked at; the new shot begins at ``at_ms``, and ``kind`` says how.
    """

    at_ms: int
    after_ms: int
    strength: float
    kind: TransitionKind | None = None
    exact: bool = False


class SeenSpan(Value, frozen=True, kw_only=True):
    """What look saw in one span."""

    ordinal: int
    range: TimeRange
    pictures: list[SeenPicture]
    shots: list[ShotChange]
    thumbnails: list[Thumbnail]
    model: str
    compute_ms: int
    not_looked_at: list[TimeRange] = []
    """Stretches in which the shot changed somewhere, and that nobody looked at picture by picture."""


class Thumbnail(Value, frozen=True, kw_only=True):
    """A small JPEG of the source at a time."""

    at_ms: int
    image: ObjectRef


class Transcript(Value, frozen=True, kw_only=True):
    """The whole project's words on one time line."""

    language: str | None
    language_probability: float
    duration_ms: int
    words: list[Word]
    """All words, in order of time."""
    segments: list[Segment]
    """Sentence-like runs of words, in order of time."""
    speech: list[TimeRange]
    """Stretches in which somebody speaks."""
    model: str
    missing: list[TimeRange] = []
    """Stretches whose span was given up."""
    project_title: str = ""
    """What its owner called the project: here because events hold no customers' words, and search shows it."""
    project_created_at: dt.datetime | None = None
    """When the project was made: search filters and sorts by it. Absent in transcripts older than this."""
    sounds: ObjectRef | None = None
    """The project's `Sounds`; None where there are none."""
    without_words: str = ""
    """Why there is no word, and so no caption, in a sentence; empty where there are words."""
    diarization: Diarization | None = None
    """Who speaks when; absent where no voice was heard, or they could not be told apart."""
    version: int = 1
    """1 is the machine's; each correction by a person makes the next."""
    meaning: SentenceRows | None = None
    """What its segments mean, by their texts; absent where the sentence model knows no word of it, or was away."""
    script: ScriptReport | None = None
    """Where the caller gave the words: how they compare with what is said."""
    rejected: list[Rejected] = []
    """What was recognised and is not believed: no word of it is in ``words``."""
    tracks: dict[str, ObjectRef] = {}
    """Further transcripts of the same by language, e.g. ``en``: translations that were asked for."""


class FaceSample(Value, frozen=True, kw_only=True):
    """Where one tracked face is at one looked-at picture."""

    at_ms: int
    face: Face
    eyes: float | None = None
    """How open its eyes are, 0..1; None where that is not known."""
    standing: float | None = None
    """How much of the clip is this person's, in time on screen and words, beside whoever has most; None: not told."""


class FaceTrack(Value, frozen=True, kw_only=True):
    """One face followed inside one shot."""

    track: int
    shot: int
    samples: list[FaceSample]


class ShotLook(Value, frozen=True, kw_only=True):
    """What a shot shows where no face decides. ``columns`` and ``rows`` (32 each, left to right and top to bottom of
    the display picture): shares of detail and movement, sum 1. ``blocks``: mean luma of 9 × 16 blocks, row by row; it
    tells camera angles apart.
    """

    shot: int
    columns: list[float]
    rows: list[float]
    blocks: list[int]
    screen: float | None = None
    """How surely it shows a screen or a slide, 0..1; None where that was not measured."""
    content: CropBox | None = None
    """The picture inside of black bars; None where there are none, or nobody looked for them."""


class ClipTracks(Value, frozen=True, kw_only=True):
    """What frame saw in a stretch of the source, whatever the aspect: exact shots and face tracks."""

    clip_id: str
    range: TimeRange
    shots: list[TimeRange]
    tracks: list[FaceTrack]
    pictures_looked_at: int
    model: str
    compute_ms: int
    looks: list[ShotLook] = []
    transitions: list[Transition] = []
    """How each shot gives way to the next: ``shots`` meet at their ``at_ms``."""
    mouths: list[Mouth] = []
    voice: VoiceCurve | None = None
    turns: list[SpeakingTurn] = []
    """Who of the faces speaks when, from ``mouths`` and ``voice`` together."""
    persons: list[PersonSample] = []
    """Some of the pictures without a face, and who is seen there."""
    letters: list[Letters] = []
    """Lines that stand in the picture: titles, signs, names that were laid over it."""


class ShotCrop(Value, frozen=True, kw_only=True):
    """How one shot of the clip is framed, and why."""

    range: TimeRange
    mode: Mode
    crop: CropBox
    """What is shown of the source; where ``path`` or ``panes`` tell more, the part around all of it."""
    reason: str
    shows: Shows = ""
    path: list[PathKey] = []
    """Where the crop is, of one that moves; in order of time."""
    panes: list[Pane] = []
    """From the top, where several parts are shown at once."""
    above: float = 0.5
    """Where all of a picture stands on a higher ground: the share of what is left that is above it."""
    content: CropBox | None = None
    """What lies inside of the source's black bars; None: all of the picture."""


class FramePlan(Value, frozen=True, kw_only=True):
    """The crop of each shot of one export."""

    clip_id: str
    aspect: Aspect
    range: TimeRange
    source_width: int
    source_height: int
    shots: list[ShotCrop]
    faces: list[FaceSample] = []
    """At each look the largest face that is mostly in the crop, or in each pane, in display pixels: for the thumbnail,
    and for captions to keep off.
    """
    model: str = ""
    """What looked at the pictures."""
    expected: list[FaceExpectation] = []
    """At each look the face that the crop ought to hold; what the certificate holds the crops against."""
    safer: list[ShotCrop] = []
    """The same shots with still crops and blurred grounds alone: for another try, where the first is not good."""
    safer_faces: list[FaceSample] = []
    """As ``faces``, of the safer shots."""
    letters: list[Letters] = []
    """Lines that stand in the source, for captions to keep off."""
    signs: list[Letters] = []
    """Those of them that no crop may cut: titles, signs and names; what the certificate holds the crops against."""


class CaptionCue(Value, frozen=True, kw_only=True):
    """The words shown together; each lights up in its own time. Times count from the clip's first picture."""

    start_ms: int
    end_ms: int
    words: list[Word]
    doubtful: bool = False
    """Shown dimmer, behind a mark."""


class Certificate(Value, frozen=True, kw_only=True):
    """What was measured on the finished file."""

    width_px: int
    height_px: int
    duration_ms: int
    frames: int
    """Number of pictures."""
    frame_rate: float
    """Pictures per second."""
    integrated_lufs: float | None
    """Integrated loudness (EBU R 128); null without sound."""
    true_peak_dbtp: float | None
    """True peak in dBTP; null without sound."""
    caption_cues: int
    """Number of captions shown."""
    encoder: str
    """Video encoder."""
    framed_by: str = ""
    """What looked at the pictures to place the crop."""
    framing: list[Framing] = []
    """What the picture holds on, stretch by stretch, on the time line of the project."""
    warnings: list[str] = []
    checks: list[Check] = []
    """What was measured, each held against its limit; none in certificates older than this."""
    verdict: Verdict | None = None
    """The worst of the checks."""
    sound: SoundReport | None = None
    """What was done to the sound; None in certificates older than this, and where there is none."""
    tries: int = 1
    """2: a check failed that a safer plan may help, so it was made once more."""
    safer: list[str] = []
    """What was made simpler in this file than was asked for; empty where it is as asked for."""
    other_try: OtherTry | None = None
    """Of two tries the one that was not kept."""
    made_with: dict[str, str] = {}
    """Code, libraries, fonts, settings and inputs by name: what a replay is compared by. None in older ones."""
    recipe: str = ""
    """One name for all that goes into the files: an export of the same clip with the same one has the same files."""
    reused_from: str | None = None
    """The export whose files these are, where there was nothing to be made."""
    chunks: int = 0
    """In how many its pictures are encoded, each by itself; 0: in one piece, or an older export."""
    chunks_reused: int = 0
    """Of which so many were taken from earlier exports of the clip."""


class ExportFiles(Value, frozen=True, kw_only=True):
    """The objects of one finished export. Subtitle files are absent where nothing is said."""

    video: ObjectRef
    thumbnail: ObjectRef
    srt: ObjectRef | None = None
    vtt: ObjectRef | None = None
    ass: ObjectRef | None = None
    ttml: ObjectRef | None = None
    txt: ObjectRef | None = None
    tracks: dict[str, dict[str, ObjectRef]] = {}
    """Subtitles in further languages: by code, then by kind."""
    stems: dict[str, ObjectRef] = {}
    """By name, where they were asked for."""
    thumbnails: list[ClipThumbnail] = []
    """Candidates, best first: ``thumbnail`` is the first."""
    storyboard: Storyboard | None = None


def encode_document(document: Value) -> bytes:
    """Store form of a document: JSON with sorted keys, so equal content has equal bytes."""
    return msgspec.json.encode(document, order="sorted")
