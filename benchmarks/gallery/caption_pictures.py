"""A picture of each caption template on each shape, of a real clip: ``docs/pictures/captions/``.

Judges nothing.

``python -m benchmarks.gallery.caption_pictures [--out DIR] [--at-s 2.9]``. Draws with the very code that renders; the
words and their times are what Whisper medium heard in the lecture (MIT, CC BY 3.0; shared media); the crop holds its
speaker.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import av
from PIL import Image

from schemas.common import Aspect, TimeRange, Word
from schemas.options.caption_template import CaptionTemplate, templates
from streams.renderer.captions.burn_in import CaptionBurner, cue_rules_for, fits_look
from streams.renderer.captions.cue_builder import build_cues
from streams.renderer.captions.look import build_look
from streams.renderer.timeline.slots import OUTPUT_SIZES
from tests.support.media.shared_media import media

HEARD = "talking/physicsworks_whisper_medium.json"
FILMED = "talking/physicsworks_lecture_203s_240p.webm"
CLIP = TimeRange(start_ms=0, end_ms=20_000)
HEIGHT_PX = 360


def read_words(path: Path) -> list[Word]:
    """The reference's words; who speaks is the same person throughout."""
    document: dict[str, Any] = json.loads(path.read_text())
    return [
        Word(
            text=word["word"].strip(),
            start_ms=round(word["time_interval"]["start"] * 1000),
            end_ms=round(word["time_interval"]["end"] * 1000),
            probability=word["alignment_confidence"],
            speaker="S1",
        )
        for segment in document["segments"]
        for word in segment["words"]
    ]


def picture_at(path: Path, at_s: float) -> av.VideoFrame:
    """The first picture at or after a time."""
    with av.open(str(path)) as container:
        return next(frame for frame in container.decode(video=0) if (frame.time or 0) >= at_s)


def cropped(picture: av.VideoFrame, aspect: Aspect) -> av.VideoFrame:
    """The speaker, who stands left of the middle, at the output's size."""
    width, height = OUTPUT_SIZES[aspect]
    image: Image.Image = picture.to_image()
    across = min(image.width, round(image.height * width / height))
    down = min(image.height, round(image.width * height / width))
    left, top = (image.width - across) // 10, (image.height - down) // 2
    part = image.crop((left, top, left + across, top + down)).resize((width, height), Image.Resampling.LANCZOS)
    return av.VideoFrame.from_image(part).reformat(format="yuv420p", dst_colorspace="ITU709")


def draw_template(template: CaptionTemplate, words: list[Word], picture: av.VideoFrame, at_ms: float) -> Image.Image:
    """One template on all shapes, in parallel."""
    aspects: tuple[Aspect, ...] = ("9:16", "1:1", "16:9")
    parts = []
    for aspect in aspects:
        look = build_look(*OUTPUT_SIZES[aspect], template)
        cues = build_cues(words, CLIP, fits_look(look), cue_rules_for(look))
        painted = cropped(picture, aspect)
        CaptionBurner(cues, look).burn(painted, at_ms)
        image = painted.reformat(format="rgb24", src_colorspace="ITU709").to_image()
        width = round(image.width * HEIGHT_PX / image.height)
        parts.append(image.resize((width, HEIGHT_PX), Image.Resampling.LANCZOS))
    sheet = Image.new("RGB", (sum(part.width for part in parts) + 8 * (len(parts) - 1), HEIGHT_PX), "white")
    left = 0
    for part in parts:
        sheet.paste(part, (left, 0))
        left += part.width + 8
    return sheet


def main() -> None:
    """Write them all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("docs/pictures/captions"))
    parser.add_argument("--at-s", type=float, default=2.9)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    words, picture = read_words(media(HEARD)), picture_at(media(FILMED), args.at_s)
    for name, template in templates().items():
        path = args.out / f"{name}.jpg"
        draw_template(template, words, picture, args.at_s * 1000).save(path, quality=82, optimize=True)
        print(path)


if __name__ == "__main__":
    main()
