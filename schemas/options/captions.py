"""Options of captions other than the template's name. Pure data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from schemas.common import Value
from schemas.options.caption_template import templates
from schemas.options.caption_template_overrides import TemplateOverrides, broken_overrides

CaptionLanguage = Literal["spoken", "en"]
"""``spoken``: the spoken language; else the project's track in that language."""


class CaptionWish(Value, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Look and language of captions."""

    overrides: TemplateOverrides = TemplateOverrides()
    """Changes of the template."""
    language: CaptionLanguage = "spoken"
    """Language of the captions and of the subtitle files."""


def broken_caption_rules(captions: CaptionWish, template_id: str) -> Mapping[str, str]:
    """Map the path of each invalid part to its rule; an unknown template is refused elsewhere."""
    if template_id not in templates():
        return {}
    broken = broken_overrides(templates()[template_id], captions.overrides)
    return {f"overrides/{path}": rule for path, rule in broken.items()}


def broken_language(captions: CaptionWish, translated: str | None) -> str:
    """The rule that the language breaks in a project with this track; empty if none."""
    if captions.language in ("spoken", translated):
        return ""
    return f"spoken: there is no track in {captions.language} without `translate` among the options of the project"
