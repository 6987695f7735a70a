"""The guard of the stage tests sees a native parser that a worker's own thread calls, and not one that a test calls."""

from __future__ import annotations

import io
from pathlib import Path
from threading import Thread

from core.media.decode.open import open_media
from tests.contract.rigs.parser_guard import guarded_parsers
from tests.support.media.hostile_files import film


def test_the_guard_catches_parsing_in_a_worker(tmp_path: Path) -> None:
    body = io.BytesIO(film(tmp_path / "a.mp4").read_bytes())
    with guarded_parsers() as caught:
        open_media(body, max_pixels=10**7).close()
        assert caught == []
        body.seek(0)
        worker = Thread(target=open_media, args=(body,), kwargs={"max_pixels": 10**7})
        worker.start()
        worker.join()
    assert caught == ["core.media.decode.open calls open"]
