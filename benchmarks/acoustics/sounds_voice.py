"""The product's voice detector, in the models' environment.

One JSON question a line, one JSON answer a line.

A question is the path of a .npy (16 kHz, int16); the answer the ranges of speech, [start_ms, end_ms], as listen gets
them from the model, whose folder is on the module path. Recognises no word.
"""

import json
import sys

import numpy as np
from faster_whisper.vad import get_speech_timestamps
from packing import RATE_HZ, speech_ms
from recogniser import PAD_MS, SPEECH_VAD


def main() -> None:
    for line in sys.stdin:
        samples = np.load(json.loads(line)).astype(np.float32) / 32768.0
        ranges = [(piece["start"], piece["end"]) for piece in get_speech_timestamps(samples, SPEECH_VAD)]
        print(json.dumps(speech_ms(ranges, PAD_MS * RATE_HZ // 1000)), flush=True)


if __name__ == "__main__":
    main()
