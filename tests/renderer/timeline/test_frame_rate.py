"""Frame rate of an export: the source's own, with picture and sound in step."""

from __future__ import annotations

import itertools
import random
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from schemas.common import TimeRange
from schemas.documents.source import SourceIndex
from streams.render.child.main import render
from streams.renderer.encoding.muxer import Encoding
from streams.renderer.job import VIDEO_FILE, RenderJob
from streams.renderer.timeline.frame_rate import bound_rate, measure_rate, output_rate
from tests.support.media.shared_media import media
from tests.support.media.synthetic_media import FLASH_LENGTH_MS, FLASH_MS, flash_at, index_of, plan

CONSTANT = ["15", "24000/1001", "25", "30000/1001", "50", "60"]
LENGTH_US = 2_600_000
CLIP = TimeRange(start_ms=333, end_ms=2_217)


def constant(rate: Fraction, length_us: int = LENGTH_US) -> list[int]:
    return [round(n * 1_000_000 / rate) for n in range(int(length_us * rate / 1_000_000))]


def jittering() -> list[int]:
    """A phone recording: 30 frames a second, up to 5 ms early or late, one frame in forty lost."""
    by_chance = random.Random(7)
    return [
        max(0, at + by_chance.randint(-5_000, 5_000)) for at in constant(Fraction(30)) if by_chance.random() > 0.025
    ]


def bursting() -> list[int]:
    """A screen recording: 60 frames a second while something moves, else one each third of a second."""
    still = {at for at in constant(Fraction(60)) if at % 900_000 > 600_000}
    return [at for at in constant(Fraction(60)) if at not in still or at % 300_000 < 16_667]


def periods(times_us: list[int]) -> list[Fraction]:
    return [Fraction(end - start, 4) for start, end in zip(times_us, times_us[4:], strict=False)]


@pytest.mark.parametrize("rate", [Fraction(rate) for rate in [*CONSTANT, "10", "17", "90", "240", "2500/83", "0.5"]])
@pytest.mark.parametrize("grain_us", [1, 1_000])
def test_a_constant_rate_is_itself_however_coarse_its_times(rate: Fraction, grain_us: int) -> None:
    times_us = [round(at / grain_us) * grain_us for at in constant(rate, 60_000_000)]
    assert measure_rate(periods(times_us), rate) == pytest.approx(rate, rel=2e-5)


@pytest.mark.parametrize(
    ("own", "output"),
    [("15", "15"), ("60", "60"), ("120", "60"), ("240", "60"), ("100", "50"), ("120000/1001", "60000/1001"),
     ("90", "45"), ("10", "10"), ("8", "16"), ("5", "10"), ("1", "10"), ("0.1", "10")],
)  # fmt: skip
def test_extreme_rates_are_divided_or_multiplied(own: str, output: str) -> None:
    assert bound_rate(Fraction(own)) == Fraction(output)


def test_irregular_sources_get_the_nearest_common_rate() -> None:
    assert measure_rate(periods(jittering()), Fraction("29.2")) in (30, Fraction(30_000, 1001))
    assert measure_rate(periods(bursting()), Fraction("41.3")) == 60
    mixed = constant(Fraction(24), 6_000_000)
    mixed += [6_000_000 + at for at in constant(Fraction(30), 4_000_000)]
    assert measure_rate(periods(mixed), Fraction("26.4")) == 24
    film = list(itertools.accumulate([0, *([33_367, 50_050] * 60)]))
    assert measure_rate(periods(film), Fraction(24_000, 1001)) == Fraction(24_000, 1001), "3:2 pulldown"
    assert measure_rate(periods(film), Fraction(30_000, 1001)) == Fraction(24_000, 1001)


def test_a_single_picture_has_its_declared_rate() -> None:
    assert measure_rate([], Fraction(25)) == 25


@pytest.mark.parametrize(
    ("name", "rate"),
    [("talking/googlework_35s_180p.mp4", "30000/1001"), ("talking/noface_then_face_6s.mov", "24"),
     ("talking/obama_speech_2faces_9s_240p.mp4", "12"), ("hostile/dolbyVision-hdr.MOV", "30"),
     ("hostile/hdr10-video-with-sdr-container.mp4", "30"), ("talking/intel_one_person_139s_nofaceaudio.mp4", "10")],
)  # fmt: skip
def test_real_files_have_their_known_rates(name: str, rate: str, tmp_path: Path) -> None:
    """Average rates of these are 29.1, 26.5, 11.94, 40 and 27.5 (lost or mixed pictures, odd last ones), and 10."""
    (tmp_path / "film").symlink_to(media(name))
    index = index_of(tmp_path / "film")
    assert output_rate(TimeRange(start_ms=0, end_ms=index.duration_ms), index) == Fraction(rate)


def render_film(
    index: SourceIndex, path: Path, scratch: Path
) -> tuple[Fraction, int, NDArray[np.float64], NDArray[np.float32]]:
    """Rate, certified frames, luma rows' means of each picture (n, rows), and the sound of the rendered clip."""
    crops = plan(index, CLIP.start_ms, CLIP.end_ms, aspect="16:9")
    with path.open("rb") as file:
        task = RenderJob(plan=crops, index=index, captions=False, encoding=Encoding(preset="ultrafast", crf=26))
        certificate = render(task, file, scratch, lambda _: None).certificate
    assert certificate.warnings == []
    with av.open(str(scratch / VIDEO_FILE)) as container:
        rate = Fraction(container.streams.video[0].average_rate or 0)
        assert abs(certificate.duration_ms - CLIP.length_ms) <= 1000 / rate
        lumas = [frame.to_ndarray()[: frame.height, ::16].mean(axis=1) for frame in container.decode(video=0)]
    with av.open(str(scratch / VIDEO_FILE)) as container:
        sound = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
    return rate, certificate.frames, np.stack(lumas), sound


def steps_of(lumas: NDArray[np.float64], sound: NDArray[np.float32], rate: Fraction) -> tuple[float, float, float]:
    """When the flash begins and ends, and when the beep begins, in ms of the clip."""
    flash = np.nonzero(lumas[:, 300:700].mean(axis=1) > 150)[0] * 1000 / float(rate)
    level = np.abs(sound)
    beep = np.nonzero(np.convolve(level, np.ones(96) / 96, "same") > 0.4 * level.max())[0] / 48
    return float(flash[0]), float(flash[-1] + 1000 / rate), float(beep[0])


@pytest.mark.parametrize("wanted", [Fraction(rate) for rate in CONSTANT])
def test_constant_sources_show_every_frame_once_in_sync(wanted: Fraction, tmp_path: Path) -> None:
    index = flash_at(tmp_path / "film.mp4", constant(wanted), wanted)
    rate, frames, lumas, sound = render_film(index, tmp_path / "film.mp4", tmp_path)
    assert rate == wanted
    assert frames == len(lumas) == round(CLIP.length_ms * wanted / 1000)
    stripes = lumas[:, -40:].mean(axis=1) > 110
    assert all(one != other for one, other in itertools.pairwise(stripes)), "none doubled, none dropped"
    begins, ends, beep = steps_of(lumas, sound, rate)
    picture_ms = float(1000 / wanted)
    assert abs(begins - (FLASH_MS - CLIP.start_ms)) <= picture_ms
    assert abs(begins - beep) <= picture_ms
    assert abs(ends - begins - FLASH_LENGTH_MS) <= picture_ms


@pytest.mark.parametrize(("times_us", "wanted"), [(jittering(), 30), (bursting(), 60)], ids=["telephone", "screen"])
def test_a_varying_source_is_made_constant_in_step_with_the_sound(
    times_us: list[int], wanted: int, tmp_path: Path
) -> None:
    index = flash_at(tmp_path / "film.mp4", times_us, Fraction(30))
    rate, frames, lumas, sound = render_film(index, tmp_path / "film.mp4", tmp_path)
    assert rate == pytest.approx(wanted, abs=0.04), "a common one, 30 or 30 by 1.001"
    assert frames == len(lumas) == round(CLIP.length_ms * rate / 1000)
    begins, _, beep = steps_of(lumas, sound, rate)
    shown_ms = next(at for at in times_us if round(at / 1000) >= FLASH_MS) / 1000
    assert abs(begins - (shown_ms - CLIP.start_ms)) <= 1000 / wanted
    assert -5 <= begins - beep <= shown_ms - FLASH_MS + 1000 / wanted
