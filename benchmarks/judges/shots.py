"""Shot boundaries by PySceneDetect's adaptive and content detectors. Runs in the judges' environment only.

In: a list of paths. Out: ``{detector: {path: {"frames": [first picture of each new shot], "cpu_s": decode and all}}}``.
"""

from __future__ import annotations

import json
import sys
import time

from scenedetect import AdaptiveDetector, ContentDetector, detect

DETECTORS = {"adaptive": AdaptiveDetector, "content": ContentDetector}


def main() -> None:
    """Each detector on each file, one after the other."""
    told = {name: {} for name in DETECTORS}
    for path in json.load(sys.stdin):
        for name, detector in DETECTORS.items():
            begun = time.process_time()
            scenes = detect(path, detector())
            cpu_s = time.process_time() - begun
            told[name][path] = {"frames": [scene[0].frame_num for scene in scenes[1:]], "cpu_s": cpu_s}
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main()
