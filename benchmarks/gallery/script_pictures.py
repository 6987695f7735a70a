"""A contact sheet of scripts and templates.

What a person looks at to see that letters join and lines run right.

``python -m benchmarks.gallery.script_pictures [--out FILE] [--templates NAME …]``. Drawn by the code that
renders; judges nothing. The sentences are the first article of the Universal Declaration of Human Rights, cut short,
and one that mixes.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from PIL import Image, ImageDraw

from core.domain.text.unspaced_scripts import phrased
from core.domain.text.word_joining import split_words
from schemas.common import TimeRange, Word
from schemas.options.caption_template import templates
from streams.renderer.captions.animation import AnimationPhase
from streams.renderer.captions.burn_in import cue_rules_for, fits_look, paint_cue
from streams.renderer.captions.cue_builder import build_cues
from streams.renderer.captions.look import CaptionLook, build_look
from streams.renderer.typography.font_fallback import font_language

SIZE_PX = (1080, 1920)
SENTENCES = {
    "en": "All human beings are born free, 42 % 🎉",
    "ar": "يولد جميع الناس أحرارًا متساوين 42% (YouTube)",
    "fa": "تمام افراد بشر آزاد به دنیا می‌آیند",
    "he": "כָּל בְּנֵי אָדָם נוֹלְדוּ בְּנֵי חוֹרִין (42)",
    "hi": "सभी मनुष्यों को गौरव और क्षत्रिय ऊर्जा अधिकारों",
    "ja": "すべての人間は、生まれながらにして自由であり「平等」です。",
    "zh": "人人生而自由，在尊严和权利上一律平等。",
    "ko": "모든 인간은 태어날 때부터 자유로우며",
    "th": "มนุษย์ทั้งหลายเกิดมามีอิสระและเสมอภาค",
    "mix": "👩‍🚀 Вот 👍🏽 Ελλάδα 🇩🇪 ❤️‍🔥 naïve שלום، 日本",
}
COLOUR = (54, 78, 96)


def look_of(name: str, language: str) -> CaptionLook:
    """A template as it looks in a language."""
    return build_look(*SIZE_PX, templates()[name], font_language(language, SENTENCES[language]))


def strip(name: str, language: str) -> Image.Image:
    """The first cue of a sentence, half said."""
    look = look_of(name, language)
    words = [
        Word(text=text, start_ms=400 * at, end_ms=400 * at + 380, probability=1.0, speaker="S1")
        for at, text in enumerate(split_words(SENTENCES[language], language))
    ]
    clip = TimeRange(start_ms=0, end_ms=60_000)
    cue = build_cues(phrased(words, language), clip, fits_look(look), cue_rules_for(look))[0]
    drawing = paint_cue(cue, look)
    lit = len(cue.words) - 1 if look.template.highlight.how in ("type", "reveal") else len(cue.words) // 2
    picture = drawing.state(lit, AnimationPhase(99, 8 if look.template.highlight.how == "fill" else 3))
    canvas = Image.new("RGB", (SIZE_PX[0], 360), COLOUR)
    top = look.centre_y_px - 180
    canvas.paste(picture.image, (picture.x_px, picture.y_px - top), picture.image)
    return canvas.crop((80, 0, 930, 360)).resize((340, 144), Image.Resampling.LANCZOS)


def main() -> None:
    """Draw it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("docs/pictures/captions/scripts.jpg"))
    parser.add_argument("--templates", nargs="*", default=["bold_outline", "boxed_word", "karaoke_fill", "typewriter"])
    args = parser.parse_args()
    names = args.templates or list(templates())
    sheet = Image.new("RGB", (350 * len(names), 154 * len(SENTENCES) + 20), "white")
    for column, name in enumerate(names):
        ImageDraw.Draw(sheet).text((350 * column + 4, 4), name, fill="black")
        for row, language in enumerate(SENTENCES):
            sheet.paste(strip(name, language), (350 * column, 154 * row + 20))
    args.out.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(args.out, quality=85, optimize=True)


if __name__ == "__main__":
    main()
