"""Draws docs/pictures/brand-kits.jpg: the shipped lecture with a made-up kit, as a render shows it.

Measures nothing.

``python -m benchmarks.gallery.brand_pictures [OUT]``
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from uuid import UUID

from PIL import Image, ImageDraw, ImageFont

from cli.commands.demo import DEMO_VIDEO
from core.domain.editing.clock import single_segment
from core.settings import MediaLimits
from schemas.common import Aspect, CropBox, TimeRange, Word
from schemas.documents.frame_plan import FramePlan, ShotCrop
from schemas.documents.source import SourceIndex
from schemas.options.brand_kit import BrandKit, EndCard, LowerThird, Placed
from streams.ingest.probe.demux import probe_file
from streams.preview.child import draw_frame
from streams.renderer.branding.brand_assets import BrandAssets
from streams.renderer.job import RenderJob
from streams.renderer.timeline.slots import OUTPUT_SIZES
from streams.renderer.typography.fonts import FONT_FOLDER

OUT = Path("docs/pictures/brand-kits.jpg")
LOGO = UUID(int=1)
START_MS, LENGTH_MS = 41_000, 6_000
SAID = "energy is always conserved in a closed system"
HEIGHT_PX, GAP_PX = 560, 12
SPEAKER_X_RATIO = 0.68
"""Where he stands then, of the width; his head is at the top."""
SHOWN: tuple[tuple[Aspect, int], ...] = (("9:16", 1_200), ("9:16", 7_000), ("1:1", 1_200), ("16:9", 1_200))
KIT = BrandKit(
    name="Example",
    colours={"primary": "#e4572ee6", "text": "#ffffff", "background": "#17212b"},
    logo=Placed(asset_id=LOGO, width=0.24),
    lower_third=LowerThird(),
    end_card=EndCard(asset_id=LOGO, text="More every Tuesday"),
)


def logo(path: Path) -> Path:
    """A plate with two words."""
    picture = Image.new("RGBA", (600, 220))
    draw = ImageDraw.Draw(picture)
    draw.rounded_rectangle((0, 0, 599, 219), 60, fill="#e4572e")
    font = ImageFont.truetype(FONT_FOLDER / "Anton-Regular.ttf", 110)
    draw.text((300, 110), "ACME TALKS", font=font, anchor="mm", fill="white")
    picture.save(path)
    return path


def task(index: SourceIndex, aspect: Aspect, dress: BrandAssets) -> RenderJob:
    """Six seconds of the lecture, cropped around its speaker."""
    assert index.video is not None
    across, down = index.video.display_width, index.video.display_height
    wide, high = OUTPUT_SIZES[aspect]
    width = round(min(across, down * wide / high))
    height = round(width * high / wide)
    left = max(0, min(across - width, round(across * SPEAKER_X_RATIO) - width // 2))
    crop = CropBox(x=left, y=0, width=width, height=height)
    time = TimeRange(start_ms=START_MS, end_ms=START_MS + LENGTH_MS)
    words = [
        Word(text=text, start_ms=START_MS + 300 * at, end_ms=START_MS + 300 * at + 280, probability=0.9, speaker="S1")
        for at, text in enumerate(SAID.split())
    ]
    shot = ShotCrop(range=time, mode="hold", crop=crop, reason="its speaker")
    plan = FramePlan(clip_id="c", aspect=aspect, range=time, source_width=across, source_height=down, shots=[shot])
    return RenderJob(plan=plan, index=index, words=words, brand=dress, pieces=single_segment(time))


def main() -> None:
    """Draw the sheet."""
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else OUT
    with tempfile.TemporaryDirectory() as folder, Path(DEMO_VIDEO).open("rb") as source:
        scratch = Path(folder)
        index = probe_file(source, MediaLimits(), scratch / "pcm", lambda _: None)
        dress = BrandAssets(kit=KIT, files={LOGO: str(logo(scratch / "logo.png"))}, names={"S1": "Name of the speaker"})
        pictures = []
        for aspect, at_ms in SHOWN:
            _, picture = draw_frame(task(index, aspect, dress), at_ms, source, scratch, lambda _: None)
            image: Image.Image = picture.to_image()
            pictures.append(image.resize((image.width * HEIGHT_PX // image.height, HEIGHT_PX)))
    wide = sum(image.width + GAP_PX for image in pictures) - GAP_PX
    sheet = Image.new("RGB", (wide, HEIGHT_PX), "white")
    left = 0
    for image in pictures:
        sheet.paste(image, (left, 0))
        left += image.width + GAP_PX
    sheet.save(out, quality=85)
    print(out, sheet.size)


if __name__ == "__main__":
    main()
