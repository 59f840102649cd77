"""Rate limits: one contract for a process alone and for all nodes together."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from redis_server import RedisServer

from base.clock import ManualClock, SystemClock
from cluster.redis_link import RedisLink
from gateway.limits import FailureLimiter, RateLimiter
from gateway.shared_limits import Failures, LocalFailures, LocalRate, Rate, RedisFailures, RedisRate

RATE_A_MINUTE = 3.0  # a token in twenty seconds: none comes back between two lines of a test
FAILURES, PAUSE_SECONDS = 3, 1_000.0
MakeRate, MakeFailures = Callable[[], Rate], Callable[[], Failures]


def link_to(server: RedisServer) -> RedisLink:
    return RedisLink(server.url, timeout_seconds=30, clock=SystemClock())


def local_rate() -> Rate:
    return LocalRate(RateLimiter(RATE_A_MINUTE), ManualClock())


def local_failures() -> Failures:
    return LocalFailures(FailureLimiter(FAILURES, PAUSE_SECONDS), ManualClock())


@pytest.fixture(params=["alone", "redis"])
def rate(request: pytest.FixtureRequest) -> Rate:
    if request.param == "alone":
        return local_rate()
    return RedisRate(link_to(request.getfixturevalue("redis_server")), "test", RATE_A_MINUTE, local_rate())


@pytest.fixture(params=["alone", "redis"])
def failures(request: pytest.FixtureRequest) -> Failures:
    if request.param == "alone":
        return local_failures()
    link = link_to(request.getfixturevalue("redis_server"))
    return RedisFailures(link, "test", FAILURES, PAUSE_SECONDS, local_failures())


async def test_so_many_at_once_and_then_a_wait_that_is_told(rate: Rate) -> None:
    assert [await rate.take("a") for _ in range(3)] == [0.0, 0.0, 0.0]
    assert 0 < await rate.take("a") <= 20
    assert await rate.take("b") == 0.0


async def test_failures_close_a_key_until_it_succeeds(failures: Failures) -> None:
    for _ in range(FAILURES - 1):
        await failures.failed("a")
    assert await failures.wait("a") == 0.0
    await failures.failed("a")
    assert 0 < await failures.wait("a") <= PAUSE_SECONDS
    assert await failures.wait("b") == 0.0
    await failures.succeeded("a")
    assert await failures.wait("a") == 0.0


async def test_two_nodes_share_what_is_left(redis_server: RedisServer) -> None:
    here, there = (RedisRate(link_to(redis_server), "test", RATE_A_MINUTE, local_rate()) for _ in range(2))
    assert [await here.take("a"), await there.take("a"), await here.take("a")] == [0.0, 0.0, 0.0]
    assert await there.take("a") > 0
    other = RedisRate(link_to(redis_server), "another limit", RATE_A_MINUTE, local_rate())
    assert await other.take("a") == 0.0


async def test_failures_at_one_node_count_at_the_other(redis_server: RedisServer) -> None:
    here, there = (
        RedisFailures(link_to(redis_server), "test", FAILURES, PAUSE_SECONDS, local_failures()) for _ in range(2)
    )
    for node in (here, there, here):
        await node.failed("a")
    assert await there.wait("a") > 0


async def test_without_redis_each_node_counts_for_itself(redis_server: RedisServer) -> None:
    link = link_to(redis_server)
    rate = RedisRate(link, "test", RATE_A_MINUTE, local_rate())
    failures = RedisFailures(link, "test", FAILURES, PAUSE_SECONDS, local_failures())
    redis_server.kill()
    assert [await rate.take("a") for _ in range(3)] == [0.0, 0.0, 0.0]
    assert await rate.take("a") > 0
    for _ in range(FAILURES):
        await failures.failed("a")
    assert await failures.wait("a") > 0
