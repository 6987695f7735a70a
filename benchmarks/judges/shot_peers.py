"""Shot boundaries by PySceneDetect's adaptive and content detectors.

Runs in the judges' environment only.

In: ``{"path": a file, "end": the number of the first picture that is not looked at, or null}``.
Out: ``{detector: {"frames": [first picture of each new shot], "cpu_s": decode and all}}``.
"""

from __future__ import annotations

import json
import sys
import time

from scenedetect import AdaptiveDetector, ContentDetector, detect

DETECTORS = {"adaptive": AdaptiveDetector, "content": ContentDetector}


def main() -> None:
    """Run each detector, one after the other."""
    request = json.load(sys.stdin)
    results = {}
    for name, detector in DETECTORS.items():
        begun = time.process_time()
        scenes = detect(request["path"], detector(), end_time=request["end"])
        cpu_s = time.process_time() - begun
        results[name] = {"frames": [scene[0].frame_num for scene in scenes[1:]], "cpu_s": cpu_s}
    json.dump(results, sys.stdout)


if __name__ == "__main__":
    main()
