"""Brand kits: images, fonts, videos and music of an organisation. Pure data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from schemas.common import ObjectRef, Value
from schemas.options.caption_template import Colour, Font
from schemas.options.caption_template_overrides import TemplateOverrides

AssetKind = Literal["image", "font", "video", "music"]
Purpose = Literal["source", "image", "font", "video", "music"]
"""The purpose of an upload: a source becomes clips, the others become assets."""
MAX_ASSET_BYTES: Mapping[AssetKind, int] = MappingProxyType(
    {"image": 10_000_000, "font": 20_000_000, "video": 200_000_000, "music": 50_000_000}
)
ASSET_DURATION_MS: Mapping[AssetKind, tuple[int, int]] = MappingProxyType(
    {"video": (500, 20_000), "music": (2_000, 600_000)}
)
"""Shortest and longest duration that is accepted."""
Corner = Literal["top_left", "top_right", "bottom_left", "bottom_right"]


class AssetFacts(Value, frozen=True, kw_only=True):
    """Properties of a checked file; absent where its kind has none."""

    width_px: int | None = None
    height_px: int | None = None
    duration_ms: int | None = None
    has_sound: bool = False
    family: str = ""
    style: str = ""
    licence: str = ""
    """The font's own licence text."""
    characters: int | None = None
    """Number of characters the font has."""


class CheckedAsset(AssetFacts, frozen=True, kw_only=True):
    """An accepted file; ``object`` is what is used: images and fonts are re-encoded."""

    kind: AssetKind
    object: ObjectRef
    index: ObjectRef | None = None
    """Index of the packets of a video or of music."""


class Placed(Value, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An image in a corner. Lengths are shares of the frame's width, vertical ones of its height.

    On frames taller than wide, margins count from the edge of the safe zone.
    """

    asset_id: UUID
    corner: Corner = "top_left"
    """Corner of the frame."""
    width: Annotated[float, Meta(ge=0.02, le=0.6)] = 0.18
    """Width, as a share of the frame's."""
    margin_x: Annotated[float, Meta(ge=0, le=0.4)] = 0.02
    """Horizontal margin, as a share of the frame's width."""
    margin_y: Annotated[float, Meta(ge=0, le=0.4)] = 0.01
    """Vertical margin, as a share of the frame's height."""
    opacity: Annotated[float, Meta(gt=0, le=1)] = 1.0
    during: Literal["all", "start", "end"] = "all"
    """``start`` and ``end``: the first and the last three seconds."""
    other_corners: Annotated[list[Corner], Meta(max_length=3)] = []
    """Other corners to use, in this order, if it would cover a face; one corner for the whole clip."""


class LowerThird(Value, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A plate with the speaker's name from the transcript; none for a speaker without a name."""

    show: Literal["first_time", "each_turn"] = "first_time"
    """When the plate is shown."""
    seconds: Annotated[float, Meta(ge=1, le=10)] = 4.0
    """How long it is shown."""
    size: Annotated[float, Meta(ge=0.02, le=0.1)] = 0.042
    """Size of the letters, as a share of the frame's width."""
    font: Font = "text"
    """Font by its role."""
    fill: Colour | None = None
    """Colour of the letters; null: the kit's colour ``text``, else white."""
    plate: Colour | None = None
    """Colour of the plate; null: the kit's colour ``primary``, else nearly black."""
    avoid_faces: bool = True
    """Whether it moves up, down or to the other side if it would cover a face or a caption."""


class EndCard(Value, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A still frame after the clip: a background, an image, a text."""

    seconds: Annotated[float, Meta(ge=1, le=8)] = 3.0
    asset_id: UUID | None = None
    """Image on the card."""
    width: Annotated[float, Meta(ge=0.05, le=1)] = 0.4
    """Width of the image, as a share of the card's."""
    text: Annotated[str, Meta(max_length=120)] = ""
    """Text on the card."""
    font: Font = "display"
    """Font by its role."""
    size: Annotated[float, Meta(ge=0.02, le=0.15)] = 0.06
    """Size of the letters, as a share of the frame's width."""
    fill: Colour | None = None
    """Colour of the letters; null: the kit's colour `text`, else white."""
    background: Colour | None = None
    """Colour of the background; null: the kit's colour ``background``, else nearly black."""


class MusicBed(Value, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Music under the clip, lowered during speech."""

    asset_id: UUID
    """Music to play."""
    gain_db: Annotated[float, Meta(ge=-40, le=0)] = -16.0
    """Gain relative to the loudness of the speech."""
    duck_db: Annotated[float, Meta(ge=-40, le=0)] = -10.0
    """Further gain during speech."""
    attack_ms: Annotated[int, Meta(ge=5, le=1_000)] = 120
    """Time in which it is lowered when speech begins."""
    release_ms: Annotated[int, Meta(ge=20, le=3_000)] = 600
    """Time in which it returns after speech."""
    loop: bool = True
    """Whether it repeats if it is shorter than the clip."""
    fade_ms: Annotated[int, Meta(ge=0, le=5_000)] = 800
    """Length of the fade at both ends."""


Colours = Annotated[
    dict[
        Annotated[
            str, Meta(pattern="^[a-z][a-z0-9_]{0,19}$", description="a small letter, then up to 19 more, digits or _")
        ],
        Colour,
    ],
    Meta(max_length=12),
]


class BrandKit(Value, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The look and sound of an organisation's clips; every part is optional."""

    name: Annotated[str, Meta(min_length=1, max_length=100)]
    """Name of the kit."""
    colours: Colours = {}
    """``primary``, ``text`` and ``background`` are the colours of parts that name none."""
    logo: Placed | None = None
    watermark: Placed | None = None
    fonts: dict[Font, UUID] = {}
    """Own fonts by role; characters they lack are shown in the built-in fonts."""
    template: Annotated[str, Meta(max_length=40)] | None = None
    """Caption template of requests that name none."""
    overrides: TemplateOverrides = TemplateOverrides()
    """Changes of that template, unless a request has its own."""
    lower_third: LowerThird | None = None
    intro: UUID | None = None
    outro: UUID | None = None
    end_card: EndCard | None = None
    music: MusicBed | None = None
    """Music under the clip."""

    def colour(self, part_colour: Colour | None, role: str, otherwise: Colour) -> Colour:
        """The part's own colour, else the kit's for that role, else ``otherwise``."""
        return part_colour or self.colours.get(role, otherwise)


class BrandSnapshot(Value, frozen=True, kw_only=True):
    """One version of a kit with all its assets: everything an export needs, now and later."""

    kit_id: UUID
    version: int
    kit: BrandKit
    assets: dict[UUID, CheckedAsset] = {}


def plain(snapshot: BrandSnapshot | None) -> Any:
    """The snapshot in JSON types, with text ids as keys, so that it can be sorted and hashed."""
    return msgspec.to_builtins(snapshot, str_keys=True)


def named_assets(kit: BrandKit) -> Iterator[tuple[str, UUID, AssetKind]]:
    """Yield (JSON Pointer, asset id, required kind) for each asset that a kit names."""
    for part in ("logo", "watermark"):
        overlay = getattr(kit, part)
        if overlay is not None:
            yield f"/{part}/asset_id", overlay.asset_id, "image"
    for role, asset_id in kit.fonts.items():
        yield f"/fonts/{role}", asset_id, "font"
    if kit.intro is not None:
        yield "/intro", kit.intro, "video"
    if kit.outro is not None:
        yield "/outro", kit.outro, "video"
    if kit.end_card is not None and kit.end_card.asset_id is not None:
        yield "/end_card/asset_id", kit.end_card.asset_id, "image"
    if kit.music is not None:
        yield "/music/asset_id", kit.music.asset_id, "music"
