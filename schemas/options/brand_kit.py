"""Brand kits and what they are made of, as data: pictures, fonts, clips and music of an organisation. Never draws."""

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
"""What an upload is for: clips are made of a source, the rest become assets."""
MOST_BYTES: Mapping[AssetKind, int] = MappingProxyType(
    {"image": 10_000_000, "font": 20_000_000, "video": 200_000_000, "music": 50_000_000}
)
LASTS_MS: Mapping[AssetKind, tuple[int, int]] = MappingProxyType({"video": (500, 20_000), "music": (2_000, 600_000)})
"""From the shortest to the longest that is taken."""
Corner = Literal["top_left", "top_right", "bottom_left", "bottom_right"]


class AssetFacts(Value, frozen=True, kw_only=True):
    """What was found in a file; what a kind of file has not is left open."""

    width_px: int | None = None
    height_px: int | None = None
    duration_ms: int | None = None
    has_sound: bool = False
    family: str = ""
    style: str = ""
    licence: str = ""
    """What the font itself says of its licence."""
    characters: int | None = None
    """So many the font can show."""


class CheckedAsset(AssetFacts, frozen=True, kw_only=True):
    """A file that was taken; ``object`` is what is used: pictures and fonts written anew."""

    kind: AssetKind
    object: ObjectRef
    index: ObjectRef | None = None
    """Where the pictures and the sound of a video or of music lie in its file."""


class Placed(Value, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A picture in a corner. Lengths in shares of the picture's width, upright ones of its height.

    On pictures higher than wide margins count from where no platform lays its signs.
    """

    asset_id: UUID
    corner: Corner = "top_left"
    """Corner of the picture."""
    width: Annotated[float, Meta(ge=0.02, le=0.6)] = 0.18
    """Width, as a share of the picture's."""
    margin_x: Annotated[float, Meta(ge=0, le=0.4)] = 0.02
    """Horizontal margin, as a share of the picture's width."""
    margin_y: Annotated[float, Meta(ge=0, le=0.4)] = 0.01
    """Vertical margin, as a share of the picture's height."""
    opacity: Annotated[float, Meta(gt=0, le=1)] = 1.0
    during: Literal["all", "start", "end"] = "all"
    """``start`` and ``end``: the first and the last three seconds."""
    other_corners: Annotated[list[Corner], Meta(max_length=3)] = []
    """Corners that will do as well, in this order, where a face would be covered: one for all of a clip."""


class LowerThird(Value, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who speaks, by the names of the transcript. Nothing is shown for a voice without a name."""

    show: Literal["first_time", "each_turn"] = "first_time"
    """When the plate is shown."""
    seconds: Annotated[float, Meta(ge=1, le=10)] = 4.0
    """How long it is shown."""
    size: Annotated[float, Meta(ge=0.02, le=0.1)] = 0.042
    """Of the letters, in shares of the picture's width."""
    font: Font = "text"
    """Font by its role."""
    fill: Colour | None = None
    """None: the kit's colour ``text``, else white."""
    plate: Colour | None = None
    """None: the kit's colour ``primary``, else nearly black."""
    avoid_faces: bool = True
    """Whether it stands higher, lower or at the other side where it would cover a face or a caption."""


class EndCard(Value, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A still picture after the clip: a ground, a picture on it, a text."""

    seconds: Annotated[float, Meta(ge=1, le=8)] = 3.0
    asset_id: UUID | None = None
    """Picture on the card."""
    width: Annotated[float, Meta(ge=0.05, le=1)] = 0.4
    """Of the picture, in shares of the card's."""
    text: Annotated[str, Meta(max_length=120)] = ""
    """Text on the card."""
    font: Font = "display"
    """Font by its role."""
    size: Annotated[float, Meta(ge=0.02, le=0.15)] = 0.06
    """Size of the letters, as a share of the picture's width."""
    fill: Colour | None = None
    """Colour of the letters; null: the kit's colour `text`, else white."""
    background: Colour | None = None
    """None: the kit's colour ``background``, else nearly black."""


class MusicBed(Value, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Music under the clip, softer still while somebody speaks."""

    asset_id: UUID
    """Music to play."""
    gain_db: Annotated[float, Meta(ge=-40, le=0)] = -16.0
    """Beside the loudness of the speech."""
    duck_db: Annotated[float, Meta(ge=-40, le=0)] = -10.0
    """By so much more while somebody speaks."""
    attack_ms: Annotated[int, Meta(ge=5, le=1_000)] = 120
    """How fast it becomes softer when somebody speaks."""
    release_ms: Annotated[int, Meta(ge=20, le=3_000)] = 600
    """How fast it becomes louder again."""
    loop: bool = True
    """Whether it begins again when it ends before the clip."""
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
    """How the clips of an organisation look and sound. Every part may be left out."""

    name: Annotated[str, Meta(min_length=1, max_length=100)]
    """Name of the kit."""
    colours: Colours = {}
    """``primary``, ``text`` and ``background`` are used where a part names no colour of its own."""
    logo: Placed | None = None
    watermark: Placed | None = None
    fonts: dict[Font, UUID] = {}
    """Own fonts in the place of the shipped ones, by role; letters they lack are still shown in the shipped ones."""
    template: Annotated[str, Meta(max_length=40)] | None = None
    """Of captions, where a caller names none."""
    overrides: TemplateOverrides = TemplateOverrides()
    """What is other than in that template, where a caller asks for nothing else."""
    lower_third: LowerThird | None = None
    intro: UUID | None = None
    outro: UUID | None = None
    end_card: EndCard | None = None
    music: MusicBed | None = None
    """Music under the clip."""

    def colour(self, own: Colour | None, role: str, otherwise: Colour) -> Colour:
        """The colour of a part, else the kit's of that role, else one that always does."""
        return own or self.colours.get(role, otherwise)


class BrandSnapshot(Value, frozen=True, kw_only=True):
    """One version of a kit with all that it names: enough to make an export of it, now and later."""

    kit_id: UUID
    version: int
    kit: BrandKit
    assets: dict[UUID, CheckedAsset] = {}


def plain(snapshot: BrandSnapshot | None) -> Any:
    """As JSON has it: its files by ids that are text, so that it can be written in one order and hashed."""
    return msgspec.to_builtins(snapshot, str_keys=True)


def named_assets(kit: BrandKit) -> Iterator[tuple[str, UUID, AssetKind]]:
    """Where a kit names an asset (a JSON Pointer), which, and what it has to be."""
    for part in ("logo", "watermark"):
        placed = getattr(kit, part)
        if placed is not None:
            yield f"/{part}/asset_id", placed.asset_id, "image"
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
