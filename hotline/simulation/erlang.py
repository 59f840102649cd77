"""Erlang's formulas: what queueing theory says where the simulation's world is simple enough. Pure.

They give the search its first guess, and the tests something outside the simulation to compare it with.
"""

from __future__ import annotations

import math


def blocking(servers: int, erlangs: float) -> float:
    """Erlang B: the share of calls that find all servers busy where nobody can wait.

    Args:
        erlangs: calls a second times seconds a call.
    """
    share = 1.0
    for server in range(1, servers + 1):
        share = erlangs * share / (server + erlangs * share)
    return share


def waiting(servers: int, erlangs: float) -> float:
    """Erlang C: the share of calls that have to wait where nobody gives up; 1 where the queue never ends."""
    if erlangs >= servers:
        return 1.0
    blocked = blocking(servers, erlangs)
    return blocked / (1.0 - (erlangs / servers) * (1.0 - blocked))


def mean_wait_seconds(servers: int, erlangs: float, service_seconds: float) -> float:
    """Over all calls, those that do not wait included; infinite where more comes in than can be served."""
    if erlangs >= servers:
        return math.inf
    return waiting(servers, erlangs) * service_seconds / (servers - erlangs)


def served_within(servers: int, erlangs: float, service_seconds: float, seconds: float) -> float:
    """The share of calls that wait no longer than so many seconds."""
    if erlangs >= servers:
        return 0.0
    return 1.0 - waiting(servers, erlangs) * math.exp(-(servers - erlangs) * seconds / service_seconds)


def servers_for(erlangs: float, service_seconds: float, *, within_seconds: float, share: float) -> int:
    """The fewest servers with which that share of the calls waits no longer."""
    servers = max(1, math.floor(erlangs) + 1)
    while served_within(servers, erlangs, service_seconds, within_seconds) < share:
        servers += 1
    return servers
