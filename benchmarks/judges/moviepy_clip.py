"""A captioned vertical clip by MoviePy, as its users make one.

Runs in MoviePy's environment, and none of our code.

Reads one JSON value: ``video``, ``start_s``, ``end_s``, ``crop`` (x, y, width, height), ``size``, ``words`` (text,
start_s, end_s: of the source), ``font``, ``out``, ``preset``, ``crf``, ``threads``, ``audio_bit_rate``, ``rate``.
"""

import json
import sys

import numpy as np
from moviepy import CompositeVideoClip, ImageClip, VideoFileClip
from PIL import Image, ImageDraw, ImageFont

CUE_WORDS, FONT_PX, STROKE_PX, MIDDLE = 4, 76, 6, 0.70
PLAIN, LIT, INK = (255, 255, 255), (255, 221, 51), (12, 12, 14)


def drawn(texts, lit, font, width):
    """One line of words as an RGBA array, one of them lit."""
    picture = Image.new("RGBA", (width, FONT_PX * 2), (0, 0, 0, 0))
    draw = ImageDraw.Draw(picture)
    space = draw.textlength(" ", font=font)
    lengths = [draw.textlength(text, font=font) for text in texts]
    left = (width - sum(lengths) - space * (len(texts) - 1)) / 2
    for number, (text, length) in enumerate(zip(texts, lengths, strict=True)):
        fill = LIT if number == lit else PLAIN
        draw.text((left, FONT_PX / 2), text, font=font, fill=fill, stroke_width=STROKE_PX, stroke_fill=INK)
        left += length + space
    return np.asarray(picture)


def captions(job):
    """A picture for each word that is spoken: the cue's line with that word lit."""
    font, (width, height) = ImageFont.truetype(job["font"], FONT_PX), job["size"]
    words = [word for word in job["words"] if word["start_s"] < job["end_s"]]
    clips = []
    for first in range(0, len(words), CUE_WORDS):
        cue = words[first : first + CUE_WORDS]
        ends = [word["start_s"] for word in cue[1:]] + [min(cue[-1]["end_s"], job["end_s"])]
        for number, (word, end_s) in enumerate(zip(cue, ends, strict=True)):
            picture = ImageClip(drawn([cue_word["text"] for cue_word in cue], number, font, width), transparent=True)
            picture = picture.with_start(word["start_s"] - job["start_s"]).with_duration(end_s - word["start_s"])
            clips.append(picture.with_position(("center", round(height * MIDDLE))))
    return clips


def main():
    """Make the clip."""
    job = json.load(sys.stdin)
    x, y, width, height = job["crop"]
    with VideoFileClip(job["video"]) as source:
        clip = source.subclipped(job["start_s"], job["end_s"])
        clip = clip.cropped(x1=x, y1=y, width=width, height=height).resized(tuple(job["size"]))
        video = CompositeVideoClip([clip, *captions(job)], size=tuple(job["size"])).with_duration(clip.duration)
        video.write_videofile(
            job["out"],
            fps=job["rate"],
            codec="libx264",
            preset=job["preset"],
            threads=job["threads"],
            audio_codec="aac",
            audio_bitrate=f"{job['audio_bit_rate']}",
            temp_audiofile=job["out"] + ".m4a",
            ffmpeg_params=["-crf", str(job["crf"]), "-pix_fmt", "yuv420p", "-movflags", "+faststart"],
            logger=None,
        )
    json.dump({"duration_s": video.duration}, sys.stdout)


if __name__ == "__main__":
    main()
