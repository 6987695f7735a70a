"""JSON logs, and errors to Sentry; each process's main sets both up once.

Neither gets words or secrets.
"""

from __future__ import annotations

import logging
from collections.abc import MutableMapping
from typing import Any

import sentry_sdk
import structlog

from core.settings import Settings


def _scrub(event: Any, _: Any) -> Any:
    event.pop("request", None)
    for entry in event.get("exception", {}).get("values", []):
        for frame in (entry.get("stacktrace") or {}).get("frames", []):
            frame.pop("vars", None)
    return event


def set_up(process: str, settings: Settings | None = None) -> None:
    """Log everything as JSON to standard error.

    With a DSN, errors go to Sentry too, without variables and requests.
    """

    def name_process(_: Any, __: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        return {"process": process, **entry}

    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        name_process,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    for noisy in ("aiokafka", "faust", "mode", "httpx", "httpx2", "httpcore", "botocore", "urllib3"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    if settings is not None and settings.sentry_dsn:
        sentry_sdk.init(
            dsn=settings.sentry_dsn,
            environment=settings.environment,
            send_default_pii=False,
            max_request_body_size="never",
            before_send=_scrub,
        )
        sentry_sdk.set_tag("process", process)


def report_bug(error: BaseException, stage: str) -> None:
    """Report an unexpected error to Sentry and the log."""
    sentry_sdk.capture_exception(error)
    structlog.get_logger().error("bug", stage=stage, error=str(error), exc_info=error)
