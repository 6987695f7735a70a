"""NVENC is probed once if requested; if it fails, the processor encodes and the log says so once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from schemas.options.export_options import ExportOptions, VideoWish
from schemas.options.file_formats import FileKind
from streams.renderer.codecs import build_encoding, encoder_options, encoding_for_export
from streams.renderer.encoding.nvenc_probe import NvencProbe, main


@pytest.fixture
def folders(tmp_path: Path) -> tuple[list[Path], Callable[[], Iterator[Path]]]:
    made: list[Path] = []

    @contextmanager
    def scratch() -> Iterator[Path]:
        made.append(tmp_path)
        yield tmp_path

    return made, scratch  # type: ignore[return-value]


async def test_a_broken_encoder_is_tried_once_and_logged_once(folders: tuple[list[Path], Callable[[], object]]) -> None:
    made, scratch = folders
    hardware = NvencProbe(requested=True, scratch=scratch, encoder="none_nvenc")  # type: ignore[arg-type]
    with capture_logs() as logs:
        works = [await hardware.is_available() for _ in range(3)]
    assert works == [False] * 3
    assert len(made) == 1
    assert [log["event"] for log in logs] == ["NVENC does not work: encoding by processor"]
    assert "none_nvenc" in logs[0]["reason"]


async def test_an_encoder_that_is_not_requested_is_not_tried(folders: tuple[list[Path], Callable[[], object]]) -> None:
    made, scratch = folders
    assert not await NvencProbe(requested=False, scratch=scratch).is_available()  # type: ignore[arg-type]
    assert made == []


def test_an_encoder_that_works_refuses_nothing() -> None:
    assert main({"encoder": "libx264"}, None, lambda _: None) == {"refused": ""}


def test_the_same_quality_maps_to_nvencs_own_scale() -> None:
    encoding = encoding_for_export(ExportOptions(video=VideoWish(quality="best")), 1, hardware=True)
    assert encoding.name.startswith("h264_nvenc p7 cq 19 threads 1")
    assert encoder_options(encoding)["cq"] == "19"
    assert "bf" not in encoder_options(encoding)


def test_without_edit_lists_nvenc_keeps_display_order() -> None:
    """Otherwise the first frame is shown some frames late, and nothing in the file says so."""
    plain = encoding_for_export(ExportOptions(preset="reels"), 1, hardware=True)
    assert (plain.uses_nvenc, plain.edit_lists, encoder_options(plain)["bf"]) == (True, False, "0")


def test_codecs_unknown_to_nvenc_are_encoded_by_the_processor() -> None:
    file = FileKind(container="webm", video="vp9", audio="opus")
    encoding = build_encoding(VideoWish(), 1, file, hardware=True)
    assert (encoding.encoder, encoding.uses_nvenc) == ("libvpx-vp9", False)
