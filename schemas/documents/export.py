"""An export's parts and results: cues, files, thumbnails, audio report, certificate. Pure data."""

from __future__ import annotations

import msgspec

from schemas.common import ObjectRef, Value, Word
from schemas.documents.quality import Check, OtherTry, Verdict
from schemas.documents.scene import Framing


class SpeakerLevel(Value, frozen=True, kw_only=True):
    """A speaker's loudness in the source, and the gain applied before the programme's own."""

    speaker: str
    lufs: float
    """Loudness of the speaker in the source."""
    gain_db: float
    """Gain that was applied to the speaker."""


class SoundReport(Value, frozen=True, kw_only=True):
    """The change of the sound from the source to the file."""

    source_lufs: float | None
    """Null if no part was loud enough to measure."""
    gain_db: float
    """Gain of the whole clip, before the limiter."""
    speakers: list[SpeakerLevel] = []
    """Speakers whose level was changed; empty with one speaker, equal levels or unknown speakers."""
    clicks: int = 0
    """Clicks that were repaired."""
    track: int | None = None
    """The source's audio track that was used, counted from 1 in the file's order; null in older reports."""
    tracks: int = 1
    """Number of audio tracks of the source."""


class ThumbnailScores(Value, frozen=True, kw_only=True):
    """Scores of one frame, 0..1 but for the time; null without a face."""

    at_ms: int
    """Clip time."""
    score: float
    """The combined score: the first candidate has the highest."""
    sharp: float
    """Sharpness of the face, or of the frame without a face."""
    contrast: float
    """Contrast between 0 and 1."""
    face_size: float | None = None
    """Height of the face; 1 from a quarter of the frame's height."""
    eyes_open: float | None = None
    """How open the eyes are, between 0 and 1."""


class ClipThumbnail(ThumbnailScores, frozen=True, kw_only=True):
    """A stored candidate."""

    image: ObjectRef


class Sprite(Value, frozen=True, kw_only=True):
    """A grid of small frames of the clip, row by row, one every ``step_ms`` from its start."""

    tile_width: int
    tile_height: int
    columns: int
    count: int
    step_ms: float
    length_ms: float


class Storyboard(Sprite, frozen=True, kw_only=True):
    """A stored sprite."""

    image: ObjectRef


class CaptionCue(Value, frozen=True, kw_only=True):
    """Words shown together, each highlighted at its own time. Times count from the clip's first frame."""

    start_ms: int
    end_ms: int
    words: list[Word]
    doubtful: bool = False
    """Shown dimmed, after a mark."""


class Certificate(Value, frozen=True, kw_only=True):
    """Measurements of the finished file, and how it was made."""

    width_px: int
    height_px: int
    duration_ms: int
    frames: int
    """Number of frames."""
    frame_rate: float
    """Frames a second."""
    integrated_lufs: float | None
    """Integrated loudness (EBU R 128); null without sound."""
    true_peak_dbtp: float | None
    """True peak in dBTP; null without sound."""
    caption_cues: int
    """Number of captions shown."""
    encoder: str
    """Video encoder."""
    framed_by: str = ""
    """Detectors and models behind the framing."""
    framing: list[Framing] = []
    """Content of each range, in project time."""
    warnings: list[str] = []
    checks: list[Check] = []
    """Each check with its value and limit; empty in older certificates."""
    verdict: Verdict | None = None
    """The worst of the checks."""
    sound: SoundReport | None = None
    """How the sound was changed; null without sound, and in older certificates."""
    tries: int = 1
    """2: a check failed that a fallback plan may help, so the file was made a second time."""
    safer: list[str] = []
    """Parts of this file that are simpler than requested; empty if it is as requested."""
    other_try: OtherTry | None = None
    """The try that was not kept."""
    made_with: dict[str, str] = {}
    """Provenance: code, libraries, fonts, settings and inputs by name, which a replay compares."""
    recipe: str = ""
    """Hash of everything that decides the files: exports of a clip with the same recipe have the same files."""
    reused_from: str | None = None
    """The export whose files were reused as a whole."""
    chunks: int = 0
    """Number of segments that were encoded separately; 0: one piece, or an older export."""
    chunks_reused: int = 0
    """Number of those segments that came from earlier exports of the clip."""


class ExportFiles(Value, frozen=True, kw_only=True):
    """The objects of one finished export. Without speech there are no subtitle files."""

    video: ObjectRef
    thumbnail: ObjectRef
    srt: ObjectRef | None = None
    vtt: ObjectRef | None = None
    ass: ObjectRef | None = None
    ttml: ObjectRef | None = None
    txt: ObjectRef | None = None
    tracks: dict[str, dict[str, ObjectRef]] = {}
    """Subtitles in further languages, by language code, then by kind."""
    stems: dict[str, ObjectRef] = {}
    """Requested stems by name."""
    thumbnails: list[ClipThumbnail] = []
    """Candidates, best first; ``thumbnail`` is the first."""
    storyboard: Storyboard | None = None

    @property
    def size_bytes(self) -> int:
        """Bytes of all files; one that is named twice counts once."""
        return sum(_sizes_by_key(msgspec.to_builtins(self)).values())


def _sizes_by_key(value: object) -> dict[str, int]:
    """Sizes of the objects in plain values."""
    match value:
        case {"key": str(key), "sha256": str(), "size": int(size)}:
            return {key: size}
        case dict():
            return {key: size for inner in value.values() for key, size in _sizes_by_key(inner).items()}
        case list():
            return {key: size for inner in value for key, size in _sizes_by_key(inner).items()}
    return {}


class Chunk(Value, frozen=True, kw_only=True):
    """A run of frames that was encoded separately."""

    key: str
    """SHA-256 of everything that decides its frames and encoding, but the export's ``ground`` and threads."""
    first: int
    """Number of its first frame in the file."""
    slots: int
    digest: str
    """SHA-256 of its packets in the file."""


class Chunks(Value, frozen=True, kw_only=True):
    """The segments of an export whose frames came from the source at the times of its index."""

    ground: str
    """SHA-256 of what all segments share: source, code, libraries, encoder settings, brand kit."""
    threads: int
    """Encoder threads: another number gives other bytes."""
    chunks: list[Chunk]
