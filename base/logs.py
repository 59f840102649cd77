"""Structured logs (one JSON object or one readable line each), with personal data masked on the way out."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Literal

import structlog

from base.masking import Masked, mask_text

_PERSONAL_KEYS = frozenset({"text", "caller", "contact", "phone", "address", "name", "transcript", "said"})

_OWN_KEYS = frozenset({"timestamp", "level", "process", "trace_id", "call_id", "conversation_id", "url", "listening"})


def _mask(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in event.items():
        if key in _OWN_KEYS:
            continue
        if isinstance(value, Masked):
            event[key] = str(value)
        elif isinstance(value, str):
            event[key] = f"<{len(value)} characters>" if key in _PERSONAL_KEYS else mask_text(value)
    return event


def configure(process: str, level: str = "INFO", style: Literal["line", "json"] = "line") -> None:
    """Set up structlog and the standard library's logging for one process; call once, at its start."""
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(process=process)
    renderer: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if style == "json"
        else structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0)
    )
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        _mask,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    for noisy in ("aiohttp.access", "httpx", "sentence_transformers", "faiss", "jieba"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """A logger; bind `trace_id`, `conversation_id`, `call_id` to it, never a person's words or number."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger
