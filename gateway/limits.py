"""Rate limits: token buckets, one a key, in memory that is bounded. Pure: time is passed in."""

from __future__ import annotations

from collections import OrderedDict


class RateLimiter:
    """Allows `rate_a_minute` for each key on average, and as many at once.

    The least recently used keys are forgotten beyond `maximum_keys`; forgetting one only ever allows more.
    """

    def __init__(self, rate_a_minute: float, *, burst: float | None = None, maximum_keys: int = 20_000) -> None:
        if rate_a_minute <= 0:
            raise ValueError("a rate is above zero")
        self._per_second = rate_a_minute / 60
        self._burst = float(rate_a_minute if burst is None else burst)
        self._maximum_keys = maximum_keys
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str, now_seconds: float) -> float:
        """Take one token: 0.0 when allowed, else the seconds to wait before the next one is there."""
        tokens, since = self._buckets.get(key, (self._burst, now_seconds))
        tokens = min(self._burst, tokens + max(0.0, now_seconds - since) * self._per_second)
        wait = 0.0 if tokens >= 1 else (1 - tokens) / self._per_second
        self._buckets[key] = (tokens - 1 if wait == 0.0 else tokens, now_seconds)
        self._buckets.move_to_end(key)
        while len(self._buckets) > self._maximum_keys:
            self._buckets.popitem(last=False)
        return wait


class FailureLimiter:
    """Pauses a key after too many failures: `failures` within `pause_seconds` close it until they have aged."""

    def __init__(self, failures: int, pause_seconds: float, *, maximum_keys: int = 20_000) -> None:
        self._failures = failures
        self._pause_seconds = pause_seconds
        self._maximum_keys = maximum_keys
        self._seen: OrderedDict[str, list[float]] = OrderedDict()

    def wait(self, key: str, now_seconds: float) -> float:
        """Seconds until the key may try again; 0.0: now."""
        recent = [moment for moment in self._seen.get(key, []) if now_seconds - moment < self._pause_seconds]
        if len(recent) < self._failures:
            return 0.0
        return recent[-self._failures] + self._pause_seconds - now_seconds

    def failed(self, key: str, now_seconds: float) -> None:
        recent = [moment for moment in self._seen.pop(key, []) if now_seconds - moment < self._pause_seconds]
        self._seen[key] = [*recent[-self._failures :], now_seconds]
        while len(self._seen) > self._maximum_keys:
            self._seen.popitem(last=False)

    def succeeded(self, key: str) -> None:
        self._seen.pop(key, None)
