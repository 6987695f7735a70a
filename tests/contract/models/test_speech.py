"""The speech port on the real Triton: words, times, silence, seams, failures. The lecture is the long case."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import groupby

import numpy as np
import pytest

from core.errors import Unavailable
from core.infra.triton.alignment import TritonAlignment
from core.infra.triton.client import InferenceFailed, TritonWire, tensor, text_tensor
from core.infra.triton.speech import TritonSpeech
from core.infra.usage_meter import metered
from streams.close.transcript.english_track import build_english_track
from streams.close.transcript.span_merge import merge_spans
from streams.close.transcript.span_overlap import normalise_word
from tests.contract.rigs.triton_server import Triton
from tests.support.media.recordings import RATE_HZ, media, sound
from tests.support.port_contracts import speech_keeps_what_it_promises
from tests.support.progress import HANG_S
from tests.support.seams import Cut, cut_near, differing, hear_in_spans, texts, torn, transcribed

pytestmark = pytest.mark.contract
SEARCH_MS = 15_000


def ignore(_: int) -> None:
    pass


@pytest.fixture
async def speech(triton_server: Triton) -> AsyncIterator[TritonSpeech]:
    adapter = TritonSpeech(triton_server.url)
    yield adapter
    await adapter.close()


async def test_the_recogniser_keeps_the_promises_of_its_twin(speech: TritonSpeech) -> None:
    await speech_keeps_what_it_promises(speech, sound(media("speech/jfk.flac")))


async def test_each_window_is_transcribed_in_its_own_language(speech: TritonSpeech) -> None:
    """A minute of speech that starts in English and continues in German."""
    (span,) = await hear_in_spans(speech, sound(media("speech/multilingual.mp3")), [], into_english=True)
    told = merge_spans([span], span.range.end_ms, [])
    assert [language for language, _ in groupby(one.language for one in told.segments)] == ["en", "de"]
    track = build_english_track([span], told)
    print([(one.start_ms, one.translated_from, one.trust, one.text) for one in track.segments])
    assert [source for source, _ in groupby(one.translated_from for one in track.segments)] == [None, "de"]
    german = {word for one in track.segments if one.translated_from for word in one.text.casefold().split()}
    assert {"the", "software"} <= german
    assert not {"die", "und", "der"} & german
    assert track.words[0].text == told.words[0].text
    assert "permission" in texts(told.words)
    assert "dokumentationsdateien" in texts(told.words)
    assert told.language == "en"


async def test_words_have_times_and_a_language(speech: TritonSpeech) -> None:
    signs: list[int] = []
    heard = await speech.transcribe(sound(media("speech/jfk.flac")), language=None, report=signs.append)
    said = " ".join(texts(heard.words))
    assert "ask not what your country can do for you" in said
    assert heard.language == "en"
    assert heard.language_probability > 0.8
    americans = next(word for word in heard.words if normalise_word(word.text) == "americans")
    assert abs(americans.start_ms - 1800) < 700
    assert signs == sorted(set(signs))
    assert all(word.start_ms < word.end_ms <= 11_100 for word in heard.words)
    spoken_ms = sum(stretch.length_ms for stretch in heard.speech)
    assert sum(stretch.length_ms for stretch in heard.voiced) > spoken_ms > 5_000, "the readier ear hears more"
    assert heard.compute_ms > 0


async def test_a_word_between_long_silences_is_found_on_its_second(speech: TritonSpeech, triton_server: Triton) -> None:
    """The file's own label: 'banana' is said at 40 s."""
    alignment = TritonAlignment(triton_server.url)
    told = await transcribed(speech, sound(media("talking/auto-editor_example_42s_720p.mp4")), alignment=alignment)
    await alignment.close()
    found = [word.start_ms for word in told.words if normalise_word(word.text) == "banana"]
    assert any(abs(at_ms - 40_000) <= 250 for at_ms in found), found


@pytest.mark.parametrize(
    "name",
    [
        "music/Kevin_MacLeod-Vibe_Ace.ogg",
        "music/Hungarian_Dance_5.ogg",
        "talking/nvidia_webcam_pillarbox_8s_720p.mp4",
        "talking/face_offcentre_20s.mp4",
    ],
)
async def test_sound_without_speech_gives_no_words(speech: TritonSpeech, name: str) -> None:
    heard = await speech.transcribe(sound(media(name)), language=None, report=ignore)
    assert heard.words == []


@pytest.mark.parametrize("level", [30, 300, 3000])
async def test_noise_gives_no_words_with_or_without_a_glossary(speech: TritonSpeech, level: int) -> None:
    noise = np.random.default_rng(level).normal(0, level, 20 * RATE_HZ).astype(np.int16)
    for glossary in ((), ("Lorenz", "Tchaikovsky")):
        assert (await speech.transcribe(noise, language="en", report=ignore, glossary=glossary)).words == []


async def test_a_glossary_adds_no_unspoken_words(speech: TritonSpeech) -> None:
    """Glossary terms that are not spoken are not recognised in speech or music; other words do not change."""
    terms = ("Lorenz", "Tchaikovsky", "Betelgeuse")
    for name in ("music/Kevin_MacLeod-Vibe_Ace.ogg", "talking/nvidia_webcam_pillarbox_8s_720p.mp4"):
        assert (await speech.transcribe(sound(media(name)), language=None, report=ignore, glossary=terms)).words == []
    samples = sound(media("speech/jfk.flac"))
    plain = await speech.transcribe(samples, language="en", report=ignore)
    nudged = await speech.transcribe(samples, language="en", report=ignore, glossary=terms)
    assert texts(nudged.words) == texts(plain.words)


async def test_random_draws_depend_on_the_recording_alone(speech: TritonSpeech) -> None:
    """Music with a glossary goes to the careful decoder, which samples; the result is the same every time."""
    samples = sound(media("music/Kevin_MacLeod-Vibe_Ace.ogg"))[: 10 * RATE_HZ]
    terms = ("Lorenz", "Tchaikovsky", "Betelgeuse")
    first, second = [await speech.transcribe(samples, language=None, report=ignore, glossary=terms) for _ in range(2)]
    assert any(window.again for window in first.windows)
    assert (second.windows, second.words) == (first.windows, first.words)


async def test_the_decoders_verdict_is_reported(speech: TritonSpeech) -> None:
    with metered() as meter:
        heard = await speech.transcribe(sound(media("speech/jfk.flac")), language="en", report=ignore)
    (call,) = meter.calls
    assert (call.model, call.weights, call.compute_ms) == ("whisper", heard.model, heard.compute_ms)
    assert (call.failed, call.gpu_ms) == (0, 0)
    assert call.wall_ms > 0
    (window,) = heard.windows
    assert window.start_ms <= heard.words[0].start_ms
    assert window.end_ms >= heard.words[-1].start_ms
    assert (window.again, window.dropped) == (False, "")
    assert window.log_probability > -0.6
    assert window.compression < 2.4


async def test_empty_audio_and_silence_give_no_words(speech: TritonSpeech) -> None:
    assert (await speech.transcribe(np.zeros(0, dtype=np.int16), language=None, report=ignore)).words == []
    heard = await speech.transcribe(np.zeros(5 * RATE_HZ, dtype=np.int16), language="en", report=ignore)
    assert heard.words == []
    assert heard.speech == []


async def test_span_borders_leave_no_trace(speech: TritonSpeech) -> None:
    """The lecture in four spans and in five; benchmarks/speech/seams.py cuts it at twenty other places, one at a
    time.
    """
    samples = sound(media("talking/physicsworks_lecture_203s_240p.webm"))
    whole = await transcribed(speech, samples)
    for target_ms in (50_000, 37_000):
        places = range(target_ms, samples.size * 1000 // RATE_HZ - target_ms // 2, target_ms)
        cuts = cut_near(samples, places, SEARCH_MS)
        merged = await transcribed(speech, samples, cuts)
        print(f"{len(cuts)} cuts, {differing(whole, merged)} of {len(whole.words)} words differ")
        assert differing(whole, merged) <= 0.02 * len(whole.words)
        assert not torn(whole, merged, cuts)
        starts = [word.start_ms for word in merged.words]
        assert starts == sorted(starts)
        assert all(word.start_ms < word.end_ms for word in merged.words)


async def test_a_border_through_speech_loses_no_word(speech: TritonSpeech) -> None:
    """Cuts through speech, as in recordings without silence, double or lose no word."""
    samples = sound(media("talking/physicsworks_lecture_203s_240p.webm"))[: 100 * RATE_HZ]
    whole = await transcribed(speech, samples)
    seam_ms = next(word for word in whole.words if word.start_ms > 48_000).start_ms + 60
    cuts = [Cut(seam_ms, silent=False)]
    merged = await transcribed(speech, samples, cuts)
    assert differing(whole, merged) <= 0.03 * len(whole.words)
    assert not torn(whole, merged, cuts)


async def test_leaving_early_frees_the_model(speech: TritonSpeech) -> None:
    samples = sound(media("talking/physicsworks_lecture_203s_240p.webm"))
    task = asyncio.create_task(speech.transcribe(samples, language="en", report=ignore))
    await asyncio.sleep(1.0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(HANG_S):
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


async def test_an_unavailable_server_raises() -> None:
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
    triton_server.kill("whisper")
    with pytest.raises(Unavailable):
        await task
    heard = await speech.transcribe(samples[: 10 * RATE_HZ], language="en", report=ignore)
    assert heard.words
