"""What each caption template costs: processor time to draw 30 s of speech at 1080 × 1920.

Encodes nothing.

``python -m benchmarks.render.caption_cost``. The words are those of `benchmarks.gallery.caption_pictures`; 30 pictures
a second, each drawn as the renderer draws it, on one thread; the best of three. The baseline is the default template.
"""

from __future__ import annotations

import time

import av

from benchmarks.gallery.caption_pictures import HEARD, read_words
from schemas.common import TimeRange, Word
from schemas.options.caption_template import DEFAULT_TEMPLATE, CaptionTemplate, templates
from streams.renderer.captions.burn_in import CaptionBurner, cue_rules_for, fits_look
from streams.renderer.captions.cue_builder import build_cues
from streams.renderer.captions.look import build_look
from streams.renderer.video.planes import plane_rows
from tests.support.media.shared_media import media

CLIP = TimeRange(start_ms=0, end_ms=30_000)
RATE_FPS = 30
SIZE_PX = (1080, 1920)


def cost_s(template: CaptionTemplate, words: list[Word]) -> float:
    """CPU seconds for all pictures of the clip."""
    look = build_look(*SIZE_PX, template)
    captions = CaptionBurner(build_cues(words, CLIP, fits_look(look), cue_rules_for(look)), look)
    picture = av.VideoFrame(*SIZE_PX, "yuv420p")
    for plane in picture.planes:
        plane_rows(plane)[:] = 100
    began = time.process_time()
    for number in range(CLIP.length_ms * RATE_FPS // 1000):
        captions.burn(picture, number * 1000 / RATE_FPS)
    return time.process_time() - began


def main() -> None:
    """Print each template's cost, the default first."""
    words = read_words(media(HEARD))
    spent = {name: min(cost_s(template, words) for _ in range(3)) for name, template in templates().items()}
    for name, cpu_s in spent.items():
        print(f"{name:<18} {cpu_s:5.2f} CPU-s, {cpu_s / spent[DEFAULT_TEMPLATE]:4.1f} times the default")


if __name__ == "__main__":
    main()
