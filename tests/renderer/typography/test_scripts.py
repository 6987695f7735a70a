"""All scripts that are promised: joined, ordered and broken as their readers expect, from our own fonts alone."""

from __future__ import annotations

import hashlib
from itertools import pairwise
from pathlib import Path

import pytest

from core.domain.editing.clock import single_segment
from core.domain.text.word_joining import capitals
from schemas.options.caption_template import template_named, templates
from streams.renderer.caption_plan import build_job_cues
from streams.renderer.captions.animation import AnimationPhase
from streams.renderer.captions.burn_in import cue_rules_for, fits_look, paint_cue
from streams.renderer.captions.caption_placement import clear_area_for
from streams.renderer.captions.cue_builder import build_cues
from streams.renderer.captions.karaoke import complement_ranges, spoken_ranges
from streams.renderer.captions.layout import lay_out_cue
from streams.renderer.captions.look import CaptionLook, build_look
from streams.renderer.job import RenderJob
from streams.renderer.typography import font_fallback, glyph_raster
from streams.renderer.typography.font_fallback import drop_undrawable, font_language, lacks_glyphs
from streams.renderer.typography.fonts import CJK_FONT, EMOJI_FONT, FONTS_BY_ROLE, font_path
from streams.renderer.typography.shaping import ShapedWord, shape_text, text_levels
from tests.renderer.captions.test_templates import CLIP, CaptionState, ink
from tests.support.media.synthetic_media import flash_and_beep, plan, words

SENTENCES = {
    "ar": "الطاقة محفوظة دائمًا، لا 42% (YouTube) شيء",
    "he": "שָׁלוֹם עוֹלָם (42) ב-Wi-Fi",
    "hi": "क्षत्रिय ऊर्जा संरक्षित है। र्कि",
    "ja": "エネルギーは 常に 保存 されます。",
    "zh": "能量 总是 守恒 的，",
    "ko": "에너지는 항상 보존된다",
    "th": "พลังงาน ถูกอนุรักษ์ เสมอ",
    "vi": "Năng lượng được bảo toàn",
    "el": "Η ενέργεια διατηρείται",
    "uk": "Енергія їжака зберігається",
    "bn": "শক্তি সর্বদা সংরক্ষিত থাকে। ক্ষুদ্র",
    "ta": "ஆற்றல் எப்போதும் பாதுகாக்கப்படுகிறது",
    "te": "శక్తి ఎల్లప్పుడూ సంరక్షించబడుతుంది",
    "kn": "ಶಕ್ತಿಯು ಯಾವಾಗಲೂ ಸಂರಕ್ಷಿಸಲ್ಪಡುತ್ತದೆ",
    "ml": "ഊർജ്ജം എപ്പോഴും സംരക്ഷിക്കപ്പെടുന്നു",
    "gu": "ઊર્જા હંમેશા સંરક્ષિત છે",
    "pa": "ਊਰਜਾ ਹਮੇਸ਼ਾ ਸੁਰੱਖਿਅਤ ਹੈ",
    "si": "ශක්තිය සැමවිටම සංරක්ෂණය වේ",
    "ka": "ენერგია ყოველთვის შენარჩუნებულია",
    "hy": "Էներգիան միշտ պահպանվում է",
    "am": "ጉልበት ሁልጊዜ ይጠበቃል።",
    "km": "ថាមពលត្រូវបានរក្សាជានិច្ច",
    "lo": "ພະລັງງານຖືກຮັກສາໄວ້ສະເໝີ",
    "my": "စွမ်းအင်ကို အမြဲထိန်းသိမ်းထားသည်",
    "": "👩‍🚀 👍🏽 🇩🇪 ❤️‍🔥 1️⃣ 🏴󠁧󠁢󠁥󠁮󠁧󠁿 ok",
}


def shape(text: str, language: str | None = None) -> ShapedWord:
    return shape_text(text, "display", language, text_levels(text))


@pytest.mark.parametrize("language", list(SENTENCES))
@pytest.mark.parametrize("role", list(FONTS_BY_ROLE))
def test_no_letter_is_missing_or_drawn_as_a_box(language: str, role: str) -> None:
    text = SENTENCES[language]
    assert drop_undrawable(text) == text
    assert not lacks_glyphs(text)
    for word in text.split():
        shape = shape_text(word, role, language or None, text_levels(word))  # type: ignore[arg-type]
        assert all(glyph.number for glyph in shape.glyphs), word
        assert shape.width > 0


def test_undrawable_letters_are_left_out_and_counted() -> None:
    assert drop_undrawable("ok中🎉\U00013000") == "ok中🎉"
    assert lacks_glyphs("\U00013000")
    assert not lacks_glyphs("ok\u200d")
    assert drop_undrawable("e\u0301") == "e\u0301"


def test_words_that_no_font_has_are_counted_and_the_others_shown(tmp_path: Path) -> None:
    index = flash_and_beep(tmp_path / "film.mp4", length_ms=1_000)
    said = words("\U00013000 hello \U00013000 you", 0, each_ms=200)
    task = RenderJob(plan=plan(index, 0, 1_000), index=index, words=said, language="ar")
    cues, told = build_job_cues(task, single_segment(task.plan.range))
    assert [word.text for cue in cues for word in cue.words] == ["hello", "you"]
    assert told == ["captions.letters: 2 words have letters that the shipped fonts lack"]


def test_arabic_letters_join() -> None:
    alone = sum(shape(letter).width for letter in "سسس")
    assert shape("سسس").width < alone
    assert len({glyph.number for glyph in shape("سسس").glyphs}) == 3, "first, middle and last form"
    assert len(shape("لا").glyphs) == 1, "lam and alef are one sign"


def test_devanagari_makes_conjuncts_and_lifts_the_r() -> None:
    assert len(shape("क्ष").glyphs) == 1
    assert [glyph.number for glyph in shape("र्क").glyphs] != [glyph.number for glyph in shape("रक").glyphs]
    assert shape("कि").glyphs[0].number != shape("क").glyphs[0].number, "the sign i stands before its letter"


def test_hebrew_points_stand_in_their_letter() -> None:
    assert shape("שָׁלוֹם").width == pytest.approx(shape("שלום").width, rel=0.02)


def test_numbers_keep_their_order_in_a_line_that_runs_left() -> None:
    there, alone = shape("42א"), shape("42")
    numbers = [glyph.number for glyph in alone.glyphs]
    assert [glyph.number for glyph in there.glyphs][1:] == numbers or [glyph.number for glyph in there.glyphs][
        :2
    ] == numbers
    assert there.clusters[0].right == pytest.approx(there.clusters[1].left)


@pytest.mark.parametrize(
    ("line", "language", "order"),
    [
        ("הטלפון 050 1234567 שלי", "he", [3, 2, 1, 0]),
        ("רואים Wi-Fi Alliance גם", "he", [3, 1, 2, 0]),
        ("call שלום 12 34 now", "en", [0, 3, 2, 1, 4]),
        ("من 2019 إلى (2020)", "ar", [3, 2, 1, 0]),
        ("in 2019 2020 alone", "en", [0, 1, 2, 3]),
    ],
)
def test_words_and_numbers_of_a_line_stand_as_unicode_has_it(line: str, language: str, order: list[int]) -> None:
    """Two numbers in a right-to-left line: the one spoken first stands to the right of the other."""
    look = build_look(1920, 1080, template_named("subtitle_bar"), language)
    placed = lay_out_cue(line.split(), look, look.measure).words
    assert len({word.baseline_px for word in placed}) == 1
    assert sorted(range(len(placed)), key=lambda number: placed[number].x_px) == order
    edges = sorted((word.x_px, word.x_px + word.width_px) for word in placed)
    assert all(one[1] < other[0] for one, other in pairwise(edges)), "none touches another"


def test_a_word_uses_as_many_fonts_as_it_needs() -> None:
    files = [glyph.file for glyph in shape("الـWi-Fi").glyphs]
    assert set(files) == {"NotoSansArabic-Bold.ttf", "InterDisplay-ExtraBold.otf"}
    assert {glyph.file for glyph in shape("人、").glyphs} == {CJK_FONT}


def test_forms_of_one_sign_differ_by_language() -> None:
    forms = {shape("直", language).glyphs[0].number for language in ("ja", "zh-Hans", "zh-Hant", "ko")}
    assert len(forms) >= 2
    assert font_language("zh", "能量总是守恒的") == "zh-Hans"
    assert font_language("zh", "能量總是守恆的") == "zh-Hant"
    assert font_language("en", "こんにちは") == "ja"
    assert font_language("ar", "سلام") == "ar"
    assert font_language(None, "hello") is None


@pytest.mark.parametrize("text", ["👩‍🚀", "👍🏽", "🇩🇪", "❤️‍🔥", "1️⃣", "🏴󠁧󠁢󠁥󠁮󠁧󠁿"])
def test_a_sequence_is_one_picture_in_colour(text: str) -> None:
    shape_ = shape(text)
    assert [glyph.file for glyph in shape_.glyphs] == [EMOJI_FONT]
    assert len(shape_.clusters) == 1
    drawn = glyph_raster.rasterise_word(shape_, 90, 0, 8)
    assert drawn is not None
    assert drawn.colour is not None
    colours = drawn.colour.convert("RGB").getcolors(100_000)
    assert colours is not None
    assert len(colours) > 50


def test_the_same_text_is_the_same_picture_everywhere() -> None:
    """Shaped and drawn by locked packages alone. Check the picture before you renew the hash."""
    seen = hashlib.sha256()
    for language, text in SENTENCES.items():
        for word in text.split():
            drawn = glyph_raster.rasterise_word(shape(word, language or None), 64, 0.3, 5)
            assert drawn is not None
            for picture in (drawn.fill, drawn.outline, drawn.colour):
                seen.update(picture.tobytes() if picture else b"")
    assert seen.hexdigest()[:16] == "6339276e1530e800"


def test_words_stand_in_the_order_they_are_read() -> None:
    look = build_look(1920, 1080, language="ar")
    placed = lay_out_cue(["الطاقة", "هي", "YouTube", "Premium", "اليوم"], look, look.measure)
    lefts = [word.x_px for word in placed.words]
    assert lefts[0] > lefts[1] > lefts[3] > lefts[2] > lefts[4], "the English words run to the right among themselves"
    assert placed.backwards
    english = lay_out_cue(["he", "said", "שלום", "עולם", "twice"], build_look(1920, 1080, language="en"), look.measure)
    lefts = [word.x_px for word in english.words]
    assert lefts[0] < lefts[1] < lefts[3] < lefts[2] < lefts[4]
    assert not english.backwards


def test_lines_of_other_scripts_leave_room_for_their_marks() -> None:
    look = build_look(1080, 1920, language="hi")
    latin, hindi = (lay_out_cue(texts, look, look.measure) for texts in (["abcdefghi"] * 4, ["क्षत्रियऊर्जा"] * 4))
    steps = [one.words[-1].baseline_px - one.words[0].baseline_px for one in (latin, hindi)]
    assert steps[0] / latin.font_px == pytest.approx(look.line_height)
    assert steps[1] / hindi.font_px > 1.25


def test_a_word_fills_from_the_side_where_reading_begins() -> None:
    right, left = spoken_ranges(shape("hello"), 1, 2, by_sign=False), spoken_ranges(shape("שלום"), 1, 2, by_sign=False)
    assert right[0].left < 0 < right[0].right < shape("hello").width
    assert 0 < left[0].left < left[0].right
    assert left[0].right > shape("שלום").width
    typed = spoken_ranges(shape("क्षत्रि"), 1, 2, by_sign=True)
    assert 0 < typed[0].right < shape("क्षत्रि").width
    assert complement_ranges(typed)[0].left == typed[0].right
    single_segment = spoken_ranges(shape("abא"), 3, 3, by_sign=True)
    assert len(single_segment) == 1
    assert complement_ranges(single_segment) == []


@pytest.mark.parametrize("name", sorted(templates()))
@pytest.mark.parametrize("language", ["ar", "he", "hi", "ja", "th", "my", "kn", ""])
def test_all_letters_of_all_scripts_are_in_the_clear_area(name: str, language: str) -> None:
    """With their outlines and plates; a shadow's faint end may stick out."""
    look: CaptionLook = build_look(1080, 1920, template_named(name), language or None)
    area = clear_area_for(look)
    for number, cue in enumerate(
        build_cues(words(SENTENCES[language], 500), CLIP, fits_look(look), cue_rules_for(look))
    ):
        left, top, right, bottom = ink(
            look, cue, CaptionState(number, len(cue.words) - 1, AnimationPhase(99, 99)), above=160
        )
        assert area.x <= left < right <= area.x + area.width, cue
        assert area.y <= top < bottom <= area.y + area.height, cue
        edge = paint_cue(cue, look).rectangle
        assert edge.x < left < right < edge.x + edge.width
        assert edge.y < top < bottom < edge.y + edge.height


def test_a_box_behind_a_word_leaves_its_neighbours_alone() -> None:
    look = build_look(1080, 1920, template_named("boxed_word"), "ja")
    (cue,) = build_cues(words("保存 常に", 500), CLIP, fits_look(look), cue_rules_for(look))
    drawing = paint_cue(cue, look)
    first, second = drawing._cue.words
    assert second.x_px == pytest.approx(first.x_px + first.width_px)
    picture = drawing.state(1).image.convert("RGB")
    left = round(second.x_px - drawing.rectangle.x - 0.08 * drawing._cue.font_px)
    column = [picture.getpixel((left, y)) for y in range(picture.height)]
    assert (124, 58, 237) not in column


def test_capitals_are_those_of_the_language() -> None:
    assert capitals("iğdır", "tr") == "İĞDIR"
    assert capitals("ενέργεια", "el") == "ΕΝΕΡΓΕΙΑ"
    assert capitals("Straße é", "de") == "STRASSE É"


def test_every_listed_font_exists_with_its_licence() -> None:
    for file in {EMOJI_FONT, *(file for files in FONTS_BY_ROLE.values() for file in files)}:
        assert font_path(file).stat().st_size > 10_000
        assert file == CJK_FONT or file in (font_path(EMOJI_FONT).parent / "OFL.txt").read_text()
    assert font_fallback.choose_font("ש", "typewriter") == "NotoSansHebrew-Bold.ttf"
