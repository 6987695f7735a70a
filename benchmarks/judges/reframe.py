"""Crops that pyautoflip would make of videos, picture by picture.

Runs in the peer's environment only; writes no video.

In: ``{"aspect": "9:16", "paths": [path]}``. Out: ``{path: {"rate": pictures a second, "crops": [[x, y, width, height]
of each picture, in shares]}}``. Its default face finder fetches weights from elsewhere when it runs; here its own other
one finds them (MediaPipe's, with the weights in its package). Everything else is as its users get it.
"""

from __future__ import annotations

import contextlib
import json
import sys
import types

absent = types.ModuleType("insightface.app")
absent.FaceAnalysis = None  # type: ignore[attr-defined]
sys.modules |= {"insightface": types.ModuleType("insightface"), "insightface.app": absent}

from pyautoflip.core import processor  # noqa: E402 - imports what is put in its place above
from pyautoflip.detection.mediapipe_face_detector import FaceDetector  # noqa: E402

processor.FaceDetector = FaceDetector


class Unwritten:
    """Stands where a video would be written."""

    def finalize(self) -> str:
        """Nothing to end."""
        return ""


class Planner(processor.AutoFlipProcessor):
    """pyautoflip's processor, up to where crops are cut out."""

    def _initialize_writer(self, output_path: str, video_reader: processor.VideoReader) -> Unwritten:
        self.crops, self.rate = [], video_reader.fps
        return Unwritten()

    def _apply_cropping(self, video_reader, video_writer, start_frame, scene_length, key_frame_data) -> int:
        cropper = processor.SceneCropper(
            target_aspect_ratio=self.target_aspect_ratio,
            motion_threshold=self.motion_threshold,
            padding_method=self.padding_method,
        )
        detections = [key_frame_data[name] for name in ("key_frames", "face_detections", "object_detections")]
        self.crops += cropper.process_scene(*detections, scene_length)
        return scene_length


def main() -> None:
    """Plan the crops of each video, one after the other."""
    request, plans = json.load(sys.stdin), {}
    with contextlib.redirect_stdout(sys.stderr):
        planner = Planner(target_aspect_ratio=request["aspect"])
        for path in request["paths"]:
            planner.process_video(path, "")
            plans[path] = {"rate": planner.rate, "crops": [[float(value) for value in crop] for crop in planner.crops]}
    json.dump(plans, sys.stdout)


if __name__ == "__main__":
    main()
