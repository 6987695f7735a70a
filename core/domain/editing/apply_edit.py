"""A clip's next edit after the operations that a person asked for. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby, pairwise
from typing import Any

import msgspec

from core.domain.editing import edit_operations as ops
from core.domain.editing.clock import hull, length_ms, place_segments
from core.domain.editing.cut_points import Gaps
from core.domain.editing.cuts import ImpossibleError, around, free_id, without
from core.domain.subtitles.cues import clean
from core.domain.transcripts.corrections import BadEditError
from schemas.common import CropBox, TimeRange, Value, Word
from schemas.documents.edit import (
    MAX_SEGMENTS,
    MAX_TEXTS,
    MIN_SEGMENT_MS,
    CaptionStyle,
    CaptionText,
    EditList,
    EditSegment,
)
from schemas.options.caption_template import templates, version_of
from schemas.options.caption_template_overrides import TemplateOverrides, broken_overrides
from schemas.options.clip_look import merge_looks
from schemas.options.curation import CLIP_MS
from schemas.quantities import exactly, format_quantity, spoken_range

SHORTEST_MS = 1_000
"""A clip that plays shorter is none."""

_PLAYS = spoken_range(SHORTEST_MS, CLIP_MS[1], "ms")
MAX_LISTED_ITEMS = 20
"""Segments that a refusal lists."""
MIN_CROP_PX = 2
"""Least width and height of a crop: frames are encoded in pairs of pixels."""


class EditMaterial(Value, frozen=True, kw_only=True):
    """Inputs of an edit: words that may be cut, length and size of the source, earlier versions."""

    words: list[Word]
    duration_ms: int
    width_px: int
    """Size of the displayed picture, with `height_px`."""
    height_px: int
    transcript_version: int = 1
    versions: dict[int, EditList] = {}


def apply(edit: EditList, operations: Sequence[ops.Operation], material: EditMaterial) -> EditList:
    """The next version, after all operations in order. Raises BadEditError with the operation's index."""
    gaps = Gaps(material.words, material.duration_ms)
    result = edit
    for at, operation in enumerate(operations):
        try:
            result = _DO[type(operation)](result, operation, material, gaps)
            _check_count(result)
        except ImpossibleError as error:
            raise BadEditError(at, str(error), error.field) from None
    played_ms = length_ms(place_segments(result.segments))
    if not SHORTEST_MS <= played_ms <= CLIP_MS[1]:
        raise BadEditError(
            len(operations) - 1, f"A clip must play {_PLAYS}; this would be {exactly(round(played_ms), 'ms')}."
        )
    return msgspec.structs.replace(
        result, version=edit.version + 1, base_version=edit.version, transcript_version=material.transcript_version
    )


def _check_count(edit: EditList) -> None:
    if not edit.segments:
        raise ImpossibleError("Nothing would be left to play.")
    if len(edit.segments) > MAX_SEGMENTS:
        raise ImpossibleError(f"An edit has at most {MAX_SEGMENTS} segments; this would be {len(edit.segments)}.")
    if len(edit.captions) > MAX_TEXTS:
        raise ImpossibleError(f"An edit has at most {MAX_TEXTS} texts of its own.")
    for segment in edit.segments:
        if segment.range.length_ms / segment.speed < MIN_SEGMENT_MS:
            raise ImpossibleError(f"Segment {segment.segment_id} would play less than {exactly(MIN_SEGMENT_MS, 'ms')}.")


def is_same(edit: EditList, before: EditList) -> bool:
    """Whether two versions play and show the same, so that the later one says nothing new."""
    return all(getattr(edit, name) == getattr(before, name) for name in ("segments", "crops", "captions", "look"))


def _segment_index(edit: EditList, segment_id: str, field: str = "segment_id") -> int:
    for number, segment in enumerate(edit.segments):
        if segment.segment_id == segment_id:
            return number
    raise ImpossibleError(f"There is no segment {segment_id}: there are {', '.join(_ids(edit))}.", field)


def _ids(edit: EditList) -> list[str]:
    ids = [segment.segment_id for segment in edit.segments]
    return ids if len(ids) <= MAX_LISTED_ITEMS else [*ids[:MAX_LISTED_ITEMS], "…"]


def _with(edit: EditList, number: int, *new: EditSegment) -> EditList:
    """The segment at ``number`` gives way to others."""
    segments = [*edit.segments[:number], *new, *edit.segments[number + 1 :]]
    return msgspec.structs.replace(edit, segments=segments)


def _changed(edit: EditList, segment_id: str, **fields: Any) -> EditList:
    number = _segment_index(edit, segment_id)
    return _with(edit, number, msgspec.structs.replace(edit.segments[number], **fields))


def _range_within_gaps(start_ms: int, end_ms: int, gaps: Gaps) -> TimeRange:
    start, end = gaps.nearest(start_ms), gaps.nearest(end_ms)
    if end <= start:
        detail = f"Between {_format_time(start_ms)} and {_format_time(end_ms)} there is no gap between words to cut in."
        raise ImpossibleError(detail, "end_ms")
    return TimeRange(start_ms=start, end_ms=end)


def _trim(edit: EditList, operation: ops.Trim, material: EditMaterial, gaps: Gaps) -> EditList:
    old = edit.segments[_segment_index(edit, operation.segment_id)].range
    fields = ("start_ms" if operation.end_ms is None else "end_ms", "end_ms")
    start = old.start_ms if operation.start_ms is None else operation.start_ms
    end = old.end_ms if operation.end_ms is None else operation.end_ms
    _check_inside(start, end, material, *fields)
    start = old.start_ms if operation.start_ms is None else gaps.nearest(start)
    end = old.end_ms if operation.end_ms is None else gaps.nearest(end)
    if end <= start:
        detail = f"Between {_format_time(start)} and {_format_time(end)} nothing would be left of the segment."
        raise ImpossibleError(detail, fields[0])
    return _changed(edit, operation.segment_id, range=TimeRange(start_ms=start, end_ms=end))


def _check_inside(
    start_ms: int, end_ms: int, material: EditMaterial, ordered: str = "end_ms", inside: str = "end_ms"
) -> None:
    """Raise for a range beyond the source, or without length; the last two arguments are field names."""
    if end_ms > material.duration_ms:
        raise ImpossibleError(_beyond(end_ms, material), inside)
    if end_ms <= start_ms:
        raise ImpossibleError(
            f"The end must lie behind the start: {_format_time(start_ms)} to {_format_time(end_ms)} has no length.",
            ordered,
        )


def _beyond(at_ms: int, material: EditMaterial) -> str:
    possible = spoken_range(0, material.duration_ms, "ms")
    ends = f"The source ends at {format_quantity(material.duration_ms, 'ms')}"
    return f"{ends}: {possible} is possible, not {_format_time(at_ms)}."


def _format_time(at_ms: int) -> str:
    return exactly(at_ms, "ms")


def _delete_words(edit: EditList, operation: ops.DeleteWords, material: EditMaterial, gaps: Gaps) -> EditList:
    if not operation.first_word < operation.end_word <= len(material.words):
        raise ImpossibleError(
            f"`first_word` to `end_word` must be a run of the {len(material.words)} words.", "end_word"
        )
    run = material.words[operation.first_word : operation.end_word]
    starts = sorted(word.start_ms for word in run)
    if not any(
        bisect_left(starts, segment.range.start_ms) < bisect_left(starts, segment.range.end_ms)
        for segment in edit.segments
    ):
        raise ImpossibleError("None of these words is played.", "first_word")
    cut = around(run, gaps)
    if cut is None:
        raise ImpossibleError("Somebody speaks at the same time: these words cannot be cut out alone.")
    return without(edit, [cut], gaps)


def _drop_fillers(edit: EditList, _: ops.DropFillers, material: EditMaterial, gaps: Gaps) -> EditList:
    played = hull(place_segments(edit.segments))
    near = [word for word in material.words if played.start_ms <= word.start_ms < played.end_ms]
    runs = [list(run) for filler, run in groupby(near, key=lambda word: word.filler) if filler]
    cut = [around(run, gaps) for run in runs]
    return without(edit, [time for time in cut if time is not None], gaps)


def _drop_pauses(edit: EditList, operation: ops.DropPauses, _: EditMaterial, gaps: Gaps) -> EditList:
    if operation.leave_ms > operation.longer_than_ms:
        raise ImpossibleError("`leave_ms` is more than `longer_than_ms`: pauses would not become shorter.", "leave_ms")
    half = operation.leave_ms // 2
    long = [gap for gap in gaps.inner() if gap.length_ms > operation.longer_than_ms]
    cut = [TimeRange(start_ms=gap.start_ms + half, end_ms=gap.end_ms - (operation.leave_ms - half)) for gap in long]
    return without(edit, cut, gaps)


def _split(edit: EditList, operation: ops.Split, _: EditMaterial, gaps: Gaps) -> EditList:
    number = _segment_index(edit, operation.segment_id)
    segment, at_ms = edit.segments[number], gaps.nearest(operation.at_ms)
    if not segment.range.start_ms < operation.at_ms < segment.range.end_ms:
        plays = spoken_range(segment.range.start_ms, segment.range.end_ms, "ms")
        at = _format_time(operation.at_ms)
        detail = f"Segment {segment.segment_id} plays {plays}: split it between, not at {at}."
        raise ImpossibleError(detail, "at_ms")
    if not segment.range.start_ms < at_ms < segment.range.end_ms:
        raise ImpossibleError(
            f"Segment {segment.segment_id} has no gap between words near {_format_time(operation.at_ms)}.", "at_ms"
        )
    first = msgspec.structs.replace(segment, range=TimeRange(start_ms=segment.range.start_ms, end_ms=at_ms))
    second = msgspec.structs.replace(
        segment, segment_id=free_id(edit.segments), range=TimeRange(start_ms=at_ms, end_ms=segment.range.end_ms)
    )
    return _with(edit, number, first, second)


def _join(edit: EditList, operation: ops.Join, _: EditMaterial, __: Gaps) -> EditList:
    number = _segment_index(edit, operation.segment_id)
    if number + 1 == len(edit.segments):
        raise ImpossibleError(f"No segment is played after {operation.segment_id}.", "segment_id")
    segment, following = edit.segments[number : number + 2]
    if following.range.start_ms < segment.range.end_ms:
        raise ImpossibleError(
            f"{following.segment_id} does not come after {segment.segment_id} in the source: they cannot be one."
        )
    if any(getattr(segment, name) != getattr(following, name) for name in ("speed", "muted", "gain_db", "style")):
        raise ImpossibleError(
            f"{segment.segment_id} and {following.segment_id} differ in speed, sound or style: make them equal first."
        )
    time = TimeRange(start_ms=segment.range.start_ms, end_ms=following.range.end_ms)
    joined = msgspec.structs.replace(segment, range=time)
    segments = [*edit.segments[:number], joined, *edit.segments[number + 2 :]]
    return msgspec.structs.replace(edit, segments=segments)


def _put(edit: EditList, segment: EditSegment, before: str | None) -> EditList:
    place = len(edit.segments) if before is None else _segment_index(edit, before, "before")
    return msgspec.structs.replace(edit, segments=[*edit.segments[:place], segment, *edit.segments[place:]])


def _move(edit: EditList, operation: ops.Move, _: EditMaterial, __: Gaps) -> EditList:
    number = _segment_index(edit, operation.segment_id)
    if operation.before == operation.segment_id:
        raise ImpossibleError("A segment cannot be played before itself.", "before")
    return _put(_with(edit, number), edit.segments[number], operation.before)


def _insert(edit: EditList, operation: ops.Insert, material: EditMaterial, gaps: Gaps) -> EditList:
    _check_inside(operation.start_ms, operation.end_ms, material)
    time = _range_within_gaps(operation.start_ms, operation.end_ms, gaps)
    return _put(edit, EditSegment(segment_id=free_id(edit.segments), range=time), operation.before)


def _remove(edit: EditList, operation: ops.Remove, _: EditMaterial, __: Gaps) -> EditList:
    return _with(edit, _segment_index(edit, operation.segment_id))


def _crop(edit: EditList, operation: ops.Crop, material: EditMaterial, _: Gaps) -> EditList:
    if any(previous.at_ms >= following.at_ms for previous, following in pairwise(operation.keys)):
        raise ImpossibleError("Key frames stand in order of time, each at a time of its own.", "keys")
    for number, key in enumerate(operation.keys):
        if key.at_ms > material.duration_ms:
            raise ImpossibleError(_beyond(key.at_ms, material), f"keys/{number}/at_ms")
        _check_crop(key.crop, material, f"keys/{number}/crop")
    crops = {aspect: keys for aspect, keys in edit.crops.items() if aspect != operation.aspect}
    return msgspec.structs.replace(edit, crops=crops | ({operation.aspect: operation.keys} if operation.keys else {}))


def _check_crop(crop: CropBox, material: EditMaterial, field: str) -> None:
    """Raises for a crop that is not wholly inside the picture."""
    picture = f"The picture is {material.width_px} × {material.height_px} pixels"
    sides = (
        ("x", "width", crop.x, crop.width, material.width_px),
        ("y", "height", crop.y, crop.height, material.height_px),
    )
    for start, length, at_px, long_px, most_px in sides:
        if long_px < MIN_CROP_PX or long_px > most_px:
            detail = f"{picture}: the `{length}` of a crop must be from {MIN_CROP_PX} to {most_px}, not {long_px}."
            raise ImpossibleError(detail, f"{field}/{length}")
        if not 0 <= at_px <= most_px - long_px:
            rule = (
                f"with `{length}` {long_px} the `{start}` of a crop must be from 0 to {most_px - long_px}, not {at_px}."
            )
            raise ImpossibleError(f"{picture}: {rule}", f"{field}/{start}")


def _text(edit: EditList, operation: ops.Text, material: EditMaterial, _: Gaps) -> EditList:
    _check_inside(operation.start_ms, operation.end_ms, material)
    time = TimeRange(start_ms=operation.start_ms, end_ms=operation.end_ms)
    captions = [caption for caption in edit.captions if not caption.range.overlap_ms(time)]
    new = [] if operation.text is None else [CaptionText(range=time, text=clean(operation.text))]
    return msgspec.structs.replace(edit, captions=sorted([*captions, *new], key=lambda caption: caption.range.start_ms))


def _look(edit: EditList, operation: ops.Look, _: EditMaterial, __: Gaps) -> EditList:
    """The caller checks kit, language and overrides: they depend on the organisation's rows."""
    return msgspec.structs.replace(edit, look=merge_looks(edit.look, operation.look))


def _restore(_: EditList, operation: ops.Restore, material: EditMaterial, __: Gaps) -> EditList:
    if operation.version not in material.versions:
        raise ImpossibleError(f"There is no version {operation.version}.", "version")
    return material.versions[operation.version]


def _set(edit: EditList, operation: Any, _: EditMaterial, __: Gaps) -> EditList:
    """Speed, mute and gain: a field of a segment, by its own name."""
    fields = {name: getattr(operation, name) for name in ("speed", "muted", "gain_db") if hasattr(operation, name)}
    return _changed(edit, operation.segment_id, **fields)


def _style(edit: EditList, operation: ops.Style, _: EditMaterial, __: Gaps) -> EditList:
    if operation.template is None:
        if operation.overrides != TemplateOverrides():
            raise ImpossibleError("`overrides` change a template: `template` must name it.", "template")
        return _changed(edit, operation.segment_id, style=None)
    if operation.template not in templates():
        raise ImpossibleError(f"It must be one of {', '.join(sorted(templates()))}.", "template")
    for path, rule in broken_overrides(templates()[operation.template], operation.overrides).items():
        raise ImpossibleError(f"It must be {rule}.", f"overrides/{path}")
    style = CaptionStyle(
        template=operation.template, template_version=version_of(operation.template), overrides=operation.overrides
    )
    return _changed(edit, operation.segment_id, style=style)


_DO: Mapping[type, Callable[[EditList, Any, EditMaterial, Gaps], EditList]] = {
    ops.Trim: _trim,
    ops.DeleteWords: _delete_words,
    ops.DropFillers: _drop_fillers,
    ops.DropPauses: _drop_pauses,
    ops.Split: _split,
    ops.Join: _join,
    ops.Move: _move,
    ops.Insert: _insert,
    ops.Remove: _remove,
    ops.Speed: _set,
    ops.Mute: _set,
    ops.Gain: _set,
    ops.Style: _style,
    ops.Crop: _crop,
    ops.Text: _text,
    ops.Look: _look,
    ops.Restore: _restore,
}
