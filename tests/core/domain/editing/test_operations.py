"""Clip edits: every cut lies between words, only the requested words are lost, both clocks agree."""

from __future__ import annotations

import itertools
from time import process_time
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.editing import edit_operations as ops
from core.domain.editing.apply_edit import EditMaterial, apply, is_same
from core.domain.editing.clock import group_takes, hull, length_ms, output_time_ms, place_edit
from core.domain.editing.cut_points import MARGIN_MS, Gaps
from core.domain.editing.output_words import words_out
from core.domain.time_ranges import merge_ranges
from core.domain.transcripts.corrections import BadEditError
from schemas.common import CropBox, TimeRange, Word
from schemas.documents.edit import CaptionStyle, CropKey, EditList, EditSegment, is_single_unchanged_range, machine_edit
from schemas.options.caption_template import version_of
from schemas.options.caption_template_overrides import (
    ShapeOverrides,
    ShapesOverrides,
    TemplateOverrides,
    WrapOverrides,
)
from schemas.options.clip_look import ClipLook
from tests.core.domain.editing.edit_clocks import to_source

DURATION_MS = 60_000


def time(start_ms: int, end_ms: int) -> TimeRange:
    return TimeRange(start_ms=start_ms, end_ms=end_ms)


def timed_words(*spans: tuple[int, int], fillers: tuple[int, ...] = ()) -> list[Word]:
    return [
        Word(text=f"w{at}", start_ms=start, end_ms=end, probability=0.9, filler=at in fillers)
        for at, (start, end) in enumerate(spans)
    ]


WORDS = timed_words(
    (1_000, 1_300), (1_400, 1_700), (1_700, 2_000), (2_300, 2_500), (2_600, 3_000), (4_000, 4_400), (4_500, 5_000),
    (5_080, 5_600), fillers=(3,),
)  # fmt: skip
CLIP = machine_edit(time(800, 6_000))
WIDE = {"x": 0, "y": 0, "width": 1920, "height": 1080}
WHOLE = CropBox(**WIDE)
FEWER = TemplateOverrides(wrap=WrapOverrides(max_words=2))
TOO_LOW = TemplateOverrides(shapes=ShapesOverrides(tall=ShapeOverrides(y=0.99)))
SOURCE: dict[str, Any] = {"duration_ms": DURATION_MS, "width_px": 1920, "height_px": 1080}
MATERIAL = EditMaterial(words=WORDS, transcript_version=3, **SOURCE)


def done(*operations: ops.Operation, edit: EditList = CLIP, material: EditMaterial = MATERIAL) -> EditList:
    return apply(edit, operations, material)


def ranges(edit: EditList) -> list[tuple[int, int]]:
    return [(one.range.start_ms, one.range.end_ms) for one in edit.segments]


def played_texts(edit: EditList, words: list[Word] = WORDS) -> list[str]:
    return [word.text for word in words_out(words, place_edit(edit))]


def refused(*operations: ops.Operation, edit: EditList = CLIP, material: EditMaterial = MATERIAL) -> BadEditError:
    with pytest.raises(BadEditError) as caught:
        done(*operations, edit=edit, material=material)
    return caught.value


def test_the_first_version_is_the_clip_itself() -> None:
    assert (CLIP.version, ranges(CLIP), is_single_unchanged_range(CLIP)) == (1, [(800, 6_000)], True)


def test_a_new_version_names_its_base_and_transcript() -> None:
    edit = done(ops.Mute(segment_id="s1"))
    assert (edit.version, edit.base_version, edit.transcript_version) == (2, 1, 3)
    assert not is_single_unchanged_range(edit)


def test_ends_move_to_gaps_between_words_both_ways() -> None:
    assert ranges(done(ops.Trim(segment_id="s1", start_ms=1_500))) == [(1_350, 6_000)]
    assert ranges(done(ops.Trim(segment_id="s1", end_ms=4_900))) == [(800, 5_040)]
    assert ranges(done(ops.Trim(segment_id="s1", start_ms=0, end_ms=30_000))) == [(0, 30_000)]


def test_deleted_words_are_gone_and_their_neighbours_whole() -> None:
    edit = done(ops.DeleteWords(first_word=1, end_word=3))
    assert played_texts(edit) == ["w0", "w3", "w4", "w5", "w6", "w7"]
    assert ranges(edit) == [(800, 1_350), (2_060, 6_000)], "of the two pauses the longer stays"
    assert [one.segment_id for one in edit.segments] == ["s1", "s2"]
    words = words_out(WORDS, place_edit(edit))
    assert [word.end_ms - word.start_ms for word in words] == [300, 200, 400, 400, 500, 520]


def test_the_first_and_last_words_can_be_deleted() -> None:
    edit = done(ops.DeleteWords(first_word=0, end_word=1), ops.DeleteWords(first_word=7, end_word=8))
    assert played_texts(edit) == ["w1", "w2", "w3", "w4", "w5", "w6"]


def test_fillers_and_long_pauses_go() -> None:
    edit = done(ops.DropFillers(), ops.DropPauses())
    assert played_texts(edit) == ["w0", "w1", "w2", "w4", "w5", "w6", "w7"]
    played = words_out(WORDS, place_edit(edit))
    assert played[4].start_ms - played[3].end_ms == 250


def test_nothing_to_drop_changes_nothing() -> None:
    plain_words = EditMaterial(words=timed_words((1_000, 1_300), (1_400, 1_700)), **SOURCE)
    edit = done(ops.DropFillers(), ops.DropPauses(), material=plain_words)
    assert edit.segments == CLIP.segments


def test_a_join_undoes_a_split() -> None:
    split = done(ops.Split(segment_id="s1", at_ms=3_500))
    assert ranges(split) == [(800, 3_500), (3_500, 6_000)]
    assert done(ops.Join(segment_id="s1"), edit=split).segments == CLIP.segments


def test_a_pause_is_a_better_place_than_between_words_that_touch() -> None:
    touching = timed_words((1_000, 1_500), (1_500, 2_000), (2_000, 2_500), (2_700, 3_000))
    gaps = Gaps(touching, DURATION_MS)
    assert [gaps.nearest(at) for at in (1_990, 2_300, 1_520, 1_600)] == [2_000, 2_560, 1_500, 1_500]
    assert gaps.nearest(2_200) == 2_560, "2,000 is nearer, and in mid-phrase"


def test_the_source_goes_on_in_a_take_and_not_from_one_to_the_next() -> None:
    edit = done(ops.DeleteWords(first_word=1, end_word=3), ops.Insert(start_ms=20_000, end_ms=22_000, before="s1"))
    assert [[piece.segment_id for piece in take] for take in group_takes(place_edit(edit))] == [
        ["s3"],
        ["s1", "s2"],
    ]


def test_a_split_never_falls_into_a_word() -> None:
    assert ranges(done(ops.Split(segment_id="s1", at_ms=4_100))) == [(800, 3_940), (3_940, 6_000)]


def test_a_join_takes_a_cut_back() -> None:
    cut = done(ops.DeleteWords(first_word=1, end_word=3))
    assert done(ops.Join(segment_id="s1"), edit=cut).segments == CLIP.segments


def test_segments_change_places_come_and_go() -> None:
    edit = done(ops.Split(segment_id="s1", at_ms=3_500), ops.Move(segment_id="s2", before="s1"))
    assert ranges(edit) == [(3_500, 6_000), (800, 3_500)]
    assert played_texts(edit) == ["w5", "w6", "w7", "w0", "w1", "w2", "w3", "w4"]
    assert ranges(done(ops.Move(segment_id="s2"), edit=edit)) == [(800, 3_500), (3_500, 6_000)]
    more = done(ops.Insert(start_ms=10_000, end_ms=12_000, before="s1"), edit=edit)
    assert [one.segment_id for one in more.segments] == ["s2", "s3", "s1"]
    assert ranges(done(ops.Remove(segment_id="s1"), edit=more)) == [(3_500, 6_000), (10_000, 12_000)]


def test_speed_mute_and_gain_are_a_segments_own() -> None:
    edit = done(
        ops.Split(segment_id="s1", at_ms=3_500),
        ops.Speed(segment_id="s1", speed=2.0),
        ops.Mute(segment_id="s2"),
        ops.Gain(segment_id="s2", gain_db=-6),
    )
    assert edit.segments[0].speed == 2
    assert (edit.segments[1].speed, edit.segments[1].muted, edit.segments[1].gain_db) == (1, True, -6)
    assert length_ms(place_edit(edit)) == 2_700 / 2 + 2_500


def test_texts_replace_each_other_and_can_be_taken_back() -> None:
    edit = done(ops.Text(start_ms=1_000, end_ms=1_700, text=" Hello there "))
    assert [(one.range.start_ms, one.text) for one in edit.captions] == [(1_000, "Hello there")]
    edit = done(ops.Text(start_ms=1_500, end_ms=2_000, text=""), edit=edit)
    assert [one.text for one in edit.captions] == [""]
    assert done(ops.Text(start_ms=0, end_ms=6_000, text=None), edit=edit).captions == []


def test_texts_are_one_line_of_storable_visible_characters() -> None:
    edit = done(ops.Text(start_ms=1_000, end_ms=1_700, text="Hello\u0000\x1b\n-->\tthere \U0001f468\u200d\U0001f469"))
    assert [one.text for one in edit.captions] == ["Hello --> there \U0001f468\u200d\U0001f469"]


def test_key_frames_are_stored_by_aspect() -> None:
    keys = [CropKey(at_ms=at, crop=CropBox(x=at // 100, y=0, width=90, height=160)) for at in (800, 2_000)]
    edit = done(ops.Crop(aspect="9:16", keys=keys))
    assert edit.crops == {"9:16": keys}
    assert done(ops.Crop(aspect="9:16", keys=[]), edit=edit).crops == {}
    assert "order" in refused(ops.Crop(aspect="1:1", keys=keys[::-1])).detail
    wrong = msgspec.structs.replace(keys[0], crop=CropBox(x=-1, y=0, width=9, height=9))
    assert "crop" in refused(ops.Crop(aspect="1:1", keys=[wrong])).detail


def test_undo_and_redo_are_new_versions() -> None:
    second = done(ops.DeleteWords(first_word=1, end_word=3))
    known = msgspec.structs.replace(MATERIAL, versions={1: CLIP, 2: second})
    undone = apply(second, [ops.Restore(version=1)], known)
    assert (undone.version, undone.base_version, undone.segments) == (3, 2, CLIP.segments)
    redone = apply(undone, [ops.Restore(version=2)], known)
    assert (redone.version, redone.segments) == (4, second.segments)


@pytest.mark.parametrize(
    ("operation", "word"),
    [
        (ops.Trim(segment_id="s9", start_ms=1), "no segment s9"),
        (ops.Trim(segment_id="s1", end_ms=DURATION_MS + 1), "ends at"),
        (ops.Trim(segment_id="s1", start_ms=5_900, end_ms=900), "behind"),
        (ops.Trim(segment_id="s1", start_ms=5_850, end_ms=5_900), "less than"),
        (ops.DeleteWords(first_word=3, end_word=3), "run"),
        (ops.DeleteWords(first_word=7, end_word=99), "run"),
        (ops.DeleteWords(first_word=0, end_word=8), "Nothing"),
        (ops.DropPauses(longer_than_ms=300, leave_ms=400), "shorter"),
        (ops.Split(segment_id="s1", at_ms=100), "between"),
        (ops.Join(segment_id="s1"), "No segment"),
        (ops.Move(segment_id="s1", before="s1"), "itself"),
        (ops.Insert(start_ms=4_000, end_ms=4_100), "gap"),
        (ops.Remove(segment_id="s1"), "Nothing"),
        (ops.Text(start_ms=9, end_ms=9, text="x"), "behind"),
        (ops.Restore(version=7), "no version 7"),
        (ops.Style(segment_id="s9", template="minimal"), "no segment s9"),
        (ops.Style(segment_id="s1", template="comic"), "one of big_centre, bold_outline"),
        (ops.Style(segment_id="s1", overrides=FEWER), "must name it"),
        (ops.Style(segment_id="s1", template="minimal", overrides=TOO_LOW), "overrides/shapes/tall"),
        (ops.Speed(segment_id="s1", speed=4.0), None),
    ],
)
def test_an_invalid_operation_says_why(operation: ops.Operation, word: str | None) -> None:
    if word is None:
        assert length_ms(place_edit(done(operation))) == 1_300
        return
    error = refused(ops.Mute(segment_id="s1"), operation)
    assert error.at == 1
    assert word in f"{error.path}: {error.detail}"
    assert not error.field or error.field.split("/")[0] in operation.__struct_fields__


def test_a_clip_that_plays_too_long_or_short_is_refused() -> None:
    assert "180000" in refused(ops.Insert(start_ms=6_000, end_ms=59_000), ops.Speed(segment_id="s2", speed=0.25)).detail
    assert "1000" in refused(ops.Trim(segment_id="s1", start_ms=5_600, end_ms=6_200)).detail


def test_a_segment_has_its_own_style_until_it_is_reset() -> None:
    edit = done(ops.Split(segment_id="s1", at_ms=2_400), ops.Style(segment_id="s2", template="minimal"))
    assert [one.style and one.style.template for one in edit.segments] == [None, "minimal"]
    assert edit.segments[1].style == CaptionStyle(template="minimal", template_version=version_of("minimal"))
    assert [len(take) for take in group_takes(place_edit(edit))] == [1, 1], "no cue is of two styles"
    assert "speed, sound or style" in refused(ops.Join(segment_id="s1"), edit=edit).detail
    patched = done(ops.Style(segment_id="s2", template="minimal", overrides=FEWER), edit=edit).segments[1].style
    assert patched is not None
    assert patched.resolved().wrap.max_words == 2
    back = done(ops.Style(segment_id="s2"), ops.Join(segment_id="s1"), edit=edit)
    assert [one.style for one in back.segments] == [None]
    alone = done(ops.Style(segment_id="s1", template="minimal"))
    assert is_single_unchanged_range(CLIP)
    assert not is_single_unchanged_range(alone)
    split = done(ops.Split(segment_id="s1", at_ms=2_400), edit=alone)
    assert split.segments[0].style == split.segments[1].style is not None


BESIDE: tuple[tuple[ops.Operation, str, tuple[int, ...]], ...] = (
    (ops.Trim(segment_id="s1", end_ms=DURATION_MS + 1), "end_ms", (DURATION_MS,)),
    (ops.Trim(segment_id="s1", start_ms=DURATION_MS), "start_ms", ()),
    (ops.Trim(segment_id="s1", start_ms=6_000), "start_ms", ()),
    (ops.Insert(start_ms=0, end_ms=DURATION_MS + 1), "end_ms", (DURATION_MS,)),
    (ops.Insert(start_ms=DURATION_MS, end_ms=DURATION_MS), "end_ms", ()),
    (ops.Text(start_ms=0, end_ms=DURATION_MS + 1, text="a"), "end_ms", (DURATION_MS,)),
    (ops.Split(segment_id="s1", at_ms=800), "at_ms", (800, 6_000)),
    (ops.Split(segment_id="s1", at_ms=6_100), "at_ms", (800, 6_000)),
    (ops.Split(segment_id="s1", at_ms=2**42), "at_ms", (800, 6_000)),
    (ops.Crop(aspect="9:16", keys=[CropKey(at_ms=DURATION_MS + 1, crop=WHOLE)]), "keys/0/at_ms", (DURATION_MS,)),
    *(
        (
            ops.Crop(aspect="9:16", keys=[CropKey(at_ms=0, crop=WHOLE), CropKey(at_ms=9, crop=CropBox(**WIDE | box))]),
            path,
            told,
        )
        for box, path, told in (
            ({"x": -1}, "keys/1/crop/x", (0,)),
            ({"y": -1}, "keys/1/crop/y", (0,)),
            ({"x": 1}, "keys/1/crop/x", (0, 1920, 1080)),
            ({"width": 1921}, "keys/1/crop/width", (1920,)),
            ({"height": 1081}, "keys/1/crop/height", (1080,)),
            ({"x": 1915, "width": 6}, "keys/1/crop/x", (1914,)),
            ({"y": 1075, "height": 6}, "keys/1/crop/y", (1074,)),
            ({"width": 1}, "keys/1/crop/width", (2,)),
            ({"height": 0}, "keys/1/crop/height", (2,)),
            ({"width": 2**40}, "keys/1/crop/width", (1920,)),
        )
    ),
)


@pytest.mark.parametrize(("operation", "field", "bounds"), BESIDE)
def test_values_beyond_the_source_are_refused_with_bounds(
    operation: ops.Operation, field: str, bounds: tuple[int, ...]
) -> None:
    error = refused(ops.Mute(segment_id="s1"), operation)
    assert (error.at, error.field, error.path) == (1, field, f"1/{field}")
    assert all(str(bound) in error.detail for bound in bounds), error.detail


def test_each_time_and_box_is_tried_beyond_its_bounds() -> None:
    """Every field has a row in the table above, so a later one cannot be missed."""
    tried = {(type(one).__name__, field.split("/")[-1] if "crop" in field else field) for one, field, _ in BESIDE}
    lengths = {("DropPauses", "longer_than_ms"), ("DropPauses", "leave_ms")}
    fields = {
        (kind.__name__, name)
        for kind in get_args(ops.Operation)
        for name in kind.__struct_fields__
        if name.endswith("_ms")
    }
    assert fields - lengths - tried == {("Insert", "start_ms"), ("Text", "start_ms")}, "told by the end before it"
    assert {("Crop", name) for name in CropBox.__struct_fields__} <= tried
    assert ("Crop", "keys/0/at_ms") in tried


def test_the_edges_themselves_are_inside() -> None:
    edit = done(
        ops.Crop(aspect="9:16", keys=[CropKey(at_ms=DURATION_MS, crop=WHOLE)]),
        ops.Insert(start_ms=59_000, end_ms=DURATION_MS),
        ops.Text(start_ms=59_000, end_ms=DURATION_MS, text="a"),
    )
    assert edit.segments[-1].range.end_ms == DURATION_MS


NOTHING: tuple[ops.Operation, ...] = (
    ops.DropFillers(),
    ops.DropPauses(longer_than_ms=9_000),
    ops.Move(segment_id="s1"),
    ops.Trim(segment_id="s1"),
    ops.Trim(segment_id="s1", end_ms=6_000),
    ops.Speed(segment_id="s1", speed=1.0),
    ops.Mute(segment_id="s1", muted=False),
    ops.Gain(segment_id="s1", gain_db=0.0),
    ops.Style(segment_id="s1"),
    ops.Crop(aspect="1:1", keys=[]),
    ops.Text(start_ms=1_000, end_ms=2_000, text=None),
    ops.Restore(version=1),
)


@pytest.mark.parametrize("operation", NOTHING, ids=lambda one: type(one).__name__)
def test_an_operation_that_changes_nothing_says_so(operation: ops.Operation) -> None:
    plain_words = EditMaterial(words=timed_words((1_000, 1_300), (1_400, 1_700)), versions={1: CLIP}, **SOURCE)
    assert is_same(done(operation, material=plain_words), CLIP)
    assert not is_same(done(operation, ops.Mute(segment_id="s1"), material=plain_words), CLIP)


def test_operations_that_undo_each_other_change_nothing() -> None:
    there = [ops.Split(segment_id="s1", at_ms=2_400), ops.Join(segment_id="s1")]
    assert is_same(done(*there), CLIP)


def test_overlapping_words_are_not_cut_apart() -> None:
    both = timed_words((1_000, 1_500), (1_400, 2_000), (2_200, 2_400))
    material = EditMaterial(words=both, **SOURCE)
    with pytest.raises(BadEditError, match="same time"):
        apply(CLIP, [ops.DeleteWords(first_word=1, end_word=2)], material)
    assert played_texts(apply(CLIP, [ops.DeleteWords(first_word=0, end_word=2)], material), both) == ["w2"]


def test_source_and_output_times_convert_both_ways() -> None:
    edit = EditList(
        version=2,
        segments=[
            EditSegment(segment_id="s1", range=time(1_000, 2_000), speed=2.0),
            EditSegment(segment_id="s2", range=time(500, 1_500)),
        ],
    )
    played = place_edit(edit)
    assert [output_time_ms(piece, 1_200) for piece in played] == [100, 1_200]
    assert [to_source(played, at) for at in (0, 100, 500, 1_500, 9_999)] == [1_000, 1_200, 500, 1_500, 1_500]
    assert hull(played) == time(500, 2_000)
    assert merge_ranges(piece.source for piece in played) == [time(500, 2_000)]
    assert merge_ranges([time(5, 9), time(0, 2)]) == [time(0, 2), time(5, 9)]


Spans = st.lists(st.tuples(st.integers(0, 400), st.integers(20, 800)), min_size=2, max_size=30)


def laid_out(spans: list[tuple[int, int]]) -> list[Word]:
    """Words by the pause before each and its length."""
    placed, at_ms = [], 500
    for pause, length in spans:
        placed.append((at_ms + pause, at_ms + pause + length))
        at_ms += pause + length
    return timed_words(*placed, fillers=tuple(range(1, len(spans), 4)))


def is_inside(at_ms: int, words: list[Word]) -> bool:
    return any(word.start_ms < at_ms < word.end_ms for word in words)


@settings(max_examples=40)
@given(Spans, st.integers(0, DURATION_MS))
def test_a_cut_never_falls_into_a_word_and_stays_where_it_is(spans: list[tuple[int, int]], at_ms: int) -> None:
    words = laid_out(spans)
    gaps = Gaps(words, DURATION_MS)
    cut = gaps.nearest(at_ms)
    assert not is_inside(cut, words)
    assert gaps.nearest(cut) == cut
    for word, other in itertools.pairwise(words):
        if word.end_ms <= cut <= other.start_ms and other.start_ms - word.end_ms >= 2 * MARGIN_MS:
            assert min(cut - word.end_ms, other.start_ms - cut) >= MARGIN_MS


Wishes = st.lists(
    st.one_of(
        st.builds(lambda a, n: ops.DeleteWords(first_word=a, end_word=a + n), st.integers(0, 28), st.integers(1, 4)),
        st.just(ops.DropFillers()),
        st.just(ops.DropPauses(longer_than_ms=300)),
        st.builds(lambda at: ops.Split(segment_id="s1", at_ms=at), st.integers(0, 20_000)),
        st.builds(lambda at: ops.Move(segment_id=f"s{at}"), st.integers(1, 4)),
        st.builds(lambda at, end: ops.Trim(segment_id="s1", start_ms=at, end_ms=end),
                  st.integers(0, 9_000), st.integers(9_000, 20_000)),
    ),
    min_size=1, max_size=6,
)  # fmt: skip


@settings(max_examples=40)
@given(Spans, Wishes)
def test_no_edit_halves_a_word_and_the_clocks_agree(spans: list[tuple[int, int]], wishes: list[Any]) -> None:
    words = laid_out(spans)
    edit = machine_edit(time(0, 20_000))
    for wish in wishes:
        try:
            edit = apply(edit, [wish], EditMaterial(words=words, **SOURCE))
        except BadEditError:
            continue
    names = [one.segment_id for one in edit.segments]
    assert len(names) == len(set(names))
    played = place_edit(edit)
    ends = {at for one in edit.segments for at in (one.range.start_ms, one.range.end_ms)} - {0, 20_000}
    assert not any(is_inside(at, words) for at in ends)
    for piece, following in itertools.pairwise(played):
        assert piece.output_end_ms == following.output_start_ms
    for piece in played:
        middle = piece.output_start_ms + piece.output_ms / 2
        assert to_source(played, middle) == pytest.approx((piece.source.start_ms + piece.source.end_ms) / 2)
    lengths = {word.text: word.end_ms - word.start_ms for word in words}
    whole = [word for word in words_out(words, played) if word.end_ms <= 20_000]
    edges = [word for word in whole if word.end_ms - word.start_ms != lengths[word.text]]
    assert len(edges) <= 1, "only a word at the machine's own end may be cut"


def test_a_look_is_part_of_its_version() -> None:
    chosen = done(ops.Look(look=ClipLook(template="minimal")))
    cut = done(ops.DeleteWords(first_word=1, end_word=2), ops.Look(look=ClipLook(aspect="1:1")), edit=chosen)
    assert cut.look == ClipLook(template="minimal", aspect="1:1")
    assert not is_same(chosen, CLIP)
    assert is_single_unchanged_range(chosen), "it plays as before"
    known = EditMaterial(words=WORDS, versions={1: CLIP, 2: chosen}, **SOURCE)
    assert done(ops.Restore(version=1), edit=cut, material=known).look is None
    assert done(ops.Restore(version=2), edit=cut, material=known).look == chosen.look
    assert done(ops.Look(look=None), edit=chosen).look is None


def test_edits_of_a_long_source_take_little_time() -> None:
    """Six hours of speech and a clip of distant segments: a slow request would delay all callers of the API."""
    spans = [(360 * at, 360 * at + 240 - 40 * (at % 3)) for at in range(60_000)]
    words = timed_words(*spans, fillers=tuple(range(5, 60_000, 20)))
    material = EditMaterial(words=words, **SOURCE | {"duration_ms": 6 * 3_600_000})
    far = [(1_000 + 100_000 * at, 1_700 + 100_000 * at) for at in range(190)]
    edit = EditList(
        version=1, segments=[EditSegment(segment_id=f"s{at}", range=time(*one)) for at, one in enumerate(far, start=1)]
    )
    asked = [ops.DropFillers(), ops.DropPauses(longer_than_ms=200, leave_ms=120)] * 10
    began = process_time()
    assert length_ms(place_edit(apply(edit, asked, material))) > 100_000
    whole = ops.Insert(start_ms=0, end_ms=material.duration_ms)
    assert "at most 200 segments" in refused(whole, ops.DropFillers(), edit=edit, material=material).detail
    assert process_time() - began < 10, "it took minutes where each piece was held against each word"
