"""Burning: only in its rectangle, only in its time, in the right colours."""

from __future__ import annotations

import av
import msgspec
import numpy as np
import pytest

from schemas.common import TimeRange
from schemas.documents.export import CaptionCue
from streams.renderer.captions.burn_in import CaptionBurner, CaptionState, fits_look
from streams.renderer.captions.cue_builder import build_cues
from streams.renderer.captions.look import build_look
from streams.renderer.video.planes import copy_frame, plane_rows
from tests.support.media.synthetic_media import words

LOOK = build_look(1080, 1920)
CLIP = TimeRange(start_ms=0, end_ms=5_000)


def cues(text: str = "seven words are shown in two cues") -> list[CaptionCue]:
    return build_cues(words(text, 500), CLIP, fits_look(LOOK))


def grey(luma: int = 100) -> av.VideoFrame:
    picture = av.VideoFrame(1080, 1920, "yuv420p")
    for plane, value in zip(picture.planes, (luma, 128, 128), strict=True):
        plane_rows(plane)[:] = value
    return picture


def difference(picture: av.VideoFrame, other: av.VideoFrame) -> np.ndarray:  # type: ignore[type-arg]
    mine, its = (plane_rows(one.planes[0])[:, :1080].astype(int) for one in (picture, other))
    return np.abs(mine - its)


def test_frames_without_speech_have_no_captions() -> None:
    captions, picture = CaptionBurner(cues(), LOOK), grey()
    assert not captions.burn(picture, 0)
    assert not captions.burn(picture, 4_999)
    assert difference(picture, grey()).max() == 0


def test_pixels_change_only_inside_the_caption_block() -> None:
    captions, picture = CaptionBurner(cues(), LOOK), grey()
    assert captions.burn(picture, 700)
    changed = difference(picture, grey())
    high, wide = np.nonzero(changed > 2)
    assert len(high) > 20_000
    assert high.min() > 0.5 * 1920
    assert high.max() < 0.65 * 1920
    assert wide.min() > 0.11 * 1080
    assert wide.max() < 0.83 * 1080


def test_black_stays_legal_and_white_is_white() -> None:
    picture = grey(16)
    CaptionBurner(cues(), LOOK).burn(picture, 700)
    luma = plane_rows(picture.planes[0])[:, :1080]
    assert luma.min() >= 15
    assert 230 <= luma.max() <= 236


def test_the_spoken_word_is_in_the_accent_colour_and_walks() -> None:
    captions = CaptionBurner(cues("one two three"), LOOK)
    middles = []
    for at_ms in (510, 810, 1_110):
        picture = grey()
        captions.burn(picture, at_ms)
        blue = plane_rows(picture.planes[1])[:, :540]
        middles.append(np.nonzero(blue < 70)[1].mean())
    assert middles == sorted(middles)
    assert middles[2] - middles[0] > 40


def test_doubtful_words_are_dim_after_an_unlit_mark() -> None:
    (sure,) = cues("one two")
    doubtful = msgspec.structs.replace(sure, doubtful=True)
    shown = []
    for cue in (sure, doubtful):
        picture = grey(16)
        CaptionBurner([cue], LOOK).burn(picture, 510)
        shown.append(picture)
    bright = [plane_rows(picture.planes[0])[:, :1080] for picture in shown]
    assert bright[0].max() > 230
    assert 150 < bright[1].max() < 185
    wide = [np.nonzero(plane > 40)[1] for plane in bright]
    assert np.ptp(wide[1]) > 1.15 * np.ptp(wide[0]), "the mark stands before them"
    lit = np.nonzero(plane_rows(shown[1].planes[1])[:, :540] < 105)[1]
    assert lit.min() * 2 > wide[1].min() + 60, "the first word is lit, not the mark"


def test_no_word_moves_while_others_light_up() -> None:
    captions = CaptionBurner(cues("aaaa bbbb cccc"), LOOK)
    pictures = []
    for at_ms in (510, 810):
        picture = grey()
        captions.burn(picture, at_ms)
        pictures.append(picture)
    changed = np.nonzero(difference(*pictures) > 8)[1]
    lit = np.nonzero(difference(pictures[0], grey()) > 8)[1]
    assert changed.max() < lit.max() - 100, "the third word is at rest in both"


@pytest.mark.parametrize("at_ms", [500, 760, 799])
def test_a_word_stays_lit_until_the_next_one_starts(at_ms: int) -> None:
    assert CaptionBurner(cues(), LOOK).state_at(at_ms) == CaptionState(0, 0)


def test_letters_without_a_font_do_not_crash() -> None:
    captions = CaptionBurner(build_cues(words("中文 مرحبا 🎉", 500), CLIP, fits_look(LOOK)), LOOK)
    assert captions.burn(grey(), 600)


def test_a_copy_has_its_own_pixels() -> None:
    picture = grey()
    copy = copy_frame(picture)
    plane_rows(copy.planes[0])[:] = 1
    assert plane_rows(picture.planes[0])[0, 0] == 100
