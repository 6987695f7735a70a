"""What a stage is handed: its adapters, opened once and closed in order. Never locates anything by itself."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from tempfile import mkdtemp
from uuid import UUID

import msgspec

from core.infra.http.client import OutsideHttp
from core.infra.kafka.topic_reader import KafkaLog
from core.infra.llm import OpenAiChat
from core.infra.postgres.connection import Pool
from core.infra.s3.object_store import S3Objects, open_objects
from core.infra.triton.alignment import TritonAlignment
from core.infra.triton.embeddings import TritonSentences, TritonVoices
from core.infra.triton.faces import TritonFaces
from core.infra.triton.landmarks import TritonLandmarks
from core.infra.triton.speech import TritonSpeech
from core.media.range_cache import SourceCache
from core.ports.stores import EventLog
from core.settings import Settings
from schemas import events
from schemas.common import ObjectRef
from schemas.documents.source import SourceIndex


class Context:
    """Adapters and places of one worker."""

    def __init__(
        self,
        *,
        settings: Settings,
        stage: str,
        pool: Pool,
        objects: S3Objects,
        outside: OutsideHttp,
        speech: TritonSpeech,
        faces: TritonFaces,
        landmarks: TritonLandmarks,
        alignment: TritonAlignment,
        voices: TritonVoices,
        sentences: TritonSentences,
        chat: OpenAiChat | None = None,
        log: EventLog | None = None,
    ) -> None:
        """``pool`` is the worker role's."""
        self.settings = settings
        self.stage = stage
        self.pool = pool
        self.objects = objects
        self.outside = outside
        self.speech = speech
        self.faces = faces
        self.landmarks = landmarks
        self.alignment = alignment
        self.voices = voices
        self.sentences = sentences
        self.chat = chat
        """The model that writes what a project is about; None where none is configured."""
        self.log = log
        """What topics have kept; for replays."""
        self._work_dir = Path(settings.work_dir).absolute() / stage
        self.cache = SourceCache(objects, self._work_dir / "cache", settings.cache_bytes)

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A directory for one piece of work, gone afterwards whatever happens."""
        root = self._work_dir / "scratch"
        root.mkdir(parents=True, exist_ok=True)
        path = Path(mkdtemp(dir=root))
        try:
            yield path
        finally:
            shutil.rmtree(path, ignore_errors=True)

    def kept(self, name: str) -> Path:
        """Where a killed worker's work lies for its successor; made and kept small by the stage that uses it."""
        return self._work_dir / name

    def clean(self) -> None:
        """Forget scratch that a killed predecessor left in this worker's own directory."""
        shutil.rmtree(self._work_dir / "scratch", ignore_errors=True)

    async def index(self, ref: ObjectRef) -> SourceIndex:
        """The index of an original."""
        return msgspec.msgpack.decode(await self.objects.get(ref), type=SourceIndex)


def prefix_of(event: events.Event, kind: str, result: UUID | str) -> str:
    """Where a result's objects lie: ``<org>/<project>/<kind>/<result id>``."""
    return f"{event.org_id}/{event.project_id}/{kind}/{result}"


@asynccontextmanager
async def open_context(settings: Settings, stage: str, pool: Pool) -> AsyncIterator[Context]:
    """Open the adapters a worker needs; connections to Triton are made on first use."""
    async with AsyncExitStack() as stack:
        objects = open_objects(settings)
        stack.callback(objects.close)
        outside = OutsideHttp(allow=settings.fetch_allow)
        stack.push_async_callback(outside.close)
        speech = TritonSpeech(settings.triton, model=settings.whisper_model, mode=settings.whisper_mode)
        stack.push_async_callback(speech.close)
        faces = TritonFaces(settings.triton)
        stack.push_async_callback(faces.close)
        landmarks = TritonLandmarks(settings.triton)
        stack.push_async_callback(landmarks.close)
        alignment = TritonAlignment(settings.triton)
        stack.push_async_callback(alignment.close)
        voices = TritonVoices(settings.triton)
        stack.push_async_callback(voices.close)
        sentences = TritonSentences(settings.triton)
        stack.push_async_callback(sentences.close)
        context = Context(
            settings=settings,
            stage=stage,
            pool=pool,
            objects=objects,
            outside=outside,
            speech=speech,
            faces=faces,
            landmarks=landmarks,
            alignment=alignment,
            voices=voices,
            sentences=sentences,
            chat=await _open_chat(stack, settings) if stage == "study" else None,
            log=KafkaLog(settings.kafka) if stage == "render" else None,
        )
        stack.callback(context.cache.close)
        context.clean()
        yield context


async def _open_chat(stack: AsyncExitStack, settings: Settings) -> OpenAiChat | None:
    rules = settings.writer
    if not rules.url:
        return None
    chat = OpenAiChat(
        url=rules.url,
        model=rules.model,
        key=rules.key,
        timeout_s=rules.timeout_s,
        most_tokens=rules.output_tokens,
    )
    stack.push_async_callback(chat.close)
    return chat
