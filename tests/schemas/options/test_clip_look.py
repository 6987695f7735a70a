"""Looks of clips: a change names parts, the others stay; what it means for the options of an export."""

from __future__ import annotations

from uuid import uuid4

import msgspec

from schemas.options.audio import SoundWish
from schemas.options.caption_template_overrides import LettersOverrides, TemplateOverrides
from schemas.options.captions import CaptionWish
from schemas.options.clip_look import ClipLook, LookOptions, merge_looks, with_look_options
from schemas.options.export_options import BrandPin, ExportOptions, VideoWish

RED = CaptionWish(overrides=TemplateOverrides(letters=LettersOverrides(fill="#ff0000")), language="en")
QUIET = SoundWish(target_lufs=-20)
KIT = BrandPin(kit_id=uuid4())


def test_a_change_leaves_the_parts_that_it_does_not_name() -> None:
    first = merge_looks(None, ClipLook(template="minimal", options=LookOptions(sound=QUIET)))
    second = merge_looks(first, ClipLook(aspect="1:1", options=LookOptions(captions=RED)))
    assert second == ClipLook(template="minimal", aspect="1:1", options=LookOptions(sound=QUIET, captions=RED))


def test_a_null_takes_a_part_or_the_whole_look_away() -> None:
    look = merge_looks(None, ClipLook(template="minimal", options=LookOptions(brand=KIT)))
    assert merge_looks(look, ClipLook(template=None)) == ClipLook(template=None, options=LookOptions(brand=KIT))
    assert merge_looks(look, ClipLook(options=LookOptions(brand=None))).options.brand is None  # type: ignore[union-attr]
    assert merge_looks(look, None) is None
    assert merge_looks(None, ClipLook()) is None


def test_only_what_is_named_is_stored() -> None:
    look = ClipLook(captions=False, options=LookOptions(brand=None))
    stored = msgspec.json.encode(look)
    assert msgspec.json.decode(stored) == {"captions": False, "options": {"brand": None}}
    assert msgspec.json.decode(stored, type=ClipLook) == look


def test_options_of_the_look_take_the_place_of_the_projects() -> None:
    project = ExportOptions(video=VideoWish(quality="best"), sound=SoundWish(high_pass=True), brand=KIT)
    look = ClipLook(options=LookOptions(captions=RED, brand=None))
    merged = with_look_options(project, look, has_own_template=False)
    assert merged == ExportOptions(video=VideoWish(quality="best"), sound=SoundWish(high_pass=True), captions=RED)
    other = with_look_options(project, look, has_own_template=True)
    assert other.captions == CaptionWish(language="en"), "changes of another template do not fit"
