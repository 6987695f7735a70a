"""What a caller may ask of the words that are shown, beside the name of a template. Never draws."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from schemas.common import Value
from schemas.options.caption_template import templates
from schemas.options.caption_template_overrides import TemplateOverrides, broken_overrides

CaptionLanguage = Literal["spoken", "en"]
"""``spoken``: as it was said; else the track that the project has in that language."""


class CaptionWish(Value, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """How the words look, and in which language they are."""

    overrides: TemplateOverrides = TemplateOverrides()
    """What is other than in the template."""
    language: CaptionLanguage = "spoken"
    """Of the words that are burned in, and of the subtitle files beside."""


def broken_caption_rules(wish: CaptionWish, template_id: str) -> Mapping[str, str]:
    """Path of each part that cannot be so with this template → what it must be; an unknown one is refused elsewhere."""
    if template_id not in templates():
        return {}
    broken = broken_overrides(templates()[template_id], wish.overrides)
    return {f"overrides/{path}": rule for path, rule in broken.items()}


def broken_language(wish: CaptionWish, translated: str | None) -> str:
    """What the language must be in a project with this track; empty: all well."""
    if wish.language in ("spoken", translated):
        return ""
    return f"spoken: there is no track in {wish.language} without `translate` among the options of the project"
