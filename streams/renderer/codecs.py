"""Settings of each codec and container: encoder names, quality scales, muxer options."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import av
import msgspec

from schemas.common import Value
from schemas.options.export_options import ExportOptions, Quality, VideoWish, file_for
from schemas.options.file_formats import AudioCodec, Container, FileKind, Pictures
from schemas.options.presets import presets

QUALITY_SETTINGS: Mapping[Pictures, Mapping[Quality, tuple[str, int]]] = MappingProxyType(
    {
        "h264": {"draft": ("ultrafast", 23), "good": ("veryfast", 20), "best": ("slow", 18)},
        "hevc": {"draft": ("ultrafast", 27), "good": ("veryfast", 24), "best": ("medium", 21)},
        "av1": {"draft": ("12", 38), "good": ("10", 32), "best": ("8", 28)},
        "vp9": {"draft": ("8", 36), "good": ("5", 32), "best": ("2", 28)},
        "prores": {"draft": ("1", 0), "good": ("2", 0), "best": ("3", 0)},
        "gif": {"draft": ("", 0), "good": ("", 0), "best": ("", 0)},
        "webp": {"draft": ("1", 50), "good": ("2", 60), "best": ("4", 75)},
    }
)
"""Encoder preset and CRF by codec and quality.

The preset is x264's, x265's or SVT-AV1's preset, libvpx's cpu-used, ProRes' profile (LT, standard, HQ), or libwebp's
effort, whose second value is its quality. GIF has neither.
"""
NVENC_QUALITY_SETTINGS: Mapping[Quality, tuple[str, int]] = MappingProxyType(
    {"draft": ("p2", 27), "good": ("p5", 23), "best": ("p7", 19)}
)
"""NVENC's preset and CQ by quality."""
SOFTWARE_ENCODERS: Mapping[Pictures, str] = MappingProxyType(
    {
        "h264": "libx264",
        "hevc": "libx265",
        "av1": "libsvtav1",
        "vp9": "libvpx-vp9",
        "prores": "prores_aw",
        "gif": "gif",
        "webp": "libwebp_anim",
    }
)
"""libav's encoder by codec. prores_aw takes a third of the time of prores_ks at the same bit rate."""
NVENC_ENCODERS: Mapping[Pictures, str] = MappingProxyType(
    {"h264": "h264_nvenc", "hevc": "hevc_nvenc", "av1": "av1_nvenc"}
)
"""NVENC's encoder by codec, where it has one."""
AUDIO_ENCODERS: Mapping[AudioCodec, tuple[str, str]] = MappingProxyType(
    {
        "aac": ("aac", "fltp"),
        "opus": ("libopus", "flt"),
        "mp3": ("libmp3lame", "fltp"),
        "flac": ("flac", "s16"),
        "pcm": ("pcm_s16le", "s16"),
    }
)
"""libav's encoder and its sample format, by audio codec."""
AUDIO_BIT_RATES_BPS: Mapping[AudioCodec, int] = MappingProxyType({"aac": 160_000, "opus": 128_000, "mp3": 192_000})
"""Bits per second of the lossy audio codecs.

Below its rate LAME cuts above 17 kHz, which lowers the loudness.
"""
SEGMENTABLE_CODECS: frozenset[Pictures] = frozenset({"h264", "hevc"})
"""Codecs whose packets can be joined from independently encoded segments."""
HEVC_REORDER_FRAMES = 2
"""Frames that x265 reorders with B-frames, at each preset used here."""
MUXERS: Mapping[Container, tuple[str, Mapping[str, str]]] = MappingProxyType(
    {
        "mp4": ("mp4", {"movflags": "+faststart"}),
        "mov": ("mov", {"movflags": "+faststart"}),
        "m4a": ("ipod", {"movflags": "+faststart"}),
        "webm": ("webm", {"cues_to_front": "1"}),
        "gif": ("gif", {"loop": "0"}),
        "webp": ("webp", {"loop": "0"}),
        "mp3": ("mp3", {}),
        "flac": ("flac", {}),
        "wav": ("wav", {}),
    }
)
"""Muxer name and options by container.

Every muxer also gets ``+bitexact`` and writes no version of itself.
"""


class Encoding(Value, frozen=True, kw_only=True):
    """Encoder settings of one file. Its fields are part of the certificate's provenance.

    Two clips at one thread each are faster than one clip at two threads (ratio 1.24 on two cores).
    """

    preset: str = "veryfast"
    crf: int = 20
    audio_bit_rate: int = 160_000
    threads: int = 1
    file: FileKind = FileKind()
    edit_lists: bool = True
    """Without edit lists frames are stored in display order, and the first 21 ms of audio are the encoder's delay."""
    hardware: bool = False
    """Whether to encode with NVENC where it has an encoder for the codec."""

    @property
    def encoder(self) -> str:
        """Name of the video encoder; empty for audio files."""
        if self.file.video is None:
            return ""
        return NVENC_ENCODERS[self.file.video] if self.uses_nvenc else SOFTWARE_ENCODERS[self.file.video]

    @property
    def uses_nvenc(self) -> bool:
        """Whether NVENC encodes the video."""
        return self.hardware and self.file.video in NVENC_ENCODERS

    @property
    def name(self) -> str:
        """Encoders and settings in words, as the certificate names them."""
        version = ".".join(str(part) for part in av.library_versions["libavcodec"])
        return ", ".join([*self._pictures(), *self._sound(), f"libavcodec {version}"])

    def _pictures(self) -> list[str]:
        match self.file.video:
            case None:
                return []
            case "gif":
                return ["gif"]
            case "prores":
                return [f"{self.encoder} profile {self.preset} threads {self.threads}"]
            case "webp":
                return [f"{self.encoder} effort {self.preset} quality {self.crf}"]
        scale = "cq" if self.uses_nvenc else "crf"
        return [f"{self.encoder} {self.preset} {scale} {self.crf} threads {self.threads}"]

    def _sound(self) -> list[str]:
        audio = self.file.audio
        if audio is None:
            return []
        return [audio if audio not in AUDIO_BIT_RATES_BPS else f"{audio} {self.audio_bit_rate // 1000}k"]


def build_encoding(video: VideoWish, threads: int, file: FileKind = FileKind(), *, hardware: bool = False) -> Encoding:  # noqa: B008 - frozen
    """Build the encoding of a file of the requested quality."""
    by_hardware = hardware and file.video in NVENC_ENCODERS
    preset, crf = (
        NVENC_QUALITY_SETTINGS[video.quality] if by_hardware else QUALITY_SETTINGS[file.video or "h264"][video.quality]
    )
    rate = AUDIO_BIT_RATES_BPS.get(file.audio or "pcm", 0)
    return Encoding(preset=preset, crf=crf, audio_bit_rate=rate, threads=threads, file=file, hardware=by_hardware)


def encoding_for_export(options: ExportOptions, threads: int, *, hardware: bool = False) -> Encoding:
    """Build the encoding for export options; a preset may lower the audio bit rate and drop edit lists."""
    encoding = build_encoding(options.video, threads, file_for(options), hardware=hardware)
    if options.preset is None:
        return encoding
    preset = presets()[options.preset]
    rate = min(encoding.audio_bit_rate, preset.audio_bit_rate or encoding.audio_bit_rate)
    plain = preset.edit_lists or encoding.file.container not in ("mp4", "mov")
    return msgspec.structs.replace(encoding, audio_bit_rate=rate, edit_lists=plain)


def is_segmentable(encoding: Encoding) -> bool:
    """Whether the video is encoded in segments that later exports may reuse."""
    return encoding.file.video in SEGMENTABLE_CODECS and not encoding.uses_nvenc


def reorder_frames(encoding: Encoding, reported_frames: int) -> int:
    """Number of frames by which decoding order may run ahead of display order.

    ``reported_frames`` is the encoder context's own value; x265 reports none.
    """
    return HEVC_REORDER_FRAMES if encoding.file.video == "hevc" and encoding.edit_lists else reported_frames


def pixel_format(encoding: Encoding) -> str:
    """Pixel format that the video encoder takes."""
    return "yuv422p10le" if encoding.file.video == "prores" else "yuv420p"


def codec_tag(file: FileKind) -> str | None:
    """The codec tag by which Apple's players recognise HEVC; None where the muxer's default is right."""
    return "hvc1" if file.video == "hevc" else None


def encoder_options(encoding: Encoding) -> dict[str, str]:
    """Options of the video encoder."""
    if encoding.uses_nvenc:
        return {
            "preset": encoding.preset,
            "rc": "vbr",
            "cq": str(encoding.crf),
            "b": "0",
            "flags": "+cgop+bitexact",
            "spatial-aq": "1",
            **({} if encoding.file.video == "av1" else {"a53cc": "0"}),
            **({} if encoding.edit_lists else {"bf": "0"}),
        }
    return _OPTIONS_BY_CODEC[encoding.file.video or "h264"](encoding)


def _x264_options(encoding: Encoding) -> dict[str, str]:
    return {
        "preset": encoding.preset,
        "crf": str(encoding.crf),
        "profile": "high",
        "flags": "+cgop+bitexact",
        "a53cc": "0",  # the source's television captions belong to its own times
        **({} if encoding.edit_lists else {"bf": "0"}),
    }


def _x265_options(encoding: Encoding) -> dict[str, str]:
    quiet = "log-level=error:pools=none:frame-threads=1:open-gop=0:info=0" + (
        "" if encoding.edit_lists else ":bframes=0"
    )
    return {"preset": encoding.preset, "crf": str(encoding.crf), "x265-params": quiet}


def _svtav1_options(encoding: Encoding) -> dict[str, str]:
    return {"preset": encoding.preset, "crf": str(encoding.crf), "svtav1-params": f"lp={encoding.threads}"}


def _vpx_options(encoding: Encoding) -> dict[str, str]:
    quick = encoding.preset == "8"
    return {
        "deadline": "realtime" if quick else "good",
        "cpu-used": encoding.preset,
        "crf": str(encoding.crf),
        "b": "0",
        "row-mt": "0",
    }


def _prores_options(encoding: Encoding) -> dict[str, str]:
    return {"profile": encoding.preset, "flags": "+bitexact"}


def _webp_options(encoding: Encoding) -> dict[str, str]:
    return {"quality": str(encoding.crf), "compression_level": encoding.preset}


_OPTIONS_BY_CODEC = MappingProxyType(
    {
        "h264": _x264_options,
        "hevc": _x265_options,
        "av1": _svtav1_options,
        "vp9": _vpx_options,
        "prores": _prores_options,
        "gif": lambda _: dict[str, str](),
        "webp": _webp_options,
    }
)
