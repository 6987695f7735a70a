"""The look of a clip: what its exports look and sound like where a request does not say. Pure data."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from schemas.common import Aspect, Value
from schemas.options.audio import SoundWish
from schemas.options.captions import CaptionWish
from schemas.options.export_options import BrandPin, ExportOptions


class LookOptions(Value, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Options of the clip's exports; an omitted one is the project's."""

    captions: CaptionWish | UnsetType = UNSET
    """Changes of the template, and the language."""
    sound: SoundWish | UnsetType = UNSET
    """Sound of the whole clip."""
    brand: BrandPin | UnsetType | None = UNSET
    """Brand kit; null: none, also where the project has one."""


class ClipLook(Value, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Look of a clip's exports; an omitted part is as without a look."""

    aspect: Aspect | UnsetType = UNSET
    captions: bool | UnsetType = UNSET
    """Whether captions are drawn into the picture."""
    template: Annotated[str, Meta(max_length=40)] | UnsetType | None = UNSET
    """Caption template; null: the brand kit's, else the project's."""
    mask_profanity: bool | UnsetType = UNSET
    options: LookOptions = LookOptions()
    """Captions, sound and brand kit."""


def merge_looks(look: ClipLook | None, change: ClipLook | None) -> ClipLook | None:
    """The look with each part that the change names; None for no look: a change of None takes it away."""
    if change is None:
        return None
    base = look or ClipLook()
    options = msgspec.structs.replace(base.options, **_named_parts(change.options))
    merged = msgspec.structs.replace(base, **_named_parts(change) | {"options": options})
    return None if merged == ClipLook() else merged


def _named_parts(change: ClipLook | LookOptions) -> dict[str, object]:
    parts = {name: getattr(change, name) for name in change.__struct_fields__}
    return {name: part for name, part in parts.items() if part is not UNSET}


def with_look_options(options: ExportOptions, look: ClipLook, *, has_own_template: bool) -> ExportOptions:
    """A project's options with those of the look.

    ``has_own_template``: the request names a template; the changes of the look's do not fit it.
    """
    parts = _named_parts(look.options)
    if has_own_template and isinstance(look.options.captions, CaptionWish):
        parts["captions"] = CaptionWish(language=look.options.captions.language)
    return msgspec.structs.replace(options, **parts)
