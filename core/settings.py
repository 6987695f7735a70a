"""Settings: the environment, read once into a frozen value; only this module reads it."""

from __future__ import annotations

import base64
import datetime as dt
import re
from collections.abc import Mapping, Set
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin
from urllib.parse import urlsplit

import msgspec

from core.domain.billing.price_catalogue import read_catalogue
from core.domain.billing.stripe_rules import StripeRules
from core.domain.identity.data_rules import DataRules
from core.domain.identity.identity_rules import IdentityRules, SignInRules
from core.domain.pages.page_rules import PageRules
from core.domain.retention_rules import RetentionRules
from schemas.access.process_settings import foreign_variables, needed_by
from schemas.costs import PriceList
from schemas.topics import PARTITIONS

MAX_CONCURRENCY = 64
"""Events that a worker takes at once, at most: each holds its input in memory, and all share few connections."""


class MissingSettingError(ValueError):
    """A setting without a default is not set; the message names it."""


class NamedSecret(msgspec.Struct, frozen=True, kw_only=True):
    """One secret of the key ring; the id of ``CLIPSTREAM_SECRET`` is empty."""

    id: str
    secret: bytes
    """32 bytes."""
    opens_until: dt.datetime | None = None
    """Moment after which it opens and verifies nothing any more; None: never."""


class MediaLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of a source. Beyond them: a typed refusal."""

    max_bytes: int = 20 * 2**30
    max_duration_ms: int = 6 * 60 * 60 * 1000
    max_pixels: int = 36_000_000
    max_streams: int = 32
    probe_timeout_s: float = 60.0


class SpanRules(msgspec.Struct, frozen=True, kw_only=True):
    """Rules by which the time line is cut into spans."""

    target_ms: int = 150_000
    search_ms: int = 30_000
    padding_ms: int = 2_000
    """Sound beyond both ends: a span begins in somebody's word, and what is heard a second behind that is not sure."""
    overlap_ms: int = 0
    """More of it where no silence was found to cut in, half on either side."""
    window: int = 4
    """How many spans of a project may be outstanding."""


class AdmissionRules(msgspec.Struct, frozen=True, kw_only=True):
    """Numbers of events of one organisation in flight at once, by lane; others wait in the outbox."""

    asset: int = 2
    """Files of brand kits."""
    ingest: int = 4
    span: int = 4
    """Spans of all its projects together; ``SpanRules.window`` counts those of one project."""
    close: int = 2
    study: int = 2
    detect: int = 2
    frame: int = 4
    render: int = 4
    preview_framing: int = 2
    preview: int = 2
    transcode: int = 1
    deliver: int = 6
    """Deliveries, to all endpoints together."""
    endpoint: int = 2
    """Deliveries to one endpoint."""


class WriterRules(msgspec.Struct, frozen=True, kw_only=True):
    """The optional language model for intelligence, at an OpenAI-compatible endpoint."""

    url: str = ""
    """Up to ``/chat/completions``."""
    model: str = ""
    key: str = ""
    input_price: float = 0.0
    """Money for a million tokens, in the operator's currency."""
    output_price: float = 0.0
    budget: float = 0.5
    """Most money for one project; a call that might go beyond it is not made."""
    timeout_s: float = 60.0
    tries: int = 3
    """Calls for one part of a transcript, wrong answers and pauses counted."""
    output_tokens: int = 6000


class JudgeRules(msgspec.Struct, frozen=True, kw_only=True):
    """The comparison of the finalists of a project by the writer's model."""

    mode: Literal["off", "on"] = "off"
    calls: Annotated[int, msgspec.Meta(ge=4, le=1000)] = 60
    """Most calls for one project, repeated ones counted; four fifths of them are planned."""
    budget: float = 0.5
    """Most money for one project; a call that might go beyond it is not made."""
    time_limit_s: float = 120.0
    """Time after which the comparisons that are not done are left out."""
    output_tokens: int = 600
    """Most tokens of one answer."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All settings of the product; each is the environment variable ``CLIPSTREAM_`` + NAME."""

    kafka: str = ""
    kafka_user: str = ""
    """Principal of this process; empty: no login."""
    kafka_password: str = ""
    kafka_mechanism: Literal["SCRAM-SHA-512", "PLAIN"] = "SCRAM-SHA-512"
    """How this process logs in."""
    kafka_users: tuple[str, ...] = ()
    """``user:password`` of the users that ``--kafka-users`` makes."""
    kafka_tls: Literal["off", "on"] = "off"
    kafka_ca: str = ""
    """File of the authorities that sign the brokers' certificates; empty: those of the system."""
    kafka_certificate: str = ""
    """File of this process's certificate, where the brokers ask for one; ``kafka_key`` is the file of its key."""
    kafka_key: str = ""
    kafka_partitions: int = PARTITIONS
    """Partitions of each topic when it is created; an existing one keeps its own (but ``--grow-topics``)."""
    kafka_instance: str = ""
    """Name of this process in its consumer group, the same at each start and no other's; empty: a new one each time."""
    postgres_api: str = ""
    postgres_worker: str = ""
    """Address of the process's own role: a stage's, a sink's; the relay's for erasing."""
    postgres_relay: str = ""
    postgres_owner: str = ""
    """Where migrations run; nothing else needs it."""
    postgres_keys: str = ""
    """Where sealed columns are sealed again (`python -m streams --reseal`)."""
    postgres_bootstrap: str = ""
    """Where the first organisation is made (`python -m streams --bootstrap`)."""
    postgres_roles: tuple[str, ...] = ()
    """Addresses of roles that migrations let in, besides those of the five settings above."""
    s3: str
    s3_access_key: str = ""
    s3_secret_key: str = ""
    s3_bucket: str = "clipstream"
    s3_public: str = ""
    """Endpoint that clients of presigned URLs see, where it differs from ``s3``."""
    triton: str
    clickhouse: str = ""
    """``http://user:password@host:port/database``"""
    meilisearch: str = ""
    meilisearch_key: str = ""
    api: str = "http://127.0.0.1:8080"
    public: str = ""
    """Address of the API as people and browsers see it; empty: ``api``. Issuer and audience of access tokens."""
    web: str = ""
    """Address of the pages that links in mails lead to; empty: mails show a code to type."""
    trusted_proxies: tuple[str, ...] = ()
    """Networks of proxies whose ``X-Forwarded-For`` is believed."""
    smtp: str = ""
    """Server for mails: ``smtps://user:password@host:465``, ``smtp://…:587`` (STARTTLS), ``smtp+plain://…:25``."""
    smtp_from: str = "Clipstream <clipstream@localhost>"
    """Sender of mails."""
    secret: bytes = b""
    """32 bytes: a key ring of one secret without an id."""
    secrets: tuple[NamedSecret, ...] = ()
    """The key ring, newest first: the first seals and signs, all open and verify."""
    secrets_file: Path | None = None
    """File with the key ring, read again when it changes; in place of ``secrets``."""
    fetch_allow: tuple[str, ...] = ()
    """Exact ``host:port`` pairs that may be fetched or called though they are not public addresses."""
    webhook_http: bool = False
    """Whether webhooks may be sent without TLS too."""
    work_dir: Path = Path(".clipstream/work")
    cache_bytes: int = 4 * 2**30
    """Bound of the disk cache of ranges of originals, per process."""
    sentry_dsn: str = ""
    environment: str = "local"
    worker_host: str = "127.0.0.1"
    """Where a worker's own port listens. What it answers names no tenant, but keep it inside."""
    worker_port: int = 0
    """Port of a worker's own /healthz, /readyz and /metrics; 0 picks a free one."""
    concurrency: Annotated[int, msgspec.Meta(ge=0, le=MAX_CONCURRENCY)] = 0
    """Events that a stage's worker takes at once; 0: as the table of stages says (schemas/stages.py)."""
    sandbox: Literal["strict", "best-effort"] = "best-effort"
    """Whether a child that opens media is refused where one of its walls cannot be put up."""
    lease_s: float = 15.0
    renew_s: float = 5.0
    sweep_s: float = 5.0
    stall_s: float = 60.0
    max_tries: int = 5
    retry_base_s: float = 2.0
    outage_s: float = 0.0
    """Time after which an event that waits for an unavailable server is given up; 0: it waits until the server is back.
    ``max_tries`` limits other failures."""
    whisper_model: str = "whisper"
    whisper_mode: Literal["auto", "batched", "sequential"] = "auto"
    """How speech is decoded; ``auto``: as the model on Triton is set (models/triton_repo/README.md)."""
    names_model: str = ""
    """Name of a model on Triton that recognises names (models/triton_repo/README.md); empty: by rules alone."""
    encoder: Literal["cpu", "nvenc"] = "cpu"
    """NVENC encodes H.264, HEVC and AV1, where it works; all else is the processor's."""
    rate_limit_per_minute: int = 1200
    max_body_bytes: int = 1_048_576
    request_timeout_s: float = 20.0
    max_upload_bytes: int = 20 * 2**30
    media: MediaLimits = MediaLimits()
    spans: SpanRules = SpanRules()
    admission: AdmissionRules = AdmissionRules()
    writer: WriterRules = WriterRules()
    judge: JudgeRules = JudgeRules()
    retention: RetentionRules = RetentionRules()
    identity: IdentityRules = IdentityRules()
    sign_in: SignInRules = SignInRules()
    still_s: float = 900.0
    """Time without movement after which a project counts as standing still, and its lost events are emitted again."""
    prices: PriceList = PriceList()
    plans_file: Path | None = None
    """JSON file of plans; None: the shipped ones (schemas/data/plans.json)."""
    default_plan: str = "unlimited"
    """Plan of organisations that have none of their own."""
    stripe: StripeRules = StripeRules()
    pages: PageRules = PageRules()
    data: DataRules = DataRules()

    @property
    def public_address(self) -> str:
        """Address of the API as people and browsers see it, without a slash at its end."""
        return (self.public or self.api).rstrip("/")


PREFIX = "CLIPSTREAM_"
_NESTED: dict[str, type[msgspec.Struct]] = {
    field.name: field.type
    for field in msgspec.structs.fields(Settings)
    if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct)
}
SECRET_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}|")
"""Id of a secret; empty for the one that has none."""
UNTIL_FORMAT = "%Y%m%dT%H%M%SZ"


def parse_secrets(text: str) -> tuple[NamedSecret, ...]:
    """Secrets of ``id:base64`` or ``id:base64:20260131T120000Z``, split by commas or lines.

    Raises ValueError.
    """
    ring = tuple(_named_secret(entry) for entry in re.split(r"[,\s]+", text) if entry)
    repeated = {secret.id for secret in ring if [entry.id for entry in ring].count(secret.id) > 1}
    if repeated:
        raise ValueError(f"the id {min(repeated)!r} stands there twice")
    return ring


def _named_secret(entry: str) -> NamedSecret:
    name, colon, rest = entry.partition(":")
    secret, _, until = rest.partition(":")
    if not colon or not SECRET_ID.fullmatch(name):
        raise ValueError("an entry is `id:secret`, the id of a-z, 0-9, - and _")
    opens_until = dt.datetime.strptime(until, UNTIL_FORMAT).replace(tzinfo=dt.UTC) if until else None
    return NamedSecret(id=name, secret=_secret(secret), opens_until=opens_until)


def _secret(text: str) -> bytes:
    decoded = base64.b64decode(text, validate=True)
    if len(decoded) != 32:
        raise ValueError(f"a secret must be 32 bytes in base64, not {len(decoded)}")
    return decoded


def _value(text: str, field: msgspec.structs.FieldInfo) -> object:
    if field.type is bytes:
        return _secret(text)
    if field.type == tuple[NamedSecret, ...]:
        return parse_secrets(text)
    if field.type in (Path, Path | None):
        return Path(text)
    if field.type == tuple[str, ...]:
        return tuple(part.strip() for part in text.split(",") if part.strip())
    if get_origin(field.type) is Literal and text not in get_args(field.type):
        raise ValueError(f"it is {text!r}, not one of {', '.join(get_args(field.type))}")
    return msgspec.convert(text, field.type, strict=False)


def _read(struct: type[msgspec.Struct], prefix: str, environ: Mapping[str, str], required: Set[str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for field in msgspec.structs.fields(struct):
        name = prefix + field.name.upper()
        if field.name in _NESTED and struct is Settings:
            nested = _NESTED[field.name]
            values[field.name] = nested(**_read(nested, name + "_", environ, frozenset()))
        elif name in environ:
            try:
                values[field.name] = _value(environ[name], field)
            except (ValueError, msgspec.ValidationError) as error:
                raise MissingSettingError(f"{name} is not usable: {error}") from None
        elif field.required or (struct is Settings and field.name in required):
            raise MissingSettingError(
                f"{name} is not set: start through `clipstream up`, or set it (docs/operators.md)"
            )
    return values


def load_settings(environ: Mapping[str, str], process: str) -> Settings:
    """Settings of a process of ``SETTINGS_OF``; of the guarded ones it gets its own alone.

    Raises MissingSettingError with the variable's name, KeyError for a process that is none.
    """
    foreign = foreign_variables(process, PREFIX)
    own_variables = {name: value for name, value in environ.items() if name not in foreign}
    settings = Settings(**_read(Settings, PREFIX, own_variables, needed_by(process)))
    _check_kafka(settings)
    _check_judge(settings)
    _check_stripe(settings.stripe)
    if fault := settings.retention.find_fault():
        raise MissingSettingError(f"{PREFIX}RETENTION_{fault}")
    return settings


def load_writing_rules(environ: Mapping[str, str]) -> tuple[WriterRules, JudgeRules]:
    """Settings of the writer and the judge alone. Raises MissingSettingError."""
    writer = WriterRules(**_read(WriterRules, f"{PREFIX}WRITER_", environ, frozenset()))
    return writer, JudgeRules(**_read(JudgeRules, f"{PREFIX}JUDGE_", environ, frozenset()))


def _check_kafka(settings: Settings) -> None:
    """A half of what belongs together would be left out in silence."""
    pairs = (("kafka_user", "kafka_password"), ("kafka_certificate", "kafka_key"))
    for setting, partner in (*pairs, *(pair[::-1] for pair in pairs)):
        if getattr(settings, setting) and not getattr(settings, partner):
            raise MissingSettingError(f"{PREFIX}{setting.upper()} is set: set {PREFIX}{partner.upper()} as well")
    for name in ("kafka_ca", "kafka_certificate"):
        if getattr(settings, name) and settings.kafka_tls == "off":
            raise MissingSettingError(f"{PREFIX}{name.upper()} is set: set {PREFIX}KAFKA_TLS=on as well")


def _check_judge(settings: Settings) -> None:
    """Without the writer's endpoint there is no model that could judge."""
    for name in ("url", "model"):
        if settings.judge.mode == "on" and not getattr(settings.writer, name):
            raise MissingSettingError(f"{PREFIX}JUDGE_MODE is on: set {PREFIX}WRITER_{name.upper()} as well")


def _check_stripe(rules: StripeRules) -> None:
    """The key travels in each request, and a wrong price would sell another plan."""
    address = urlsplit(rules.url)
    if address.scheme != "https" and address.hostname not in ("127.0.0.1", "::1", "localhost"):
        raise MissingSettingError(f"{PREFIX}STRIPE_URL is not usable: it must begin with https://")
    try:
        read_catalogue(rules.prices, rules.source_meter, rules.exports_meter)
    except ValueError as error:
        names = ", ".join(f"{PREFIX}STRIPE_{name}" for name in ("PRICES", "SOURCE_METER", "EXPORTS_METER"))
        raise MissingSettingError(f"{names}: {error}") from None
