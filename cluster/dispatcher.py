"""Tells each Kamailio what this node can take: its dispatcher asks by OPTIONS whether a node lives, and we answer that
even when we are full. Over JSON-RPC (`dispatcher.set_state`); see deploy/kamailio."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final, Literal

import aiohttp

from base.errors import ConfigurationError
from base.logs import get_logger
from base.settings import Settings

log = get_logger("cluster.dispatcher")
State = Literal["open", "full", "draining", "starting"]
_TIMEOUT_SECONDS: Final = 2.0
# Active and probed, or disabled: what is merely inactive would be active again after the next OPTIONS.
_WORDS: Final[dict[State, str]] = {"open": "ap", "full": "d", "draining": "d", "starting": "d"}


class Dispatcher:
    """The list of this node in some Kamailios. None of them is needed: a node that is full refuses by itself."""

    def __init__(self, urls: Sequence[str], address: str, *, number: int) -> None:
        """`address`: as it stands in the list; `number`: of the list."""
        self._urls = tuple(urls)
        self._address = address
        self._number = number
        self._failing: set[str] = set()

    async def tell(self, state: State) -> bool:
        """False where one of them was not told."""
        if not self._urls:
            return True
        timeout = aiohttp.ClientTimeout(total=_TIMEOUT_SECONDS)
        async with aiohttp.ClientSession(timeout=timeout, trust_env=False) as client:
            told = await asyncio.gather(*(self._tell(client, url, state) for url in self._urls))
        return all(told)

    async def _tell(self, client: aiohttp.ClientSession, url: str, state: State) -> bool:
        params = [_WORDS[state], self._number, self._address]
        call = {"jsonrpc": "2.0", "id": 1, "method": "dispatcher.set_state", "params": params}
        problem = ""
        try:
            async with client.post(url, json=call) as response:
                answer = await response.json(content_type=None)
                if response.status != 200 or not isinstance(answer, dict) or "error" in answer:
                    problem = f"status {response.status}"
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            problem = type(error).__name__
        if problem and url not in self._failing:
            log.warning("a Kamailio was not told what this node can take", url=url, problem=problem)
        (self._failing.add if problem else self._failing.discard)(url)
        return not problem


def dispatcher_of(settings: Settings) -> Dispatcher:
    """
    Raises:
        ConfigurationError: there are Kamailios, and this node has no address among theirs.
    """
    chosen = settings.cluster
    if chosen.dispatcher_urls and not chosen.dispatcher_address:
        raise ConfigurationError("cluster.dispatcher_urls needs cluster.dispatcher_address, as in Kamailio's list")
    return Dispatcher(chosen.dispatcher_urls, chosen.dispatcher_address, number=chosen.dispatcher_set)
