"""The shift leader's wall: put together once a second while somebody looks at it, and pushed when it has changed.

The figures are those of `seats/wallboard.py` and `seats/reports.py`; this file only gathers what they need.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from aiohttp import web

from base.clock import local
from base.logs import get_logger
from gateway.core import Core
from gateway.desk import Desk
from gateway.phone_link import PhoneLinks
from seats import skills, wallboard
from seats.reports import Reports
from seats.store import SeatIdentity
from seats.wallboard import AtWork, Machine
from workorders.breaches import BreachLog

log = get_logger("gateway.wallboard")

_BEAT_SECONDS: Final = 1.0
_FIGURES_SECONDS: Final = 5.0  # of the day: they are counted from the database
_SLOW_SECONDS: Final = 15.0  # accounts and missed deadlines
_LATELY: Final = timedelta(minutes=30)
_BREACHES: Final = 8
_LAG: Final = "hotline_phone_recogniser_lag_seconds"

Watcher = Callable[[], None]


class Wallboard:
    """One a core process. `latest` is the picture that was last pushed."""

    def __init__(self, core: Core, desk: Desk, phones: PhoneLinks) -> None:
        self._core = core
        self._desk = desk
        self._phones = phones
        self._reports = Reports(core.database, clock=core.clock)
        self._watchers: set[Watcher] = set()
        self._running: asyncio.Task[None] | None = None
        self._figures: dict[str, Any] = {}
        self._figures_at = self._slow_at = float("-inf")
        self._accounts: list[SeatIdentity] = []
        self._breaches: dict[str, Any] = {"total": 0, "items": []}
        self.latest: dict[str, Any] | None = None

    def watch(self, watcher: Watcher) -> None:
        self._watchers.add(watcher)
        if self._running is None or self._running.done():
            self._running = self._core.spawn(self._keep(), "wallboard")

    def unwatch(self, watcher: Watcher) -> None:
        self._watchers.discard(watcher)

    async def _keep(self) -> None:
        """Until nobody looks any more."""
        while self._watchers and not self._core.stopping:
            try:
                picture = await self.picture()
            except Exception as error:  # noqa: BLE001  (the database may be away: the next beat tries again)
                log.error("the wall could not be read", error=type(error).__name__)
            else:
                if picture != self.latest:
                    self.latest = picture
                    for watcher in list(self._watchers):
                        watcher()
            if await self._core.pause(_BEAT_SECONDS):
                return

    def name_of(self, seat_id: str | None) -> str:
        return next((account.display_name for account in self._accounts if account.id == seat_id), "")

    async def picture(self) -> dict[str, Any]:
        """Everything that the wall shows. `day` and `lately` are counted every few seconds, the rest is of now."""
        core, desk, now = self._core, self._desk, self._core.clock.now()
        await self._read_figures()
        await self._read_slow()
        cards = [*desk.queue, *desk.held]
        machine = self._machine()
        alarm_seconds = core.settings.seats.waiting_alarm_seconds
        return {
            "now": {
                **wallboard.counts(await self._reports.open_contacts()),
                "on_phone": sum(self._phones.calls.values()),
            },
            **self._figures,
            "service_seconds": wallboard.SERVICE_SECONDS,
            "queues": wallboard.queues(desk.queue, now),
            "seats": wallboard.seats(self._seats(), desk.held),
            "alarms": wallboard.alarms(
                cards, now, alarm_seconds=alarm_seconds, machine=machine, breaches=self._breaches["total"]
            ),
            "conversations": [{**card, "seat_name": self.name_of(card["seat_id"])} for card in cards],
            "breaches": self._breaches,
            "machine": {"lag_seconds": machine.lag_seconds, "hears": machine.hears, "phones": machine.phones},
        }

    def _machine(self) -> Machine:
        limit = self._core.settings.admission.lag_limit_seconds
        return Machine(self._phones.highest(_LAG), limit, self._core.phone_hears, len(self._phones.calls))

    def _seats(self) -> list[AtWork]:
        present, now, names = self._desk.present(), self._core.clock.now(), skills.default()
        found = []
        for account in self._accounts:
            known = self._desk.roster.get(account.id)
            if known is None:
                continue
            at_desk = known.at_desk.at(now)
            found.append(
                AtWork(
                    account.id,
                    account.display_name,
                    at_desk.state,
                    at_desk.reason,
                    at_desk.since,
                    account.id in present,
                    names.names(known.skills),
                )
            )
        return found

    async def _read_figures(self) -> None:
        monotonic, now = self._core.clock.monotonic(), self._core.clock.now()
        if monotonic - self._figures_at < _FIGURES_SECONDS:
            return
        midnight = local(now).replace(hour=0, minute=0, second=0, microsecond=0)
        self._figures = {
            "day": await self._reports.wall(midnight),
            "lately": await self._reports.wall(now - _LATELY),
        }
        self._figures_at = monotonic

    async def _read_slow(self) -> None:
        monotonic = self._core.clock.monotonic()
        if monotonic - self._slow_at < _SLOW_SECONDS:
            return
        self._accounts = await self._core.seats.accounts()
        breaches = BreachLog(self._core.database, clock=self._core.clock)
        found = await breaches.list(days=366, only_open=True, page_size=_BREACHES)
        self._breaches = {"total": found["total"], "items": found["items"]}
        self._slow_at = monotonic


WALLBOARD: web.AppKey[Wallboard] = web.AppKey("wallboard", Wallboard)
