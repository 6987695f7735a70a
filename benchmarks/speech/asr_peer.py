"""faster-whisper called directly, in the models' environment.

One JSON question a line, one JSON answer a line.

A question: ``{"audio": path of a .npy (int16), "mode", "beam_size", "batch_size", "language"}``; the mode ``defaults``
is sequential with whatever the library does by itself. Runs none of our code.
"""

import json
import sys
import time

import numpy as np
from faster_whisper import BatchedInferencePipeline, WhisperModel


def main(weights: str, threads: int) -> None:
    model = WhisperModel(weights, device="cpu", compute_type="int8", cpu_threads=threads, local_files_only=True)
    batched = BatchedInferencePipeline(model)
    for line in sys.stdin:
        request = json.loads(line)
        samples = np.load(request["audio"])
        started, cpu = time.perf_counter(), time.process_time()
        audio = samples.astype(np.float32) / 32768.0
        options = {"language": request["language"], "beam_size": request["beam_size"], "word_timestamps": True}
        if request["mode"] == "batched":
            segments, info = batched.transcribe(
                audio,
                batch_size=request["batch_size"],
                without_timestamps=request.get("without_timestamps", True),
                **options,
            )
        elif request["mode"] == "defaults":
            segments, info = model.transcribe(audio, **options)
        else:
            segments, info = model.transcribe(audio, vad_filter=True, condition_on_previous_text=False, **options)
        text = " ".join(word.word.strip() for segment in segments for word in segment.words)
        answer = {
            "wall_s": time.perf_counter() - started,
            "cpu_s": time.process_time() - cpu,
            "text": text,
            "language": info.language,
        }
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
