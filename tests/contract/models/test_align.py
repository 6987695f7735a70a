"""The alignment port on the real Triton: known words on hand-made marks, words that do not fit, failures."""

from __future__ import annotations

from collections.abc import AsyncIterator

import numpy as np
import pytest

from core.errors import Unavailable
from core.infra.triton.alignment import TritonAlignment
from core.infra.triton.client import InferenceFailed
from core.ports.models import AlignmentPiece
from schemas.common import TimeRange
from tests.contract.rigs.triton_server import Triton
from tests.support.media.recordings import media, sound
from tests.support.port_contracts import alignment_keeps_what_it_promises

pytestmark = pytest.mark.contract
JFK = "And so, my fellow Americans, ask not what your country can do for you, ask what you can do for your country."
JFK_WORDS = JFK.split()


@pytest.fixture
async def alignment(triton_server: Triton) -> AsyncIterator[TritonAlignment]:
    adapter = TritonAlignment(triton_server.url)
    yield adapter
    await adapter.close()


async def test_the_aligner_keeps_the_promises_of_its_twin(alignment: TritonAlignment) -> None:
    await alignment_keeps_what_it_promises(alignment, sound(media("speech/jfk.flac")), JFK_WORDS)


async def test_words_lie_where_a_person_marked_them(alignment: TritonAlignment) -> None:
    """GRID's own marks, in 1/25000 s."""
    marks = [line.split() for line in media("talking/grid_swwp2s.align").read_text().splitlines()]
    said = [(int(start) / 25, word) for start, _, word in marks if word != "sil"]
    samples = sound(media("talking/grid_swwp2s.mpg"))
    whole = TimeRange(start_ms=0, end_ms=samples.size // 16)
    found = await alignment.align(samples, [AlignmentPiece(range=whole, words=[word for _, word in said])])
    errors = [abs(time.start_ms - start) for time, (start, _) in zip(found.pieces[0], said, strict=True) if time]
    assert len(errors) == len(said)
    assert np.median(errors) <= 60


async def test_numbers_and_unknown_words_are_aligned(alignment: TritonAlignment) -> None:
    """The same words, one as a number, one not spoken: all are placed, the others do not move."""
    samples = sound(media("speech/jfk.flac"))
    whole = TimeRange(start_ms=0, end_ms=samples.size // 16)
    strange = ["4" if word == "for" else word.replace("Americans", "Amerrykanz") for word in JFK_WORDS]
    plain, other = (
        await alignment.align(samples, [AlignmentPiece(range=whole, words=words) for words in (JFK_WORDS, strange)])
    ).pieces
    assert all(other)
    moved = [abs(one.start_ms - two.start_ms) for one, two in zip(plain, other, strict=True) if one and two]
    assert np.percentile(moved, 80) <= 100


async def test_unspoken_words_fit_worse(alignment: TritonAlignment) -> None:
    samples = sound(media("speech/jfk.flac"))
    whole = TimeRange(start_ms=0, end_ms=samples.size // 16)
    wrong = [f"quarterly{at}" if at % 3 else "figures" for at in range(15)]
    found = await alignment.align(
        samples, [AlignmentPiece(range=whole, words=JFK_WORDS), AlignmentPiece(range=whole, words=wrong)]
    )
    right, other = found.scores
    assert right is not None
    assert other is None or other < right


async def test_a_word_without_sound_has_no_time(alignment: TritonAlignment) -> None:
    samples = sound(media("speech/jfk.flac"))
    whole = TimeRange(start_ms=0, end_ms=samples.size // 16)
    found = await alignment.align(samples, [AlignmentPiece(range=whole, words=["—", *JFK_WORDS])])
    assert found.pieces[0][0] is None
    assert all(found.pieces[0][1:])


async def test_an_empty_piece_is_a_bug(alignment: TritonAlignment) -> None:
    second = np.ones(16_000, dtype=np.int16)
    with pytest.raises(InferenceFailed, match="piece"):
        await alignment.align(second, [AlignmentPiece(range=TimeRange(start_ms=700, end_ms=600), words=["a"])])


async def test_an_unavailable_server_raises() -> None:
    alignment = TritonAlignment("127.0.0.1:9")
    with pytest.raises(Unavailable):
        await alignment.align(
            np.ones(16_000, dtype=np.int16), [AlignmentPiece(range=TimeRange(start_ms=0, end_ms=900), words=["a"])]
        )
    await alignment.close()


async def test_a_killed_model_is_revived(alignment: TritonAlignment, triton_server: Triton) -> None:
    killed = triton_server.stubs("align")
    triton_server.kill("align")
    await alignment.probe()
    assert {stub.pid for stub in triton_server.stubs("align")} - {stub.pid for stub in killed}
