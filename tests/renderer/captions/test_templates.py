"""Every caption template: inside the safe zones, never cut off, lit in time, at most two lines."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from core.domain.editing.clock import single_segment
from schemas.common import Aspect, Box, CropBox, Face, TimeRange, Word
from schemas.documents.clip_tracks import FaceSample
from schemas.documents.export import CaptionCue
from schemas.documents.frame_plan import FramePlan, ShotCrop
from schemas.documents.scene import Letters
from schemas.options.caption_template import DEFAULT_TEMPLATE, CaptionTemplate, template_named, templates
from schemas.options.caption_template_overrides import EmphasisOverrides, TemplateOverrides, overridden
from schemas.options.safe_zones import safe_zones
from streams.renderer.captions.animation import AnimationPhase, enter_steps, pop_scale
from streams.renderer.captions.burn_in import (
    CaptionBurner,
    CaptionState,
    cue_rules_for,
    displayed_texts,
    fits_look,
    paint_cue,
    update_patches,
    yuv_patches,
)
from streams.renderer.captions.caption_placement import choose_centres, clear_area_for, find_obstacles, place_captions
from streams.renderer.captions.cue_builder import build_cues
from streams.renderer.captions.emphasis import find_keyword
from streams.renderer.captions.look import CaptionLook, build_look
from streams.renderer.timeline.slots import OUTPUT_SIZES
from tests.support.media.synthetic_media import words

CLIP = TimeRange(start_ms=0, end_ms=30_000)
TEXT = "To return, in 1987, to the conservation of mechanical energy: Ёжик Ελληνικά internationalisation jgy ÅÄÖ"
LONG = "https://example.org/" + "a-very-long-address/" * 12
NAMES = sorted(templates())
TALL: Aspect = "9:16"


def look_of(name: str, aspect: Aspect = TALL) -> CaptionLook:
    return build_look(*OUTPUT_SIZES[aspect], template_named(name))


def cues_of(look: CaptionLook, text: str = TEXT) -> list[CaptionCue]:
    heard = [msgspec.structs.replace(word, speaker="S2") for word in words(text, 500, each_ms=400)]
    return build_cues(heard, CLIP, fits_look(look), cue_rules_for(look))


def states(captions: CaptionBurner, cues: list[CaptionCue], step_ms: int = 40) -> list[CaptionState]:
    found = [captions.state_at(at_ms) for at_ms in range(0, cues[-1].end_ms, step_ms)]
    return sorted({state for state in found if state})


def ink(look: CaptionLook, cue: CaptionCue, state: CaptionState, above: int = 24) -> NDArray[np.intp]:
    """Bounds of the drawn caption, with outline, plate and shadow."""
    lettering = paint_cue(cue, look).state(state.word, state.phase)
    down, across = np.nonzero(np.asarray(lettering.image)[..., 3] > above)
    edges = np.array([across.min(), down.min(), across.max() + 1, down.max() + 1], np.intp)
    return edges + np.tile([lettering.x_px, lettering.y_px], 2)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("aspect", list(OUTPUT_SIZES))
def test_all_ink_is_in_the_clear_area_and_nothing_is_cut_off(name: str, aspect: Aspect) -> None:
    look = look_of(name, aspect)
    area = clear_area_for(look)
    for text in (TEXT, LONG):
        cues = cues_of(look, text)
        for number, cue in enumerate(cues):
            drawing = paint_cue(cue, look)
            assert len({word.baseline_px for word in drawing._cue.words}) <= look.max_lines
            left, top, right, bottom = ink(look, cue, CaptionState(number, len(cue.words) - 1, AnimationPhase(99, 99)))
            assert area.x <= left < right <= area.x + area.width, cue
            assert area.y <= top < bottom <= area.y + area.height, cue
            edge = drawing.rectangle
            assert left > edge.x, "room for what is drawn"
            assert right < edge.x + edge.width
            assert top > edge.y
            assert bottom < edge.y + edge.height


@pytest.mark.parametrize("name", NAMES)
def test_on_its_way_in_nothing_leaves_the_clear_area(name: str) -> None:
    look = look_of(name)
    area, cue = clear_area_for(look), cues_of(look)[0]
    for step in range(enter_steps(look.template) + 1):
        left, top, right, bottom = ink(look, cue, CaptionState(0, 0, AnimationPhase(step, 99)))
        assert area.x <= left < right <= area.x + area.width
        assert area.y <= top < bottom <= area.y + area.height


@pytest.mark.parametrize("name", NAMES)
def test_a_word_is_lit_with_the_very_first_picture_of_its_time(name: str) -> None:
    look = look_of(name)
    cues = cues_of(look)
    captions = CaptionBurner(cues, look)
    lights = look.template.highlight.how != "none"
    for number, cue in enumerate(cues[:3]):
        drawing = paint_cue(cue, look)
        for word, said in enumerate(cue.words):
            state = captions.state_at(said.start_ms)
            assert state is not None
            assert state[:2] == (number, word)
            before = captions.state_at(said.start_ms - 1)
            if lights and word and before:
                then, now = (drawing.state(one.word, one.phase).image for one in (before, state))
                assert np.abs(np.asarray(now, int) - np.asarray(then, int)).max() > 60, "seen at once"


@pytest.mark.parametrize("name", NAMES)
def test_a_partly_redrawn_frame_equals_a_fully_drawn_one(name: str) -> None:
    """A frame drawn alone has the same bytes as in the film."""
    look = look_of(name)
    cues = cues_of(look)[:1]
    captions = CaptionBurner(cues, look)
    last = None
    for state in states(captions, cues):
        lettering = paint_cue(cues[0], look).state(state.word, state.phase)
        single_segment = yuv_patches(lettering)
        part = update_patches(last[0], last[1], lettering) if last else single_segment
        for mine, other in zip(part, single_segment, strict=True):
            assert (mine.x, mine.y) == (other.x, other.y)
            assert np.array_equal(mine.keep, other.keep)
            assert np.array_equal(mine.add, other.add)
        last = lettering, part


def test_no_two_templates_look_alike() -> None:
    drawn = set()
    for name in NAMES:
        look = look_of(name)
        cue = cues_of(look)[0]
        drawn.add(paint_cue(cue, look).state(0).image.tobytes())
    assert len(drawn) == len(NAMES) >= 10
    assert next(iter(templates())) == DEFAULT_TEMPLATE


def test_only_spoken_words_are_visible() -> None:
    look = look_of("word_pop")
    drawing = paint_cue(cues_of(look, "one two three")[0], look)
    drawn = [np.count_nonzero(np.asarray(drawing.state(word).image)[..., 3]) for word in range(3)]
    assert drawn == sorted(set(drawn))
    typed = look_of("typewriter")
    drawing = paint_cue(cues_of(typed, "conservation")[0], typed)
    bright = [(np.asarray(drawing.state(0, AnimationPhase(0, said)).image)[..., 0] > 200).sum() for said in (1, 6, 12)]
    assert bright == sorted(set(bright))


def test_a_word_is_filled_from_left_to_right() -> None:
    look = look_of("karaoke_fill")
    drawing = paint_cue(cues_of(look, "conservation")[0], look)
    filled = []
    for said in (1, 8, 16):
        pixels = np.asarray(drawing.state(0, AnimationPhase(0, said)).image).astype(int)
        filled.append(np.nonzero((pixels[..., 1] > 200) & (pixels[..., 0] < 90))[1].max())
    assert filled == sorted(set(filled))


def test_speakers_have_colours_of_their_own() -> None:
    look = look_of("speaker_coloured")
    (cue,) = cues_of(look, "one two")
    fills = set()
    for speaker in ("S1", "S2"):
        of = msgspec.structs.replace(cue, words=[msgspec.structs.replace(word, speaker=speaker) for word in cue.words])
        fills.add(paint_cue(of, look).state(None).image.tobytes())
    assert len(fills) == 2


@pytest.mark.parametrize(
    ("texts", "number"),
    [
        (["in", "1987,", "extraordinary"], 1),
        (["the", "conservation"], 1),
        (["to", "the"], None),
        (["because", "everything", "returns"], 2),
    ],
)
def test_an_amount_or_a_long_word_is_stressed(texts: list[str], number: int | None) -> None:
    assert find_keyword(texts, "en") == number


def _with(template: CaptionTemplate, **emphasis: Any) -> CaptionTemplate:
    return overridden(template, TemplateOverrides(emphasis=EmphasisOverrides(**emphasis)))


def test_an_emoji_follows_its_word_where_it_is_enabled() -> None:
    words = ["the", "rocket,", "and", "energy."]
    off = look_of("bold_outline")
    on = msgspec.structs.replace(off, template=_with(off.template, emoji="keywords"), language="en")
    assert displayed_texts(words, off) == words
    assert displayed_texts(words, on) == ["the", "rocket, 🚀", "and", "energy."]
    assert displayed_texts(words, msgspec.structs.replace(on, language=None)) == words
    never = _with(template_named("word_pop"), emoji="off", keywords=False)
    assert (never.emphasis.emoji, never.emphasis.keywords) == ("off", False)


def test_most_templates_have_no_emoji() -> None:
    assert [name for name in NAMES if template_named(name).emphasis.emoji != "off"] == ["word_pop"]


def test_popping_ends_at_its_own_size() -> None:
    assert pop_scale(1) == 1
    assert 0.6 < pop_scale(0.05) < 0.8
    assert 1 < pop_scale(0.7) < 1.03


def plan_with(faces: list[tuple[int, Box]]) -> FramePlan:
    shot = ShotCrop(range=CLIP, mode="hold", crop=CropBox(x=0, y=0, width=1080, height=1920), reason="test")
    samples = [FaceSample(at_ms=at_ms, face=Face(box=box, score=0.9)) for at_ms, box in faces]
    return FramePlan(
        clip_id="c", aspect=TALL, range=CLIP, source_width=1080, source_height=1920, shots=[shot], faces=samples
    )


@pytest.mark.parametrize("name", [name for name in NAMES if template_named(name).avoid_faces])
def test_no_face_is_covered_where_there_is_room(name: str) -> None:
    look = look_of(name)
    cues = cues_of(look)
    usual = look.centre_y_px
    face = Box(x=300, y=usual - 200, width=480, height=400)
    plan = plan_with([(at_ms, face) for at_ms in range(0, 9_000, 160)])
    centres = choose_centres(find_obstacles(cues, look, plan, single_segment(CLIP)), look)
    assert len(set(centres)) == 1, "it stays where it is"
    for number, cue in enumerate(cues):
        moved = msgspec.structs.replace(look, centre_y_px=centres[number])
        top, bottom = ink(moved, cue, CaptionState(number, len(cue.words) - 1, AnimationPhase(99, 99)))[[1, 3]]
        shadow = 0.2 * look.font_px
        assert bottom <= face.y + shadow or top >= face.y + face.height - shadow
        area = clear_area_for(look)
        assert area.y <= top < bottom <= area.y + area.height


def test_on_screen_text_is_avoided_where_faces_leave_room() -> None:
    look = look_of(DEFAULT_TEMPLATE)
    cues = cues_of(look)
    title = Box(x=100, y=look.centre_y_px - 60, width=880, height=120)
    lettered = [Letters(range=CLIP, box=title)]
    plan = msgspec.structs.replace(plan_with([]), letters=lettered)
    (centre,) = set(choose_centres(find_obstacles(cues, look, plan, single_segment(CLIP)), look))
    assert abs(centre - look.centre_y_px) > 60
    full = plan_with([(at_ms, Box(x=0, y=0, width=1080, height=title.y)) for at_ms in range(0, 9_000, 160)])
    below = Box(x=0, y=title.y + 1, width=1080, height=1_900 - title.y)
    crowded = msgspec.structs.replace(full, letters=[Letters(range=CLIP, box=below)])
    with_faces_only = choose_centres(find_obstacles(cues, look, full, single_segment(CLIP)), look)
    assert choose_centres(find_obstacles(cues, look, crowded, single_segment(CLIP)), look) == with_faces_only
    later = TimeRange(start_ms=CLIP.end_ms, end_ms=CLIP.end_ms + 1_000)
    gone = msgspec.structs.replace(plan, letters=[Letters(range=later, box=title)])
    assert set(choose_centres(find_obstacles(cues, look, gone, single_segment(CLIP)), look)) == {look.centre_y_px}


def test_captions_stay_in_place_without_faces_or_free_room() -> None:
    look = look_of(DEFAULT_TEMPLATE)
    cues = cues_of(look)
    far = plan_with([(1_000, Box(x=400, y=200, width=300, height=300))])
    assert set(choose_centres(find_obstacles(cues, look, far, single_segment(CLIP)), look)) == {look.centre_y_px}
    full = plan_with([(at_ms, Box(x=0, y=0, width=1080, height=1920)) for at_ms in range(0, 9_000, 160)])
    assert set(choose_centres(find_obstacles(cues, look, full, single_segment(CLIP)), look)) == {look.centre_y_px}
    assert place_captions(cues, look, plan_with([]), single_segment(CLIP)).state_at(600) == CaptionState(0, 0)


def test_the_clear_area_is_free_on_all_three_platforms() -> None:
    assert {zone.platform for zone in safe_zones().zones} == {"shorts", "reels", "tiktok"}
    assert all(zone.source and zone.read_on for zone in safe_zones().zones)
    area = clear_area_for(look_of(DEFAULT_TEMPLATE))
    for zone in safe_zones().zones:
        assert zone.left_px <= area.x
        assert area.x + area.width <= 1080 - zone.right_px
        assert zone.top_px <= area.y
        assert area.y + area.height <= 1920 - zone.bottom_px


def test_words_of_no_length_do_not_break_a_sweep() -> None:
    look = look_of("karaoke_fill")
    word = Word(text="oh", start_ms=100, end_ms=100, probability=0.9)
    cue = CaptionCue(start_ms=100, end_ms=300, words=[word])
    assert CaptionBurner([cue], look).state_at(100) == CaptionState(0, 0, AnimationPhase(0, 1))
    assert CaptionBurner([cue], look).state_at(101) == CaptionState(0, 0, AnimationPhase(0, 16))
