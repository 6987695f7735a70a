"""Crops and scales decoded frames to the output size with libav filters, in YUV."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import av
import av.filter
from av.filter.context import FilterContext

from core.domain.framing.geometry import pane_rows, view
from schemas.common import Box, CropBox
from schemas.documents.frame_plan import Pane, ShotCrop
from schemas.documents.source import VideoTrack
from streams.renderer.filter_graph import SINK, FilterStep, add_source, append_steps, build_chain, pull_frames
from streams.renderer.video.hdr_to_sdr import write_cube
from streams.renderer.video.planes import plane_rows
from streams.renderer.video.subpixel_crop import Cutout, crop_window, cut_plane, place_cutout

PQ, HLG = 16, 18
"""AVColorTransferCharacteristic."""
FULL_RANGE_CODE = 2
"""AVColorRange of full-range samples."""
MATRICES = {1: "bt709", 4: "fcc", 5: "bt601", 6: "bt601", 7: "smpte240m", 9: "bt2020", 10: "bt2020"}
"""AVColorSpace to names of the scale filter."""
BACKGROUND_SCALE_DIVISOR = 8
"""The blurred background is computed at this fraction of the output size."""


def to_coded_crop(crop: CropBox, track: VideoTrack, width_px: int, height_px: int) -> CropBox:
    """Convert a crop of the display picture to even px of the coded frame.

    The coded frame is neither rotated nor mirrored, and has its own pixel aspect.
    """
    is_sideways = track.rotation_deg in (90, 270)
    across, down = (height_px, width_px) if is_sideways else (width_px, height_px)
    scale_x, scale_y = across / track.display_width, down / track.display_height
    x, width = crop.x * scale_x, crop.width * scale_x
    y, height = crop.y * scale_y, crop.height * scale_y
    match track.rotation_deg:
        case 90:
            x, y, width, height = y, height_px - x - width, height, width
        case 180:
            x, y = width_px - x - width, height_px - y - height
        case 270:
            x, y, width, height = width_px - y - height, x, height, width
    if track.mirrored:
        x = width_px - x - width
    return _even_inside(x, y, width, height, width_px, height_px)


def to_display_box(coded: CropBox, track: VideoTrack, width_px: int, height_px: int) -> Box:
    """Convert a box of the coded frame to the display picture: the inverse of `to_coded_crop`."""
    x, y, width, height = float(coded.x), float(coded.y), float(coded.width), float(coded.height)
    if track.mirrored:
        x = width_px - x - width
    match track.rotation_deg:
        case 90:
            x, y, width, height = height_px - y - height, x, height, width
        case 180:
            x, y = width_px - x - width, height_px - y - height
        case 270:
            x, y, width, height = y, width_px - x - width, height, width
    across, down = (height_px, width_px) if track.rotation_deg in (90, 270) else (width_px, height_px)
    scale_x, scale_y = track.display_width / across, track.display_height / down
    return Box(x=x * scale_x, y=y * scale_y, width=width * scale_x, height=height * scale_y)


def _even_inside(x: float, y: float, width: float, height: float, width_px: int, height_px: int) -> CropBox:
    even_width = max(2, min(round(width / 2) * 2, width_px // 2 * 2))
    even_height = max(2, min(round(height / 2) * 2, height_px // 2 * 2))
    even_x = max(0, min(round(x / 2) * 2, (width_px - even_width) // 2 * 2))
    even_y = max(0, min(round(y / 2) * 2, (height_px - even_height) // 2 * 2))
    return CropBox(x=even_x, y=even_y, width=even_width, height=even_height)


def rotation_steps(track: VideoTrack) -> list[FilterStep]:
    """Filters that turn a coded frame upright."""
    steps: dict[int, list[FilterStep]] = {
        90: [("transpose", {"dir": "clock"})],
        180: [("hflip", {}), ("vflip", {})],
        270: [("transpose", {"dir": "cclock"})],
    }
    mirror: list[FilterStep] = [("hflip", {})] if track.mirrored else []
    return mirror + steps.get(track.rotation_deg, [])


def deinterlace(pictures: Iterable[tuple[int, av.VideoFrame]]) -> Iterator[tuple[int, av.VideoFrame]]:
    """Deinterlace frames at unchanged times, from the first interlaced one on."""
    graph: av.filter.Graph | None = None
    waiting: deque[int] = deque()
    for number, (at_ms, frame) in enumerate(pictures):
        if graph is None and frame.interlaced_frame:
            graph = build_chain(frame, [("bwdif", {"mode": "send_frame", "deint": "interlaced"})])
        if graph is None:
            yield at_ms, frame
            continue
        waiting.append(at_ms)
        frame.pts = number
        graph.push(frame)
        for picture in pull_frames(graph, av.VideoFrame):
            yield waiting.popleft(), picture
    if graph is not None:
        graph.push(None)
        for picture in pull_frames(graph, av.VideoFrame):
            if waiting:
                yield waiting.popleft(), picture


class FrameScaler:
    """Crops and scales frames, with one filter graph at a time: shots come one after the other."""

    def __init__(self, track: VideoTrack, size_px: tuple[int, int], scratch: Path) -> None:
        """``scratch`` takes the HDR table where one is needed."""
        self._track = track
        self._width, self._height = size_px
        self._scratch = scratch
        self._key: object = None
        self._graph: av.filter.Graph | None = None
        self._window: FilterContext | None = None
        """The crop filter of a graph for moving crops."""

    def scale(self, frame: av.VideoFrame, shot: ShotCrop, at_ms: float) -> av.VideoFrame:
        """Crop and scale to a writable frame, yuv420p, BT.709 limited; ``at_ms`` of the source."""
        if shot.path:
            return self._scale_moving(frame, view(shot, at_ms))
        if self._needs_new_graph((shot.mode, shot.crop, shot.panes, shot.above), frame):
            self._graph = self._configure(frame, shot)
        painted = self._filter_frame(frame)
        painted.make_writable()
        return painted

    def _needs_new_graph(self, setup: object, frame: av.VideoFrame) -> bool:
        """Whether the filters differ from the last frame's."""
        key = (setup, frame.width, frame.height, frame.format.name, frame.colorspace, frame.color_range)
        new, self._key = self._graph is None or key != self._key, key
        return new

    def _filter_frame(self, frame: av.VideoFrame) -> av.VideoFrame:
        assert self._graph is not None
        self._graph.push(frame)
        painted = self._graph.pull()
        assert isinstance(painted, av.VideoFrame)
        return painted

    def _configure(self, frame: av.VideoFrame, shot: ShotCrop) -> av.filter.Graph:
        if shot.panes:
            return self._build_panes(frame, shot.panes)
        steps = self._crop_steps(frame, shot.crop)
        if shot.mode == "fit":
            return self._build_fit(frame, steps, shot)
        return build_chain(frame, [*steps, *self._scale_steps(frame, self._width, self._height)])

    def _crop_steps(self, frame: av.VideoFrame, crop: CropBox) -> list[FilterStep]:
        """Filters that crop and turn upright."""
        part = to_coded_crop(crop, self._track, frame.width, frame.height)
        cut = {"w": str(part.width), "h": str(part.height), "x": str(part.x), "y": str(part.y)}
        return [("crop", cut), *rotation_steps(self._track)]

    def _scale_moving(self, frame: av.VideoFrame, box: Box) -> av.VideoFrame:
        """Scale a window around a moving crop, then cut the frame out between its pixels."""
        part = to_coded_crop(crop_window(box, self._track), self._track, frame.width, frame.height)
        to = place_cutout(box, to_display_box(part, self._track, frame.width, frame.height), self._width, self._height)
        if self._needs_new_graph(("moved", part.width, part.height, to.width_px, to.height_px), frame):
            graph = av.filter.Graph()
            self._window = graph.add("crop", w=str(part.width), h=str(part.height), x="0", y="0")
            add_source(graph, frame).link_to(self._window)
            steps = [
                *rotation_steps(self._track),
                *self._scale_steps(frame, to.width_px, to.height_px),
                SINK,
            ]
            append_steps(self._window, graph, steps)
            graph.configure()
            self._graph = graph
        assert self._window is not None
        self._window.process_command("x", str(part.x))
        self._window.process_command("y", str(part.y))
        return cut_frame(self._filter_frame(frame), to, (self._width, self._height))

    def _build_panes(self, frame: av.VideoFrame, panes: Sequence[Pane]) -> av.filter.Graph:
        """Panes of the output's width, one above the other."""
        graph = av.filter.Graph()
        split, stack = graph.add("split", str(len(panes))), graph.add("vstack", inputs=str(len(panes)))
        add_source(graph, frame).link_to(split)
        for number, (pane, (_, high)) in enumerate(zip(panes, pane_rows(panes, self._height), strict=True)):
            steps = [*self._crop_steps(frame, pane.source), *self._scale_steps(frame, self._width, high)]
            append_steps(split, graph, steps, output=number).link_to(stack, 0, number)
        append_steps(stack, graph, [("format", {"pix_fmts": "yuv420p"}), SINK])
        graph.configure()
        return graph

    def _scale_steps(self, frame: av.VideoFrame, width: int, height: int) -> list[FilterStep]:
        """Scale to BT.709 limited yuv420p; HDR goes through a table at the output's size."""
        size = {"w": str(width), "h": str(height), "flags": "bicubic", **_input_colours(frame)}
        out = {"out_color_matrix": "bt709", "out_range": "limited"}
        square: FilterStep = ("setsar", {"sar": "1"})
        planar: FilterStep = ("format", {"pix_fmts": "yuv420p"})
        if frame.color_trc not in (PQ, HLG):
            return [("scale", {**size, **out}), planar, square]
        table = write_cube(self._scratch / "hdr.cube", "pq" if frame.color_trc == PQ else "hlg")
        return [
            ("scale", size),
            ("format", {"pix_fmts": "gbrp10"}),
            ("lut3d", {"file": str(table), "interp": "tetrahedral"}),
            ("scale", out),
            planar,
            square,
        ]

    def _build_fit(self, frame: av.VideoFrame, steps: Sequence[FilterStep], shot: ShotCrop) -> av.filter.Graph:
        """The whole crop, on a dimmed and blurred enlargement of itself."""
        crop = shot.crop
        ratio = min(self._width / crop.width, self._height / crop.height)
        width, height = (max(2, round(length * ratio / 2) * 2) for length in (crop.width, crop.height))
        wider = crop.width * self._height / (crop.height * self._width)
        ground: list[FilterStep] = [
            ("crop", {"w": f"iw*{min(1.0, 1 / wider):.6f}", "h": f"ih*{min(1.0, wider):.6f}"}),
            *self._scale_steps(
                frame, self._width // BACKGROUND_SCALE_DIVISOR, self._height // BACKGROUND_SCALE_DIVISOR
            ),
            ("gblur", {"sigma": "5"}),
            ("lutyuv", {"y": "16+(val-16)*0.55"}),
            ("scale", {"w": str(self._width), "h": str(self._height), "flags": "bilinear"}),
        ]
        graph = av.filter.Graph()
        split = graph.add("split", "2")
        append_steps(add_source(graph, frame), graph, steps).link_to(split)
        foreground = append_steps(split, graph, self._scale_steps(frame, width, height))
        back = append_steps(split, graph, ground, output=1)
        top = int((self._height - height) * shot.above) // 2 * 2
        place = {"x": str((self._width - width) // 4 * 2), "y": str(top)}
        overlay = graph.add("overlay", **place)
        back.link_to(overlay, 0, 0)
        foreground.link_to(overlay, 0, 1)
        append_steps(overlay, graph, [("format", {"pix_fmts": "yuv420p"}), SINK])
        graph.configure()
        return graph


def _input_colours(frame: av.VideoFrame) -> dict[str, str]:
    """Colour matrix and range of a frame; untagged ones by size, as players do."""
    if frame.format.is_rgb:
        return {}
    default_matrix = "bt709" if frame.height >= 720 or frame.width >= 1280 else "bt601"
    is_full_range = frame.color_range == FULL_RANGE_CODE or frame.format.name.startswith("yuvj")
    return {
        "in_color_matrix": MATRICES.get(int(frame.colorspace), default_matrix),
        "in_range": "full" if is_full_range else "limited",
    }


def cut_frame(scaled: av.VideoFrame, at: Cutout, size_px: tuple[int, int]) -> av.VideoFrame:
    """Cut a frame out of a larger yuv420p one, between its pixels."""
    width, height = size_px
    picture = av.VideoFrame(width, height, "yuv420p")
    for number, (target, source) in enumerate(zip(picture.planes, scaled.planes, strict=True)):
        half = 2 if number else 1
        samples = plane_rows(source)[: source.height, : source.width]
        part = cut_plane(samples, at.x_px / half, at.y_px / half, target.width, target.height)
        plane_rows(target)[: target.height, : target.width] = part
    picture.colorspace, picture.color_range = scaled.colorspace, scaled.color_range
    return picture
