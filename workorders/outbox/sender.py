"""Delivers the outbox: one loop a target, so that a receiver that fails, stalls or lies delays nobody but itself."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Final, Protocol

import aiohttp

from base.clock import Clock, SystemClock
from base.ids import new_id
from base.logs import get_logger
from base.sections.orders import OutboxSettings
from storage.engine import Database
from workorders.outbox.delivery import deliver, new_session
from workorders.outbox.schedule import Schedule, Verdict
from workorders.outbox.store import Backlog, Claimed, OutboxStore, Settled
from workorders.outbox.targets import Target

_log = get_logger(__name__)
_AFTER_TROUBLE_SECONDS: Final = 5.0
_CLEAN_UP_SECONDS: Final = 3_600.0
_REPORT_SECONDS: Final = 15.0

Pause = Callable[[float], Awaitable[bool]]  # waits so many seconds; True: it is time to end


class Observer(Protocol):
    """What watches the deliveries: the core's metrics."""

    def attempted(self, target: str, verdict: Verdict) -> None: ...

    def backlog(self, target: str, backlog: Backlog, oldest_seconds: float) -> None: ...


class OutboxSender:
    """One a core; several cores share the work by leases."""

    def __init__(
        self,
        database: Database,
        targets: Sequence[Target],
        settings: OutboxSettings,
        *,
        clock: Clock | None = None,
        owner: str | None = None,
        chance: Callable[[], float] = random.random,
        observer: Observer | None = None,
    ) -> None:
        self._store = OutboxStore(database)
        self._targets = tuple(targets)
        self._settings = settings
        self._clock = clock or SystemClock()
        self._owner = owner or new_id("sender_")
        self._chance = chance
        self._observer = observer
        self._schedule = Schedule(settings.first_retry_seconds, settings.longest_retry_seconds, settings.attempts)

    async def run(self, pause: Pause) -> None:
        """Deliver until `pause` says that it is time to end; what is under way is finished."""
        async with new_session() as client, asyncio.TaskGroup() as tasks:
            for target in self._targets:
                tasks.create_task(self._serve(client, target, pause), name=f"outbox {target.name}")
            tasks.create_task(self._keep_house(pause), name="outbox housekeeping")

    async def once(self, client: aiohttp.ClientSession, target: Target) -> int:
        """Send what is due to one target now; returns how many messages were tried."""
        claimed = await self._store.claim(
            target.name,
            owner=self._owner,
            now=self._clock.now(),
            lease_seconds=self._settings.timeout_seconds * 2 + self._settings.lease_margin_seconds,
            limit=self._settings.parallel,
        )
        if claimed:
            results = await asyncio.gather(*(self._try(client, target, message) for message in claimed))
            kept = await self._store.settle(results, owner=self._owner)
            if kept < len(results):
                _log.warning(
                    "leases ended before their messages were settled", target=target.name, messages=len(claimed) - kept
                )
        return len(claimed)

    async def _try(self, client: aiohttp.ClientSession, target: Target, message: Claimed) -> Settled:
        attempt = await deliver(
            client,
            target,
            message_id=message.message_id,
            body=message.body,
            attempt=message.attempt,
            now=self._clock.now(),
            timeout_seconds=self._settings.timeout_seconds,
        )
        after = self._schedule.after(attempt, attempts=message.attempt, now=self._clock.now(), chance=self._chance())
        if self._observer is not None:
            self._observer.attempted(target.name, attempt.verdict)
        if after.status == "dead":
            _log.error(
                "a message was given up", target=target.name, message_id=message.message_id, reason=attempt.error
            )
        elif attempt.verdict != "delivered" and message.attempt == 1:
            _log.warning("a message was not taken", target=target.name, reason=attempt.error)
        return Settled(message.id, message.attempt, after, attempt.error)

    async def _serve(self, client: aiohttp.ClientSession, target: Target, pause: Pause) -> None:
        wait_seconds = 0.0
        while not await pause(wait_seconds):
            try:
                wait_seconds = 0.0 if await self.once(client, target) else self._settings.poll_seconds
            except Exception as error:  # noqa: BLE001 (the database is away? what was claimed comes back by its lease)
                _log.error(
                    "the outbox could not be served", target=target.name, error=type(error).__name__, exc_info=error
                )
                wait_seconds = _AFTER_TROUBLE_SECONDS

    async def _keep_house(self, pause: Pause) -> None:
        since_clean_up = _CLEAN_UP_SECONDS
        while True:
            try:
                if since_clean_up >= _CLEAN_UP_SECONDS:
                    await self._store.clean_up(self._clock.now() - timedelta(days=self._settings.keep_days))
                    others = await self._store.of_others([target.name for target in self._targets])
                    for name, count in others.items():
                        _log.warning(
                            "messages wait for a target that is not in the settings", target=name, messages=count
                        )
                    since_clean_up = 0.0
                await self._report()
            except Exception as error:  # noqa: BLE001 (the same: later)
                _log.error("the outbox could not be tidied", error=type(error).__name__, exc_info=error)
            if await pause(_REPORT_SECONDS):
                return
            since_clean_up += _REPORT_SECONDS

    async def _report(self) -> None:
        if self._observer is None:
            return
        for target in self._targets:
            backlog = await self._store.backlog(target.name)
            oldest = (self._clock.now() - backlog.oldest_at).total_seconds() if backlog.oldest_at else 0.0
            self._observer.backlog(target.name, backlog, oldest)
