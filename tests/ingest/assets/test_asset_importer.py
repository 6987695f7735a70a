"""Accepted and refused brand-kit files, with reasons: pictures, fonts, clips, music."""

from __future__ import annotations

import io
import resource
import sys
from pathlib import Path

import msgspec
import ots
import pytest
from fontTools.ttLib import TTFont
from PIL import Image

from core.errors import InputRejected, Overdue, Starved
from core.media.sandbox.external_tool import MAX_OUTPUT_BYTES, run_tool
from core.media.sandbox.parent import ChildLimits
from core.settings import MediaLimits
from schemas.documents.source import SourceIndex
from streams.ingest.assets.font import FONT_FILE, rewrite_font
from streams.ingest.assets.image import IMAGE_FILE, MAX_PIXELS, rewrite_image
from streams.ingest.assets.media import index_media
from streams.ingest.assets.messages import INDEX_FILE, SANITISED_FILE, check_font_magic
from tests.support.media.hostile_files import film

FONT = Path("streams/renderer/typography/fonts/CourierPrime-Bold.ttf")
TOOL = ChildLimits(memory_bytes=500_000_000, cpu_s=10, wall_s=20.0)


def picture(mode: str = "RGB", size: tuple[int, int] = (40, 20), form: str = "PNG", **more: object) -> bytes:
    made = io.BytesIO()
    Image.new(mode, size, (200, 30, 30, 255)[: len(mode)]).save(made, form, **more)  # type: ignore[arg-type]
    return made.getvalue()


def refused(body: bytes, folder: Path) -> str:
    with pytest.raises(InputRejected) as error:
        rewrite_image(io.BytesIO(body), folder)
    return error.value.reason


@pytest.mark.parametrize(("form", "mode"), [("PNG", "RGBA"), ("JPEG", "RGB"), ("WEBP", "RGB")])
def test_an_image_is_rewritten_with_its_pixels_only(form: str, mode: str, tmp_path: Path) -> None:
    body = picture(mode, form=form, exif=Image.Exif()) if form != "PNG" else picture(mode)
    assert rewrite_image(io.BytesIO(body), tmp_path) == (40, 20)
    with Image.open(tmp_path / IMAGE_FILE) as made:
        assert (made.format, made.mode, made.size, made.info) == ("PNG", "RGBA", (40, 20), {})
        assert abs(made.getpixel((5, 5))[0] - 200) < 8  # type: ignore[index,operator]


def test_a_picture_is_rotated_by_its_exif_and_shrunk(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    assert rewrite_image(io.BytesIO(picture(size=(3_000, 100), form="JPEG", exif=exif)), tmp_path) == (68, 2_048)


def test_bad_pictures_are_refused_by_name(tmp_path: Path) -> None:
    whole = picture(size=(300, 300))
    moving = io.BytesIO()
    Image.new("RGB", (20, 20)).save(
        moving, "WEBP", save_all=True, append_images=[Image.new("RGB", (20, 20), (9, 200, 9))], duration=100
    )
    side = int(MAX_PIXELS**0.5) + 100
    assert refused(whole[: len(whole) // 2], tmp_path) == "image.unreadable"
    assert refused(b"<svg xmlns='http://www.w3.org/2000/svg'/>", tmp_path) == "image.unsupported"
    assert refused(picture(form="GIF"), tmp_path) == "image.unsupported"
    assert refused(moving.getvalue(), tmp_path) == "image.animated"
    assert refused(picture("L", size=(side, side)), tmp_path) == "image.too_large"
    assert refused(picture(size=(4, 400)), tmp_path) == "image.too_small"
    clear = io.BytesIO()
    Image.new("RGBA", (30, 30)).save(clear, "PNG")
    assert refused(clear.getvalue(), tmp_path) == "image.invisible"


async def sanitised(font: Path, folder: Path) -> None:
    ran = await run_tool([ots.OTS_SANITIZE, str(font), str(folder / SANITISED_FILE)], scratch=folder, limits=TOOL)
    assert ran.code == 0, ran.said


async def test_a_font_is_sanitised_and_described(tmp_path: Path) -> None:
    await sanitised(FONT.absolute(), tmp_path)
    facts = rewrite_font(tmp_path)
    assert (facts.family, facts.style, facts.suffix) == ("Courier Prime", "Bold", ".ttf")
    assert facts.characters > 200
    assert "Open Font License" in facts.licence
    again = TTFont(tmp_path / FONT_FILE)
    assert "DSIG" not in again
    assert again["maxp"].numGlyphs > 200


async def test_the_same_font_is_written_the_same(tmp_path: Path) -> None:
    await sanitised(FONT.absolute(), tmp_path)
    rewrite_font(tmp_path)
    first = (tmp_path / FONT_FILE).read_bytes()
    rewrite_font(tmp_path)
    assert (tmp_path / FONT_FILE).read_bytes() == first


async def test_a_font_that_may_not_be_embedded_is_refused(tmp_path: Path) -> None:
    font = TTFont(FONT)
    font["OS/2"].fsType = 2
    font.save(tmp_path / "closed.ttf")
    await sanitised(tmp_path / "closed.ttf", tmp_path)
    with pytest.raises(InputRejected, match=r"font\.not_embeddable"):
        rewrite_font(tmp_path)


def test_files_without_exactly_one_font_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputRejected, match=r"font\.collection"):
        check_font_magic(b"ttcf\x00\x01\x00\x00")
    with pytest.raises(InputRejected, match=r"font\.unsupported"):
        check_font_magic(b"<html>..")
    (tmp_path / SANITISED_FILE).write_bytes(FONT.read_bytes()[:5_000])
    with pytest.raises(InputRejected, match=r"font\.unreadable"):
        rewrite_font(tmp_path)


async def test_a_tool_has_no_network_no_children_and_an_end(tmp_path: Path) -> None:
    command = [sys.executable, "-I", "-c", "import socket; socket.socket()"]
    ran = await run_tool(command, scratch=tmp_path, limits=TOOL)
    assert ran.code != 0
    assert "Operation not permitted" in ran.said
    command = [sys.executable, "-I", "-c", "import os; os.fork()"]
    assert "Operation not permitted" in (await run_tool(command, scratch=tmp_path, limits=TOOL)).said
    command = [
        sys.executable,
        "-I",
        "-c",
        "import sys\nfor _ in range(300): sys.stderr.write('x' * 2**20)\nsys.exit('end')",
    ]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    ran = await run_tool(command, scratch=tmp_path, limits=TOOL)
    assert ran.said.endswith("xxend\n")
    assert len(ran.said) == MAX_OUTPUT_BYTES
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 60_000, "KiB: what it says is not kept"
    endless = msgspec.structs.replace(TOOL, wall_s=0.5)
    with pytest.raises((Overdue, Starved)):
        await run_tool([sys.executable, "-c", "while True: pass"], scratch=tmp_path, limits=endless)


def media(kind: str, path: Path, folder: Path) -> SourceIndex:
    with path.open("rb") as source:
        return index_media(kind, source, MediaLimits(), folder, lambda _: None)


def test_a_clip_is_indexed_after_decoding_each_picture(tmp_path: Path) -> None:
    index = media("video", film(tmp_path / "a.mp4"), tmp_path)
    assert index.duration_ms == pytest.approx(2_000, abs=80)
    assert index.video is not None
    assert index.audio is not None
    assert msgspec.msgpack.decode((tmp_path / INDEX_FILE).read_bytes(), type=SourceIndex) == index
    assert not (tmp_path / "sound.pcm").exists()


@pytest.mark.parametrize(
    ("kind", "seconds", "sound", "reason"),
    [
        ("video", 21, False, "video.too_long"),
        ("music", 1, True, "music.too_short"),
        ("music", 3, False, "music.no_sound"),
    ],
)
def test_clips_and_music_of_another_kind_are_refused(
    kind: str, seconds: int, sound: bool, reason: str, tmp_path: Path
) -> None:
    with pytest.raises(InputRejected) as error:
        media(kind, film(tmp_path / "a.mp4", seconds=seconds, sound=sound), tmp_path)
    assert error.value.reason == reason


def test_a_playlist_is_refused_as_a_clip(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_text("#EXTM3U\nhttp://example.org/a.ts\n")
    with pytest.raises(InputRejected, match=r"media\.unsupported"):
        media("video", tmp_path / "a.mp4", tmp_path)
