"""`/internal/phone`: one websocket for all calls of a phone process, each call a conversation.

The messages of one call are worked on in their order, calls beside each other. When the link is lost the calls stay
open: the phone comes back and names them again, else the sweeper makes them call-backs.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final

from aiohttp import web
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from base.logs import get_logger
from gateway.body import parse_model
from gateway.core import CORE, Core, Part, core_of, settle
from gateway.errors import ApiError, bad_request
from gateway.internal import check_token
from gateway.phone_call import PhoneCall
from gateway.phone_messages import Alive, CallRings, Heard, PhoneMetrics
from gateway.seat_audio import SEAT_AUDIO, SeatAudio
from gateway.sockets import Socket, open_socket

log = get_logger("gateway.phone")

_METRICS_CHARACTERS: Final = 500_000


class PhoneLinks:
    """The phone processes connected now, and the counters they last sent (a Prometheus collector)."""

    def __init__(self) -> None:
        self._families: dict[int, list[Metric]] = {}
        self.calls: dict[int, int] = {}
        self._sockets: dict[int, Socket] = {}

    def connect(self, socket: Socket) -> int:
        number = next(free for free in itertools.count(1) if free not in self.calls)  # a label in metrics: reused
        self.calls[number], self._sockets[number] = 0, socket
        return number

    @property
    def connected(self) -> bool:
        return bool(self._sockets)

    async def send_to_one(self, message: dict[str, Any]) -> bool:
        """To the phone with the fewest calls; False where none is connected."""
        for number in sorted(self._sockets, key=lambda number: self.calls.get(number, 0)):
            try:
                await self._sockets[number].send(message)
            except ConnectionResetError:
                continue
            return True
        return False

    async def send_to_all(self, message: dict[str, Any]) -> None:
        for socket in list(self._sockets.values()):
            with suppress(ConnectionResetError):
                await socket.send(message)

    def disconnect(self, number: int) -> None:
        self._sockets.pop(number, None)
        self._families.pop(number, None)
        self.calls.pop(number, None)

    def take_metrics(self, number: int, text: str) -> None:
        """
        Raises:
            ValueError: it is not in Prometheus' text format, or a name is not the phone's own.
        """
        families = list(text_string_to_metric_families(text))
        if any(not family.name.startswith("hotline_phone_") for family in families):
            raise ValueError("a metric of the phone is called hotline_phone_…")
        self._families[number] = families

    def highest(self, name: str) -> float | None:
        """The highest value that a phone last told of this gauge; None where none did."""
        values = [
            sample.value
            for families in self._families.values()
            for family in families
            for sample in family.samples
            if sample.name == name
        ]
        return max(values, default=None)

    def collect(self) -> Iterator[Metric]:
        merged: dict[str, Metric] = {}
        for number, families in self._families.items():
            for family in families:
                known = merged.get(family.name)
                if known is None:
                    known = merged[family.name] = Metric(family.name, family.documentation, family.type)
                for sample in family.samples:
                    known.add_sample(sample.name, {**sample.labels, "phone": str(number)}, sample.value)
        yield from merged.values()


PHONE_LINKS: web.AppKey[PhoneLinks] = web.AppKey("phone_links", PhoneLinks)


class _Link:
    """One phone process."""

    def __init__(self, core: Core, socket: Socket, links: PhoneLinks, seat_audio: SeatAudio) -> None:
        self.core = core
        self.seat_audio = seat_audio
        self.socket = socket
        self.links = links
        self.number = links.connect(socket)
        self.calls: dict[str, PhoneCall] = {}
        self._over = asyncio.Event()

    async def take(self, message: dict[str, Any]) -> None:
        kind = message["type"]
        if kind == "alive":
            await self._alive(parse_model(Alive, message))
        elif kind == "metrics":
            await self._metrics(parse_model(PhoneMetrics, message))
        elif kind in ("call_started", "turn", "call_ended"):
            await self._for_call(message)
        elif kind in ("leg", "heard"):
            await self._of_people(message)
        elif kind == "call_rings":
            rings = parse_model(CallRings, message)
            await self.core.outgoing.rings(rings.call_id, rings.sip_call_id)
        else:
            raise bad_request("不认识的消息类型。", "unknown_type")

    async def _for_call(self, message: dict[str, Any]) -> None:
        call_id = message.get("call_id")
        if not isinstance(call_id, str) or not 1 <= len(call_id) <= 64:
            raise bad_request("字段 call_id 缺失或不正确。", "invalid_field")
        call = self.calls.get(call_id)
        if call is None:
            call = self.calls[call_id] = PhoneCall(self, call_id)
            self.links.calls[self.number] = len(self.calls)
            self.core.spawn(call.work(), "call")
        try:
            call.queue.put_nowait(message)
        except asyncio.QueueFull:
            raise ApiError(429, "too_many_requests", "这通电话的消息太多了。") from None

    async def _of_people(self, message: dict[str, Any]) -> None:
        """News of a call among people. The last words of one that is over are stored all the same."""
        call_id = message.get("call_id")
        if isinstance(call_id, str) and call_id in self.calls:
            await self._for_call(message)
        elif message["type"] == "heard":
            heard = parse_model(Heard, message)
            await PhoneCall(self, heard.call_id).heard(heard)

    async def _alive(self, alive: Alive) -> None:
        conversations = [
            call.conversation_id
            for call_id in alive.calls
            if (call := self.calls.get(call_id)) is not None and call.conversation_id is not None
        ]
        if conversations:
            await self.core.conversations.heard_of(conversations)

    async def _metrics(self, metrics: PhoneMetrics) -> None:
        try:
            self.links.take_metrics(self.number, metrics.text[:_METRICS_CHARACTERS])
        except ValueError as error:
            raise bad_request("指标的格式不正确。", "invalid_field") from error
        self.core.phone_hears = metrics.recogniser

    async def keep_speech_ready(self) -> None:
        """Tell the phone what to render ahead and what to forget, at once and after every change of the knowledge."""
        assert self.core.spoken_ahead is not None
        seconds = self.core.settings.knowledge.snapshot_poll_seconds / 2
        with suppress(ConnectionResetError):  # the phone is gone; its next link asks anew
            await self.core.spoken_ahead.keep(self.socket.send, lambda: self._pause(seconds))

    async def _pause(self, seconds: float) -> bool:
        """True when this link or the core is over."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._over.wait(), seconds)
        return self._over.is_set() or self.core.stopping

    def forget(self, call: PhoneCall) -> None:
        if self.calls.get(call.call_id) is call:
            del self.calls[call.call_id]
            if self.number in self.links.calls:
                self.links.calls[self.number] = len(self.calls)

    def close(self) -> None:
        """The phone went away: each call finishes the message it is at, and waits to be named again."""
        self._over.set()
        self.links.disconnect(self.number)
        for call in list(self.calls.values()):
            while call.queue.full():
                call.queue.get_nowait()
            call.queue.put_nowait(None)


async def phone_link(request: web.Request) -> web.StreamResponse:
    check_token(request)
    core = core_of(request)
    _ = core.conversations  # 503 while the core is starting; the phone tries again
    links = request.app[PHONE_LINKS]
    async with open_socket(request, "phone", check_origin=False) as socket:
        link = _Link(core, socket, links, request.app[SEAT_AUDIO])
        _show(core, links)
        log.info("phone connected", phone=link.number)
        preparing = core.spawn(link.keep_speech_ready(), "speech ahead") if core.spoken_ahead is not None else None
        try:
            async for message in socket.messages():
                try:
                    await link.take(message)
                except Exception as error:  # noqa: BLE001  (answered to the phone; the link stays)
                    await socket.fail(error, call_id=str(message.get("call_id", ""))[:64])
        finally:
            link.close()
            await settle(preparing)
            core.phone_hears = None
            _show(core, links)
            log.warning("phone disconnected", phone=link.number)
    return socket.response


def _show(core: Core, links: PhoneLinks) -> None:
    count = len(links.calls)
    core.metrics.phone_links.set(count)
    detail = "已连接" if count else "电话进程未连接"
    core.parts["phone"] = Part(ok=count > 0, needed=False, detail=detail, extra={"links": count})


def add_routes(app: web.Application) -> None:
    links = app[PHONE_LINKS] = PhoneLinks()
    core = app[CORE]
    core.metrics.registry.register(links)
    core.outgoing.phones = links
    core.metrics.calls_now.set_function(lambda: sum(links.calls.values()))
    app.router.add_get("/internal/phone", phone_link)
