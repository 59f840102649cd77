"""Sends what waits in the outbox, in order for each citizen, and brings there what seats write and orders become."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final, Protocol

from sqlalchemy import func, select

from base.clock import Clock
from base.logs import get_logger
from base.sections.channels import MessagingSettings
from gateway.wechat import contacts, outbox
from gateway.wechat.account import SendingAccount
from gateway.wechat.errcodes import ApiRefused, ApiUnreachable, Meaning, NoAccessToken
from gateway.wechat.outbox import Outbox
from storage.engine import Database
from storage.messenger_tables import MessengerContact, MessengerConversation
from storage.tables import Conversation, Turn

_log = get_logger(__name__)
_IN_A_ROW: Final = 8  # messages to one citizen before others get their turn
_PARALLEL: Final = 8
_SAFE_TURNS: Final = 2_000  # rows of other nodes may become visible so much later than newer ones
_BATCH: Final = 500

Pause = Callable[[float], Awaitable[bool]]


class Observer(Protocol):
    """`gateway/metrics.py`."""

    def told(self, channel: str, what: str) -> None: ...


class Feeder:
    """Turns of seats and of the system become texts in the outbox, once, by whichever node sees them first."""

    def __init__(self, database: Database, channel: str, settings: MessagingSettings, *, clock: Clock) -> None:
        self._database = database
        self._channel = channel
        self._merge = timedelta(seconds=settings.merge_seconds)
        self._clock = clock
        self._seen = 0  # id of the newest turn; 0: look at everything

    async def once(self) -> int:
        """Returns how many turns were new."""
        query = (
            select(Turn, MessengerConversation.contact_id)
            .join(MessengerConversation, MessengerConversation.conversation_id == Turn.conversation_id)
            .join(MessengerContact, MessengerContact.id == MessengerConversation.contact_id)
            .where(MessengerContact.channel == self._channel, Turn.seq > MessengerConversation.told_seq)
            .where(Turn.role.in_(("seat", "system")), Turn.kind != "event")
            .where(Turn.id > self._seen - _SAFE_TURNS)
            .order_by(Turn.id)
            .limit(_BATCH)
        )
        async with self._database.read() as session:
            newest = int((await session.execute(select(func.max(Turn.id)))).scalar_one() or 0)
            found = list((await session.execute(query)).all())
        for turn, contact_id in found:
            await self._feed(turn, contact_id)
        self._seen = found[-1][0].id if len(found) == _BATCH else max(newest, self._seen)
        return len(found)

    async def _feed(self, turn: Turn, contact_id: str) -> None:
        now = self._clock.now()
        async with self._database.write() as session:
            contact = await contacts.locked(session, contact_id)
            linked = await session.get_one(MessengerConversation, turn.conversation_id, with_for_update=True)
            if turn.seq <= linked.told_seq:
                return
            linked.told_seq = turn.seq
            await outbox.put(
                session,
                contact,
                f"turn:{turn.conversation_id}:{turn.seq}",
                turn.role,
                {"text": turn.text},
                now=now,
                next_at=turn.created_at + self._merge,
                conversation_id=turn.conversation_id,
            )
            if contact.conversation_id != turn.conversation_id:
                # A question about an earlier order: the answer belongs there, unless something else is being spoken of.
                current = await session.get(Conversation, contact.conversation_id or "")
                if current is None or current.status == "ended":
                    contact.conversation_id = turn.conversation_id


class Courier(Protocol):
    """What brings texts from the outbox to citizens."""

    async def once(self) -> int:
        """Send what is due, or see to it that it is sent; returns how many messages left."""
        ...

    async def clean_up(self) -> None:
        """Forget what is of no use any more; now and then."""
        ...


class Delivery:
    """The courier of WeChat's channels."""

    def __init__(self, account: SendingAccount, box: Outbox, *, clock: Clock, observer: Observer) -> None:
        self._account = account
        self.outbox = box
        self._clock = clock
        self._observer = observer
        self._slots = asyncio.Semaphore(_PARALLEL)

    async def once(self) -> int:
        """Send what is due; returns how many messages left."""
        due = await self.outbox.due(self._clock.now())
        counts = await asyncio.gather(*(self._serve(contact_id) for contact_id in due))
        return sum(counts) + await self._notices()

    async def clean_up(self) -> None:
        """Nothing beyond what every channel forgets."""

    async def _serve(self, contact_id: str) -> int:
        async with self._slots:
            for count in range(_IN_A_ROW):
                if not await self._next(contact_id):
                    return count
        return _IN_A_ROW

    async def _next(self, contact_id: str) -> bool:
        sending = await self.outbox.claim(contact_id, self._clock.now())
        if sending is None:
            return False
        meaning: Meaning | None
        try:
            remote_id = await self._account.send_text(sending.to, sending.parcel.text, message_id=sending.message_id)
        except ApiRefused as error:
            meaning, detail = error.meaning, f"errcode {error.errcode}"
        except NoAccessToken as error:
            meaning, detail = "token", str(error)
        except ApiUnreachable as error:
            meaning, detail = None, str(error)
        else:
            await self.outbox.sent(sending, remote_id, self._clock.now())
            self._observer.told(self._account.channel, "sent")
            return True
        became = await self.outbox.not_sent(sending, meaning, detail, self._clock.now())
        self._observer.told(self._account.channel, became)
        level = _log.error if became in ("failed", "held") and meaning != "used_up" else _log.warning
        level("a message did not leave", channel=self._account.channel, reason=detail, became=became)
        return False

    async def _notices(self) -> int:
        count = 0
        while (notice := await self.outbox.claim_notice(self._clock.now())) is not None:
            meaning: Meaning | None = None
            try:
                detail = await self._account.send_notice(notice.to, notice.body)
            except ApiRefused as error:
                meaning, detail = error.meaning, f"errcode {error.errcode}"
            except (ApiUnreachable, NoAccessToken) as error:
                meaning, detail = "busy", str(error)
            status = await self.outbox.settle_notice(notice, meaning, detail, self._clock.now())
            self._observer.told(self._account.channel, f"notice_{status}")
            if meaning is not None:
                _log.warning("a notice did not leave", channel=self._account.channel, reason=detail, became=status)
            count += status == "sent"
        return count
