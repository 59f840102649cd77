"""Rate limits that hold over all nodes: counted in Redis, and by each node for itself while Redis is away.

Keys are addresses, conversations, order numbers or logins: they are hashed before they leave this process.
"""

from __future__ import annotations

import hashlib
import math
from typing import Final, Protocol

from base.clock import Clock
from cluster.redis_link import PREFIX, RedisAway, RedisLink
from gateway.limits import FailureLimiter, RateLimiter

# Token bucket on Redis' own clock: the hash holds the tokens that were left and when. Answers the seconds to wait.
_TAKE: Final = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local rate, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local known = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens = tonumber(known[1] or burst)
tokens = math.min(burst, tokens + math.max(0, now - tonumber(known[2] or now)) * rate)
local wait = 0
if tokens >= 1 then tokens = tokens - 1 else wait = (1 - tokens) / rate end
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens), 'at', tostring(now))
redis.call('EXPIRE', KEYS[1], math.ceil(burst / rate) + 1)
return tostring(wait)
"""
# Failures as a list of moments, the newest first. Answers the seconds to wait; ARGV[3]: 1 adds a failure.
_FAILURES: Final = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local failures, pause = tonumber(ARGV[1]), tonumber(ARGV[2])
if ARGV[3] == '1' then
  redis.call('LPUSH', KEYS[1], tostring(now))
  redis.call('LTRIM', KEYS[1], 0, failures)
  redis.call('EXPIRE', KEYS[1], math.ceil(pause) + 1)
end
local decisive = redis.call('LINDEX', KEYS[1], failures - 1)
if not decisive then return '0' end
return tostring(math.max(0, tonumber(decisive) + pause - now))
"""


class Rate(Protocol):
    async def take(self, key: str) -> float:
        """Take one token: 0.0 when allowed, else the seconds to wait before the next one is there."""
        ...


class Failures(Protocol):
    async def wait(self, key: str) -> float:
        """Seconds until the key may try again; 0.0: now."""
        ...

    async def failed(self, key: str) -> None: ...

    async def succeeded(self, key: str) -> None: ...


class LocalRate:
    """Of this process alone."""

    def __init__(self, limiter: RateLimiter, clock: Clock) -> None:
        self._limiter = limiter
        self._clock = clock

    async def take(self, key: str) -> float:
        return self._limiter.take(key, self._clock.monotonic())


class LocalFailures:
    """Of this process alone."""

    def __init__(self, limiter: FailureLimiter, clock: Clock) -> None:
        self._limiter = limiter
        self._clock = clock

    async def wait(self, key: str) -> float:
        return self._limiter.wait(key, self._clock.monotonic())

    async def failed(self, key: str) -> None:
        self._limiter.failed(key, self._clock.monotonic())

    async def succeeded(self, key: str) -> None:
        self._limiter.succeeded(key)


class RedisRate:
    """`name` tells one limit from another."""

    def __init__(self, redis: RedisLink, name: str, rate_a_minute: float, otherwise: Rate) -> None:
        self._redis = redis
        self._name = name
        self._per_second = rate_a_minute / 60
        self._burst = rate_a_minute
        self._otherwise = otherwise

    async def take(self, key: str) -> float:
        try:
            wait = await self._redis.call(
                lambda client: client.eval(_TAKE, 1, _key(self._name, key), self._per_second, self._burst)
            )
        except RedisAway:
            return await self._otherwise.take(key)
        return float(wait)


class RedisFailures:
    """A failure is counted here too: while Redis is away nobody begins anew with all attempts."""

    def __init__(self, redis: RedisLink, name: str, failures: int, pause_seconds: float, otherwise: Failures) -> None:
        self._redis = redis
        self._name = name
        self._failures = failures
        self._pause_seconds = math.ceil(pause_seconds)
        self._otherwise = otherwise

    async def wait(self, key: str) -> float:
        try:
            return await self._ask(key, failed=False)
        except RedisAway:
            return await self._otherwise.wait(key)

    async def failed(self, key: str) -> None:
        await self._otherwise.failed(key)
        try:
            await self._ask(key, failed=True)
        except RedisAway:
            return  # counted here

    async def succeeded(self, key: str) -> None:
        await self._otherwise.succeeded(key)
        try:
            await self._redis.call(lambda client: client.delete(_key(self._name, key)))
        except RedisAway:
            return  # it ages

    async def _ask(self, key: str, *, failed: bool) -> float:
        answer = await self._redis.call(
            lambda client: client.eval(
                _FAILURES, 1, _key(self._name, key), self._failures, self._pause_seconds, int(failed)
            )
        )
        return float(answer)


def _key(name: str, key: str) -> str:
    return f"{PREFIX}limit:{name}:{hashlib.sha256(key.encode()).hexdigest()[:32]}"
