"""Which seats have a living page somewhere: told by every node, known to all. In the database, or in Redis.

A wrong "gone" takes citizens away from a seat, a wrong "there" only delays: whenever the source is new or has just
begun to know anything, whoever was there before still counts, for as long as a page may be silent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Protocol

from base.clock import Clock
from cluster.redis_link import PREFIX, RedisAway, RedisLink

_SEEN: Final = PREFIX + "seats"  # seat -> when its page was last heard of, on Redis' own clock
_SINCE: Final = PREFIX + "seats-since"
_FORGET_SECONDS: Final = 3_600
# Seats and the seconds since each was heard of come as arguments; answered: since when it is known, and who is there.
_TELL: Final = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
redis.call('SET', KEYS[2], now, 'NX')
local since = redis.call('GET', KEYS[2])
local within = tonumber(ARGV[1])
for index = 3, #ARGV, 2 do
  redis.call('ZADD', KEYS[1], 'GT', now - tonumber(ARGV[index + 1]), ARGV[index])
end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - 10 * within)
redis.call('EXPIRE', KEYS[1], ARGV[2])
redis.call('EXPIRE', KEYS[2], ARGV[2])
local there = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. (now - within), '+inf')
return {tostring(now - since), there}
"""


class SeatPresence(Protocol):
    """What all nodes know of the seats' pages together."""

    async def exchange(self, silence: Mapping[str, float], *, within_seconds: float) -> frozenset[str]:
        """Tell of the seats here (`silence`: seconds since each was heard of); returns the seats of all nodes that
        were heard of within so many seconds."""
        ...


class Records(Protocol):
    """The database's memory of it (`seats/roster.py`)."""

    async def heard(self, silence: Mapping[str, float]) -> None: ...

    async def lately(self, within_seconds: float) -> frozenset[str]: ...


class DatabasePresence:
    """Written in batches, a row a seat."""

    def __init__(self, records: Records) -> None:
        self._records = records

    async def exchange(self, silence: Mapping[str, float], *, within_seconds: float) -> frozenset[str]:
        await self._records.heard(silence)
        return await self._records.lately(within_seconds)


class RedisPresence:
    """In Redis; while it is away, in the database."""

    def __init__(self, redis: RedisLink, otherwise: SeatPresence, *, clock: Clock) -> None:
        self._redis = redis
        self._otherwise = otherwise
        self._clock = clock
        self._last: frozenset[str] = frozenset()
        self._kept: frozenset[str] = frozenset()  # of a source that knew more than the present one can know yet
        self._kept_until = float("-inf")
        self._known_seconds: float | None = None  # how long Redis has known anything; None: the database is asked

    async def exchange(self, silence: Mapping[str, float], *, within_seconds: float) -> frozenset[str]:
        now = self._clock.monotonic()
        try:
            known_seconds, there = await self._ask_redis(silence, within_seconds)
            new_source = self._known_seconds is None or known_seconds < self._known_seconds
            self._known_seconds = known_seconds
        except RedisAway:
            there = await self._otherwise.exchange(silence, within_seconds=within_seconds)
            new_source, self._known_seconds = self._known_seconds is not None, None
        if new_source:
            self._kept, self._kept_until = self._last, now + within_seconds
        self._last = there | self._kept if now < self._kept_until else there
        return self._last

    async def _ask_redis(self, silence: Mapping[str, float], within_seconds: float) -> tuple[float, frozenset[str]]:
        told = [part for seat, seconds in silence.items() for part in (seat, seconds)]
        answer = await self._redis.call(
            lambda client: client.eval(_TELL, 2, _SEEN, _SINCE, within_seconds, _FORGET_SECONDS, *told)
        )
        return float(answer[0]), frozenset(answer[1])
