"""The bus over Redis' publish and subscribe. Nothing is kept: while Redis is away, messages are lost."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from redis.exceptions import RedisError

from base.logs import get_logger
from cluster.bus import Handler, Message
from cluster.redis_link import PREFIX, connect

log = get_logger("cluster.bus")
_WAITING: Final = 2_000  # messages that may wait to be sent; beyond it the oldest goes
_MESSAGE_CHARACTERS: Final = 64_000
_TIMEOUT_SECONDS: Final = 2.0
_FIRST_RETRY_SECONDS: Final = 0.2
_LONGEST_RETRY_SECONDS: Final = 3.0
_HEARD_WITHIN_SECONDS: Final = 5.0  # a subscriber that hears nothing asks whether Redis still lives
_CANCEL_AGAIN_SECONDS: Final = 0.2
_NOTHING: Final = "nothing"  # a topic that nobody publishes to: a subscriber must have one

_FAILURES: Final = (RedisError, OSError, TimeoutError)


class RedisBus:
    """One a process. `node`: this node's name, to know its own messages by.

    `joined` is called whenever the subscriptions stand again after an interruption: what was missed is to be read.
    """

    def __init__(self, url: str, node: str, *, joined: Callable[[], None] = lambda: None) -> None:
        self._url = url
        self._node = node
        self._joined = joined
        self._handlers: dict[str, Handler] = {}
        self._outgoing: asyncio.Queue[tuple[str, str]] = asyncio.Queue(_WAITING)
        self._changed = asyncio.Event()
        self._closed = asyncio.Event()
        self._subscribed: set[str] = set()
        self._sends = self._hears = False
        self._reached = False  # what was logged last
        self.dropped = 0

    @property
    def connected(self) -> bool:
        """Other nodes hear us and we them, as far as it is known."""
        return self._sends and self._hears

    def publish(self, topic: str, message: Message) -> None:
        text = json.dumps({"from": self._node, "message": message}, ensure_ascii=False, separators=(",", ":"))
        if len(text) > _MESSAGE_CHARACTERS or self._closed.is_set():
            self.dropped += 1
            return
        if self._outgoing.full():
            self._outgoing.get_nowait()
            self.dropped += 1
        self._outgoing.put_nowait((PREFIX + topic, text))

    def join(self, topic: str, handler: Handler) -> None:
        self._handlers[topic] = handler
        self._changed.set()

    def leave(self, topic: str) -> None:
        if self._handlers.pop(topic, None) is not None:
            self._changed.set()

    async def run(self) -> None:
        """Send and receive until `close`; whatever fails is tried again with growing pauses."""
        async with asyncio.TaskGroup() as tasks:
            sending = tasks.create_task(self._keep(self._send), name="bus sender")
            receiving = tasks.create_task(self._keep(self._receive), name="bus receiver")
            await self._closed.wait()
            await _end(sending)
            await _end(receiving)

    async def close(self) -> None:
        self._closed.set()

    async def _keep(self, work: Callable[[], Any]) -> None:
        wait_seconds = _FIRST_RETRY_SECONDS
        while not self._closed.is_set():
            began = asyncio.get_running_loop().time()
            try:
                await work()
            except _FAILURES as error:
                if self._reached:
                    log.error("other nodes are not reached", error=type(error).__name__)
                self._reached = False
            if asyncio.get_running_loop().time() - began > _LONGEST_RETRY_SECONDS:
                wait_seconds = _FIRST_RETRY_SECONDS
            with suppress(TimeoutError):
                await asyncio.wait_for(self._closed.wait(), wait_seconds * random.uniform(0.5, 1.0))
            wait_seconds = min(2 * wait_seconds, _LONGEST_RETRY_SECONDS)

    def _tell_reached(self) -> None:
        if self.connected and not self._reached:
            log.info("other nodes can be reached", topics=len(self._subscribed))
            self._reached = True

    # -- out -------------------------------------------------------------------------------------------------------

    async def _send(self) -> None:
        client = connect(self._url, timeout_seconds=_TIMEOUT_SECONDS)
        try:
            await client.ping()
            self._sends = True
            self._tell_reached()
            while not self._closed.is_set():
                await client.publish(*await self._outgoing.get())  # what fails is lost: the others read the database
        finally:
            self._sends = False
            await client.aclose()

    # -- in --------------------------------------------------------------------------------------------------------

    async def _receive(self) -> None:
        client = connect(self._url, timeout_seconds=None)
        subscriber = client.pubsub()
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                await subscriber.subscribe(PREFIX + _NOTHING)
            self._subscribed = set()
            await self._follow_topics(subscriber)
            self._hears = True
            self._tell_reached()
            self._joined()
            following = asyncio.create_task(self._keep_topics(subscriber), name="bus topics")
            try:
                await self._read(subscriber, following)
            finally:
                await _end(following)
        finally:
            self._hears = False
            await subscriber.aclose()
            await client.aclose()

    async def _read(self, subscriber: Any, following: asyncio.Task[None]) -> None:
        asked = False
        while not self._closed.is_set():
            if following.done():
                following.result()  # raises what went wrong there
                return
            message = await subscriber.get_message(timeout=_HEARD_WITHIN_SECONDS)
            if message is None:
                if asked:  # a connection that was cut off on the way says nothing at all
                    raise TimeoutError("Redis does not answer")
                await subscriber.ping()
            asked = message is None
            if message is None:
                continue
            if message["type"] == "message":
                self._take(message["channel"].removeprefix(PREFIX), message["data"])

    async def _keep_topics(self, subscriber: Any) -> None:
        while True:
            await self._changed.wait()
            await self._follow_topics(subscriber)

    async def _follow_topics(self, subscriber: Any) -> None:
        self._changed.clear()
        wanted = set(self._handlers)
        more, fewer = wanted - self._subscribed, self._subscribed - wanted
        self._subscribed = wanted
        if more:
            await subscriber.subscribe(*(PREFIX + topic for topic in more))
        if fewer:
            await subscriber.unsubscribe(*(PREFIX + topic for topic in fewer))

    def _take(self, topic: str, text: str) -> None:
        try:
            told = json.loads(text)
            sender, message = told["from"], told["message"]
        except (ValueError, KeyError, TypeError):
            log.warning("a message of another node could not be read", topic=topic.split(":")[0])
            return
        handler = self._handlers.get(topic)
        if sender == self._node or handler is None or not isinstance(message, dict):
            return
        try:
            handler(message)
        except Exception as error:  # one bad message must not end the hearing of all
            log.error("a message of another node failed", topic=topic.split(":")[0], exc_info=error)


async def _end(task: asyncio.Task[None]) -> None:
    """Cancel it; again where the client has swallowed that, as it does in the middle of a connection."""
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=_CANCEL_AGAIN_SECONDS)
    if not task.cancelled() and (error := task.exception()) is not None and not isinstance(error, _FAILURES):
        raise error
