"""From what a citizen did in WeChat to what is told: the same conversations as on the web page.

Each message is a turn of the citizen's conversation, known by the message's id, so that one which is worked on again
after a process died changes nothing twice.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, cast

from sqlalchemy import select

from base.logs import get_logger
from conversations.enclosures import EnclosureKind
from conversations.errors import UnknownConversation
from conversations.locks import KeyedLocks
from conversations.messages import CitizenTurn, TurnResult
from gateway.body import clean_text
from gateway.core import Core
from gateway.limits import RateLimiter
from gateway.told_place import told_of
from gateway.wechat import contacts, outbox, wording
from gateway.wechat.account import Account, Recipient
from gateway.wechat.errcodes import WechatError
from gateway.wechat.inbox import Inbox, Taken, Told
from gateway.wechat.incoming import Incoming, identify
from gateway.wechat.media import Media
from gateway.wechat.parts import in_parts
from gateway.wechat.voice import UnknownSound, VoiceReader
from storage.messenger_tables import MessengerContact
from storage.tables import Conversation, Turn

_log = get_logger(__name__)
_LOOK_BACK: Final = timedelta(days=1)
_ACTOR_CHARACTERS: Final = 40


@dataclass(frozen=True, slots=True)
class _Answer:
    told: tuple[Told, ...] = ()
    conversation_id: str | None = None


class Dialogue:
    """One instance a channel."""

    def __init__(
        self,
        core: Core,
        account: Account,
        inbox: Inbox,
        media: Media,
        voices: VoiceReader,
        *,
        menu: dict[str, str] | None = None,
    ) -> None:
        self._core = core
        self._account = account
        self._inbox = inbox
        self._media = media
        self._voices = voices
        self._menu = {} if menu is None else menu
        self._locks = KeyedLocks()
        self._limiter = RateLimiter(account.settings.messages_a_minute)

    async def process(self, taken: Taken, account: str, incoming: Incoming) -> str:
        """Deal with a message that is in the inbox; what the response to the callback says, where it waits for it.

        A message that cannot be dealt with now stays in the inbox and is taken up again.
        """
        core, to = self._core, Recipient(account, incoming.user_id)
        async with self._locks.hold(taken.contact_id):
            try:
                answer = await self._answer(taken, to, incoming)
            except Exception as error:  # noqa: BLE001  (whatever it is: the message is not lost, and tried again)
                _log.error("a message could not be dealt with", kind=incoming.kind, error=type(error).__name__)
                core.metrics.turn_failures.labels(self._account.channel).inc()
                await self._inbox.let_go(taken.id, core.clock.now())
                return ""
            return await self._inbox.finish(
                taken.id, answer.told, conversation_id=answer.conversation_id, now=core.clock.now()
            )

    async def _answer(self, taken: Taken, to: Recipient, incoming: Incoming) -> _Answer:
        contact = await self._contact(taken.contact_id)
        if incoming.by_citizen:
            if contact.elsewhere:
                return _Answer()  # a servicer of WeCom reads and answers it
            limited = not taken.again and not self._account.limited_at_the_door
            if limited and self._limiter.take(contact.id, self._core.clock.monotonic()) > 0:
                return self._notice(incoming, wording.TOO_FAST)
        match incoming.kind:
            case "text":
                return await self._words(taken, contact, to, incoming, incoming.text)
            case "menu" if incoming.text in self._menu:
                return await self._words(taken, contact, to, incoming, self._menu[incoming.text])
            case "voice":
                return await self._voice(taken, contact, to, incoming)
            case "image" | "video" | "file":
                return await self._picture(contact, incoming)
            case "location":
                return await self._place(taken, contact, to, incoming)
            case "link":
                text = clean_text(incoming.text) or "（空链接）"
                return await self._enclosed(contact, incoming, f"[链接] {text}", wording.LINK_KEPT)
            case "other":
                return self._notice(incoming, wording.KIND_NOT_READ)
            case "arrived" | "greet" | "menu":
                return await self._greeting(to, incoming)
            case "sent":
                async with self._core.database.write() as session:
                    await outbox.notice_arrived(session, incoming.media_id, incoming.text)
            case "left" | "taken_over" | "returned":
                await self._moved(taken.contact_id, incoming)
        return _Answer()

    # -- words -----------------------------------------------------------------------------------------------------

    async def _words(
        self,
        taken: Taken,
        contact: MessengerContact,
        to: Recipient,
        incoming: Incoming,
        text: str,
        *,
        kind: Any = "text",
        confidence: float | None = None,
        meta: dict[str, Any] | None = None,
    ) -> _Answer:
        """A text that is too long for one turn is told in several: whatever was written is read."""
        words = in_parts(clean_text(text), self._core.settings.web.message_limit_characters)
        told: list[Told] = []
        known, result = contact.conversation_id, None
        for number, part in enumerate(words):
            part_id = incoming.id if number == 0 else identify("part", incoming.id, str(number))
            turn = CitizenTurn(
                part,
                self._account.channel_of(to.account),
                kind=kind,
                client_message_id=part_id,
                confidence=confidence,
                meta={"client_message_id": part_id, **(meta or {})},
                citizen=contact.id,
            )
            result = await self._turn(known, turn, begun=taken.again)
            known = result.conversation_id
            told += _replies(part_id, result)
            if result.orders and (trouble := await self._attach(contact, result.orders[-1])):
                refused = wording.NOT_ATTACHED.format(what="文件", order_no=result.orders[-1], reason=trouble)
                told.append(Told(f"attach:{part_id}", "system", refused))
        if result is None:
            return _Answer()
        told += await self._handed_over(result, to, incoming)
        return _Answer(tuple(told), result.conversation_id)

    async def _turn(self, known: str | None, turn: CitizenTurn, *, begun: bool) -> TurnResult:
        """`begun`: a process has died over the message, perhaps behind this turn."""
        metrics, started = self._core.metrics, time.monotonic()
        known = (await self._begun_by(turn.client_message_id or "", turn.channel) if begun else None) or known
        try:
            result = await self._core.conversations.citizen_turn(known, turn)
        except UnknownConversation:
            result = await self._core.conversations.citizen_turn(None, turn)
        metrics.belongs(result.conversation_id, turn.channel)
        metrics.reply_seconds.labels(turn.channel).observe(time.monotonic() - started)
        return result

    async def _handed_over(self, result: TurnResult, to: Recipient, incoming: Incoming) -> list[Told]:
        """Whoever waits for a person is given to the platform's own servicers, where that is set."""
        if result.status != "waiting":
            return []
        try:
            if not await self._account.hand_over(to):
                return []
        except WechatError as error:  # our own seats have it in their queue
            _log.warning("a session could not be handed over", reason=str(error))
            return []
        await self._core.conversations.hang_up(result.conversation_id, reason="transferred")
        await self._set_elsewhere(to, True)
        return [Told(f"handed:{incoming.id}", "system", wording.HANDED_OVER)]

    async def _begun_by(self, message_id: str, channel: str) -> str | None:
        """The conversation that a message began before a process died over it."""
        query = (
            select(Turn.conversation_id)
            .join(Conversation, Conversation.id == Turn.conversation_id)
            .where(Conversation.channel == channel)
            .where(Conversation.created_at >= self._core.clock.now() - _LOOK_BACK)
            .where(Turn.client_message_id == message_id, Turn.role == "citizen")
            .limit(1)
        )
        async with self._core.database.read() as session:
            return (await session.execute(query)).scalar_one_or_none()

    # -- voices, pictures, places ----------------------------------------------------------------------------------

    async def _voice(self, taken: Taken, contact: MessengerContact, to: Recipient, incoming: Incoming) -> _Answer:
        name = f"语音.{incoming.media_format or 'amr'}"
        if clean_text(incoming.text):  # WeChat has recognised it: the sound is kept beside the answer
            channel = self._account.channel_of(to.account)
            kept, answer = await asyncio.gather(
                self._kept(contact, incoming, name),
                self._words(taken, contact, to, incoming, incoming.text, kind="speech", meta={"engine": channel}),
            )
            return answer
        kept = await self._kept(contact, incoming, name)
        try:
            text, confidence = await self._voices.words(kept) if kept is not None else ("", None)
        except UnknownSound:
            return await self._enclosed(
                contact, incoming, "[语音，格式听不了]", wording.VOICE_NOT_READ, meta=_named(kept)
            )
        if text:
            return await self._words(
                taken, contact, to, incoming, text, kind="speech", confidence=confidence, meta=_named(kept)
            )
        answer_text = wording.VOICE_NOT_HEARD if kept is not None else wording.NOT_RECEIVED.format(what="语音")
        return await self._enclosed(contact, incoming, "[语音，没有听清]", answer_text, meta=_named(kept))

    async def _picture(self, contact: MessengerContact, incoming: Incoming) -> _Answer:
        what = wording.NAMES[incoming.kind]
        kept = await self._kept(contact, incoming, what)
        if kept is None:
            return await self._enclosed(
                contact, incoming, f"[{what}，没有收全]", wording.NOT_RECEIVED.format(what=what)
            )
        order_no, answer = "", ""
        snapshot = await self._snapshot(contact)
        if snapshot is not None and snapshot["orders"] and snapshot["asking"] is None:
            order_no = str(snapshot["orders"][-1])
            trouble = await self._attach(contact, order_no)
            form = wording.NOT_ATTACHED if trouble else wording.ATTACHED
            answer = form.format(what=what, order_no=order_no, reason=trouble)
        elif snapshot is not None and snapshot["status"] in ("waiting", "with_seat"):
            answer = wording.KEPT_FOR_SEAT.format(what=what)
        elif snapshot is not None and snapshot["asking"] is not None:
            answer = wording.KEPT_IN_FORM.format(what=what)
        else:
            answer = wording.KEPT.format(what=what)
        return await self._enclosed(contact, incoming, f"[{what}]", answer, meta=_named(kept), at_end=bool(order_no))

    async def _place(self, taken: Taken, contact: MessengerContact, to: Recipient, incoming: Incoming) -> _Answer:
        place = clean_text(incoming.text)
        point = {"longitude": incoming.longitude, "latitude": incoming.latitude, "datum": incoming.datum}
        snapshot = await self._snapshot(contact)
        if place and snapshot is not None and snapshot["status"] == "open" and snapshot["asking"] is not None:
            return await self._words(taken, contact, to, incoming, place, meta={"location": point})
        told = await told_of(self._core, place, incoming.longitude, incoming.latitude, incoming.datum)
        answer, text = told.answer, told.text
        return await self._enclosed(contact, incoming, text, answer, meta={"location": point})

    async def _enclosed(
        self,
        contact: MessengerContact,
        incoming: Incoming,
        text: str,
        answer: str,
        *,
        meta: dict[str, Any] | None = None,
        at_end: bool = False,
    ) -> _Answer:
        """Into the conversation that goes on, else a new one; `at_end`: one that is over takes it too."""
        conversations, told = self._core.conversations, []
        snapshot = await self._snapshot(contact)
        known = contact.conversation_id
        if known is None or snapshot is None or (snapshot["status"] == "ended" and not at_end):
            channel = self._account.channel_of(contact.account)
            opened = await conversations.open(channel)
            known = opened.conversation_id
            self._core.metrics.belongs(known, channel)
            told = [
                Told(f"opened:{incoming.id}:{number}", "bot", reply.text) for number, reply in enumerate(opened.replies)
            ]
        turns = await conversations.enclose(
            known,
            cast(EnclosureKind, incoming.kind),
            text,
            message_id=incoming.id,
            answer=answer,
            meta=meta or {},
        )
        told += [Told(f"enclosed:{incoming.id}:{number}", "bot", turn.text) for number, turn in enumerate(turns)]
        return _Answer(tuple(told), known)

    async def _kept(self, contact: MessengerContact, incoming: Incoming, name: str) -> Path | None:
        """The file, None where it did not come."""
        if not incoming.media_id:
            return None
        chunks = self._account.media(incoming.media_id)
        try:
            return await self._media.keep(contact.id, contact.conversation_id, name, chunks)
        except (WechatError, OSError) as error:
            _log.warning("media did not arrive", kind=incoming.kind, reason=str(error))
            return None

    async def _attach(self, contact: MessengerContact, order_no: str) -> str:
        actor = f"citizen:{contact.id}"[:_ACTOR_CHARACTERS]
        return await self._media.attach(contact.id, order_no, actor=actor)

    # -- the rest --------------------------------------------------------------------------------------------------

    async def _greeting(self, to: Recipient, incoming: Incoming) -> _Answer:
        text = wording.greeting(self._core.settings.service.hotline_name)
        try:
            if await self._account.greet(to, self._account.settings.machine_label + text, incoming):
                return _Answer()
        except WechatError as error:
            _log.warning("nobody could be greeted", reason=str(error))
            return _Answer()  # a greeting that comes too late is of no use
        return self._notice(incoming, text)

    def _notice(self, incoming: Incoming, text: str) -> _Answer:
        """Told without a turn of a conversation."""
        return _Answer((Told(f"notice:{incoming.id}", "system", text),))

    async def _moved(self, contact_id: str, incoming: Incoming) -> None:
        async with self._core.database.write() as session:
            row = await contacts.locked(session, contact_id)
            if incoming.kind == "left":
                row.reachable = False
            else:
                row.elsewhere = incoming.kind == "taken_over"

    async def _set_elsewhere(self, to: Recipient, value: bool) -> None:
        async with self._core.database.write() as session:
            row = await contacts.known(session, self._account.channel, to, self._core.clock.now())
            row.elsewhere = value

    async def _contact(self, contact_id: str) -> MessengerContact:
        async with self._core.database.read() as session:
            return await session.get_one(MessengerContact, contact_id)

    async def _snapshot(self, contact: MessengerContact) -> dict[str, Any] | None:
        if contact.conversation_id is None:
            return None
        try:
            return await self._core.conversations.snapshot(contact.conversation_id)
        except UnknownConversation:
            return None


def _replies(message_id: str, result: TurnResult) -> list[Told]:
    return [
        Told(
            f"reply:{message_id}:{number}",
            "bot" if reply.origin == "bot" else "system",
            reply.text,
            {"citations": [citation.as_dict() for citation in reply.citations]},
        )
        for number, reply in enumerate(result.replies)
    ]


def _named(kept: Path | None) -> dict[str, Any]:
    """By what name a seat finds the file (`gateway/messenger_media_api.py`)."""
    return {"media_id": kept.name} if kept is not None else {}
