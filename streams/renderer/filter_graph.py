"""Builds libav filter graphs from lists of filters, and takes the frames out of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import TypeVar

import av
import av.filter
from av.filter.context import FilterContext

FilterStep = tuple[str, dict[str, str]]
"""A filter's name, and its options."""
SINK: FilterStep = ("buffersink", {})
F = TypeVar("F", av.VideoFrame, av.AudioFrame)


def add_source(graph: av.filter.Graph, frame: av.VideoFrame) -> FilterContext:
    """Add an input for frames like this one, timed in ms."""
    return graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1, 1000))


def append_steps(
    head: FilterContext, graph: av.filter.Graph, steps: Sequence[FilterStep], *, output: int = 0
) -> FilterContext:
    """Append filters to one output of ``head``; returns the last."""
    for name, options in steps:
        following = graph.add(name, **options)
        head.link_to(following, output)
        head, output = following, 0
    return head


def build_chain(frame: av.VideoFrame, steps: Sequence[FilterStep]) -> av.filter.Graph:
    """Build a graph of filters one after another, for frames like this one."""
    graph = av.filter.Graph()
    append_steps(add_source(graph, frame), graph, [*steps, SINK])
    graph.configure()
    return graph


def pull_frames(graph: av.filter.Graph, kind: type[F]) -> Iterator[F]:
    """Take out every frame that a graph has ready; after the end of its input those are all that are left."""
    while True:
        try:
            frame = graph.pull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return
        assert isinstance(frame, kind)
        yield frame
