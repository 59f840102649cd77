"""The way to Redis: short waits, and none at all while it is known to be away, for nothing in it is needed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from base.clock import Clock
from base.errors import ConfigurationError, HotlineError
from base.logs import get_logger

log = get_logger("cluster.redis")
PREFIX: Final = "hotline:"  # of every key and channel: a Redis may serve others too
_ASK_AGAIN_SECONDS: Final = 1.0
Answer = TypeVar("Answer")


class RedisAway(HotlineError):
    """Redis did not answer in time, or has just failed: do without."""


def connect(url: str, *, timeout_seconds: float | None) -> Any:
    """A client that tries once. `timeout_seconds` None: it may wait for ever (a subscriber).

    Raises:
        ConfigurationError: it is no address of a Redis.
    """
    try:
        return Redis.from_url(
            url,
            socket_timeout=timeout_seconds,
            socket_connect_timeout=timeout_seconds or _ASK_AGAIN_SECONDS,
            retry=Retry(NoBackoff(), 0),
            decode_responses=True,
        )
    except ValueError as error:
        raise ConfigurationError(f"cluster.redis_url is no address of a Redis: {error}") from error


class RedisLink:
    """One a process. After a failure nobody waits for Redis again for a second: a request must not pay for it."""

    def __init__(self, url: str, *, timeout_seconds: float, clock: Clock) -> None:
        self.url = url
        self._client = connect(url, timeout_seconds=timeout_seconds)
        self._clock = clock
        self._away_until = float("-inf")
        self._was_there = True

    @property
    def away(self) -> bool:
        """It has failed within the last second."""
        return self._clock.monotonic() < self._away_until

    async def call(self, work: Callable[[Any], Awaitable[Answer]]) -> Answer:
        """Do something with the client.

        Raises:
            RedisAway: it is not there, or not fast enough.
        """
        if self.away:
            raise RedisAway("Redis has just failed")
        try:
            answer = await work(self._client)
        except (RedisError, OSError, TimeoutError) as error:
            self._away_until = self._clock.monotonic() + _ASK_AGAIN_SECONDS
            if self._was_there:
                log.error("Redis is away: this node goes on by itself", error=type(error).__name__)
            self._was_there = False
            raise RedisAway(f"Redis failed: {type(error).__name__}") from error
        if not self._was_there:
            log.info("Redis is back")
            self._was_there = True
        return answer

    async def close(self) -> None:
        await self._client.aclose()
