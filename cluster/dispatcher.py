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
State = Literal["free", "open", "full", "draining", "starting"]
"""`free`: whoever calls is served at once; `open`: they wait in the call."""
_TIMEOUT_SECONDS: Final = 2.0
# Active and probed, or disabled: what is merely inactive would be active again after the next OPTIONS.
_TAKES, _TAKES_NONE = "ap", "d"


class Dispatcher:
    """The lists of this node in some Kamailios. None of them is needed: a node that is full refuses by itself."""

    def __init__(self, urls: Sequence[str], address: str, *, number: int, free_number: int) -> None:
        """`address`: as it stands in the lists; `number`: of the list of all nodes; `free_number`: of the list of those
        that serve at once."""
        self._urls = tuple(urls)
        self._address = address
        self._number = number
        self._free_number = free_number
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
        takes = {self._number: state in ("free", "open"), self._free_number: state == "free"}
        problem = ""
        for number, takes_calls in takes.items():
            problem = problem or await self._set(client, url, number, _TAKES if takes_calls else _TAKES_NONE)
        if problem and url not in self._failing:
            log.warning("a Kamailio was not told what this node can take", url=url, problem=problem)
        (self._failing.add if problem else self._failing.discard)(url)
        return not problem

    async def _set(self, client: aiohttp.ClientSession, url: str, number: int, word: str) -> str:
        """What is the matter, or nothing."""
        params = [word, number, self._address]
        call = {"jsonrpc": "2.0", "id": 1, "method": "dispatcher.set_state", "params": params}
        try:
            async with client.post(url, json=call) as response:
                answer = await response.json(content_type=None)
                if response.status != 200 or not isinstance(answer, dict) or "error" in answer:
                    return f"list {number}, status {response.status}"
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            return type(error).__name__
        return ""


def dispatcher_of(settings: Settings) -> Dispatcher:
    """
    Raises:
        ConfigurationError: there are Kamailios, and this node has no address among theirs.
    """
    chosen = settings.cluster
    if chosen.dispatcher_urls and not chosen.dispatcher_address:
        raise ConfigurationError("cluster.dispatcher_urls needs cluster.dispatcher_address, as in Kamailio's list")
    return Dispatcher(
        chosen.dispatcher_urls,
        chosen.dispatcher_address,
        number=chosen.dispatcher_set,
        free_number=chosen.dispatcher_free_set,
    )
