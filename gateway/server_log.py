"""What the HTTP server itself logs: aiohttp shows the bytes of a request that is no HTTP, which may be a cookie or a
tracking code with a stray character behind it. That it came is told, not what it held."""

from __future__ import annotations

import logging
from typing import Final

from aiohttp.http_exceptions import HttpProcessingError

_SERVER: Final = "aiohttp.server"


class WithoutBytes(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, HttpProcessingError):
            record.msg, record.args = "a request was no HTTP: %s", (type(error).__name__,)
            record.exc_info, record.exc_text, record.levelno, record.levelname = None, None, logging.WARNING, "WARNING"
        return True


def keep_bytes_out() -> None:
    """Call once, at the start of a process that serves."""
    logger = logging.getLogger(_SERVER)
    if not any(isinstance(one, WithoutBytes) for one in logger.filters):
        logger.addFilter(WithoutBytes())
