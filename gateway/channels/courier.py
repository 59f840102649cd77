"""Brings messages to the addresses of channels: each channel has work of its own, so that one that fails or stalls
delays nobody but its own citizens."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from base.logs import get_logger
from gateway.channels.account import ChannelAccounts
from gateway.channels.letters import Claimed, Letters
from gateway.channels.registry import Entry, Registry
from gateway.channels.signing import Nonces
from gateway.channels.uploads import Uploads
from gateway.core import Core
from workorders.outbox.schedule import Schedule

_log = get_logger("gateway.channels")
_LEASE_MARGIN_SECONDS: Final = 30.0


class ChannelCourier:
    """Implements `gateway/wechat/delivery.py` `Courier`."""

    def __init__(
        self,
        core: Core,
        account: ChannelAccounts,
        registry: Registry,
        letters: Letters,
        nonces: Nonces,
        uploads: Uploads,
        *,
        chance: Callable[[], float] = random.random,
    ) -> None:
        settings = account.settings
        self._core = core
        self._account = account
        self._registry = registry
        self._letters = letters
        self._nonces = nonces
        self._uploads = uploads
        self._chance = chance
        self._schedule = Schedule(settings.first_retry_seconds, settings.longest_retry_seconds, settings.attempts)
        self._at_work: dict[str, asyncio.Task[None]] = {}

    async def once(self) -> int:
        """See to it that what is due leaves; returns how many channels were begun with."""
        count = 0
        for name in await self._letters.due(self._core.clock.now()):
            entry = await self._registry.get(name)
            if entry is None or not entry.url or (name in self._at_work and not self._at_work[name].done()):
                continue
            self._at_work[name] = self._core.spawn(self._serve(entry), f"channel {name}")
            count += 1
        return count

    async def settled(self) -> None:
        """Until the work that was begun is done."""
        while running := [task for task in self._at_work.values() if not task.done()]:
            await asyncio.wait(running)

    async def _serve(self, entry: Entry) -> None:
        settings = self._account.settings
        while not self._core.stopping:
            claimed = await self._letters.claim(
                entry.name,
                now=self._core.clock.now(),
                lease_seconds=settings.timeout_seconds + _LEASE_MARGIN_SECONDS,
                limit=settings.parallel,
            )
            if not claimed:
                return
            await asyncio.gather(*(self._try(entry, letter) for letter in claimed))

    async def _try(self, entry: Entry, letter: Claimed) -> None:
        clock = self._core.clock
        attempt = await self._account.push(
            entry, message_id=letter.message_id, body=letter.body, attempt=letter.attempt, now=clock.now()
        )
        after = self._schedule.after(attempt, attempts=letter.attempt, now=clock.now(), chance=self._chance())
        if not await self._letters.settle(letter, after, attempt.error):
            _log.warning("a lease ended before its message was settled", channel=entry.name)
        self._core.metrics.told(entry.name, {"delivered": "sent", "dead": "failed"}.get(after.status, "waiting"))
        if after.status == "dead":
            _log.error("a message was given up", channel=entry.name, id=letter.message_id, reason=attempt.error)
        elif after.status == "waiting" and letter.attempt == 1:
            _log.warning("a message was not taken", channel=entry.name, reason=attempt.error)

    async def clean_up(self) -> None:
        before = self._core.clock.now() - timedelta(days=self._account.settings.keep_days)
        await self._letters.give_up(before)
        await self._nonces.clean_up()
        await self._uploads.clean_up()
