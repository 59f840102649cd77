"""Channels that others carry, put together: messages in, the dialogue, messages out, and the work in between."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Final, Protocol

from asr_models.client import RecogniserClient
from base.ids import new_id
from base.logs import get_logger
from gateway.core import Core
from gateway.wechat import outbox, wording
from gateway.wechat.account import Account, SendingAccount
from gateway.wechat.delivery import Courier, Delivery, Feeder
from gateway.wechat.dialogue import Dialogue
from gateway.wechat.inbox import Inbox, Taken
from gateway.wechat.incoming import Incoming
from gateway.wechat.media import Media
from gateway.wechat.outbox import Outbox
from gateway.wechat.voice import VoiceReader

_log = get_logger(__name__)
_LOOK_SECONDS: Final = 0.25
_IDLE_SECONDS: Final = 1.0
_SWEEP_SECONDS: Final = 5.0
_CLEAN_EVERY: Final = timedelta(hours=1)


class OrderNotices(Protocol):
    """`gateway/wechat/notices.py`, `gateway/channels/notices.py`."""

    async def sweep(self) -> int: ...


def wechat_courier(core: Core, account: SendingAccount) -> Delivery:
    """What sends through one of WeChat's APIs."""
    box = Outbox(
        core.database,
        account.channel,
        account.settings,
        can_send=account.can_send,
        owner=new_id("node_"),
        link=page_link(core),
    )
    return Delivery(account, box, clock=core.clock, observer=core.metrics)


def page_link(core: Core) -> outbox.Link:
    """The sentence with the address of a conversation's page."""
    public_url = core.settings.web.public_url.rstrip("/")

    def link(conversation_id: str | None) -> str:
        # Behind the #, where it is sent to no server and stands in no log: whoever has it may read on.
        return wording.MORE.format(url=f"{public_url}/#c={conversation_id}" if conversation_id else public_url)

    return link


class Messenger:
    def __init__(
        self,
        core: Core,
        account: Account,
        courier: Courier,
        media_folder: Path,
        *,
        menu: dict[str, str] | None = None,
        notices: OrderNotices | None = None,
        voices: VoiceReader | None = None,
    ) -> None:
        self._core = core
        self.account = account
        self.channel = account.channel
        self.inbox = Inbox(core.database, account, link=page_link(core))
        self.media = Media(
            core.database,
            core.attachments,
            core.files,
            media_folder,
            limit_bytes=core.settings.attachments.limit_bytes,
            clock=core.clock,
        )
        self._recogniser = RecogniserClient(core.settings)
        self.dialogue = Dialogue(
            core,
            account,
            self.inbox,
            self.media,
            voices or VoiceReader(lambda: self._recogniser, core.files),
            menu=menu,
        )
        self.feeder = Feeder(core.database, account.channel, account.settings, clock=core.clock)
        self.delivery = courier
        self.notices = notices
        self._answers: dict[str, asyncio.Future[str]] = {}
        self._wake = asyncio.Event()
        self._cleaned_at = core.clock.now()

    # -- in --------------------------------------------------------------------------------------------------------

    async def answer(self, taken: Taken, account: str, incoming: Incoming, *, within_seconds: float) -> str:
        """What the response to a callback says; empty where the answer comes through the API, or there is none.

        A repetition of a message that is being worked on waits for the same answer.
        """
        if taken.done:
            return taken.reply
        answer = self._answers.get(taken.id)
        if taken.fresh:
            answer = self.begin(taken, account, incoming)
        if answer is not None:
            await asyncio.wait({answer}, timeout=within_seconds)
            if answer.done() and not answer.cancelled() and answer.exception() is None:
                return answer.result()
        else:  # another node works on it
            for _ in range(int(within_seconds / _LOOK_SECONDS)):
                if (state := await self.inbox.state(taken.id)).done:
                    return state.reply
                await asyncio.sleep(_LOOK_SECONDS)
        late = await self.inbox.too_late(taken.id)
        self.wake()
        return late

    def begin(self, taken: Taken, account: str, incoming: Incoming) -> asyncio.Future[str]:
        """Work on a message in the background; it goes on when nobody waits any more."""
        answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._answers[taken.id] = answer

        async def work() -> None:
            reply = ""
            try:
                reply = await self.dialogue.process(taken, account, incoming)
            finally:
                self._answers.pop(taken.id, None)
                if not answer.done():
                    answer.set_result(reply)
                self.wake()

        self._core.spawn(work(), f"{self.channel} message")
        return answer

    # -- out -------------------------------------------------------------------------------------------------------

    def wake(self) -> None:
        """Something may be there to send."""
        self._wake.set()

    async def send_due(self) -> int:
        """What seats wrote and what waits goes out; returns how many messages left."""
        await self.feeder.once()
        return await self.delivery.once()

    async def deliver(self) -> None:
        """Background work: at once when something is known to be there, else once a second."""
        while not self._core.stopping:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), _IDLE_SECONDS)
            self._wake.clear()
            try:
                await self.send_due()
            except Exception as error:  # noqa: BLE001  (the database may be away: nothing is lost, it is tried again)
                _log.error("messages could not be sent", channel=self.channel, error=type(error).__name__)
                await self._core.pause(_IDLE_SECONDS)

    async def listen(self) -> None:
        """Background work: what a seat writes wakes the sender; ends when the conversations room closes."""
        while not self._core.stopping:
            subscription = self._core.conversations.subscribe(None)
            try:
                async for event in subscription:
                    if event.kind == "dropped":
                        break
                    if event.kind == "turn" and event.turn is not None and event.turn.role in ("seat", "system"):
                        self.wake()
                else:
                    return
            finally:
                subscription.close()

    async def sweep(self) -> int:
        """Messages over which a process died, and notices of orders; returns how many there were."""
        count = 0
        for taken, account, incoming in await self.inbox.left_behind(self._core.clock.now()):
            self.begin(taken, account, incoming)
            count += 1
        if self.notices is not None:
            count += await self.notices.sweep()
        now = self._core.clock.now()
        if now - self._cleaned_at >= _CLEAN_EVERY:
            self._cleaned_at = now
            async with self._core.database.write() as session:
                await outbox.clean_up(session, now - timedelta(days=self.account.settings.keep_days))
            await self.delivery.clean_up()
            await self.media.clean_up()
        return count

    async def keep_house(self) -> None:
        """Background work."""
        while not await self._core.pause(_SWEEP_SECONDS):
            try:
                if await self.sweep():
                    self.wake()
            except Exception as error:  # noqa: BLE001  (the same)
                _log.error("messages could not be swept", channel=self.channel, error=type(error).__name__)

    async def close(self) -> None:
        await self._recogniser.close()
        await self.account.close()
