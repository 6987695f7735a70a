"""What an export is made of and came to: cues, segments, audio report, thumbnails, certificate, files. Pure data."""

from __future__ import annotations

from schemas.common import ObjectRef, Value, Word
from schemas.documents.quality import Check, OtherTry, Verdict
from schemas.documents.scene import Framing


class SpeakerLevel(Value, frozen=True, kw_only=True):
    """How loud somebody spoke in the source, and how that was changed before the programme's own gain."""

    speaker: str
    lufs: float
    """Loudness of the speaker in the source."""
    gain_db: float
    """Gain that was applied to the speaker."""


class SoundReport(Value, frozen=True, kw_only=True):
    """From the source's sound to the file's."""

    source_lufs: float | None
    """None where nothing was loud enough to measure."""
    gain_db: float
    """Of the whole, before the limiter."""
    speakers: list[SpeakerLevel] = []
    """Those whose loudness was changed; none where all speak alike, one speaks, or nobody knows who."""
    clicks: int = 0
    """That were repaired."""
    track: int | None = None
    """Which of the source's audio tracks was heard, in the file's order from 1; None where that was not counted."""
    tracks: int = 1
    """Number of audio tracks of the source."""


class ThumbnailScores(Value, frozen=True, kw_only=True):
    """What was measured on one picture, each 0..1 but for the time; None where there is no face, or it is not known."""

    at_ms: int
    """Of the clip."""
    score: float
    """All of it together: the first candidate has the highest."""
    sharp: float
    """Of the face where there is one, else of the picture."""
    contrast: float
    """Contrast between 0 and 1."""
    face_size: float | None = None
    """1 from a quarter of the picture's height on."""
    eyes_open: float | None = None
    """How open the eyes are, between 0 and 1."""


class ClipThumbnail(ThumbnailScores, frozen=True, kw_only=True):
    """A candidate that is stored."""

    image: ObjectRef


class Sprite(Value, frozen=True, kw_only=True):
    """A grid of small pictures of the clip, row by row, one each ``step_ms`` from its start."""

    tile_width: int
    tile_height: int
    columns: int
    count: int
    step_ms: float
    length_ms: float


class Storyboard(Sprite, frozen=True, kw_only=True):
    """A sprite that is stored."""

    image: ObjectRef


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


class Chunk(Value, frozen=True, kw_only=True):
    """A run of pictures that was encoded by itself."""

    key: str
    """SHA-256 of all that decides its pictures and their encoding, apart from the export's ``ground`` and threads."""
    first: int
    """Number of its first picture in the file."""
    slots: int
    digest: str
    """SHA-256 of its packets as they stand in the file."""


class Chunks(Value, frozen=True, kw_only=True):
    """Those of an export whose pictures came from the source as its index says."""

    ground: str
    """SHA-256 of what all its chunks share: source, code, libraries, settings of the encoder, brand kit."""
    threads: int
    """Of the encoder: others give other bytes."""
    chunks: list[Chunk]
