"""What noise reduction gains and what it costs, compared with libav's own filters.

On real voices with known noise.

``python -m benchmarks.render.denoise``. Voices of the shared media plus white, pink, hum-like and room noise at 5, 10
and 20 dB; gain is that of the signal-to-noise ratio after the best fit in time and level. ``speech``: by how much the
voice is softer or louder than alone; ``clean``: how little is lost of a voice without noise (signal to error);
``late``: the delay. The noise of the room is real: a webcam's recording in which no one speaks. High-pass and de-click
come last.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from benchmarks.render.loudness import loaded, through
from streams.render.quality.check_av_sync import measure_audio_lag_ms
from streams.renderer.audio.cleanup import apply_high_pass, remove_clicks
from streams.renderer.audio.denoise import reduce_noise
from streams.renderer.audio.loudness import RATE_HZ, Sound, integrated_lufs

VOICES = (
    "speech/librispeech/1221-135766-0001.wav",
    "speech/librispeech/1089-134686-0001.wav",
    "speech/librivox/sense_0870.wav",
    "speech/jfk.flac",
    "speech/hifitts_6097/roots_28_morris_0362.wav",
)
ROOM = "talking/nvidia_webcam_pillarbox_8s_720p.mp4"
LENGTH_S = 6.0
SNRS_DB = (5, 10, 20)
Way = Callable[[Sound], Sound]
NOISY = "in"


def noises(count: int) -> Iterator[tuple[str, Sound]]:
    """Name and samples, at any level."""
    random = np.random.default_rng(5)
    white = random.standard_normal(count)
    spectrum = np.fft.rfft(white)
    hz = np.fft.rfftfreq(count, 1 / RATE_HZ)
    pink = np.fft.irfft(spectrum / np.sqrt(np.maximum(hz, 20)), count)
    at = np.arange(count) / RATE_HZ
    hum = sum(np.sin(2 * np.pi * 50 * number * at + number) / number for number in (1, 2, 3, 5, 7, 11))
    room = loaded(ROOM, 0.5, count / RATE_HZ)[:, 0]
    for name, mono in (("white", white), ("pink", pink), ("hum", hum + 0.1 * pink / pink.std()), ("room", room)):
        yield name, np.repeat(mono.astype(np.float32)[:, None], 2, axis=1)


def mixed(voice: Sound, noise: Sound, snr_db: float) -> Sound:
    """Mix a voice and a noise at a signal-to-noise ratio of ``snr_db``."""
    ratio = float(np.square(voice).mean() / np.square(noise).mean())
    return voice + noise * np.float32(np.sqrt(ratio / 10 ** (snr_db / 10)))


def snr_db(clean: Sound, sound: Sound, lag: int) -> float:
    """Ratio of the clean voice in ``sound``, ``lag`` samples later, to the rest, at the best gain."""
    aligned = np.roll(sound, -lag, axis=0)[: len(clean)]
    reference, signal = (np.ravel(part[RATE_HZ // 10 : -RATE_HZ // 10]).astype(np.float64) for part in (clean, aligned))
    error = reference - signal * (reference @ signal) / (signal @ signal)
    return float(10 * np.log10((reference @ reference) / max(error @ error, 1e-30)))


def by_filter(name: str, options: str) -> Way:
    """One of libav's filters as a way."""
    return lambda sound: np.concatenate([frame.to_ndarray().T for frame in through(sound, ((name, options),))])


WAYS: Mapping[str, Way] = {
    NOISY: lambda sound: sound,
    "light": lambda sound: reduce_noise(sound, "light"),
    "strong": lambda sound: reduce_noise(sound, "strong"),
    "afftdn nr=12 tn=1": by_filter("afftdn", "nr=12:tn=1"),
    "anlmdn": by_filter("anlmdn", "s=0.0005"),
}


def denoising(voices: Sequence[Sound]) -> None:
    """A line a way: gain by noise and ratio, and what it costs."""
    noise_by_kind = dict(noises(len(voices[0])))
    print(f"gain in dB at {', '.join(f'{snr} dB' for snr in SNRS_DB)}; {len(voices)} voices of {LENGTH_S:.0f} s")
    for name, way in WAYS.items():
        if name == NOISY:
            continue
        cells, loss, lags, spent_s, runs = [], [], [], 0.0, 0
        for kind, noise in noise_by_kind.items():
            gains = []
            for ratio in SNRS_DB:
                voice_gains = []
                for voice in voices:
                    noisy = mixed(voice, noise[: len(voice)], ratio)
                    began = time.process_time()
                    cleaned = way(noisy)
                    spent_s, runs = spent_s + time.process_time() - began, runs + 1
                    lag = measure_audio_lag_ms(voice, cleaned) or 0.0
                    lags.append(lag)
                    at = round(lag * RATE_HZ / 1000)
                    voice_gains.append(snr_db(voice, cleaned, at) - snr_db(voice, noisy, 0))
                    if ratio == SNRS_DB[-1]:
                        loss.append((integrated_lufs(cleaned) or -99.0) - (integrated_lufs(voice) or -99.0))
                gains.append(f"{np.mean(voice_gains):+.1f}")
            cells.append(f"{kind} {' '.join(gains)}")
        lag = round(float(np.median(lags)) * RATE_HZ / 1000)
        clean = np.mean([snr_db(voice, way(voice), lag) for voice in voices])
        print(
            f"{name:<18} {'; '.join(cells)}; speech {np.mean(loss):+.1f} LU; clean {clean:.0f} dB; late "
            f"{np.median(lags):.1f} ms; {spent_s * 60 / (runs * LENGTH_S):.1f} CPU-s a minute"
        )


def measure_other_filters(voices: Sequence[Sound]) -> None:
    """High-pass against rumble, de-click against clicks, and what each does to a voice that has neither."""
    at = np.arange(len(voices[0])) / RATE_HZ
    rumble = sum(np.sin(2 * np.pi * hz * at + hz) for hz in (18, 27, 35, 50)) * (1 + np.sin(at * 3)) / 4
    rumble = np.repeat(rumble.astype(np.float32)[:, None], 2, axis=1)
    random = np.random.default_rng(6)
    for name, way, spoil in (
        ("high-pass", apply_high_pass, lambda voice: mixed(voice, rumble[: len(voice)], 5)),
        ("de-click", lambda sound: remove_clicks(sound)[0], lambda voice: clicked(voice, random)),
    ):
        spoiled = [spoil(voice) for voice in voices]
        began = time.process_time()
        cleaned = [way(noisy) for noisy in spoiled]
        spent_s = time.process_time() - began
        gain = np.mean([snr_db(a, b, 0) - snr_db(a, c, 0) for a, b, c in zip(voices, cleaned, spoiled, strict=True)])
        clean = np.mean([snr_db(voice, way(voice), 0) for voice in voices])
        lags = [measure_audio_lag_ms(voice, output) or 0.0 for voice, output in zip(voices, cleaned, strict=True)]
        print(
            f"{name:<18} {gain:+.1f} dB; clean {clean:.0f} dB; late {max(lags, key=abs):.1f} ms; "
            f"{spent_s * 60 / (len(voices) * LENGTH_S):.1f} CPU-s a minute"
        )


def clicked(voice: Sound, random: np.random.Generator) -> Sound:
    """Five clicks a second of two to ten samples, as tall as the voice's own peaks."""
    clicking = voice.copy()
    for at in random.integers(1_000, len(voice) - 1_000, int(5 * LENGTH_S)):
        length = int(random.integers(2, 11))
        clicking[at : at + length] += (random.standard_normal((length, 1)) * np.abs(voice).max()).astype(np.float32)
    return clicking


def main() -> None:
    """Print both tables."""
    voices = [loaded(name, 0.3, LENGTH_S)[: round(LENGTH_S * RATE_HZ)] for name in VOICES]
    shortest = min(map(len, voices))
    voices = [voice[:shortest] for voice in voices]
    denoising(voices)
    measure_other_filters(voices)


if __name__ == "__main__":
    main()
