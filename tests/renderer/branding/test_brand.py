"""A brand kit's overlays, bumpers and music."""

from __future__ import annotations

import uuid
from fractions import Fraction
from pathlib import Path

import av
import msgspec
import numpy as np
import pytest
from PIL import Image

from core.domain.editing.clock import single_segment
from schemas.common import TimeRange, Word
from schemas.documents.source import VideoTrack
from schemas.options.brand_kit import BrandKit, EndCard, LowerThird, MusicBed, Placed
from streams.preview.child import draw_frame
from streams.render.child.main import render, render_all
from streams.renderer.audio.loudness import RATE_HZ, integrated_lufs
from streams.renderer.audio.music_bed import SAMPLES_PER_MS, ducking_gain, loop_music, match_loudness
from streams.renderer.branding.brand_assets import BrandAssets, BumperSlots, bumper_slots, delayed_pieces
from streams.renderer.branding.bumpers import choose_fill_crop, draw_end_card, to_video_frame
from streams.renderer.branding.lower_third import NAME_DELAY_MS, draw_name_plate, find_name_displays
from streams.renderer.branding.overlay_placement import place_overlay, visible_window
from streams.renderer.branding.overlays import FADE_MS, FADE_STEPS, Overlays
from streams.renderer.captions.look import build_look
from streams.renderer.encoding.muxer import Encoding
from streams.renderer.job import THUMBNAIL_FILE, VIDEO_FILE, EarlierFile, RenderJob
from streams.renderer.stills.storyboard import STORYBOARD_FILE
from streams.renderer.timeline.slots import Slot
from streams.renderer.typography.fonts import FONT_FOLDER
from streams.renderer.video.planes import copy_frame, plane_rows
from tests.support.media.synthetic_media import flash_and_beep, plan, tone, write

LOGO = uuid.UUID(int=7)
TALL = (1080, 1920)


def logo(folder: Path, size: tuple[int, int] = (200, 100), fill: tuple[int, ...] = (255, 255, 255, 255)) -> Path:
    path = folder / "logo.png"
    Image.new("RGBA", size, fill).save(path)
    return path


def dress(folder: Path, names: dict[str, str] | None = None, **kit: object) -> BrandAssets:
    return BrandAssets(
        kit=BrandKit(name="K", **kit),
        files={LOGO: str(logo(folder))},
        names=names or {},  # type: ignore[arg-type]
    )


def word(at_ms: int, speaker: str | None, lasts_ms: int = 300) -> Word:
    return Word(text="w", start_ms=at_ms, end_ms=at_ms + lasts_ms, probability=1.0, speaker=speaker)


@pytest.mark.parametrize("size", [TALL, (1080, 1350), (1080, 1080), (1920, 1080)])
@pytest.mark.parametrize("corner", ["top_left", "top_right", "bottom_left", "bottom_right"])
def test_a_logo_lies_whole_in_its_corner_on_even_px(size: tuple[int, int], corner: str) -> None:
    placed = Placed(asset_id=LOGO, corner=corner, width=0.2)  # type: ignore[arg-type]
    box = place_overlay(placed, (300, 120), size)
    assert [getattr(box, side) % 2 for side in ("x", "y", "width", "height")] == [0, 0, 0, 0]
    assert box.width == pytest.approx(0.2 * size[0], abs=2)
    assert box.width / box.height == pytest.approx(2.5, rel=0.05)
    assert 0 <= box.x < box.x + box.width <= size[0]
    assert 0 <= box.y < box.y + box.height <= size[1]
    assert (box.x + box.width / 2 < size[0] / 2) is corner.endswith("left")
    assert (box.y + box.height / 2 < size[1] / 2) is corner.startswith("top")


def test_margins_on_tall_frames_count_from_the_clear_area() -> None:
    close = place_overlay(Placed(asset_id=LOGO, margin_x=0, margin_y=0), (100, 100), TALL)
    assert close.x >= 60
    assert close.y >= 250
    far = place_overlay(Placed(asset_id=LOGO, margin_x=0.1, margin_y=0.1), (100, 100), TALL)
    assert (far.x - close.x, far.y - close.y) == (108, 192)


def test_a_huge_margin_or_picture_stays_inside() -> None:
    box = place_overlay(Placed(asset_id=LOGO, width=0.6, margin_x=0.4, margin_y=0.4), (10, 2_000), (1080, 1080))
    assert box.height <= 0.41 * 1080
    assert box.y + box.height <= 1080


def test_only_the_logos_rectangle_is_touched_and_opacity_mixes(tmp_path: Path) -> None:
    grey = to_video_frame(Image.new("RGBA", (320, 180), (128, 128, 128, 255)))
    before = plane_rows(grey.planes[0])[:, :320].copy()
    for opacity, low, high in ((1.0, 230, 240), (0.5, 175, 190)):
        placed = Placed(asset_id=LOGO, corner="bottom_right", width=0.2, margin_x=0.05, margin_y=0.05, opacity=opacity)
        shown = copy_frame(grey)
        Overlays(dress(tmp_path, logo=placed), [], (320, 180), (0, 1_000)).burn(shown, Slot(number=0, at_ms=10))
        after = plane_rows(shown.planes[0])[:, :320]
        box = place_overlay(placed, (200, 100), (320, 180))
        inside = after[box.y : box.y + box.height, box.x : box.x + box.width]
        assert low <= inside.min() <= inside.max() <= high
        outside = after.copy()
        outside[box.y : box.y + box.height, box.x : box.x + box.width] = before[0, 0]
        assert np.array_equal(outside, before)


def test_a_logo_may_be_there_at_one_end_only() -> None:
    at = Placed(asset_id=LOGO)
    assert visible_window(at, (500, 9_500)) == (500, 9_500)
    assert visible_window(Placed(asset_id=LOGO, during="start"), (500, 9_500)) == (500, 3_500)
    assert visible_window(Placed(asset_id=LOGO, during="end"), (500, 9_500)) == (6_500, 9_500)


WORDS = [word(0, "S1"), word(1_000, "S1"), word(3_000, "S2"), word(3_500, None), word(5_000, "S1"), word(5_500, "S3")]


@pytest.mark.parametrize(
    ("show", "expected"),
    [
        ("first_time", [("Ann", NAME_DELAY_MS, 2_150), ("Bob", 3_000 + NAME_DELAY_MS, 5_000)]),
        ("each_turn", [("Ann", NAME_DELAY_MS, 2_150), ("Bob", 3_000 + NAME_DELAY_MS, 5_000)]),
    ],
)
def test_names_are_shown_while_their_speakers_speak(
    show: str, expected: list[tuple[str, float, float]], tmp_path: Path
) -> None:
    third = LowerThird(show=show, seconds=2)  # type: ignore[arg-type]
    told = find_name_displays(dress(tmp_path, {"S1": "Ann", "S2": "Bob"}, lower_third=third), WORDS, 9_000)
    assert [(one.name, one.start_ms, one.end_ms) for one in told] == [
        (name, start, min(end, start + 2_000)) for name, start, end in expected
    ], "S3 has no name, and the second turn of S1 is shorter than a second"


def test_each_turn_of_a_speaker_may_show_the_name(tmp_path: Path) -> None:
    third, words = LowerThird(show="each_turn"), [word(0, "S1"), word(2_000, "S2"), word(4_000, "S1")]
    told = find_name_displays(dress(tmp_path, {"S1": "Ann"}, lower_third=third), words, 9_000)
    assert [one.start_ms for one in told] == [NAME_DELAY_MS, 4_000 + NAME_DELAY_MS]


def test_a_name_fades_in_and_stands_above_the_captions(tmp_path: Path) -> None:
    made = dress(tmp_path, {"S1": "Ann Example"}, lower_third=LowerThird(plate="#ff0000", seconds=2))
    overlays = Overlays(made, [word(0, "S1", 4_000)], TALL, (0, 4_000))
    dark = to_video_frame(Image.new("RGBA", TALL, (0, 0, 0, 255)))

    def ink(at_ms: float) -> np.ndarray:  # type: ignore[type-arg]
        shown = copy_frame(dark)
        overlays.burn(shown, Slot(number=0, at_ms=at_ms))
        return plane_rows(shown.planes[0])[:, :1080].astype(int) - 16

    early, late, gone = ink(NAME_DELAY_MS + 20), ink(NAME_DELAY_MS + FADE_MS + 50), ink(3_000)
    assert 0 < early.max() < late.max()
    assert not gone.any()
    leaving = ink(NAME_DELAY_MS + 2_000 - 20)
    assert early.max() == leaving.max() == pytest.approx(late.max() / FADE_STEPS, abs=2), "it goes as it comes"
    middle = ink(NAME_DELAY_MS + FADE_MS / 2)
    plate = late[:, 200].max()
    assert middle[:, 200].max() == pytest.approx(plate / 2, abs=2), "half way it is half there"
    across, down = np.nonzero(late.any(axis=0))[0], np.nonzero(late.any(axis=1))[0]
    assert 120 <= across[0] < 0.135 * 1080 < across[-1] < 700, "at the left, as long as its name"
    assert 0.45 * 1920 < down[0] < down[-1] < 1_000, "captions begin at 1,020"


def test_a_name_has_its_configured_size_on_every_aspect(tmp_path: Path) -> None:
    made = dress(tmp_path, lower_third=LowerThird(size=0.05))
    high = {size: draw_name_plate("Hxg", made, size).image.height for size in (TALL, (1080, 1080), (1920, 1080))}
    assert high[1080, 1080] == pytest.approx(0.8 * high[TALL], abs=3)
    assert high[1920, 1080] == pytest.approx(0.5 * 1920 / 1080 * high[TALL], abs=3)


def test_an_end_card_has_the_kits_colours_picture_and_text(tmp_path: Path) -> None:
    card = EndCard(asset_id=LOGO, text="More every Tuesday", width=0.3)
    made = dress(tmp_path, colours={"background": "#102030", "text": "#ffff00"}, end_card=card)
    luma = plane_rows(draw_end_card(made, TALL).planes[0])[:, :1080]
    assert abs(int(luma[5, 5]) - 43) < 4
    assert luma[int(1920 * 0.42), 540] > 225, "the logo"
    assert (luma[int(1920 * 0.6) : int(1920 * 0.72)] > 190).any(), "the text"
    assert not (luma[: int(1920 * 0.3)] > 100).any()


def test_undrawable_text_is_left_out_and_breaks_nothing(tmp_path: Path) -> None:
    """A name in Tibetan, a card in hieroglyphs: the export was lost for want of a word to draw."""
    tibetan, hieroglyphs = "\u0f56\u0f66\u0f9f\u0f53", "\U00013000\U00013001"
    made = dress(tmp_path, {"S1": tibetan}, lower_third=LowerThird(), end_card=EndCard(text=hieroglyphs))
    assert find_name_displays(made, WORDS, 9_000) == []
    Overlays(made, WORDS, TALL, (0, 9_000))
    bare = msgspec.structs.replace(made, kit=BrandKit(name="K", end_card=EndCard()))
    assert np.array_equal(
        plane_rows(draw_end_card(made, TALL).planes[0]), plane_rows(draw_end_card(bare, TALL).planes[0])
    )


def track(width: int, height: int) -> VideoTrack:
    return VideoTrack(
        stream_index=0, codec="h264", pixel_format="yuv420p", coded_width=width, coded_height=height,
        display_width=width, display_height=height, rotation_deg=0, sample_aspect=(1, 1), time_base=(1, 1000),
        frame_rate=(25, 1), start_pts=0, duration_ms=1_000,
    )  # fmt: skip


def test_an_intro_fills_the_picture_or_is_shown_whole() -> None:
    assert choose_fill_crop(track(1080, 1920), TALL).mode == "hold"
    assert choose_fill_crop(track(1080, 1500), TALL).mode == "hold"
    wide = choose_fill_crop(track(1920, 1080), TALL)
    assert (wide.mode, wide.crop.width, wide.crop.height) == ("fit", 1920, 1080)


def test_an_intro_delays_the_entire_clip(tmp_path: Path) -> None:
    rate = Fraction(30_000, 1001)
    (piece,) = delayed_pieces(single_segment(TimeRange(start_ms=10_000, end_ms=14_000)), 30, rate)
    assert piece.output_start_ms == pytest.approx(1_001)
    assert piece.source.start_ms == 10_000
    assert bumper_slots(dress(tmp_path, end_card=EndCard(seconds=2)), Fraction(25)) == BumperSlots(card=50)
    assert bumper_slots(None, rate) == BumperSlots()


BED = MusicBed(asset_id=LOGO, gain_db=-12, duck_db=-8, attack_ms=100, release_ms=500, fade_ms=200)


def test_music_is_ducked_during_speech_and_returns() -> None:
    gain_db = 20 * np.log10(
        np.maximum(1e-6, ducking_gain([(3_000, 3_400), (3_700, 4_000)], BED, 10_000 * SAMPLES_PER_MS))
    )

    def at(ms: float) -> float:
        return float(gain_db[int(ms * SAMPLES_PER_MS)])

    assert at(1_500) == pytest.approx(-12, abs=0.1)
    assert at(3_000) == pytest.approx(-20, abs=0.5), "it is down when the word begins"
    assert at(3_990) == pytest.approx(-20, abs=0.5)
    assert at(3_550) < -16, "it does not come back in a short gap"
    assert -20 < at(4_250) < -12
    assert at(4_600) == pytest.approx(-12, abs=0.1)
    assert at(0) < -60
    assert at(9_999) < -30
    assert [at(100), at(9_900)] == pytest.approx([-18, -18], abs=0.3), "half way in, and half way out"
    steps = np.abs(np.diff(gain_db[250 * SAMPLES_PER_MS : 9_700 * SAMPLES_PER_MS]))
    assert steps.max() < 0.01, "no step that could be heard"


def test_music_reaches_its_loudness_and_loops_without_gaps() -> None:
    times = np.arange(2 * RATE_HZ) / RATE_HZ
    tone = np.repeat((0.05 * np.sin(times * 2 * np.pi * 440))[:, None], 2, axis=1).astype(np.float32)
    loud = match_loudness(tone, -20.0)
    assert integrated_lufs(loud) == pytest.approx(-20, abs=0.2)
    long = loop_music(loud, 7 * RATE_HZ, loop=True)
    level = np.sqrt((long.reshape(-1, RATE_HZ // 20, 2) ** 2).mean(axis=(1, 2)))
    assert level[:-4].min() > 0.5 * np.median(level)
    once = loop_music(loud, 7 * RATE_HZ, loop=False)
    assert not once[3 * RATE_HZ :].any()
    assert not match_loudness(np.zeros((RATE_HZ, 2), np.float32), -20.0).any()


MUSIC, INTRO, OUTRO = uuid.UUID(int=8), uuid.UUID(int=9), uuid.UUID(int=10)


def everything(folder: Path) -> BrandAssets:
    """A kit with all parts: a green intro and a blue outro, each with its own tone."""
    files, indexes = {LOGO: str(logo(folder))}, {}
    for asset_id, hz, colour, length_ms in ((INTRO, 300, 1, 600), (OUTRO, 3_000, 2, 600), (MUSIC, 700, 0, 1_500)):
        path = folder / f"{asset_id}.mp4"
        picture = np.full((64, 36, 3), 20, np.uint8)
        picture[..., colour] = 200
        indexes[asset_id] = write(path, [picture] * (length_ms // 40), tone(length_ms, 0.05, hz))
        files[asset_id] = str(path)
    kit = BrandKit(
        name="All", logo=Placed(asset_id=LOGO), intro=INTRO, outro=OUTRO, lower_third=LowerThird(seconds=1),
        end_card=EndCard(seconds=1, text="More"), music=MusicBed(asset_id=MUSIC, gain_db=-6, duck_db=-20),
    )  # fmt: skip
    return BrandAssets(kit=kit, files=files, indexes=indexes, names={"S1": "Ann"})


def test_a_complete_kit_renders_and_passes_its_certificate(tmp_path: Path) -> None:
    source = tmp_path / "flash.mp4"
    index = flash_and_beep(source)
    made = everything(tmp_path)
    crops = plan(index, 0, 3_000)
    spoken = [word(1_200, "S1", 900)]
    task = RenderJob(
        plan=crops, index=index, words=spoken, brand=made, encoding=Encoding(preset="ultrafast", crf=26),
        pieces=delayed_pieces(single_segment(crops.range), 15, Fraction(25)),
    )  # fmt: skip
    with source.open("rb") as file:
        rendered = render(task, file, tmp_path, lambda _: None)
    certificate = rendered.certificate
    bad = [check for check in certificate.checks if check.verdict in ("warn", "fail")]
    assert (certificate.verdict, certificate.frames, certificate.warnings) == ("pass", 15 + 75 + 25 + 15, []), bad
    with av.open(str(tmp_path / VIDEO_FILE)) as container:
        shown = [frame.to_ndarray(format="rgb24")[::8, ::8] for frame in container.decode(video=0)]
        container.seek(0)
        heard = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
    middle = [picture[120, 67] for picture in shown]
    assert middle[7][1] > 150 > middle[7][0], "the intro"
    assert middle[-7][2] > 150 > middle[-7][0], "the outro"
    assert max(middle[100]) < 60, "the card"
    assert shown[50][44, 30].min() > 200, "the logo over the clip"
    assert shown[7][44, 30].min() < 200, "and not over the intro"
    assert middle[15 + 27].min() > 180, "the source's flash, as much later as the intro lasts"

    def level(hz: float, start_ms: int, end_ms: int) -> float:
        part = heard[start_ms * 48 : end_ms * 48] * np.hanning((end_ms - start_ms) * 48)
        turn = np.exp(-2j * np.pi * hz * np.arange(len(part)) / 48_000)
        return float(20 * np.log10(abs((part * turn).mean()) + 1e-9))

    assert level(300, 100, 500) > level(300, 1_000, 1_400) + 20
    assert level(3_000, 4_750, 5_100) > level(3_000, 3_700, 4_500) + 20
    ducked, free = level(700, 1_900, 2_500), level(700, 3_000, 3_500)
    assert free - ducked > 8, "the bed gives way to the word"
    assert level(700, 3_700, 4_100) > ducked + 8, "and plays on under the card"
    assert level(700, 100, 500) < free - 20

    earlier = EarlierFile(path=str(tmp_path / VIDEO_FILE), threads=1, chunks=rendered.chunks)
    (tmp_path / "again").mkdir()
    with source.open("rb") as file:
        again = render(msgspec.structs.replace(task, earlier_files=[earlier]), file, tmp_path / "again", lambda _: None)
    assert again.certificate.chunks_reused == again.certificate.chunks >= 3
    for name in (VIDEO_FILE, THUMBNAIL_FILE, STORYBOARD_FILE):
        assert (tmp_path / "again" / name).read_bytes() == (tmp_path / name).read_bytes(), name


def test_an_own_font_takes_the_place_of_a_role_and_lacks_nothing(tmp_path: Path) -> None:
    own = FONT_FOLDER / "CourierPrime-Bold.ttf"
    plain = BrandAssets(kit=BrandKit(name="K", end_card=EndCard(text="Own iii WWW"), fonts={"display": LOGO}))
    branded = msgspec.structs.replace(plain, files={LOGO: str(own)})
    pictures = [plane_rows(draw_end_card(one, TALL).planes[0])[:, :1080].copy() for one in (plain, branded)]
    assert not np.array_equal(*pictures)
    assert branded.fonts == {"display": str(own)}
    look = msgspec.structs.replace(build_look(*TALL), own_fonts=branded.fonts)
    assert look.measure("iii", 100) == pytest.approx(look.measure("WWW", 100)), "all letters of it are as wide"
    assert look.measure("здесь", 100) > 100, "what it lacks is drawn in the shipped ones"


def test_a_preview_shows_intro_and_outro(tmp_path: Path) -> None:
    source = tmp_path / "flash.mp4"
    index = flash_and_beep(source)
    crops = plan(index, 0, 3_000)
    task = RenderJob(
        plan=crops,
        index=index,
        brand=everything(tmp_path),
        pieces=delayed_pieces(single_segment(crops.range), 15, Fraction(25)),
    )
    for at_ms, number, channel in ((100, 2, 1), (5_150, 128, 2)):
        with source.open("rb") as file:
            slot, picture = draw_frame(task, at_ms, file, tmp_path, lambda _: None)
        assert slot.number == number
        assert picture.to_ndarray(format="rgb24")[960, 540, channel] > 150


def test_aspects_rendered_together_have_the_same_kit_as_alone(tmp_path: Path) -> None:
    """Intro, card, music and names in each aspect, at its size; the same bytes as alone."""
    source, made = tmp_path / "flash.mp4", everything(tmp_path)
    index = flash_and_beep(source, length_ms=1_400)
    crops = plan(index, 100, 1_200)
    first = RenderJob(
        plan=crops, index=index, words=[word(300, "S1", 800)], encoding=Encoding(preset="ultrafast", crf=26),
        brand=msgspec.structs.replace(
            made, names={"S1": "Ann"}, kit=msgspec.structs.replace(made.kit, lower_third=LowerThird())
        ),
        pieces=delayed_pieces(single_segment(crops.range), 15, Fraction(25)),
    )  # fmt: skip
    tasks = [first, msgspec.structs.replace(first, plan=plan(index, 100, 1_200, aspect="1:1"))]
    together, alone = ([tmp_path / f"{name}-{at}" for at in range(2)] for name in ("together", "alone"))
    for folder in (*together, *alone):
        folder.mkdir()
    with source.open("rb") as file:
        found = render_all(tasks, file, together, lambda _: None)
    for at, task in enumerate(tasks):
        with source.open("rb") as file:
            one, beside = render(task, file, alone[at], lambda _: None), found[at]
        assert beside is not None
        assert one.certificate == beside.certificate
        assert beside.certificate.frames > 15 + 25 + 25 + 15
        assert (alone[at] / VIDEO_FILE).read_bytes() == (together[at] / VIDEO_FILE).read_bytes()
    assert [one.certificate.height_px for one in found if one] == [1920, 1080]
