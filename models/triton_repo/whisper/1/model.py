"""Triton's Python backend for Whisper: requests in, streamed JSON out, all inside execute().

Each response carries one JSON text in HEARD: ``{"kind": "alive"}`` while it computes, ``{"kind": "part"}`` with words
of a window, ``{"kind": "final"}`` last. README.md two folders up has the fields.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[3] / "shared"))
os.environ.setdefault("HF_HUB_OFFLINE", "1")  # a missing model must fail at load, never be fetched

import decoding_mode
import malloc
import numpy as np
import triton_python_backend_utils as pb_utils
from recogniser import Recogniser
from window_decoder import Options

ENVIRONMENT = {
    "weights": "CLIPSTREAM_WHISPER_DIR",
    "device": "CLIPSTREAM_WHISPER_DEVICE",
    "compute_type": "CLIPSTREAM_WHISPER_COMPUTE",
    "threads": "CLIPSTREAM_WHISPER_THREADS",
    "lanes": "CLIPSTREAM_WHISPER_LANES",
    "mode": "CLIPSTREAM_WHISPER_MODE",
    "batch_size": "CLIPSTREAM_WHISPER_BATCH",
    "beam_size": "CLIPSTREAM_WHISPER_BEAM",
    "max_audio_s": "CLIPSTREAM_WHISPER_MAX_AUDIO_S",
}
ALIVE_S = 2.0
"""Interval of the ``alive`` messages: shorter than any lease."""
RATE_HZ = 16_000
GLOSSARY_MAX_CHARACTERS = 600
"""The decoder takes a prompt of at most 223 tokens: more terms would push each other out."""


class BadRequestError(ValueError):
    """The request cannot be served as it is; the message says why."""


class Answer:
    """The response stream of one request: ``alive`` while the processor works, nothing after its end."""

    def __init__(self, sender) -> None:
        """``sender`` is Triton's response sender."""
        self._sender = sender
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self.cancelled = False

    def __enter__(self) -> Answer:
        """Start sending ``alive``."""
        self._thread = threading.Thread(target=self._live, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind, error, trace) -> bool:
        """Stop ``alive``, send the error if there is one, end the stream."""
        self._ended.set()
        self._thread.join()
        if error is not None and not self.cancelled:
            code = (
                pb_utils.TritonError.INVALID_ARG
                if isinstance(error, BadRequestError)
                else pb_utils.TritonError.INTERNAL
            )
            text = f"{type(error).__name__}: {error}"
            failed = pb_utils.InferenceResponse(error=pb_utils.TritonError(text, code))
            # Error and end in one message: an empty final after an error made Triton 2.51 crash, or hang at its stop.
            self._sender.send(failed, flags=pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL)
        else:
            self._sender.send(flags=pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL)
        return True

    def send(self, kind: str, **fields) -> None:
        """Send one JSON text."""
        body = json.dumps({"kind": kind, **fields}, ensure_ascii=False).encode()
        tensor = pb_utils.Tensor("HEARD", np.array([body], dtype=np.object_))
        with self._lock:
            self._sender.send(pb_utils.InferenceResponse([tensor]))

    def _live(self) -> None:
        """Send ``alive`` only if processor time was used: a hung decoder falls silent."""
        before = time.process_time()
        while not self._ended.wait(ALIVE_S):
            with self._lock:
                self.cancelled = self.cancelled or self._sender.is_cancelled()
            now = time.process_time()
            if now - before > ALIVE_S / 100 and not self.cancelled:
                self.send("alive")
            before = now


class TritonPythonModel:
    """One instance: one loaded Whisper."""

    def initialize(self, args) -> None:
        """Load the weights named by the parameters or the environment; the option ``check`` tests them."""
        if int(np.__version__.split(".", 1)[0]) >= 2:
            raise RuntimeError(f"numpy {np.__version__}: Triton's stub needs numpy < 2, else tensors arrive empty")
        parameters = {
            name: item["string_value"] for name, item in json.loads(args["model_config"])["parameters"].items()
        }
        settings = parameters | {name: os.environ[key] for name, key in ENVIRONMENT.items() if os.environ.get(key)}
        malloc.keep_freed_memory()
        on_gpu = args["model_instance_kind"] == "GPU"
        device = self._device = settings["device"] or ("cuda" if on_gpu else "cpu")
        decoding_mode.check(settings["mode"], f"the whisper model's mode ({ENVIRONMENT['mode']})")
        self._defaults = {name: settings[name] for name in ("mode", "batch_size", "beam_size")}
        self._max_samples = int(settings["max_audio_s"]) * RATE_HZ
        self._recogniser = Recogniser(
            Path(settings["weights"]),
            device=device,
            device_index=int(args["model_instance_device_id"]) if on_gpu else 0,
            compute_type=settings["compute_type"] or ("float16" if device == "cuda" else "int8"),
            threads=int(settings["threads"]),
            lanes=max(1, int(settings["lanes"] or (1 if device == "cuda" else 2))),
        )

    def execute(self, requests) -> None:
        """Serve each request to its end, so that Triton's queue limits, priorities and metrics stay true."""
        for request in requests:
            with Answer(request.get_response_sender()) as answer:
                self._hear(request, answer)

    def _hear(self, request, answer: Answer) -> None:
        started, began = time.process_time(), time.monotonic()
        audio = pb_utils.get_input_tensor_by_name(request, "AUDIO").as_numpy()
        if audio.ndim != 1 or len(audio) > self._max_samples:
            raise BadRequestError(f"AUDIO has shape {audio.shape}: one channel of at most {self._max_samples} samples")
        options = _read_options(request)
        if options.get("check"):
            self._recogniser.check()
        hearing = self._recogniser.hear(audio, _decoding_options(options, self._defaults), lambda: answer.cancelled)
        again, dropped = 0, []
        for part in hearing.parts:
            again += part.again
            dropped += [part.dropped] if part.dropped else []
            answer.send("part", words=part.words, heard_ms=part.heard_ms, window=_window(part))
        answer.send(
            "final",
            language=hearing.language,
            language_probability=hearing.language_probability,
            speech=hearing.speech,
            voiced=hearing.voiced,
            model=self._recogniser.name,
            compute_ms=round((time.process_time() - started) * 1000),
            gpu_ms=round((time.monotonic() - began) * 1000) if self._device == "cuda" else 0,
            heard_again=again,
            dropped=dropped,
        )

    def finalize(self) -> None:
        """Release the weights."""
        del self._recogniser


def _window(part) -> dict:
    return {
        "start_ms": part.start_ms,
        "end_ms": max(part.heard_ms, part.start_ms),
        "log_probability": part.log_probability,
        "compression": part.compression,
        "no_speech": part.no_speech,
        "again": part.again,
        "agreement": part.agreement,
        "dropped": part.dropped or "",
        "language": part.language,
    }


def _read_options(request) -> dict:
    tensor = pb_utils.get_input_tensor_by_name(request, "OPTIONS")
    if tensor is None:
        return {}
    try:
        options = json.loads(tensor.as_numpy().reshape(-1)[0])
    except (ValueError, IndexError) as error:
        raise BadRequestError(f"OPTIONS is not JSON: {error}") from None
    if not isinstance(options, dict):
        raise BadRequestError("OPTIONS is not a JSON object")
    return options


def _decoding_options(options: dict, defaults: dict) -> Options:
    try:
        return Options(
            mode=decoding_mode.resolve(
                decoding_mode.check(options.get("mode") or decoding_mode.AUTO, "mode"), defaults["mode"]
            ),
            beam_size=min(max(int(options.get("beam_size") or defaults["beam_size"]), 1), 10),
            batch_size=min(max(int(options.get("batch_size") or defaults["batch_size"]), 1), 64),
            language=options.get("language") or None,
            hint=options.get("hint") or None,
            glossary=str(options.get("glossary") or "")[:GLOSSARY_MAX_CHARACTERS] or None,
            task=decoding_mode.task(options.get("task")),
        )
    except (TypeError, ValueError) as error:
        raise BadRequestError(f"OPTIONS: {error}") from None
