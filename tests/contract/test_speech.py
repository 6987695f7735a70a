"""The speech port on the real Triton: words, times, silence, seams, failures. The lecture is the long case."""

from __future__ import annotations

import asyncio
import difflib
import itertools
from collections.abc import AsyncIterator
from uuid import uuid4

import numpy as np
import pytest

from schemas.documents import HeardSpan, Transcript
from schemas.events import SpanPlanned
from schemas.media import ObjectRef, TimeRange, Word
from streams.adapters.triton import TritonSpeech
from streams.adapters.triton_wire import InferenceFailed, TritonWire, tensor, text_tensor
from streams.errors import Unavailable
from streams.listen.audio import loudness
from streams.listen.hear import hear
from streams.listen.merge import close
from streams.listen.seams import letters
from tests.contract.triton_server import Triton
from tests.promises import speech_keeps_what_it_promises
from tests.recordings import RATE_HZ, flac, media, sound

pytestmark = pytest.mark.contract


def ignore(_: int) -> None:
    pass


@pytest.fixture
async def speech(triton_server: Triton) -> AsyncIterator[TritonSpeech]:
    adapter = TritonSpeech(triton_server.url)
    yield adapter
    await adapter.close()


class Stored:
    """An object store of one object."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    async def get(self, ref: ObjectRef) -> bytes:
        return self._body


def plan(ordinal: int, count: int, part: TimeRange, padded: TimeRange) -> SpanPlanned:
    ref = ObjectRef(key="k", sha256="0" * 64, size=1)
    return SpanPlanned(
        org_id=uuid4(),
        project_id=uuid4(),
        ordinal=ordinal,
        span_count=count,
        range=part,
        padded=padded,
        source=ref,
        index=ref,
        audio=ref,
    )


def ranges(samples: np.ndarray, target_ms: int, search_ms: int = 15_000) -> list[TimeRange]:
    """Cut in the middle of the longest quiet stretch near each multiple of ``target_ms``."""
    total_ms = samples.size * 1000 // RATE_HZ
    whole = TimeRange(start_ms=0, end_ms=total_ms)
    level = np.array(loudness(samples, padded=whole, wanted=whole).level_db)
    smooth = np.convolve(level, np.ones(5) / 5, "same")
    cuts = [0]
    while total_ms - cuts[-1] > 1.5 * target_ms:
        first = (cuts[-1] + target_ms - search_ms) // 100
        cuts.append((first + int(np.argmin(smooth[first : first + 2 * search_ms // 100]))) * 100 + 50)
    return [TimeRange(start_ms=a, end_ms=b) for a, b in zip(cuts, [*cuts[1:], total_ms], strict=True)]


async def hear_in_spans(speech: TritonSpeech, samples: np.ndarray, parts: list[TimeRange]) -> list[HeardSpan]:
    heard: list[HeardSpan] = []
    total_ms = samples.size * 1000 // RATE_HZ
    for ordinal, part in enumerate(parts):
        padded = TimeRange(start_ms=max(0, part.start_ms - 1000), end_ms=min(total_ms, part.end_ms + 1000))
        cut = samples[padded.start_ms * 16 : padded.end_ms * 16]
        span = plan(ordinal, len(parts), part, padded)
        hint = heard[0].language if heard else None
        heard.append(await hear(span, objects=Stored(flac(cut)), speech=speech, report=ignore, hint=hint))  # type: ignore[arg-type]
    return heard


def texts(words: list[Word]) -> list[str]:
    return [letters(word.text) for word in words]


def differences(one: Transcript, other: Transcript) -> list[tuple[list[Word], list[Word]]]:
    """Stretches of words that differ between two transcripts."""
    matcher = difflib.SequenceMatcher(None, texts(one.words), texts(other.words), autojunk=False)
    found = [code for code in matcher.get_opcodes() if code[0] != "equal"]
    return [(one.words[i1:i2], other.words[j1:j2]) for _, i1, i2, j1, j2 in found]


def differing(one: Transcript, other: Transcript) -> int:
    """Words inserted, deleted or replaced between two transcripts."""
    return sum(max(len(ours), len(theirs)) for ours, theirs in differences(one, other))


def near(words: list[Word], seam_ms: int) -> list[str]:
    return [word.text for word in words if abs((word.start_ms + word.end_ms) / 2 - seam_ms) <= 1000]


async def test_what_its_twin_promises_too(speech: TritonSpeech) -> None:
    await speech_keeps_what_it_promises(speech, sound(media("speech/jfk.flac")))


async def test_each_window_is_heard_in_its_own_language(speech: TritonSpeech) -> None:
    """A minute that begins in English and goes on in German and French."""
    heard = await speech.transcribe(sound(media("speech/multilingual.mp3")), language=None, report=ignore)
    said = texts(heard.words)
    assert "permission" in said
    assert "dokumentationsdateien" in said
    assert heard.language == "en"


async def test_words_times_and_language(speech: TritonSpeech) -> None:
    signs: list[int] = []
    heard = await speech.transcribe(sound(media("speech/jfk.flac")), language=None, report=signs.append)
    said = " ".join(texts(heard.words))
    assert "ask not what your country can do for you" in said
    assert heard.language == "en"
    assert heard.language_probability > 0.8
    americans = next(word for word in heard.words if letters(word.text) == "americans")
    assert abs(americans.start_ms - 1800) < 700
    assert signs == sorted(set(signs))
    assert all(word.start_ms < word.end_ms <= 11_100 for word in heard.words)
    assert sum(stretch.length_ms for stretch in heard.speech) > 5_000
    assert heard.compute_ms > 0


@pytest.mark.parametrize(
    "name",
    [
        "music/Kevin_MacLeod-Vibe_Ace.ogg",
        "music/Hungarian_Dance_5.ogg",
        "talking/nvidia_webcam_pillarbox_8s_720p.mp4",
        "talking/face_offcentre_20s.mp4",
    ],
)
async def test_nothing_is_invented(speech: TritonSpeech, name: str) -> None:
    heard = await speech.transcribe(sound(media(name)), language=None, report=ignore)
    assert heard.words == []


@pytest.mark.parametrize("level", [30, 300, 3000])
async def test_noise_says_nothing_with_a_glossary_or_without(speech: TritonSpeech, level: int) -> None:
    noise = np.random.default_rng(level).normal(0, level, 20 * RATE_HZ).astype(np.int16)
    for glossary in ((), ("Lorenz", "Tchaikovsky")):
        assert (await speech.transcribe(noise, language="en", report=ignore, glossary=glossary)).words == []


async def test_a_glossary_invents_nothing(speech: TritonSpeech) -> None:
    """Terms that nobody says are not heard, neither in speech nor in music; the rest is heard as before."""
    terms = ("Lorenz", "Tchaikovsky", "Betelgeuse")
    for name in ("music/Kevin_MacLeod-Vibe_Ace.ogg", "talking/nvidia_webcam_pillarbox_8s_720p.mp4"):
        assert (await speech.transcribe(sound(media(name)), language=None, report=ignore, glossary=terms)).words == []
    samples = sound(media("speech/jfk.flac"))
    plain = await speech.transcribe(samples, language="en", report=ignore)
    nudged = await speech.transcribe(samples, language="en", report=ignore, glossary=terms)
    assert texts(nudged.words) == texts(plain.words)


async def test_what_the_decoder_thought_comes_along(speech: TritonSpeech) -> None:
    heard = await speech.transcribe(sound(media("speech/jfk.flac")), language="en", report=ignore)
    (window,) = heard.windows
    assert window.start_ms <= heard.words[0].start_ms
    assert window.end_ms >= heard.words[-1].start_ms
    assert (window.again, window.dropped) == (False, "")
    assert window.log_probability > -0.6
    assert window.compression < 2.4


async def test_no_samples_and_silence(speech: TritonSpeech) -> None:
    assert (await speech.transcribe(np.zeros(0, dtype=np.int16), language=None, report=ignore)).words == []
    heard = await speech.transcribe(np.zeros(5 * RATE_HZ, dtype=np.int16), language="en", report=ignore)
    assert heard.words == []
    assert heard.speech == []


async def test_seams_leave_no_trace(speech: TritonSpeech) -> None:
    samples = sound(media("talking/physicsworks_lecture_203s_240p.webm"))
    total_ms = samples.size * 1000 // RATE_HZ
    whole = close(await hear_in_spans(speech, samples, [TimeRange(start_ms=0, end_ms=total_ms)]), total_ms, [])
    for target_ms in (50_000, 37_000):
        await check_seams(speech, samples, whole, ranges(samples, target_ms))


async def check_seams(speech: TritonSpeech, samples: np.ndarray, whole: Transcript, parts: list[TimeRange]) -> None:
    assert len(parts) >= 4
    total_ms = whole.duration_ms
    merged = close(await hear_in_spans(speech, samples, parts), total_ms, [])
    different = differing(whole, merged)
    print(f"{len(parts)} spans, {different} of {len(whole.words)} words differ")
    assert different <= 0.02 * len(whole.words)
    for part, (ours, theirs) in itertools.product(parts[1:], differences(whole, merged)):
        assert len(near(ours, part.start_ms)) == len(near(theirs, part.start_ms)), "doubled or lost at a seam"
    starts = [word.start_ms for word in merged.words]
    assert starts == sorted(starts)
    assert all(word.start_ms < word.end_ms for word in merged.words)


async def test_a_seam_through_speech(speech: TritonSpeech) -> None:
    """Cuts that ignore silences, as where there is none: still nothing doubled or lost around them."""
    samples = sound(media("talking/physicsworks_lecture_203s_240p.webm"))[: 100 * RATE_HZ]
    whole = close(await hear_in_spans(speech, samples, [TimeRange(start_ms=0, end_ms=100_000)]), 100_000, [])
    seam_ms = next(word for word in whole.words if word.start_ms > 48_000).start_ms + 60
    parts = [TimeRange(start_ms=0, end_ms=seam_ms), TimeRange(start_ms=seam_ms, end_ms=100_000)]
    merged = close(await hear_in_spans(speech, samples, parts), 100_000, [])
    assert differing(whole, merged) <= 0.03 * len(whole.words)
    doubled = [a for a, b in zip(merged.words, merged.words[1:], strict=False) if letters(a.text) == letters(b.text)]
    expected = [a for a, b in zip(whole.words, whole.words[1:], strict=False) if letters(a.text) == letters(b.text)]
    assert len(doubled) == len(expected)


async def test_leaving_early_frees_the_model(speech: TritonSpeech) -> None:
    samples = sound(media("talking/physicsworks_lecture_203s_240p.webm"))
    task = asyncio.create_task(speech.transcribe(samples, language="en", report=ignore))
    await asyncio.sleep(1.0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(60):
        heard = await speech.transcribe(samples[: 10 * RATE_HZ], language="en", report=ignore)
    assert heard.words


async def test_bad_options_are_a_bug_and_the_model_goes_on(speech: TritonSpeech, triton_server: Triton) -> None:
    wire = TritonWire(triton_server.url)
    inputs = [tensor("AUDIO", np.zeros(100, dtype=np.int16), "INT16"), text_tensor("OPTIONS", '{"mode":"loud"}')]
    with pytest.raises(InferenceFailed, match="loud"):
        async for _ in wire.stream("whisper", inputs, 30.0):
            pass
    await wire.close()
    await speech.probe()


async def test_nobody_there() -> None:
    speech = TritonSpeech("127.0.0.1:9")
    with pytest.raises(Unavailable):
        await speech.transcribe(np.zeros(RATE_HZ, dtype=np.int16), language=None, report=ignore)
    with pytest.raises(Unavailable):
        await speech.probe()
    await speech.close()


async def test_a_killed_model_is_revived(speech: TritonSpeech, triton_server: Triton) -> None:
    samples = sound(media("talking/physicsworks_lecture_203s_240p.webm"))
    task = asyncio.create_task(speech.transcribe(samples, language="en", report=ignore))
    await asyncio.sleep(1.5)
    for stub in triton_server.stubs("whisper"):
        stub.kill()
    with pytest.raises(Unavailable):
        await task
    heard = await speech.transcribe(samples[: 10 * RATE_HZ], language="en", report=ignore)
    assert heard.words
